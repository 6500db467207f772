/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The console: a log ring, which dom0 reads, and an output (the serial line) that the architecture
 * registers. Each line of ours begins with "(PV) "; what dom0 writes goes to the output as it is.
 * Locking: console_lock (irq-safe) guards ring, output and input. A CPU that already holds it (an
 * NMI, a crash within printk) goes on without.
 * ABI:     pv-abi/console_io.h (source: Xen public xen.h, CONSOLEIO_*).
 */
#include <hv/cmdline.h>
#include <hv/console.h>
#include <hv/hypercall.h>
#include <hv/sched.h>
#include <hv/spinlock.h>
#include <pv-abi/console_io.h>

#define RING_SIZE (128u << 10) /* a power of two */
#define PREFIX    "(PV) "

static char ring[RING_SIZE];
static uint64_t ring_prod, ring_start; /* free-running; the ring holds [ring_start, ring_prod) */

static spinlock_t console_lock = SPINLOCK_INIT;
static unsigned int lock_owner = ~0u;
static bool lock_ignored;

static void (*output)(const char *s, size_t n);
static bool output_line_open; /* the last byte out was no newline */
static bool log_line_open;
static unsigned int log_line_level;

struct console_scope {
    unsigned long flags;
    bool locked;
};

static struct console_scope console_enter(void)
{
    struct console_scope s = {.flags = arch_irq_save()};

    s.locked = !lock_ignored && ACCESS_ONCE(lock_owner) != this_cpu();
    if (s.locked) {
        spin_lock(&console_lock);
        lock_owner = this_cpu();
    }
    return s;
}

static void console_leave(const struct console_scope *s)
{
    if (s->locked) {
        lock_owner = ~0u;
        spin_unlock(&console_lock);
    }
    arch_irq_restore(s->flags);
}

/* To the end of the block, as SCOPED_LOCK_IRQ. */
#define CONSOLE_LOCKED() struct console_scope scope SCOPED_CLEANUP(console_leave) = console_enter()

void console_force_unlock(void)
{
    lock_ignored = true;
}

static void output_bytes(const char *s, size_t n)
{
    if (!output || !n)
        return;
    output(s, n);
    output_line_open = s[n - 1] != '\n';
}

static void ring_put(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ring[ring_prod++ % RING_SIZE] = s[i];
    if (ring_prod - ring_start > RING_SIZE)
        ring_start = ring_prod - RING_SIZE;
}

/* A piece of at most one line, of ours, to ring and output. */
static void log_piece(const char *s, size_t n, unsigned int level)
{
    bool shown = level < options.loglvl;

    if (!log_line_open) {
        ring_put(PREFIX, sizeof(PREFIX) - 1);
        if (shown) {
            if (output_line_open)
                output_bytes("\n", 1);
            output_bytes(PREFIX, sizeof(PREFIX) - 1);
        }
    }
    ring_put(s, n);
    if (shown)
        output_bytes(s, n);
    log_line_open = s[n - 1] != '\n';
}

static void log_text(const char *s, size_t n, unsigned int level)
{
    size_t from = 0;

    for (size_t i = 0; i < n; i++)
        if (s[i] == '\n' || i == n - 1) {
            log_piece(s + from, i + 1 - from, level);
            from = i + 1;
        }
}

void printk(const char *fmt, ...)
{
    char buf[512];
    const char *s = buf;
    unsigned int level;
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(buf, sizeof(buf), fmt, ap);
    va_end(ap);
    if (n <= 0)
        return;
    if ((size_t)n >= sizeof(buf)) {
        n = sizeof(buf) - 1;
        buf[n - 1] = '\n';
    }
    CONSOLE_LOCKED();
    level = log_line_open ? log_line_level : 2;
    if (n > 3 && s[0] == '<' && s[2] == '>') {
        level = s[1] - '0';
        s += 3;
    }
    log_text(s, (size_t)(buf + n - s), level);
    log_line_level = level;
}

void console_set_output(void (*fn)(const char *s, size_t n))
{
    output = fn;
}

void console_init(void)
{
    CONSOLE_LOCKED();

    /* What was logged before the output was there; levels are forgotten by now. */
    for (uint64_t i = ring_start, n; i < ring_prod; i += n) {
        n = min(ring_prod - i, 64 - i % 64);
        output_bytes(&ring[i % RING_SIZE], n);
    }
}

size_t console_ring_read(uint64_t *index, char *buf, size_t n)
{
    CONSOLE_LOCKED();
    size_t done = 0;

    if (*index < ring_start || *index > ring_prod)
        *index = ring_start;
    while (done < n && *index < ring_prod)
        buf[done++] = ring[(*index)++ % RING_SIZE];
    return done;
}

void console_ring_clear(void)
{
    CONSOLE_LOCKED();

    ring_start = ring_prod;
}

void console_write_raw(const char *s, size_t n)
{
    CONSOLE_LOCKED();

    output_bytes(s, n);
}

/* ---- input, read by dom0 --------------------------------------------------------------------- */

static char input[512];
static unsigned int input_prod, input_cons;

void console_input(char c)
{
    {
        CONSOLE_LOCKED();

        if (input_prod - input_cons < sizeof(input))
            input[input_prod++ % sizeof(input)] = c;
    }
    virq_send_global(VIRQ_CONSOLE);
}

static size_t input_take(char *buf, size_t n)
{
    CONSOLE_LOCKED();
    size_t done = 0;

    while (done < n && input_cons != input_prod)
        buf[done++] = input[input_cons++ % sizeof(input)];
    return done;
}

/* ---- what other domains write: whole lines, to the log --------------------------------------- */

static struct guest_line {
    domid_t domid;
    unsigned int used;
    char text[120];
} guest_line[8];
static spinlock_t guest_line_lock = SPINLOCK_INIT;

static void guest_line_end(struct guest_line *l)
{
    l->text[l->used] = 0;
    if (l->used && printk_ratelimit())
        printk(LOG_INFO "d%u says: %s\n", l->domid, l->text);
    l->used = 0;
}

static void guest_write(const struct domain *d, const char *s, size_t n)
{
    struct guest_line *l = &guest_line[d->domid % ARRAY_SIZE(guest_line)];

    SCOPED_LOCK(&guest_line_lock);
    if (l->domid != d->domid) {
        guest_line_end(l);
        l->domid = d->domid;
    }
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '\n' || l->used == sizeof(l->text) - 1)
            guest_line_end(l);
        if (s[i] == '\t' || (s[i] >= ' ' && s[i] < 0x7f))
            l->text[l->used++] = s[i];
    }
}

/* ---- the hypercall --------------------------------------------------------------------------- */

static long write_slices(struct domain *d, uint64_t count, guest_va_t buf)
{
    char piece[256];

    while (count) {
        size_t n = min(count, (uint64_t)sizeof(piece));

        if (copy_from_guest(piece, buf, n))
            return -EFAULT;
        if (d->privileged)
            console_write_raw(piece, n);
        else
            guest_write(d, piece, n);
        count -= n;
        buf += n;
        if (count && hypercall_preempt_check()) {
            current->hc_args[1] = count;
            current->hc_args[2] = buf;
            return HC_CONTINUE;
        }
    }
    return 0;
}

long hc_console_io(struct domain *d, uint64_t cmd, uint64_t count, guest_va_t buf)
{
    char piece[128];
    size_t n;

    count = (uint32_t)count; /* the ABI's type is int */
    if (count > 0x7fffffff)
        return -EINVAL;
    switch ((uint32_t)cmd) {
    case CONSOLEIO_write:
        return write_slices(d, count, buf);
    case CONSOLEIO_read:
        if (!d->privileged)
            return -EPERM;
        n = input_take(piece, min(count, (uint64_t)sizeof(piece)));
        return copy_to_guest(buf, piece, n) ? -EFAULT : (long)n;
    default:
        return -ENOSYS;
    }
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Start-up, the command line, the clock, and running the tests that the command line names. */
#include "mini.h"

const struct start_info *start_info;
struct shared_info *shared_info;

static const char *running;
static unsigned int failures; /* of the running case */

int is_pavo(void)
{
    char text[XEN_EXTRAVERSION_LEN] = "";

    xen_version(XENVER_extraversion, text);
    return !strncmp(text, ".0-pavo", 7);
}

void domain_shutdown(unsigned int reason)
{
    struct sched_shutdown shutdown = {.reason = reason};

    console_flush();
    for (;;)
        sched_op(SCHEDOP_shutdown, &shutdown);
}

uint64_t system_time_ns(void)
{
    const volatile struct vcpu_time_info *t = &shared_info->vcpu_info[0].time;
    uint32_t version, low, high;
    uint64_t delta, result;

    do {
        version = t->version;
        barrier();
        __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high));
        delta = ((uint64_t)high << 32 | low) - t->tsc_timestamp;
        delta = t->tsc_shift < 0 ? delta >> -t->tsc_shift : delta << t->tsc_shift;
        result = t->system_time + (uint64_t)((unsigned __int128)delta * t->tsc_to_system_mul >> 32);
        barrier();
    } while (version & 1 || version != t->version);
    return result;
}

void cmdline_get(const char *key, char *to, size_t bytes)
{
    const char *at = (const char *)start_info->cmd_line;
    size_t length = strlen(key), i = 0;

    while (*at) {
        while (*at == ' ')
            at++;
        if (!strncmp(at, key, length) && at[length] == '=') {
            for (at += length + 1; *at && *at != ' ' && i < bytes - 1; at++)
                to[i++] = *at;
            break;
        }
        while (*at && *at != ' ')
            at++;
    }
    to[i] = 0;
}

void check_equal(const char *file, int line, const char *text, long got, long want)
{
    if (got == want)
        return;
    if (!failures++)
        kprintf("FAIL %s:%d: ", running, line);
    else
        kprintf("  and %s:%d: ", running, line);
    kprintf("%s is %ld (0x%lx), not %ld (0x%lx)\n", text, got, got, want, want);
}

/* "all", a module, or module/case; several joined by plus signs. */
static int is_wanted(const char *wanted, const char *name)
{
    while (*wanted) {
        size_t length = 0;

        while (wanted[length] && wanted[length] != '+')
            length++;
        if ((length == 3 && !strncmp(wanted, "all", 3)) ||
            (!strncmp(wanted, name, length) && (!name[length] || name[length] == '/')))
            return 1;
        wanted += length + (wanted[length] == '+');
    }
    return 0;
}

uint64_t cmdline_number(const char *key)
{
    uint64_t n = 0;
    char text[24];

    cmdline_get(key, text, sizeof(text));
    for (unsigned int i = 0; text[i] >= '0' && text[i] <= '9'; i++)
        n = n * 10 + (uint64_t)(text[i] - '0');
    return n;
}

/* calls=N: so many hypercalls that nothing else here makes, for those who count and measure them. */
static void make_calls(uint64_t calls)
{
    uint64_t start = system_time_ns();

    if (!calls)
        return;
    for (uint64_t n = calls; n; n--)
        hypercall1(__HYPERVISOR_get_debugreg, 7);
    kprintf("mini: %lu calls in %lu ns\n", calls, system_time_ns() - start);
}

/* end=poweroff, reboot, crash, or wait (for somebody to end us); after=MS: alive so long first, and says when it is over. */
static void end_as_told(void)
{
    static const char *const words[] = {"poweroff", "reboot", "suspend", "crash"};
    uint64_t after = cmdline_number("after") * 1000000, until = system_time_ns() + after;
    unsigned int i;
    char text[16];

    cmdline_get("end", text, sizeof(text));
    if (!text[0])
        return;
    kprintf("mini: end=%s\n", text);
    console_flush();
    while (system_time_ns() < until)
        sched_op(SCHEDOP_yield, NULL);
    if (after)
        kprintf("mini: %s now\n", text);
    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (!strcmp(text, words[i]))
            domain_shutdown(i);
    for (;;)
        sched_op(SCHEDOP_block, NULL);
}

void mini_main(const struct start_info *info)
{
    struct physdev_set_iopl iopl = {.iopl = 1};
    unsigned int passed = 0, failed = 0;
    char wanted[1024];

    start_info = info;
    mm_init();
    console_init();
    traps_init();
    hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, PTR(&iopl));
    vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL); /* a new vCPU has one of 100 Hz */
    cmdline_get("storm", wanted, sizeof(wanted));
    if (wanted[0])
        storm(wanted);
    cmdline_get("test", wanted, sizeof(wanted));
    kprintf("mini: %s, %lu pages, %s\n", (const char *)info->magic, info->nr_pages,
            is_dom0() ? "dom0" : "guest");
    for (const struct test *t = tests; t < tests_end; t++) {
        if (!is_wanted(wanted, t->name))
            continue;
        running = t->name;
        failures = 0;
        trap_hook = NULL;
        events_disable();
        t->run();
        if (failures) {
            failed++;
        } else {
            passed++;
            kprintf("PASS %s\n", t->name);
        }
    }
    kprintf("mini: %u passed, %u failed\n", passed, failed);
    make_calls(cmdline_number("calls"));
    if (cmdline_number("bench"))
        bench(cmdline_number("bench"));
    end_as_told();
    /* As dom0: a reboot, which QEMU takes as the end. */
    domain_shutdown(is_dom0() ? SHUTDOWN_reboot : SHUTDOWN_poweroff);
}

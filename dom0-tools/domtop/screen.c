/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * domtop's screen, through ncurses, which only this file sees. One loop: draw, wait for a key or the
 * next sample's time. Signals only set a flag, so that the terminal is restored in one place.
 */
#include "dom0-tools/domtop/screen.h"

#include <curses.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dom0-tools/domtop/model.h"
#include "dom0-tools/domtop/source.h"
#include "dom0-tools/domtop/view.h"
#include "dom0-tools/lib/err.h"

#define HEAD_LINES 4 /* host, notice, empty or help, headings */

enum { PAIR_NONE, PAIR_HEAD, PAIR_GOOD, PAIR_BAD, PAIR_BUSY };

static volatile sig_atomic_t ended;

static void on_signal(int sig)
{
    ended = 1;
}

static long now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

struct screen {
    struct view *v;
    struct sample now;
    struct err why; /* why there was no newer sample; status 0: there was */
    size_t first;   /* row shown at the top */
    bool help, colours;
};

static void put(int y, int attributes, const char *text)
{
    if (y >= LINES)
        return;
    attron(attributes);
    mvaddnstr(y, 0, text, COLS);
    attroff(attributes);
}

static int colour(const struct screen *s, int pair)
{
    return s->colours ? (int)COLOR_PAIR(pair) : 0;
}

static void draw_host(const struct screen *s)
{
    char text[256], when[16];
    time_t t = time(NULL);
    struct tm tm;

    localtime_r(&t, &tm);
    strftime(when, sizeof(when), "%H:%M:%S", &tm);
    snprintf(text, sizeof(text),
             "domtop %s  %llu CPUs  %llu MiB free of %llu  %zu domains  Pavo %s", when,
             (unsigned long long)s->now.cpus, (unsigned long long)(s->now.free_pages >> 8),
             (unsigned long long)(s->now.total_pages >> 8), s->now.count, s->now.version);
    put(0, A_BOLD, text);
}

/* What a person must know: which part of the host is down. */
static void draw_notice(const struct screen *s)
{
    char text[1200] = "";

    if (s->why.status)
        snprintf(text, sizeof(text), "%s%s", s->why.text,
                 s->now.count ? "; below is the past" : "");
    else if (!s->now.stored || !s->now.consoled)
        snprintf(text, sizeof(text), "%s%s%s: down", s->now.stored ? "" : "stored",
                 s->now.stored || s->now.consoled ? "" : " and ",
                 s->now.consoled ? "" : "consoled");
    if (*text)
        put(1, A_BOLD | A_REVERSE | colour(s, PAIR_BAD), text);
}

static void draw_help(void)
{
    static const char *const lines[] = {
        "q            quit",
        "n i s v m    sort by name, id, state, vCPUs, memory",
        "c r w x t    sort by CPU, disk read and written, network received and sent",
        "< >          sort by the column to the left, to the right",
        "R            turn the order around",
        "T            totals instead of rates",
        "V            with a line for each vCPU",
        "+ -          look more often, less often",
        "space        look now",
        "Up Down      scroll; also PageUp, PageDown, Home",
        "h ?          this list",
    };
    size_t i;

    for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        put(HEAD_LINES - 1 + (int)i, 0, lines[i]);
}

static int row_attributes(const struct screen *s, const struct row *r)
{
    if (!strcmp(r->state, "crashed") || !strcmp(r->state, "dying"))
        return A_BOLD | colour(s, PAIR_BAD);
    if (!strcmp(r->state, "paused") || !strcmp(r->state, "shutdown"))
        return A_DIM;
    if (r->has_rates && r->cpu_percent >= 90 * (double)(r->vcpus ? r->vcpus : 1))
        return A_BOLD | colour(s, PAIR_BUSY);
    return r->has_rates && r->cpu_percent >= 1 ? colour(s, PAIR_GOOD) : 0;
}

/* The @nth line of the table, if it is one that is seen: put() leaves out what is below. */
static void draw_row(const struct screen *s, const struct layout *l, const struct row *r,
                     size_t nth)
{
    char line[512];

    if (nth < s->first || nth - s->first >= (size_t)LINES)
        return;
    layout_line(l, r, s->v->totals, line, sizeof(line));
    put(HEAD_LINES + (int)(nth - s->first), row_attributes(s, r), line);
}

static void draw_rows(struct screen *s)
{
    struct layout l;
    struct row vcpu;
    char line[512];
    size_t i, k, nth = 0, lines = sample_lines(&s->now, s->v->vcpus);
    size_t room = LINES > HEAD_LINES ? (size_t)(LINES - HEAD_LINES) : 0;
    int at, width;

    layout_make(&l, COLS);
    layout_line(&l, NULL, s->v->totals, line, sizeof(line));
    put(HEAD_LINES - 1, A_REVERSE | colour(s, PAIR_HEAD), line);
    at = layout_column(&l, s->v->sort, &width);
    if (at >= 0 && HEAD_LINES - 1 < LINES)
        mvchgat(HEAD_LINES - 1, at, width, A_BOLD | A_UNDERLINE,
                (short)(s->colours ? PAIR_HEAD : 0), NULL);
    if (s->first + room > lines)
        s->first = lines > room ? lines - room : 0;
    for (i = 0; i < s->now.count; i++) {
        const struct row *r = &s->now.rows[i];

        draw_row(s, &l, r, nth++);
        for (k = 0; s->v->vcpus && k < r->nr_vcpus; k++) {
            row_of_vcpu(r, k, &vcpu);
            draw_row(s, &l, &vcpu, nth++);
        }
    }
}

static void draw(struct screen *s)
{
    erase();
    draw_host(s);
    draw_notice(s);
    if (s->help)
        draw_help();
    else
        draw_rows(s);
    refresh();
}

static void take_sample(struct screen *s)
{
    struct sample next;

    memset(&s->why, 0, sizeof(s->why));
    if (source_sample(&next, &s->why))
        return;
    sample_rates(&next, &s->now);
    sample_free(&s->now);
    s->now = next;
}

static void move_sort(struct view *v, int by)
{
    v->sort = (v->sort + by + NR_SORT_KEYS) % NR_SORT_KEYS;
}

static void change_delay(struct view *v, double factor)
{
    double d = v->delay_s * factor;

    v->delay_s = d < DELAY_MIN_S ? DELAY_MIN_S : d > DELAY_MAX_S ? DELAY_MAX_S : d;
}

static void scroll_rows(struct screen *s, long by)
{
    long at = (long)s->first + by;

    s->first = at < 0 ? 0 : (size_t)at;
}

/* Acts on a key. False: quit. *@look: take a sample now. */
static bool on_key(struct screen *s, int key, bool *look)
{
    static const char sort_keys[] = "nisvmcrwxt"; /* in the order of enum sort_key */
    const char *p = key > 0 && key < 128 ? strchr(sort_keys, key) : NULL;

    if (p && *p) {
        s->v->sort = (int)(p - sort_keys);
        return true;
    }
    switch (key) {
    case 'q':
        return false;
    case '<':
    case '>':
        move_sort(s->v, key == '<' ? -1 : 1);
        break;
    case 'R':
        s->v->reverse = !s->v->reverse;
        break;
    case 'T':
        s->v->totals = !s->v->totals;
        break;
    case 'V':
        s->v->vcpus = !s->v->vcpus;
        break;
    case '+':
    case '-':
        change_delay(s->v, key == '+' ? 0.5 : 2);
        break;
    case ' ':
        *look = true;
        break;
    case KEY_UP:
    case KEY_DOWN:
        scroll_rows(s, key == KEY_UP ? -1 : 1);
        break;
    case KEY_PPAGE:
    case KEY_NPAGE:
        scroll_rows(s, (key == KEY_PPAGE ? -1 : 1) * (LINES - HEAD_LINES));
        break;
    case KEY_HOME:
        s->first = 0;
        break;
    case 'h':
    case '?':
        s->help = !s->help;
        break;
    case 27: /* leaves the help */
        s->help = false;
        break;
    default: /* KEY_RESIZE: drawing again is all */
        break;
    }
    return true;
}

static void loop(struct screen *s)
{
    long turns = 0, next = now_ms();

    while (!ended) {
        bool look = false;
        long left = next - now_ms();
        int key;

        if (left <= 0) {
            if (s->v->turns && turns++ >= s->v->turns)
                return;
            take_sample(s);
            next = now_ms() + (long)(s->v->delay_s * 1000);
            left = next - now_ms();
        }
        sample_sort(&s->now, s->v->sort, s->v->totals, s->v->reverse);
        draw(s);
        timeout(left > 0 ? (int)left : 0);
        key = getch();
        if (key != ERR && !on_key(s, key, &look))
            return;
        if (look)
            next = now_ms();
    }
}

static void catch_signals(void)
{
    struct sigaction sa = {.sa_handler = on_signal};

    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGHUP, &sa, NULL);
}

int screen_run(struct view *v, struct err *e)
{
    struct screen s = {.v = v};
    const char *type = getenv("TERM");
    SCREEN *term = newterm(NULL, stdout, stdin);

    if (!term)
        return err_set(e, STATUS_USAGE, "terminal", "set TERM, or use --batch",
                       "its type '%s' is unknown", type ? type : "");
    catch_signals();
    cbreak();
    noecho();
    curs_set(0);
    keypad(stdscr, TRUE);
    set_escdelay(50);
    s.colours = has_colors() && start_color() == OK;
    if (s.colours) {
        use_default_colors();
        init_pair(PAIR_HEAD, COLOR_CYAN, -1);
        init_pair(PAIR_GOOD, COLOR_GREEN, -1);
        init_pair(PAIR_BAD, COLOR_RED, -1);
        init_pair(PAIR_BUSY, COLOR_YELLOW, -1);
    }
    loop(&s);
    endwin();
    delscreen(term);
    sample_free(&s.now);
    return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* consoled's own logic on rings that are plain memory, with a store that a test answers for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

int consoled_main(int argc, char **argv);
#define main consoled_main
#include "dom0-tools/consoled/main.c"
#undef main
#undef POSITION_DIR
#define POSITION_DIR "positions" /* in a folder of our own */
#include "dom0-tools/consoled/position.c"

static char folder[] = "/tmp/test_tools_consoled.XXXXXX";
static struct xencons_interface ring;
static bool mapped;
static unsigned int refills;     /* how often the guest writes again as soon as it is told */
static unsigned int store_calls; /* until the store is gone: then each fails */

static void guest_writes(const char *text)
{
    for (; *text; text++)
        ring.out[ring.out_prod++ % XENCONS_OUT_BYTES] = *text;
}

int evtchn_open(struct evtchn **e)
{
    *e = NULL;
    return 0;
}

int evtchn_fd(const struct evtchn *e)
{
    (void)e;
    return -1;
}

int evtchn_bind(struct evtchn *e, uint32_t domid, uint32_t port)
{
    (void)e;
    (void)domid;
    return (int)port;
}

void evtchn_unbind(struct evtchn *e, int local)
{
    (void)e;
    (void)local;
}

void evtchn_notify(struct evtchn *e, int local)
{
    (void)e;
    (void)local;
    if (refills) {
        refills--;
        guest_writes("more");
    }
}

int evtchn_pending(struct evtchn *e)
{
    (void)e;
    return -EAGAIN;
}

void evtchn_unmask(struct evtchn *e, int local)
{
    (void)e;
    (void)local;
}

int grant_open(struct grant **g)
{
    *g = NULL;
    return 0;
}

void *grant_map(struct grant *g, uint32_t domid, uint32_t ref)
{
    (void)g;
    (void)domid;
    (void)ref;
    mapped = true;
    return &ring;
}

void grant_unmap(struct grant *g, void *page)
{
    (void)g;
    mapped = mapped && !page;
}

void ready_tell(void)
{
}

int proto_listen(const char *path)
{
    (void)path;
    return -EADDRINUSE;
}

/* A store with one guest, 7, called g. */
int store_open(struct store **s, const char *socket_path)
{
    (void)socket_path;
    *s = NULL;
    return 0;
}

void store_close(struct store *s)
{
    (void)s;
}

static bool store_gone(void)
{
    return !store_calls || !--store_calls;
}

int store_directory(struct store *s, store_tx_t tx, const char *path, char ***names, size_t *count)
{
    (void)s;
    (void)tx;
    (void)path;
    if (store_gone())
        return -EPIPE;
    *names = malloc(sizeof(char *));
    **names = "7";
    *count = 1;
    return 0;
}

int store_read_u64(struct store *s, store_tx_t tx, const char *path, uint64_t *number)
{
    (void)s;
    (void)tx;
    (void)path;
    *number = 3;
    return store_gone() ? -EPIPE : 0;
}

int store_readf(struct store *s, store_tx_t tx, char **value, const char *path_fmt, ...)
{
    (void)s;
    (void)tx;
    if (store_gone())
        return -EPIPE;
    if (strstr(path_fmt, "ending"))
        return -ENOENT;
    *value = strdup("g");
    return 0;
}

static int setup(void **state)
{
    (void)state;
    strcpy(strrchr(folder, '.') + 1, "XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    cd.log_dir = "logs";
    assert_int_equal(mkdir("logs", 0700), 0);
    memset(&ring, 0, sizeof(ring));
    mapped = false;
    refills = 0;
    return 0;
}

static int teardown(void **state)
{
    static const char *const files[] = {"logs/g.log", "logs/new.log", "logs/new.log.1",
                                        "positions/g", "positions/new"};
    size_t i;

    (void)state;
    while (cd.consoles)
        console_free(cd.consoles);
    clients_sweep();
    assert_null(cd.clients);
    assert_false(mapped);
    for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        unlink(files[i]);
    rmdir("logs");
    rmdir("positions");
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(folder), 0);
    return 0;
}

static void logged(const char *path, const char *expected)
{
    char text[256];
    FILE *f = fopen(path, "r");

    assert_non_null(f);
    text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
    fclose(f);
    assert_string_equal(text, expected);
}

/* A client that is attached; *@peer its own end. */
static struct client *attached(int *peer)
{
    int pair[2];
    struct client *cl;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    *peer = pair[1];
    cl = client_new(pair[0]);
    cl->console = console_find("g");
    return cl;
}

static void what_a_guest_wrote_last_is_logged_when_its_ring_goes(void **state)
{
    (void)state;
    assert_null(console_add(7, 3, "g", true));
    guest_writes("first, last");
    cd.consoles->logged = 7; /* by an earlier consoled */
    console_release_ring(cd.consoles);
    logged("logs/g.log", "last");
}

static void a_guest_that_writes_on_does_not_keep_its_ring(void **state)
{
    (void)state;
    assert_null(console_add(7, 3, "g", true));
    guest_writes("and ");
    refills = 1000;
    console_release_ring(cd.consoles);
    assert_true(refills > 990);
}

static void a_client_stays_when_another_has_filled_the_guests_input(void **state)
{
    static char typed[INPUT_SIZE];
    struct pollfd fds[4] = {{.fd = -1}};
    struct client *one, *two;
    int here, there, i;

    (void)state;
    assert_null(console_add(7, 3, "g", true));
    ring.in_prod = XENCONS_IN_BYTES; /* the guest takes none */
    fifo_put(&cd.consoles->input, typed, INPUT_SIZE - 100);
    two = attached(&there);
    one = attached(&here); /* in front of the other */
    assert_int_equal(write(here, typed, 200), 200);
    assert_int_equal(write(there, typed, 1), 1);
    for (i = 2; i < 4; i++)
        fds[i].revents = POLLIN;
    serve_clients(fds);
    assert_int_equal(cd.consoles->input.len, INPUT_SIZE);
    assert_false(one->closing);
    assert_false(two->closing);
    /* What it typed is taken when there is room. */
    fifo_drop(&cd.consoles->input, INPUT_SIZE);
    serve_clients(fds);
    assert_int_equal(cd.consoles->input.len, 101);
    /* One that hangs up goes, room or not. */
    fifo_put(&cd.consoles->input, typed, INPUT_SIZE);
    close(there);
    fds[3].revents = POLLIN | POLLHUP;
    serve_clients(fds);
    assert_true(two->closing);
    close(here);
    one->closing = true;
}

static void guests_are_looked_for_again_when_the_store_went_meanwhile(void **state)
{
    unsigned int calls;

    (void)state;
    for (calls = 1; calls <= 4; calls++) {
        store_calls = calls;
        assert_false(find_guests());
        assert_null(cd.consoles);
    }
    store_calls = calls;
    assert_true(find_guests());
    assert_non_null(console_find("g"));
    assert_int_equal(cd.consoles->domid, 7);
}

static void a_log_that_could_not_be_opened_is_written_when_it_can(void **state)
{
    (void)state;
    assert_int_equal(rmdir("logs"), 0);
    assert_null(console_add(7, 3, "g", true));
    guest_writes("lost");
    console_turn(cd.consoles);
    assert_int_equal(ring.out_cons, 4); /* the guest does not wait for it */
    assert_int_equal(mkdir("logs", 0700), 0);
    guest_writes("kept");
    console_turn(cd.consoles);
    logged("logs/g.log", "kept");
}

/* What a consoled leaves that is killed: the ring as it is, files as they are. */
static void killed(void)
{
    struct console *c = cd.consoles;

    cd.consoles = NULL;
    close(c->log_fd);
    fifo_free(&c->history);
    fifo_free(&c->input);
    free(c);
}

static void a_guest_that_is_renamed_takes_its_log_along(void **state)
{
    (void)state;
    assert_null(console_add(7, 3, "g", true));
    guest_writes("one ");
    console_turn(cd.consoles);
    assert_null(do_name(7, "new"));
    guest_writes("two");
    console_turn(cd.consoles);
    logged("logs/new.log", "one two");
    assert_int_equal(access("logs/g.log", F_OK), -1);
    assert_int_equal(access("positions/g", F_OK), -1);
    assert_int_equal(access("positions/new", F_OK), 0);
}

static void a_guest_renamed_without_consoled_takes_its_log_along(void **state)
{
    (void)state;
    assert_null(console_add(7, 3, "g", true));
    guest_writes("one ");
    console_turn(cd.consoles);
    guest_writes("two ");
    log_write(cd.consoles, (const uint8_t *)"two ", 4); /* and not taken from the ring */
    killed();
    assert_null(console_add(7, 3, "new", false));
    console_turn(cd.consoles);
    guest_writes("three");
    console_turn(cd.consoles);
    logged("logs/new.log", "one two three");
    assert_int_equal(access("logs/g.log", F_OK), -1);
    assert_int_equal(cd.consoles->history.len, 13);
    assert_int_equal(access("positions/g", F_OK), -1);
}

static void a_rename_that_was_cut_off_is_carried_on(void **state)
{
    (void)state;
    assert_null(console_add(7, 3, "g", true));
    guest_writes("one ");
    console_turn(cd.consoles);
    killed();
    assert_int_equal(rename("logs/g.log", "logs/new.log"), 0);
    assert_null(console_add(7, 3, "new", false));
    guest_writes("two");
    console_turn(cd.consoles);
    logged("logs/new.log", "one two");
    assert_int_equal(access("positions/g", F_OK), -1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_a_guest_wrote_last_is_logged_when_its_ring_goes),
        T(a_guest_that_writes_on_does_not_keep_its_ring),
        T(a_client_stays_when_another_has_filled_the_guests_input),
        T(guests_are_looked_for_again_when_the_store_went_meanwhile),
        T(a_log_that_could_not_be_opened_is_written_when_it_can),
        T(a_guest_that_is_renamed_takes_its_log_along),
        T(a_guest_renamed_without_consoled_takes_its_log_along),
        T(a_rename_that_was_cut_off_is_carried_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

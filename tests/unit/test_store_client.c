// SPDX-License-Identifier: GPL-2.0-only
/* The client library against the daemon's own handlers, which a thread serves on a socket. */
#include "tests/unit/store_fixture.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "xenstore-like/client.h"

struct server {
    struct fixture *f;
    struct store *s;
    pthread_t thread;
    int listener;
    unsigned int nr_takes; /* how often something came in */
    char path[64];
};

/* One client: takes what comes, handles it, sends the answers. */
static void *serve(void *arg)
{
    struct server *sv = arg;
    struct stored *st = &sv->f->st;
    int fd = accept(sv->listener, NULL, NULL);
    struct conn *c = conn_new(st, NULL);
    ssize_t n;

    while ((n = read(fd, c->in + c->in_len, conn_room(c))) > 0) {
        sv->nr_takes++;
        c->in_len += n;
        while (conn_process(st, c, 16) > 0)
            ;
        while (c->out_first) {
            n = write(fd, c->out_first->data + c->out_first->sent,
                      c->out_first->size - c->out_first->sent);
            assert_true(n > 0);
            conn_sent(c, n);
        }
    }
    conn_free(st, c);
    close(fd);
    return NULL;
}

static int setup(void **state)
{
    struct server *sv = calloc(1, sizeof(*sv));
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    void *f = NULL;

    fixture_setup(&f);
    sv->f = f;
    snprintf(sv->path, sizeof(sv->path), "/tmp/test_store_client.%d", (int)getpid());
    strcpy(addr.sun_path, sv->path);
    unlink(sv->path);
    sv->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(sv->listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
    assert_int_equal(listen(sv->listener, 1), 0);
    assert_int_equal(pthread_create(&sv->thread, NULL, serve, sv), 0);
    assert_int_equal(store_open(&sv->s, sv->path), 0);
    *state = sv;
    return 0;
}

static int teardown(void **state)
{
    struct server *sv = *state;
    void *f = sv->f;

    store_close(sv->s);
    pthread_join(sv->thread, NULL);
    close(sv->listener);
    unlink(sv->path);
    free(sv);
    return fixture_teardown(&f);
}

static int write_many(struct store *s, store_tx_t tx, void *arg)
{
    const unsigned int *count = arg;
    char path[32];
    unsigned int i;
    int rc = 0;

    store_gather(s, tx);
    for (i = 0; !rc && i < *count; i++) {
        snprintf(path, sizeof(path), "/many/%u", i);
        rc = store_writef(s, tx, path, "value %u", i);
    }
    return rc;
}

static void reads_as(struct store *s, store_tx_t tx, const char *path, const char *want)
{
    char *value;

    assert_int_equal(store_read(s, tx, path, &value, NULL), 0);
    assert_string_equal(value, want);
    free(value);
}

static void gathered_writes_are_all_done(void **state)
{
    struct server *sv = *state;
    unsigned int count = 500;
    char **names;
    size_t n;

    assert_int_equal(store_transact(sv->s, write_many, &count), 0);
    assert_int_equal(store_directory(sv->s, STORE_NO_TX, "/many", &names, &n), 0);
    assert_int_equal(n, 500);
    free(names);
    reads_as(sv->s, STORE_NO_TX, "/many/0", "value 0");
    reads_as(sv->s, STORE_NO_TX, "/many/499", "value 499");
}

static void gathered_writes_travel_together(void **state)
{
    struct server *sv = *state;
    unsigned int count = 60;

    assert_int_equal(store_transact(sv->s, write_many, &count), 0);
    assert_true(sv->nr_takes < 10); /* begin, them, end: each may come in two parts */
}

static void values_of_the_largest_size_are_gathered(void **state)
{
    struct server *sv = *state;
    static char big[4000];
    store_tx_t tx;
    int i;

    assert_int_equal(store_begin(sv->s, &tx), 0);
    store_gather(sv->s, tx);
    for (i = 0; i < 20; i++) {
        memset(big, 'a' + i, sizeof(big));
        assert_int_equal(store_write_bytes(sv->s, tx, "/big", big, sizeof(big)), 0);
    }
    assert_int_equal(store_write_bytes(sv->s, tx, "/big", big, 5000), -E2BIG);
    assert_int_equal(store_end(sv->s, tx, true), 0);
    assert_int_equal(tree_find(sv->f->st.tree.root, "/big")->value->len, sizeof(big));
    assert_int_equal(tree_find(sv->f->st.tree.root, "/big")->value->data[0], 't');
}

static void a_read_between_sees_what_was_gathered_before(void **state)
{
    struct server *sv = *state;
    store_tx_t tx;

    assert_int_equal(store_begin(sv->s, &tx), 0);
    store_gather(sv->s, tx);
    assert_int_equal(store_write(sv->s, tx, "/a", "1"), 0);
    reads_as(sv->s, tx, "/a", "1");
    assert_int_equal(store_write(sv->s, tx, "/a", "2"), 0);
    assert_int_equal(store_rm(sv->s, tx, "/tool"), 0);
    assert_int_equal(store_end(sv->s, tx, true), 0);
    reads_as(sv->s, STORE_NO_TX, "/a", "2");
    assert_null(tree_find(sv->f->st.tree.root, "/tool"));
}

static void one_that_fails_undoes_them_all(void **state)
{
    struct server *sv = *state;
    struct store_perm nobody = {.domid = 15}; /* there is no such domain */
    unsigned int count = 100;
    store_tx_t tx;

    assert_int_equal(store_begin(sv->s, &tx), 0);
    store_gather(sv->s, tx);
    assert_int_equal(store_write(sv->s, tx, "/a", "1"), 0);
    assert_int_equal(store_set_perms(sv->s, tx, "/a", &nobody, 1), 0); /* not answered yet */
    write_many(sv->s, tx, &count);
    assert_int_equal(store_end(sv->s, tx, true), -ENOENT);
    assert_null(tree_find(sv->f->st.tree.root, "/a"));
    assert_null(tree_find(sv->f->st.tree.root, "/many"));
    /* The connection is in step, and waits for each answer again. */
    assert_int_equal(store_set_perms(sv->s, STORE_NO_TX, "/tool", &nobody, 1), -ENOENT);
    reads_as(sv->s, STORE_NO_TX, "/tool", "");
}

static void other_requests_are_answered_at_once(void **state)
{
    struct server *sv = *state;
    store_tx_t tx;

    assert_int_equal(store_begin(sv->s, &tx), 0);
    store_gather(sv->s, tx);
    assert_int_equal(store_write(sv->s, tx, "/a", "1"), 0);
    assert_int_equal(store_rm(sv->s, STORE_NO_TX, "/none/such"), -ENOENT);
    assert_int_equal(store_end(sv->s, tx, false), 0);
    assert_null(tree_find(sv->f->st.tree.root, "/a"));
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(gathered_writes_are_all_done),
        CASE(gathered_writes_travel_together),
        CASE(values_of_the_largest_size_are_gathered),
        CASE(a_read_between_sees_what_was_gathered_before),
        CASE(one_that_fails_undoes_them_all),
        CASE(other_requests_are_answered_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

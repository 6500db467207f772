// SPDX-License-Identifier: GPL-2.0-only
/* Tests of the store's tree: copies on write, order of siblings, counts, generations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xenstore-like/hash.h"
#include "xenstore-like/perms.h"
#include "xenstore-like/tree.h"

static const struct who us = {.privileged = true};

struct world {
    struct tree t;
    uint64_t gen;
    int nodes[8]; /* per domain */
};

static void count(void *ctx, uint32_t domid, int nodes)
{
    struct world *w = ctx;

    w->nodes[domid] += nodes;
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    tree_init(&w->t, &w->gen, count, w, perms_new(1, 0));
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    tree_free(&w->t);
    free(w);
    return 0;
}

static void create(struct world *w, const char *path, const char *value)
{
    struct blob *b = blob_new(value, strlen(value));

    tree_create(&w->t, path, &us, b);
    blob_put(b);
}

static void set(struct world *w, const char *path, const char *value)
{
    struct blob *b = blob_new(value, strlen(value));

    tree_set_value(&w->t, path, b);
    blob_put(b);
}

static const char *value_of(const struct node *root, const char *path)
{
    const struct node *n = tree_find(root, path);

    return n ? n->value->data : NULL;
}

static const char *names(const struct node *root, const char *path)
{
    static char buf[4096];
    size_t len = node_list(tree_find(root, path), 0, buf, sizeof(buf) - 1), i;

    for (i = 0; i < len; i++)
        if (!buf[i])
            buf[i] = ' ';
    buf[len] = '\0';
    return buf;
}

/* Checks a treap: heap order of priorities, sums of lengths. Its number of nodes. */
static size_t check_treap(const struct node *n)
{
    size_t bytes, total;

    if (!n)
        return 0;
    if (n->left)
        assert_true(n->left->priority <= n->priority);
    if (n->right)
        assert_true(n->right->priority <= n->priority);
    total = check_treap(n->left) + check_treap(n->right) + 1;
    bytes = n->name->len + 1 + (n->left ? n->left->names_bytes : 0) +
            (n->right ? n->right->names_bytes : 0);
    assert_int_equal(n->names_bytes, bytes);
    return total;
}

static void create_makes_missing_parents(void **state)
{
    struct world *w = *state;

    create(w, "/a/b/c", "v");
    assert_string_equal(value_of(w->t.root, "/a/b/c"), "v");
    assert_string_equal(value_of(w->t.root, "/a/b"), "");
    assert_string_equal(value_of(w->t.root, "/a"), "");
    assert_int_equal(w->nodes[0], 4);
    assert_null(tree_find(w->t.root, "/a/c"));
    assert_null(tree_find(w->t.root, "/a/b/c/d"));
    assert_ptr_equal(tree_find(w->t.root, "/"), w->t.root);
}

static void nearest_ancestor_and_number_of_missing_nodes_are_told(void **state)
{
    struct world *w = *state;
    size_t found;

    create(w, "/a/b", "");
    tree_find_nearest(w->t.root, "/a/b", &found);
    assert_int_equal(found, 4);
    tree_find_nearest(w->t.root, "/a/x/y", &found);
    assert_int_equal(found, 2);
    assert_int_equal(tree_missing("/a/x/y", found), 2);
    tree_find_nearest(w->t.root, "/x/y/z", &found);
    assert_int_equal(found, 1);
    assert_int_equal(tree_missing("/x/y/z", found), 3);
    tree_find_nearest(w->t.root, "/ab", &found); /* a prefix of a name is not that name */
    assert_int_equal(found, 1);
}

static void siblings_are_listed_numbers_first_by_value_then_names(void **state)
{
    struct world *w = *state;

    create(w, "/d/b", "");
    create(w, "/d/10", "");
    create(w, "/d/9", "");
    create(w, "/d/a", "");
    create(w, "/d/a1", "");
    create(w, "/d/1a", "");
    assert_string_equal(names(w->t.root, "/d"), "9 10 1a a a1 b ");
}

static void a_snapshot_does_not_change(void **state)
{
    struct world *w = *state;
    struct node *snapshot;

    create(w, "/a/b", "old");
    create(w, "/a/c", "stays");
    snapshot = node_get(w->t.root);
    set(w, "/a/b", "new");
    create(w, "/a/d", "");
    tree_remove(&w->t, "/a/c");
    assert_string_equal(value_of(snapshot, "/a/b"), "old");
    assert_string_equal(value_of(snapshot, "/a/c"), "stays");
    assert_null(tree_find(snapshot, "/a/d"));
    assert_string_equal(names(snapshot, "/a"), "b c ");
    assert_string_equal(value_of(w->t.root, "/a/b"), "new");
    assert_string_equal(names(w->t.root, "/a"), "b d ");
    node_put(snapshot);
}

static void what_nobody_shares_is_changed_in_place(void **state)
{
    struct world *w = *state;
    const struct node *before;

    create(w, "/a/b", "1");
    before = tree_find(w->t.root, "/a/b");
    set(w, "/a/b", "2");
    assert_ptr_equal(tree_find(w->t.root, "/a/b"), before);
}

static void untouched_parts_are_shared_with_a_snapshot(void **state)
{
    struct world *w = *state;
    struct node *snapshot;

    create(w, "/a/b", "1");
    create(w, "/x/y", "1");
    snapshot = node_get(w->t.root);
    set(w, "/a/b", "2");
    assert_ptr_equal(tree_find(w->t.root, "/x/y"), tree_find(snapshot, "/x/y"));
    assert_ptr_not_equal(tree_find(w->t.root, "/a/b"), tree_find(snapshot, "/a/b"));
    node_put(snapshot);
}

static void generations_tell_value_and_children_apart(void **state)
{
    struct world *w = *state;
    uint64_t gen, kids_gen;

    create(w, "/a/b", "1");
    gen = tree_find(w->t.root, "/a")->gen;
    kids_gen = tree_find(w->t.root, "/a")->kids_gen;
    create(w, "/a/c", "1");
    assert_int_equal(tree_find(w->t.root, "/a")->gen, gen);
    assert_true(tree_find(w->t.root, "/a")->kids_gen > kids_gen);
    kids_gen = tree_find(w->t.root, "/a")->kids_gen;
    set(w, "/a", "v");
    assert_true(tree_find(w->t.root, "/a")->gen > gen);
    assert_int_equal(tree_find(w->t.root, "/a")->kids_gen, kids_gen);
    set(w, "/a/b", "2");
    assert_int_equal(tree_find(w->t.root, "/a")->kids_gen, kids_gen);
    tree_remove(&w->t, "/a/b");
    assert_true(tree_find(w->t.root, "/a")->kids_gen > kids_gen);
}

static void a_node_made_again_has_another_generation(void **state)
{
    struct world *w = *state;
    uint64_t gen;

    create(w, "/a", "1");
    gen = tree_find(w->t.root, "/a")->gen;
    tree_remove(&w->t, "/a");
    create(w, "/a", "1");
    assert_int_not_equal(tree_find(w->t.root, "/a")->gen, gen);
}

static void removing_takes_all_below_and_counts_owners(void **state)
{
    struct world *w = *state;
    struct perms *ps = perms_new(1, 0);

    ps->p[0].domid = 3;
    create(w, "/a/b/c", "");
    create(w, "/a/b/d", "");
    tree_set_perms(&w->t, "/a/b/d", ps);
    perms_put(ps);
    assert_int_equal(w->nodes[0], 4);
    assert_int_equal(w->nodes[3], 1);
    tree_remove(&w->t, "/a");
    assert_int_equal(w->nodes[0], 1);
    assert_int_equal(w->nodes[3], 0);
    assert_string_equal(names(w->t.root, "/"), "");
}

static void children_belong_to_an_unprivileged_maker(void **state)
{
    struct world *w = *state;
    const struct who maker = {.domid = 5};
    struct blob *b = blob_new("", 0);
    const struct perms *ps;
    struct perms *dir = perms_new(2, 0);

    dir->p[0] = (struct perm){0, PERM_READ};
    dir->p[1] = (struct perm){5, PERM_READ | PERM_WRITE};
    create(w, "/d", "");
    tree_set_perms(&w->t, "/d", dir);
    perms_put(dir);
    tree_create(&w->t, "/d/x/y", &maker, b);
    blob_put(b);
    ps = tree_find(w->t.root, "/d/x/y")->perms;
    assert_int_equal(ps->count, 2);
    assert_int_equal(ps->p[0].domid, 5);
    assert_int_equal(ps->p[0].bits, PERM_READ);
    assert_int_equal(ps->p[1].domid, 5);
    assert_int_equal(w->nodes[5], 2);
}

/* Adds a name to a list the slow way, for comparison. */
static int by_order(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void thousands_of_random_changes_keep_the_order(void **state)
{
    struct world *w = *state;
    enum { N = 2000 };
    static bool there[N];
    struct node *snapshots[8] = {NULL};
    static int list[N];
    char path[32], *at;
    size_t len, total;
    static char buf[N * 8];
    int i, k, n = 0;

    memset(there, 0, sizeof(there));
    srand(1);
    create(w, "/d", "");
    for (i = 0; i < 20000; i++) {
        k = rand() % N;
        sprintf(path, "/d/%d", k);
        if (there[k])
            tree_remove(&w->t, path);
        else
            create(w, path, "");
        there[k] = !there[k];
        if (i % 1000 == 0) {
            node_put(snapshots[i / 1000 % 8]);
            snapshots[i / 1000 % 8] = node_get(w->t.root);
        }
    }
    for (i = 0; i < N; i++)
        if (there[i])
            list[n++] = i;
    qsort(list, n, sizeof(list[0]), by_order);
    total = check_treap(tree_find(w->t.root, "/d")->kids);
    assert_int_equal(total, n);
    assert_int_equal(w->nodes[0], n + 2);
    len = node_list(tree_find(w->t.root, "/d"), 0, buf, sizeof(buf));
    assert_int_equal(len, node_list_len(tree_find(w->t.root, "/d")));
    for (at = buf, i = 0; i < n; i++, at += strlen(at) + 1)
        assert_int_equal(atoi(at), list[i]);
    for (i = 0; i < 8; i++) {
        check_treap(tree_find(snapshots[i], "/d")->kids);
        node_put(snapshots[i]);
    }
}

static void a_list_comes_in_parts_of_whole_names(void **state)
{
    struct world *w = *state;
    static char whole[4096], parts[4096];
    size_t len, at = 0, n;
    const struct node *d;
    char path[32];
    int i;

    for (i = 0; i < 300; i++) {
        sprintf(path, "/d/name%d", i);
        create(w, path, "");
    }
    d = tree_find(w->t.root, "/d");
    len = node_list(d, 0, whole, sizeof(whole));
    assert_int_equal(len, node_list_len(d));
    while ((n = node_list(d, at, parts + at, 100))) {
        assert_true(n <= 100);
        assert_int_equal(parts[at + n - 1], '\0');
        at += n;
    }
    assert_int_equal(at, len);
    assert_memory_equal(parts, whole, len);
    assert_int_equal(node_list(d, len + 5, parts, 100), 0);
    assert_int_equal(node_list(d, 0, parts, 3), 0); /* not even one fits */
    node_list(d, 2, parts, 100);
    assert_string_equal(parts, whole + 2);
}

static void a_very_deep_tree_is_freed_without_recursion(void **state)
{
    struct world *w = *state;
    static char path[400001];
    int i;

    for (i = 0; i < 200000; i++)
        memcpy(path + 2 * i, "/a", 3);
    create(w, path, "");
    assert_int_equal(w->nodes[0], 200001);
    tree_remove(&w->t, "/a");
    assert_int_equal(w->nodes[0], 1);
}

struct visits {
    char text[200];
    int limit;
};

static bool visit(void *ctx, const char *path, const struct node *n, const struct node *parent)
{
    struct visits *v = ctx;

    assert_non_null(n);
    if (path[1])
        assert_non_null(parent);
    strcat(v->text, path);
    strcat(v->text, " ");
    return --v->limit != 0;
}

static void names_that_begin_alike_are_told_apart(void **state)
{
    static const char *const in_order[] = {
        "7",           "10",           "123456",    "123457",     "1234567",  "1234568",
        "12345678901", "12345678902",  "-",         "1x",         "abcdefg",  "abcdefgh",
        "abcdefgh-",   "abcdefgh-xyz", "abcdefghi", "abcdefghij", "abcdefgi", "z",
    };
    const size_t count = sizeof(in_order) / sizeof(in_order[0]);
    struct world *w = *state;
    char path[40], want[400] = "";
    size_t i;

    for (i = 0; i < count; i++) { /* 7 and 18 have no divisor in common: each once */
        snprintf(path, sizeof(path), "/d/%s", in_order[i * 7 % count]);
        create(w, path, in_order[i * 7 % count]);
        strcat(strcat(want, in_order[i]), " ");
    }
    assert_string_equal(names(w->t.root, "/d"), want);
    for (i = 0; i < count; i++) {
        snprintf(path, sizeof(path), "/d/%s", in_order[i]);
        assert_string_equal(value_of(w->t.root, path), in_order[i]);
    }
}

static void a_walk_goes_parents_first_in_order(void **state)
{
    struct world *w = *state;
    struct visits v = {"", -1};

    create(w, "/b/y/q", "");
    create(w, "/b/x", "");
    create(w, "/a", "");
    tree_walk(w->t.root, NULL, "/", visit, &v);
    assert_string_equal(v.text, "/ /a /b /b/x /b/y /b/y/q ");
    v = (struct visits){"", 2};
    tree_walk(w->t.root, NULL, "/", visit, &v);
    assert_string_equal(v.text, "/ /a ");
    v = (struct visits){"", -1};
    tree_walk(tree_find(w->t.root, "/b"), w->t.root, "/b", visit, &v);
    assert_string_equal(v.text, "/b /b/x /b/y /b/y/q ");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(create_makes_missing_parents),
        T(nearest_ancestor_and_number_of_missing_nodes_are_told),
        T(siblings_are_listed_numbers_first_by_value_then_names),
        T(a_snapshot_does_not_change),
        T(what_nobody_shares_is_changed_in_place),
        T(untouched_parts_are_shared_with_a_snapshot),
        T(generations_tell_value_and_children_apart),
        T(a_node_made_again_has_another_generation),
        T(removing_takes_all_below_and_counts_owners),
        T(children_belong_to_an_unprivileged_maker),
        T(thousands_of_random_changes_keep_the_order),
        T(a_list_comes_in_parts_of_whole_names),
        T(a_very_deep_tree_is_freed_without_recursion),
        T(names_that_begin_alike_are_told_apart),
        T(a_walk_goes_parents_first_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only
/* The whole state of the daemon: its beginning and end. */
#include "xenstore-like/stored.h"

#include "xenstore-like/alloc.h"
#include "xenstore-like/conn.h"
#include "xenstore-like/domain.h"
#include "xenstore-like/journal.h"
#include "xenstore-like/perms.h"

static const char *const special_names[NR_SPECIALS] = {
    [SPECIAL_INTRODUCE] = "@introduceDomain",
    [SPECIAL_RELEASE] = "@releaseDomain",
};

const char *special_name(enum special which)
{
    return special_names[which];
}

int special_find(const char *path)
{
    int i;

    for (i = 0; i < NR_SPECIALS; i++)
        if (!strcmp(path, special_names[i]))
            return i;
    return -1;
}

void stored_init(struct stored *st, const struct machine *machine)
{
    const struct who us = {.privileged = true};
    struct blob *empty = blob_new(NULL, 0);
    int i;

    memset(st, 0, sizeof(*st));
    st->machine = *machine;
    st->quotas = (struct quotas){
        .nodes = 1000,
        .watches = 128,
        .transactions = 10,
        .node_size = 2048,
        .perms_per_node = 5,
        .transaction_nodes = 1024,
        .outstanding = 20,
    };
    list_init(&st->domain_list);
    list_init(&st->conns);
    list_init(&st->ready);
    list_init(&st->touched);
    domain_learn(st, 0);
    for (i = 0; i < NR_SPECIALS; i++)
        st->specials[i] = perms_new(1, st->gen);
    tree_init(&st->tree, &st->gen, domain_count_nodes, st, perms_new(1, st->gen));
    tree_create(&st->tree, "/tool/xenstored", &us, empty);
    blob_put(empty);
}

void stored_free(struct stored *st)
{
    struct list *pos, *tmp;
    int i;

    journal_close(st->journal); /* our end is not that of the state */
    st->journal = NULL;
    free(st->state_path);
    list_for_each (pos, tmp, &st->conns) {
        struct conn *c = list_entry(pos, struct conn, link);

        if (c->domain)
            c->domain->conn = NULL;
        conn_free(st, c);
    }
    tree_free(&st->tree);
    list_for_each (pos, tmp, &st->domain_list) {
        struct domain *d = list_entry(pos, struct domain, link);

        d->nr_nodes = 0;
        domain_release(st, d);
    }
    for (i = 0; i < NR_SPECIALS; i++)
        perms_put(st->specials[i]);
    hash_free(&st->watches);
    hash_free(&st->watch_paths);
}

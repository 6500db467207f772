// SPDX-License-Identifier: GPL-2.0-only
/* Watches, found by the path they watch. */
#include "xenstore-like/watch.h"

#include <errno.h>

#include "xenstore-like/alloc.h"
#include "xenstore-like/conn.h"
#include "xenstore-like/domain.h"
#include "xenstore-like/state.h"
#include "xenstore-like/stored.h"

static struct watch_path *find_path(const struct stored *st, const char *path, size_t len,
                                    uint64_t hash)
{
    struct hash_link *l;

    for (l = hash_first(&st->watch_paths, hash); l; l = l->next) {
        struct watch_path *wp = list_entry(l, struct watch_path, link);

        if (l->hash == hash && wp->len == len && !memcmp(wp->path, path, len))
            return wp;
    }
    return NULL;
}

static uint64_t watch_hash(const struct conn *c, const char *path, const char *token)
{
    uint64_t h = hash_bytes(path, strlen(path), (uintptr_t)c);

    return hash_bytes(token, strlen(token), h);
}

static struct watch *find_watch(const struct stored *st, const struct conn *c, const char *path,
                                const char *token, uint64_t hash)
{
    struct hash_link *l;

    for (l = hash_first(&st->watches, hash); l; l = l->next) {
        struct watch *w = list_entry(l, struct watch, link);

        if (l->hash == hash && w->conn == c && !strcmp(w->where->path, path) &&
            !strcmp(w->token, token))
            return w;
    }
    return NULL;
}

struct watch *watch_find(const struct stored *st, const struct conn *c, const char *path,
                         const char *token)
{
    return find_watch(st, c, path, token, watch_hash(c, path, token));
}

static struct watch *add(struct stored *st, struct conn *c, const char *path, const char *token,
                         size_t prefix, uint64_t hash)
{
    size_t len = strlen(path), token_len = strlen(token);
    struct watch_path *wp;
    uint64_t path_hash;
    struct watch *w;

    path_hash = hash_bytes(path, len, 0);
    wp = find_path(st, path, len, path_hash);
    if (!wp) {
        wp = xcalloc(1, sizeof(*wp) + len + 1);
        memcpy(wp->path, path, len + 1);
        wp->len = len;
        list_init(&wp->watches);
        hash_insert(&st->watch_paths, &wp->link, path_hash);
    }
    w = xcalloc(1, sizeof(*w) + token_len + 1);
    memcpy(w->token, token, token_len + 1);
    w->where = wp;
    w->conn = c;
    w->prefix = prefix;
    list_add_tail(&w->in_path, &wp->watches);
    list_add_tail(&w->in_conn, &c->watches);
    hash_insert(&st->watches, &w->link, hash);
    c->nr_watches++;
    state_watch(st, w);
    return w;
}

int watch_add(struct stored *st, struct conn *c, const char *path, const char *token, size_t prefix,
              struct watch **out)
{
    uint64_t hash = watch_hash(c, path, token);

    if (find_watch(st, c, path, token, hash))
        return -EEXIST;
    if (!conn_privileged(c) && c->nr_watches >= st->quotas.watches) {
        domain_refused(st, c->domain, QUOTA_WATCHES);
        return -E2BIG;
    }
    *out = add(st, c, path, token, prefix, hash);
    return 0;
}

void watch_restore(struct stored *st, struct conn *c, const char *path, const char *token,
                   size_t prefix)
{
    uint64_t hash = watch_hash(c, path, token);

    if (!find_watch(st, c, path, token, hash))
        add(st, c, path, token, prefix, hash);
}

void watch_free(struct stored *st, struct watch *w)
{
    struct msg *m;

    state_unwatch(st, w);
    /* Its events go out all the same, but no longer know it. */
    if (w->last || w->merged)
        for (m = w->conn->out_first; m; m = m->next)
            if (m->watch == w)
                m->watch = NULL;
    hash_remove(&st->watches, &w->link);
    list_del(&w->in_path);
    list_del(&w->in_conn);
    w->conn->nr_watches--;
    if (list_empty(&w->where->watches)) {
        hash_remove(&st->watch_paths, &w->where->link);
        free(w->where);
    }
    free(w);
}

int watch_remove(struct stored *st, struct conn *c, const char *path, const char *token)
{
    struct watch *w = watch_find(st, c, path, token);

    if (!w)
        return -ENOENT;
    watch_free(st, w);
    return 0;
}

static bool may_know(const struct conn *c, const struct watch_rights *r)
{
    struct who who;

    if (conn_privileged(c))
        return true;
    who = conn_who(c);
    return (r->node && (perms_allowed(r->node, &who) & PERM_READ)) ||
           (r->parent && (perms_allowed(r->parent, &who) & PERM_READ)) ||
           (r->old && (perms_allowed(r->old, &who) & PERM_READ));
}

static void fire_at(struct stored *st, const char *where, size_t len, const char *path,
                    const struct watch_rights *rights)
{
    struct watch_path *wp = find_path(st, where, len, hash_bytes(where, len, 0));
    struct list *pos, *tmp;

    if (!wp)
        return;
    list_for_each (pos, tmp, &wp->watches) {
        struct watch *w = list_entry(pos, struct watch, in_path);

        if (may_know(w->conn, rights))
            conn_event(st, w->conn, w, path);
    }
}

void watch_fire(struct stored *st, const char *path, bool exact, const struct watch_rights *rights)
{
    size_t len = strlen(path), i;

    if (!st->watch_paths.count)
        return;
    if (!exact) {
        if (len > 1)
            fire_at(st, "/", 1, path, rights);
        for (i = 1; i < len; i++)
            if (path[i] == '/')
                fire_at(st, path, i, path, rights);
    }
    fire_at(st, path, len, path, rights);
}

void watch_fire_special(struct stored *st, int special)
{
    const struct watch_rights rights = {.node = st->specials[special]};
    const char *name = special_name(special);

    fire_at(st, name, strlen(name), name, &rights);
}

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XENSTORE_LIKE_WATCH_H
#define XENSTORE_LIKE_WATCH_H

/*
 * Watches, found by the path they watch: a change looks up each ancestor of the changed node
 * once, so watches elsewhere cost nothing. Watched nodes need not exist.
 */

#include <stdbool.h>
#include <stddef.h>

#include "xenstore-like/hash.h"
#include "xenstore-like/list.h"

struct conn;
struct msg;
struct perms;
struct stored;

/* All watches of one path. */
struct watch_path {
    struct hash_link link; /* st->watch_paths */
    struct list watches;
    size_t len;
    char path[];
};

struct watch {
    struct hash_link link; /* st->watches */
    struct list in_path, in_conn;
    struct watch_path *where;
    struct conn *conn;
    size_t prefix;      /* bytes that events leave out of paths: the watch was relative */
    struct msg *last;   /* its latest event not yet taken */
    struct msg *merged; /* the event that stands for all when too many wait */
    char token[];
};

/* Whether those who watch may know of a change: any of the three lets them read. */
struct watch_rights {
    struct perms *node, *parent, *old; /* each may be NULL */
};

/* -EEXIST the connection has this path and token; -E2BIG its domain's quota. */
int watch_add(struct stored *st, struct conn *c, const char *path, const char *token, size_t prefix,
              struct watch **w);

/* The same without quota: it was there before. */
void watch_restore(struct stored *st, struct conn *c, const char *path, const char *token,
                   size_t prefix);

/* NULL: no such watch. */
struct watch *watch_find(const struct stored *st, const struct conn *c, const char *path,
                         const char *token);

/* -ENOENT no such watch. */
int watch_remove(struct stored *st, struct conn *c, const char *path, const char *token);

void watch_free(struct stored *st, struct watch *w);

/*
 * Sends events: @path has changed. @exact: only to those who watch just this path (it vanished
 * with an ancestor, and who watches that one is told of the ancestor).
 */
void watch_fire(struct stored *st, const char *path, bool exact, const struct watch_rights *rights);

/* The same for @introduceDomain, @releaseDomain. */
void watch_fire_special(struct stored *st, int special);

#endif

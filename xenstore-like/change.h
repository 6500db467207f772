/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XENSTORE_LIKE_CHANGE_H
#define XENSTORE_LIKE_CHANGE_H

/*
 * Changes to the tree: checked by the caller, then either made at once, or made in a
 * transaction's view and kept to be made again when it commits. After a change to the live
 * tree its events are fired.
 */

#include <stdbool.h>

#include "xenstore-like/hash.h"
#include "xenstore-like/perms.h"
#include "xenstore-like/tree.h"
#include "xenstore-like/watch.h"

struct stored;

enum change_kind { CHANGE_WRITE, CHANGE_MKDIR, CHANGE_RM, CHANGE_PERMS };

struct change {
    struct change *next;
    enum change_kind kind;
    struct who maker;
    struct blob *value;  /* CHANGE_WRITE */
    struct perms *perms; /* CHANGE_PERMS */
    char path[];
};

/* Takes references of its own. */
struct change *change_new(enum change_kind kind, const char *path, const struct who *maker,
                          struct blob *value, struct perms *perms);
void change_free(struct change *ch);

/* Events to be fired, in order, each path once. */
struct pending {
    struct pending *next;
    struct hash_link link;
    bool exact;
    struct watch_rights rights;
    char path[];
};

struct pendings {
    struct hash by_path;
    struct pending *first, **last;
};

void pendings_init(struct pendings *ps);

/* Fires all and empties. What is not there now and was not in @before (or NULL) has not changed. */
void pendings_fire(struct stored *st, struct pendings *ps, const struct node *before);

/* Makes a change in @t. @ps NULL: nobody is to be told. What no longer applies does nothing. */
void change_apply(struct tree *t, const struct change *ch, struct pendings *ps);

/* Makes a change in the live tree and tells those who watch. */
void change_commit(struct stored *st, const struct change *ch);

#endif

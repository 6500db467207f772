// SPDX-License-Identifier: GPL-2.0-only
/* Changes to the tree. */
#include "xenstore-like/change.h"

#include "xenstore-like/alloc.h"
#include "xenstore-like/path.h"
#include "xenstore-like/state.h"
#include "xenstore-like/stored.h"

struct change *change_new(enum change_kind kind, const char *path, const struct who *maker,
                          struct blob *value, struct perms *perms)
{
    size_t len = strlen(path);
    struct change *ch = xcalloc(1, sizeof(*ch) + len + 1);

    ch->kind = kind;
    ch->maker = *maker;
    ch->value = value ? blob_get(value) : NULL;
    ch->perms = perms ? perms_get(perms) : NULL;
    memcpy(ch->path, path, len + 1);
    return ch;
}

void change_free(struct change *ch)
{
    blob_put(ch->value);
    perms_put(ch->perms);
    free(ch);
}

void pendings_init(struct pendings *ps)
{
    *ps = (struct pendings){.last = &ps->first};
}

static struct perms *get_or_null(struct perms *ps)
{
    return ps ? perms_get(ps) : NULL;
}

/* Notes an event, or adds to the one that is noted for the path. */
static void note(struct pendings *ps, const char *path, bool exact, struct perms *node,
                 struct perms *parent, struct perms *old)
{
    size_t len = strlen(path);
    uint64_t hash = hash_bytes(path, len, 0);
    struct hash_link *l;
    struct pending *p;

    for (l = hash_first(&ps->by_path, hash); l; l = l->next) {
        p = list_entry(l, struct pending, link);
        if (l->hash != hash || strcmp(p->path, path))
            continue;
        p->exact = p->exact && exact;
        perms_put(p->rights.parent);
        p->rights.parent = get_or_null(parent);
        if (!p->rights.old) {
            p->rights.old = p->rights.node; /* who could read it before may know */
        } else {
            perms_put(p->rights.node);
        }
        p->rights.node = perms_get(node);
        return;
    }
    p = xcalloc(1, sizeof(*p) + len + 1);
    memcpy(p->path, path, len + 1);
    p->exact = exact;
    p->rights = (struct watch_rights){perms_get(node), get_or_null(parent), get_or_null(old)};
    *ps->last = p;
    ps->last = &p->next;
    hash_insert(&ps->by_path, &p->link, hash);
}

void pendings_fire(struct stored *st, struct pendings *ps, const struct node *before)
{
    struct pending *p, *next;

    for (p = ps->first; p; p = next) {
        next = p->next;
        if (!before || tree_find(before, p->path) || tree_find(st->tree.root, p->path))
            watch_fire(st, p->path, p->exact, &p->rights);
        perms_put(p->rights.node);
        perms_put(p->rights.parent);
        perms_put(p->rights.old);
        free(p);
    }
    hash_free(&ps->by_path);
    pendings_init(ps);
}

/* The parent of a node that exists; of "/" itself NULL. */
static const struct node *find_parent(const struct tree *t, const char *path)
{
    char parent[PATH_MAX_BYTES];
    char *slash;

    if (!path[1])
        return NULL;
    strcpy(parent, path);
    slash = strrchr(parent, '/');
    slash[slash == parent] = '\0';
    return tree_find(t->root, parent);
}

static void note_node(struct pendings *ps, const struct tree *t, const char *path,
                      struct perms *old)
{
    const struct node *parent;

    if (!ps)
        return;
    parent = find_parent(t, path);
    note(ps, path, false, tree_find(t->root, path)->perms, parent ? parent->perms : NULL, old);
}

struct removal {
    struct pendings *ps;
    const char *top;
};

static bool note_removed(void *ctx, const char *path, const struct node *n,
                         const struct node *parent)
{
    struct removal *r = ctx;

    note(r->ps, path, path != r->top, n->perms, parent ? parent->perms : NULL, NULL);
    return true;
}

void change_apply(struct tree *t, const struct change *ch, struct pendings *ps)
{
    const struct node *n = tree_find(t->root, ch->path);
    struct perms *old;
    struct blob *empty;

    switch (ch->kind) {
    case CHANGE_WRITE:
        if (n)
            tree_set_value(t, ch->path, ch->value);
        else
            tree_create(t, ch->path, &ch->maker, ch->value);
        note_node(ps, t, ch->path, NULL);
        break;
    case CHANGE_MKDIR:
        if (n)
            break;
        empty = blob_new(NULL, 0);
        tree_create(t, ch->path, &ch->maker, empty);
        blob_put(empty);
        note_node(ps, t, ch->path, NULL);
        break;
    case CHANGE_RM:
        if (!n)
            break;
        if (ps)
            tree_walk(n, find_parent(t, ch->path), ch->path, note_removed,
                      &(struct removal){ps, ch->path});
        tree_remove(t, ch->path);
        break;
    case CHANGE_PERMS:
        if (!n)
            break;
        old = perms_get(n->perms);
        tree_set_perms(t, ch->path, ch->perms);
        note_node(ps, t, ch->path, old);
        perms_put(old);
        break;
    }
}

/* A change of one node: there is one event at most, and nothing to gather. */
static void commit_one(struct stored *st, const struct change *ch)
{
    const struct node *n = tree_find(st->tree.root, ch->path), *parent;
    struct watch_rights rights = {0};

    if (ch->kind == CHANGE_MKDIR ? n != NULL : ch->kind == CHANGE_PERMS && !n)
        return; /* nothing changes */
    if (ch->kind == CHANGE_PERMS)
        rights.old = perms_get(n->perms);
    change_apply(&st->tree, ch, NULL);
    parent = find_parent(&st->tree, ch->path);
    rights.node = tree_find(st->tree.root, ch->path)->perms;
    rights.parent = parent ? parent->perms : NULL;
    watch_fire(st, ch->path, false, &rights);
    perms_put(rights.old);
}

void change_commit(struct stored *st, const struct change *ch)
{
    struct pendings ps;

    state_change(st, ch);
    if (!st->watch_paths.count) {
        change_apply(&st->tree, ch, NULL);
        return;
    }
    if (ch->kind != CHANGE_RM) {
        commit_one(st, ch);
        return;
    }
    pendings_init(&ps);
    change_apply(&st->tree, ch, &ps);
    pendings_fire(st, &ps, NULL);
}

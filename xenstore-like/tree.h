/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XENSTORE_LIKE_TREE_H
#define XENSTORE_LIKE_TREE_H

/*
 * The tree of nodes. Nodes are counted and copied on write: whoever keeps a reference to a root
 * has a snapshot of the whole tree for nothing, and a change then copies only the way to it.
 * A node that nobody else refers to is changed in place.
 *
 * The children of a node form a balanced search tree (treap) of their own, linked by left and
 * right, so neither lookup nor change gets slow with the number of siblings. They are listed in
 * a fixed order: whole numbers by value first, then other names by byte.
 *
 * Generations: @gen changes with the node's value and permissions, @kids_gen with its list of
 * children. Both come from one counter that never repeats, so equal means untouched.
 *
 * Paths given to these functions are canonical: see path_canonical() in path.h.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct perms;
struct who;

/* Immutable, counted bytes. */
struct blob {
    unsigned int refs;
    uint32_t len;
    char data[]; /* a NUL follows, not counted */
};

struct node {
    unsigned int refs;
    uint32_t priority;         /* treap: not lower than those of left and right */
    struct node *left, *right; /* siblings */
    uint64_t rank;             /* of its name among siblings; equal ones may still differ */
    size_t names_bytes;        /* length of the names, NULs too, of itself, left and right */
    struct node *kids;         /* root of the children's treap */
    struct blob *name;
    struct blob *value;
    struct perms *perms;
    uint64_t gen, kids_gen;
};

struct tree {
    struct node *root;
    uint64_t *gen;                                       /* the counter that all trees share */
    void (*count)(void *ctx, uint32_t domid, int nodes); /* nodes of a domain come and go */
    void *ctx;
};

/*
 * So many nodes that are free are kept for the next ones; at first none, which suits tools that watch
 * over memory.
 */
void tree_keep(unsigned int nodes);

struct blob *blob_new(const void *bytes, size_t len);
struct blob *blob_get(struct blob *b);
void blob_put(struct blob *b); /* NULL allowed */

struct node *node_get(struct node *n);
void node_put(struct node *n); /* NULL allowed */

/* A tree of just "/". Takes the reference to @perms. */
void tree_init(struct tree *t, uint64_t *gen, void (*count)(void *, uint32_t, int), void *ctx,
               struct perms *perms);
void tree_free(struct tree *t);

/* The node, or NULL. Borrowed: valid until the tree changes. */
const struct node *tree_find(const struct node *root, const char *path);

/*
 * The node or else its nearest ancestor (never NULL). *@found is how much of @path names it:
 * strlen(@path) when it is the node itself.
 */
const struct node *tree_find_nearest(const struct node *root, const char *path, size_t *found);

/* How many nodes must be made for @path to exist, if @found of it does. */
unsigned int tree_missing(const char *path, size_t found);

/* Makes the node, and its parents as needed; @maker decides who owns them. It must not exist. */
void tree_create(struct tree *t, const char *path, const struct who *maker, struct blob *value);

/* Changes a node that exists. The tree takes a reference of its own. */
void tree_set_value(struct tree *t, const char *path, struct blob *value);
void tree_set_perms(struct tree *t, const char *path, struct perms *perms);

/* Removes a node that exists, not "/", with all below. */
void tree_remove(struct tree *t, const char *path);

/*
 * Visits @n, whose path is @path, and all below it, parents first, children in order.
 * @fn returns false to end the walk.
 */
void tree_walk(const struct node *n, const struct node *parent, const char *path,
               bool (*fn)(void *ctx, const char *path, const struct node *n,
                          const struct node *parent),
               void *ctx);

/* Length of the list of children: every name with its NUL. */
size_t node_list_len(const struct node *n);

/*
 * Copies whole names of the list from byte @offset on, as many as fit into @max bytes. Returns
 * the number of bytes. An offset within a name begins there.
 */
size_t node_list(const struct node *n, size_t offset, char *to, size_t max);

#endif

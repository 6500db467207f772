// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree of nodes.
 * Invariant: a node with refs > 1 is never changed, nor is anything below it; own() gives a
 * node that may be changed, provided that its holder (slot) may.
 */
#include "xenstore-like/tree.h"

#include "xenstore-like/alloc.h"
#include "xenstore-like/hash.h"
#include "xenstore-like/perms.h"

struct blob *blob_new(const void *bytes, size_t len)
{
    struct blob *b = xmalloc(sizeof(*b) + len + 1);

    b->refs = 1;
    b->len = len;
    if (len)
        memcpy(b->data, bytes, len);
    b->data[len] = '\0';
    return b;
}

struct blob *blob_get(struct blob *b)
{
    b->refs++;
    return b;
}

void blob_put(struct blob *b)
{
    if (b && !--b->refs)
        free(b);
}

/* Nodes for the next ones to be made, chained by left: transactions make and drop many copies. */
static struct node *spare;
static unsigned int nr_spare, max_spare;

void tree_keep(unsigned int nodes)
{
    max_spare = nodes;
}

static struct node *node_alloc(void)
{
    struct node *n = spare;

    if (!n)
        return xmalloc(sizeof(*n));
    spare = n->left;
    nr_spare--;
    return n;
}

static void node_free(struct node *n)
{
    if (nr_spare >= max_spare) {
        free(n);
        return;
    }
    n->left = spare;
    spare = n;
    nr_spare++;
}

struct node *node_get(struct node *n)
{
    if (n)
        n->refs++;
    return n;
}

/* Drops a reference; what becomes free is chained by left, so depth costs no stack. */
static void drop(struct node *n, struct node **chain)
{
    if (n && !--n->refs) {
        /* Its own left must be dropped first, when n is taken from the chain. */
        struct node *left = n->left;

        n->left = *chain;
        *chain = n;
        n->names_bytes = (size_t)left; /* no longer needed as a length */
    }
}

void node_put(struct node *n)
{
    struct node *chain = NULL;

    drop(n, &chain);
    while (chain) {
        n = chain;
        chain = n->left;
        drop((struct node *)n->names_bytes, &chain);
        drop(n->right, &chain);
        drop(n->kids, &chain);
        blob_put(n->name);
        blob_put(n->value);
        perms_put(n->perms);
        node_free(n);
    }
}

static size_t name_bytes(const struct node *n)
{
    return n->name->len + 1;
}

static size_t names_bytes(const struct node *n)
{
    return n ? n->names_bytes : 0;
}

static void update(struct node *n)
{
    n->names_bytes = names_bytes(n->left) + name_bytes(n) + names_bytes(n->right);
}

static struct node *own(struct node **slot)
{
    struct node *n = *slot, *copy;

    if (n->refs == 1)
        return n;
    copy = node_alloc();
    *copy = *n;
    copy->refs = 1;
    node_get(n->left);
    node_get(n->right);
    node_get(n->kids);
    blob_get(n->name);
    blob_get(n->value);
    perms_get(n->perms);
    n->refs--;
    *slot = copy;
    return copy;
}

/* A name with its rank. */
struct key {
    const char *name;
    size_t len;
    uint64_t rank;
};

/*
 * The name at @name, up to a slash or the end. Its rank is the order of siblings as a number, as far as
 * 64 bits tell it: numbers by length, then by their first 6 digits; after them other names by their first
 * 8 bytes, of which none has its highest bit set.
 */
static struct key key_at(const char *name)
{
    bool number = true;
    uint64_t first = 0;
    size_t len;

    for (len = 0; name[len] && name[len] != '/'; len++) {
        if (len < 8)
            first = first << 8 | (unsigned char)name[len];
        number = number && name[len] >= '0' && name[len] <= '9';
    }
    if (len && len < 8)
        first <<= 8 * (8 - len);
    first =
        number ? (uint64_t)(len < 0x7fff ? len : 0x7fff) << 48 | first >> 16 : 1ull << 63 | first;
    return (struct key){name, len, first};
}

static int compare(const struct key *a, const struct node *n)
{
    const struct blob *b = n->name;
    int rc;

    if (a->rank != n->rank)
        return a->rank < n->rank ? -1 : 1;
    rc = memcmp(a->name, b->data, a->len < b->len ? a->len : b->len);
    if (rc)
        return rc;
    return (a->len > b->len) - (a->len < b->len);
}

/* Takes the next name off a path. False at the end. */
static bool next_name(const char **path, struct key *key)
{
    const char *name = *path;

    if (*name == '/')
        name++;
    if (!*name)
        return false;
    *key = key_at(name);
    *path = name + key->len;
    return true;
}

/* tree_find_nearest(); *@shared: a snapshot has it, too, or something on the way to it. */
static const struct node *find_nearest(const struct node *root, const char *path, size_t *found,
                                       bool *shared)
{
    const char *rest = path;
    const struct node *n = root, *child;
    unsigned int refs = root->refs;
    struct key key;
    int rc;

    *found = 1; /* "/" */
    while (next_name(&rest, &key)) {
        for (child = n->kids; child; child = rc < 0 ? child->left : child->right) {
            refs |= child->refs;
            rc = compare(&key, child);
            if (!rc)
                break;
        }
        if (!child)
            break;
        n = child;
        *found = rest - path;
    }
    *shared = refs != 1;
    return n;
}

const struct node *tree_find_nearest(const struct node *root, const char *path, size_t *found)
{
    bool shared;

    return find_nearest(root, path, found, &shared);
}

const struct node *tree_find(const struct node *root, const char *path)
{
    size_t found;
    const struct node *n = tree_find_nearest(root, path, &found);

    return path[found] ? NULL : n;
}

unsigned int tree_missing(const char *path, size_t found)
{
    unsigned int count = 0;
    const char *rest = found == 1 ? path : path + found;
    struct key key;

    while (next_name(&rest, &key))
        count++;
    return count;
}

/* The slot of a child that exists; all on the way to it may then be changed. */
static struct node **own_child(struct node *parent, const struct key *key)
{
    struct node **slot = &parent->kids;
    int rc;

    for (;;) {
        struct node *n = own(slot);

        rc = compare(key, n);
        if (!rc)
            return slot;
        slot = rc < 0 ? &n->left : &n->right;
    }
}

/* The node that the first @len bytes of @path name; it and all on the way may then be changed. */
static struct node *own_path(struct tree *t, const char *path, size_t len)
{
    struct node **slot = &t->root;
    const char *rest = path;
    struct key key;

    own(slot);
    if (len == 1)
        return *slot;
    while (rest < path + len && next_name(&rest, &key))
        slot = own_child(*slot, &key);
    return *slot;
}

/* The node, or its nearest ancestor, to be changed; *@found as in tree_find_nearest(). */
static struct node *own_nearest(struct tree *t, const char *path, size_t *found)
{
    bool shared;
    const struct node *n = find_nearest(t->root, path, found, &shared);

    /* Usual, and cheaper: nobody else has any of it. */
    return shared ? own_path(t, path, *found) : (struct node *)(uintptr_t)n;
}

/* Splits a treap that we hold into those before and those after @key. */
static void split(struct node *n, const struct key *key, struct node **before, struct node **after)
{
    if (!n) {
        *before = *after = NULL;
        return;
    }
    own(&n);
    if (compare(key, n) < 0) {
        split(n->left, key, before, &n->left);
        *after = n;
    } else {
        split(n->right, key, &n->right, after);
        *before = n;
    }
    update(n);
}

/* Joins two treaps that we hold, all of @a before all of @b. */
static struct node *join(struct node *a, struct node *b)
{
    struct node *n;

    if (!a || !b)
        return a ? a : b;
    if (a->priority >= b->priority) {
        n = own(&a);
        n->right = join(n->right, b);
    } else {
        n = own(&b);
        n->left = join(a, n->left);
    }
    update(n);
    return n;
}

static void insert_child(struct node *parent, struct node *child)
{
    const struct key key = {child->name->data, child->name->len, child->rank};
    struct node **slot = &parent->kids;

    while (*slot && (*slot)->priority >= child->priority) {
        struct node *n = own(slot);

        n->names_bytes += name_bytes(child);
        slot = compare(&key, n) < 0 ? &n->left : &n->right;
    }
    split(*slot, &key, &child->left, &child->right);
    update(child);
    *slot = child;
}

/* Takes a child that exists out of its parent; the caller then holds it, without siblings. */
static struct node *take_child(struct node *parent, const char *name)
{
    const struct key key = key_at(name);
    size_t bytes = key.len + 1;
    struct node **slot = &parent->kids, *n;
    int rc;

    for (;;) {
        n = own(slot);
        rc = compare(&key, n);
        if (!rc)
            break;
        n->names_bytes -= bytes;
        slot = rc < 0 ? &n->left : &n->right;
    }
    *slot = join(n->left, n->right);
    n->left = n->right = NULL;
    update(n);
    return n;
}

static struct node *new_node(struct tree *t, const struct key *key, struct perms *perms,
                             struct blob *value)
{
    struct node *n = node_alloc();

    *n = (struct node){.refs = 1, .priority = hash_random()};
    n->rank = key->rank;
    n->name = blob_new(key->name, key->len);
    n->value = value;
    n->perms = perms;
    n->gen = n->kids_gen = ++*t->gen;
    update(n);
    t->count(t->ctx, perms->p[0].domid, 1);
    return n;
}

void tree_init(struct tree *t, uint64_t *gen, void (*count)(void *, uint32_t, int), void *ctx,
               struct perms *perms)
{
    t->gen = gen;
    t->count = count;
    t->ctx = ctx;
    t->root = new_node(t, &(struct key){.name = ""}, perms, blob_new(NULL, 0));
}

void tree_free(struct tree *t)
{
    node_put(t->root);
    t->root = NULL;
}

void tree_create(struct tree *t, const char *path, const struct who *maker, struct blob *value)
{
    const char *rest;
    struct node *parent, *n;
    struct key key;
    size_t found;

    parent = own_nearest(t, path, &found);
    rest = found == 1 ? path : path + found;
    while (next_name(&rest, &key)) {
        n = new_node(t, &key, perms_inherit(parent->perms, maker),
                     *rest ? blob_new(NULL, 0) : blob_get(value));
        insert_child(parent, n);
        parent->kids_gen = ++*t->gen;
        parent = n;
    }
}

void tree_set_value(struct tree *t, const char *path, struct blob *value)
{
    size_t found;
    struct node *n = own_nearest(t, path, &found);

    blob_get(value);
    blob_put(n->value);
    n->value = value;
    n->gen = ++*t->gen;
}

void tree_set_perms(struct tree *t, const char *path, struct perms *perms)
{
    size_t found;
    struct node *n = own_nearest(t, path, &found);

    t->count(t->ctx, n->perms->p[0].domid, -1);
    t->count(t->ctx, perms->p[0].domid, 1);
    perms_get(perms);
    perms_put(n->perms);
    n->perms = perms;
    n->gen = ++*t->gen;
}

static bool uncount(void *ctx, const char *path, const struct node *n, const struct node *parent)
{
    struct tree *t = ctx;

    (void)path;
    (void)parent;
    t->count(t->ctx, n->perms->p[0].domid, -1);
    return true;
}

void tree_remove(struct tree *t, const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    size_t parent_len = name == path + 1 ? 1 : (size_t)(name - path) - 1;
    struct node *parent = own_path(t, path, parent_len), *n;

    n = take_child(parent, name);
    parent->kids_gen = ++*t->gen;
    tree_walk(n, parent, path, uncount, t);
    node_put(n);
}

/* One treap on the way of a walk: first its left part, then itself, then its right part. */
struct step {
    const struct node *n, *parent;
    size_t path_len; /* of the parent */
    bool visit;      /* left part done */
};

struct steps {
    struct step *s;
    size_t count, room;
};

static void push(struct steps *st, const struct node *n, const struct node *parent, size_t path_len,
                 bool visit)
{
    if (!n)
        return;
    if (st->count == st->room) {
        st->room = st->room ? st->room * 2 : 64;
        st->s = xrealloc(st->s, st->room * sizeof(*st->s));
    }
    st->s[st->count++] = (struct step){n, parent, path_len, visit};
}

void tree_walk(const struct node *n, const struct node *parent, const char *path,
               bool (*fn)(void *ctx, const char *path, const struct node *n,
                          const struct node *parent),
               void *ctx)
{
    size_t len = strlen(path), room = len + 4096;
    struct steps st = {0};
    char *buf;

    if (!fn(ctx, path, n, parent) || !n->kids)
        return;
    buf = xmalloc(room);
    memcpy(buf, path, len + 1);
    push(&st, n->kids, n, len == 1 ? 0 : len, false);
    while (st.count) {
        struct step s = st.s[--st.count];

        if (!s.visit) {
            push(&st, s.n->right, s.parent, s.path_len, false);
            push(&st, s.n, s.parent, s.path_len, true);
            push(&st, s.n->left, s.parent, s.path_len, false);
            continue;
        }
        len = s.path_len + 1 + s.n->name->len;
        if (len >= room) {
            room = 2 * len;
            buf = xrealloc(buf, room);
        }
        buf[s.path_len] = '/';
        memcpy(buf + s.path_len + 1, s.n->name->data, s.n->name->len + 1);
        if (!fn(ctx, buf, s.n, s.parent))
            break;
        push(&st, s.n->kids, s.n, len, false);
    }
    free(buf);
    free(st.s);
}

size_t node_list_len(const struct node *n)
{
    return names_bytes(n->kids);
}

/* Adds names of treap @n from byte *@skip on. False when the next one does not fit. */
static bool list_treap(const struct node *n, size_t *skip, char **to, char *end)
{
    size_t bytes;

    if (!n)
        return true;
    if (*skip >= n->names_bytes) {
        *skip -= n->names_bytes;
        return true;
    }
    if (!list_treap(n->left, skip, to, end))
        return false;
    bytes = name_bytes(n);
    if (*skip >= bytes) {
        *skip -= bytes;
    } else {
        bytes -= *skip;
        if (bytes > (size_t)(end - *to))
            return false;
        memcpy(*to, n->name->data + *skip, bytes);
        *to += bytes;
        *skip = 0;
    }
    return list_treap(n->right, skip, to, end);
}

size_t node_list(const struct node *n, size_t offset, char *to, size_t max)
{
    char *at = to;

    list_treap(n->kids, &offset, &at, to + max);
    return at - to;
}

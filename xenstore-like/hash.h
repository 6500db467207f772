/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XENSTORE_LIKE_HASH_H
#define XENSTORE_LIKE_HASH_H

/*
 * Intrusive hash tables that grow with their content. The key is the user's matter: he hashes it
 * with hash_bytes() and compares entries of one chain himself. Guests choose keys, so hashes
 * start from a seed that they cannot know.
 */

#include <stddef.h>
#include <stdint.h>

struct hash_link {
    struct hash_link *next;
    uint64_t hash;
};

struct hash {
    struct hash_link **chains;
    size_t nr_chains; /* power of two, or 0 before the first insert */
    size_t count;
};

/* To be called once at start, with something unpredictable. */
void hash_seed(uint64_t seed);

uint64_t hash_bytes(const void *bytes, size_t len, uint64_t start);

/* A number that guests cannot predict well enough to unbalance a tree. */
uint32_t hash_random(void);

/* The first entry that may have this hash, NULL if none; go on with ->next, check ->hash. */
struct hash_link *hash_first(const struct hash *h, uint64_t hash);
void hash_insert(struct hash *h, struct hash_link *link, uint64_t hash);
void hash_remove(struct hash *h, struct hash_link *link);

/* Frees the table itself; entries are the user's. */
void hash_free(struct hash *h);

#endif

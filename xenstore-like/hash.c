// SPDX-License-Identifier: GPL-2.0-only
/* Intrusive hash tables that grow with their content. */
#include "xenstore-like/hash.h"

#include "xenstore-like/alloc.h"

#define CHAINS_MIN 8

static uint64_t seed = 0x9e3779b97f4a7c15u;
static uint64_t serial;

void hash_seed(uint64_t value)
{
    seed ^= value;
}

static uint64_t mix(uint64_t x)
{
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93u;
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93u;
    return x ^ (x >> 32);
}

uint64_t hash_bytes(const void *bytes, size_t len, uint64_t start)
{
    const unsigned char *p = bytes;
    uint64_t h = mix(seed ^ start ^ len), word;

    for (; len >= sizeof(word); len -= sizeof(word), p += sizeof(word)) {
        memcpy(&word, p, sizeof(word));
        h = mix(h ^ word);
    }
    word = 0;
    memcpy(&word, p, len);
    return mix(h ^ word);
}

uint32_t hash_random(void)
{
    return mix(seed + ++serial * 0x9e3779b97f4a7c15u);
}

struct hash_link *hash_first(const struct hash *h, uint64_t hash)
{
    return h->nr_chains ? h->chains[hash & (h->nr_chains - 1)] : NULL;
}

static void resize(struct hash *h, size_t nr_chains)
{
    struct hash_link **chains = xcalloc(nr_chains, sizeof(*chains)), *link, *next;
    size_t i;

    for (i = 0; i < h->nr_chains; i++) {
        for (link = h->chains[i]; link; link = next) {
            next = link->next;
            link->next = chains[link->hash & (nr_chains - 1)];
            chains[link->hash & (nr_chains - 1)] = link;
        }
    }
    free(h->chains);
    h->chains = chains;
    h->nr_chains = nr_chains;
}

void hash_insert(struct hash *h, struct hash_link *link, uint64_t hash)
{
    if (h->count >= h->nr_chains)
        resize(h, h->nr_chains ? h->nr_chains * 2 : CHAINS_MIN);
    link->hash = hash;
    link->next = h->chains[hash & (h->nr_chains - 1)];
    h->chains[hash & (h->nr_chains - 1)] = link;
    h->count++;
}

void hash_remove(struct hash *h, struct hash_link *link)
{
    struct hash_link **slot = &h->chains[link->hash & (h->nr_chains - 1)];

    while (*slot != link)
        slot = &(*slot)->next;
    *slot = link->next;
    h->count--;
}

void hash_free(struct hash *h)
{
    free(h->chains);
    *h = (struct hash){0};
}

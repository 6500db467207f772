/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XENSTORE_LIKE_PERMS_H
#define XENSTORE_LIKE_PERMS_H

/*
 * Permissions of a node: an immutable, counted list. Entry 0 names the owner, and its bits hold
 * for every domain that no other entry names.
 *
 * A domain id may be used again after its domain has died. An entry is valid for a domain only
 * if it was made after that domain was born: @stamp against struct who. The owner is exempt:
 * a dying domain's nodes are removed with it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PERM_READ   1u
#define PERM_WRITE  2u
#define PERM_OWNER  4u /* only asked for, never stored */
#define PERM_IGNORE 8u /* the domain did not exist when the entry was made */

struct perm {
    uint32_t domid;
    uint32_t bits;
};

struct perms {
    unsigned int refs;
    unsigned int count; /* at least 1 */
    uint64_t stamp;     /* generation in which it was set */
    struct perm p[];
};

/* Whose rights are in question. */
struct who {
    bool privileged;
    uint32_t domid;
    uint64_t born;
    bool has_target; /* acts for another domain as well (a device model) */
    uint32_t target;
    uint64_t target_born;
};

/* A list of @count entries, all zero, with one reference. */
struct perms *perms_new(unsigned int count, uint64_t stamp);
struct perms *perms_get(struct perms *ps);
void perms_put(struct perms *ps); /* NULL allowed */

/*
 * Reads NUL-ended entries like "n0" "r5" in @len bytes. 0 with *@ps set; -EINVAL malformed or
 * none; -ENOSPC more than @max.
 */
int perms_parse(const char *text, size_t len, unsigned int max, uint64_t stamp, struct perms **ps);

/* Writes one entry with its NUL to @to (16 bytes); returns the length with the NUL. */
size_t perm_format(const struct perm *p, char *to);

/* What @who may do: PERM_READ, PERM_WRITE, PERM_OWNER bits. */
unsigned int perms_allowed(const struct perms *ps, const struct who *who);

/* What a new child of a node with @parent gets: the same, but owned by an unprivileged maker. */
struct perms *perms_inherit(struct perms *parent, const struct who *maker);

#endif

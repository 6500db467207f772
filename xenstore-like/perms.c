// SPDX-License-Identifier: GPL-2.0-only
/* Permissions of a node. */
#include "xenstore-like/perms.h"

#include <errno.h>
#include <stdio.h>

#include "xenstore-like/alloc.h"

struct perms *perms_new(unsigned int count, uint64_t stamp)
{
    struct perms *ps = xcalloc(1, sizeof(*ps) + count * sizeof(ps->p[0]));

    ps->refs = 1;
    ps->count = count;
    ps->stamp = stamp;
    return ps;
}

struct perms *perms_get(struct perms *ps)
{
    ps->refs++;
    return ps;
}

void perms_put(struct perms *ps)
{
    if (ps && !--ps->refs)
        free(ps);
}

/* One entry: a letter and a decimal number without anything after it. */
static int parse_entry(const char *text, struct perm *p)
{
    uint64_t id = 0;
    const char *c;

    switch (text[0]) {
    case 'n':
        p->bits = 0;
        break;
    case 'r':
        p->bits = PERM_READ;
        break;
    case 'w':
        p->bits = PERM_WRITE;
        break;
    case 'b':
        p->bits = PERM_READ | PERM_WRITE;
        break;
    default:
        return -EINVAL;
    }
    for (c = text + 1; *c >= '0' && *c <= '9' && id <= UINT32_MAX; c++)
        id = id * 10 + (*c - '0');
    if (c == text + 1 || *c || id > UINT32_MAX)
        return -EINVAL;
    p->domid = id;
    return 0;
}

int perms_parse(const char *text, size_t len, unsigned int max, uint64_t stamp, struct perms **out)
{
    struct perms *ps;
    unsigned int count = 0, i;
    size_t k;

    for (k = 0; k < len; k++)
        count += text[k] == '\0';
    if (!count || text[len - 1])
        return -EINVAL;
    if (count > max)
        return -ENOSPC;
    ps = perms_new(count, stamp);
    for (i = 0; i < count; i++, text += strlen(text) + 1) {
        if (parse_entry(text, &ps->p[i])) {
            perms_put(ps);
            return -EINVAL;
        }
    }
    *out = ps;
    return 0;
}

size_t perm_format(const struct perm *p, char *to)
{
    return sprintf(to, "%c%u", "nrwb"[p->bits & (PERM_READ | PERM_WRITE)], p -> domid) + 1;
}

unsigned int perms_allowed(const struct perms *ps, const struct who *who)
{
    const unsigned int mask = PERM_READ | PERM_WRITE;
    uint32_t owner = ps->p[0].domid;
    unsigned int i;

    if (who->privileged || owner == who->domid || (who->has_target && owner == who->target))
        return PERM_READ | PERM_WRITE | PERM_OWNER;
    for (i = 1; i < ps->count; i++) {
        const struct perm *p = &ps->p[i];

        if (p->bits & PERM_IGNORE)
            continue;
        if (p->domid == who->domid && ps->stamp >= who->born)
            return p->bits & mask;
        if (who->has_target && p->domid == who->target && ps->stamp >= who->target_born)
            return p->bits & mask;
    }
    return ps->p[0].bits & mask;
}

struct perms *perms_inherit(struct perms *parent, const struct who *maker)
{
    struct perms *ps;

    if (maker->privileged || parent->p[0].domid == maker->domid)
        return perms_get(parent);
    ps = perms_new(parent->count, parent->stamp);
    memcpy(ps->p, parent->p, parent->count * sizeof(ps->p[0]));
    ps->p[0].domid = maker->domid;
    return ps;
}

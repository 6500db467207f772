/* SPDX-License-Identifier: GPL-2.0-only */
/* The memory map, and sets of ranges cut from it. Pure: also compiled for native tests. */
#include <asm/e820.h>
#include <hv/lib.h>

static uint64_t entry_end(const struct e820_entry *e)
{
    uint64_t end = e->addr + e->size;

    return end < e->addr ? ~0ull : end;
}

/* Which of two claims on the same byte holds: the less usable. Unknown types count as reserved. */
static unsigned int type_rank(uint32_t type)
{
    switch (type) {
    case 1:
        return 1;
    case 3:
        return 2;
    case 4:
        return 3;
    case 2:
        return 4;
    case 5:
        return 6;
    default:
        return 5;
    }
}

/* The type that holds at @addr (0: none), and where that may change next. */
static uint32_t type_at(const struct e820_entry *map, unsigned int nr, uint64_t addr,
                        uint64_t *next)
{
    uint32_t type = 0;
    unsigned int i;

    *next = ~0ull;
    for (i = 0; i < nr; i++) {
        uint64_t end = entry_end(&map[i]);

        if (addr < map[i].addr) {
            *next = min(*next, map[i].addr);
        } else if (addr < end) {
            *next = min(*next, end);
            if (!type || type_rank(map[i].type) > type_rank(type))
                type = map[i].type;
        }
    }
    return type;
}

unsigned int e820_sanitize(struct e820_entry *map, unsigned int nr, unsigned int max)
{
    static struct e820_entry out[128];
    uint64_t addr = 0, next;
    unsigned int n = 0;

    for (;;) {
        uint32_t type = type_at(map, nr, addr, &next);

        if (type && next > addr) {
            if (n && out[n - 1].type == type && out[n - 1].addr + out[n - 1].size == addr)
                out[n - 1].size += next - addr;
            else if (n < ARRAY_SIZE(out) && n < max)
                out[n++] = (struct e820_entry){addr, next - addr, type};
        }
        if (next == ~0ull)
            break;
        addr = next;
    }
    memcpy(map, out, n * sizeof(*map));
    return n;
}

unsigned int range_subtract(struct range *r, unsigned int nr, unsigned int max, uint64_t start,
                            uint64_t end)
{
    unsigned int i, n = nr;

    if (start >= end)
        return nr;
    for (i = 0; i < n;) {
        struct range old = r[i];

        if (old.end <= start || old.start >= end) {
            i++;
            continue;
        }
        if (old.start < start && old.end > end) { /* a hole within: two remain */
            r[i].end = start;
            if (n < max) {
                memmove(&r[i + 2], &r[i + 1], (n - i - 1) * sizeof(*r));
                r[i + 1] = (struct range){end, old.end};
                n++;
            } else if (old.end - end > start - old.start) {
                r[i] = (struct range){end, old.end};
            }
            return n;
        }
        if (old.start < start) {
            r[i++].end = start;
        } else if (old.end > end) {
            r[i++].start = end;
        } else {
            memmove(&r[i], &r[i + 1], (n - i - 1) * sizeof(*r));
            n--;
        }
    }
    return n;
}

uint64_t range_carve(struct range *r, unsigned int *nr, unsigned int max, uint64_t size,
                     uint64_t align, uint64_t limit)
{
    unsigned int i;

    for (i = *nr; i-- > 0;) {
        uint64_t top = min(r[i].end, limit), at;

        if (top < size)
            continue;
        at = (top - size) & ~(align - 1);
        if (at < r[i].start || top <= r[i].start)
            continue;
        *nr = range_subtract(r, *nr, max, at, at + size);
        return at;
    }
    return ~0ull;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory maps, and memory taken from them. Pure: also compiled for native tests. */
#include <asm/e820.h>
#include <hv/lib.h>

static uint64_t entry_end(const struct xen_e820entry *e)
{
    uint64_t end = e->addr + e->size;

    return end < e->addr ? ~0ull : end;
}

/* Which of two claims on the same byte holds: the less usable. Unknown types count as reserved. */
static unsigned int type_rank(uint32_t type)
{
    static const uint8_t rank[] = {[1] = 1, [3] = 2, [4] = 3, [2] = 4, [0] = 5, [5] = 6};

    return type < ARRAY_SIZE(rank) ? rank[type] : 5;
}

/* The type that holds at @addr (0: none), and where that may change next. */
static uint32_t type_at(const struct xen_e820entry *map, unsigned int nr, uint64_t addr,
                        uint64_t *next)
{
    uint32_t type = 0;

    *next = ~0ull;
    for (unsigned int i = 0; i < nr; i++) {
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

unsigned int e820_sanitize(struct xen_e820entry *map, unsigned int nr, unsigned int max)
{
    static struct xen_e820entry out[256];
    uint64_t addr = 0, next;
    unsigned int n = 0;

    for (;;) {
        uint32_t type = type_at(map, nr, addr, &next);

        if (type && next > addr) {
            if (n && out[n - 1].type == type && out[n - 1].addr + out[n - 1].size == addr)
                out[n - 1].size += next - addr;
            else if (n < ARRAY_SIZE(out) && n < max)
                out[n++] = (struct xen_e820entry){addr, next - addr, type};
        }
        if (next == ~0ull)
            break;
        addr = next;
    }
    memcpy(map, out, n * sizeof(*map));
    return n;
}

void e820_take(struct xen_e820entry *map, unsigned int *nr, unsigned int max, uint64_t start,
               uint64_t end)
{
    if (start >= end)
        return;
    if (*nr == max) /* what is not in the map is not free either */
        --*nr;
    map[(*nr)++] = (struct xen_e820entry){start, end - start, 5};
    *nr = e820_sanitize(map, *nr, max);
}

uint64_t e820_carve(struct xen_e820entry *map, unsigned int *nr, unsigned int max, uint64_t size,
                    uint64_t align, uint64_t limit)
{
    for (unsigned int i = *nr; i-- > 0;) {
        uint64_t top = min(entry_end(&map[i]), limit), at = (top - size) & ~(align - 1);

        if (map[i].type != 1 || top < size || at < map[i].addr)
            continue;
        e820_take(map, nr, max, at, at + size);
        return at;
    }
    return ~0ull;
}

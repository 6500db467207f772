/* SPDX-License-Identifier: GPL-2.0-only */
/* What the store has refused to a guest, for `domctl info`: stored counts, by quota. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/domd/domd.h"
#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/json.h"
#include "xenstore-like/client.h"

void tell_refusals(struct json_out *o, uint32_t domid)
{
    char *text = NULL, *line, *rest, name[64], number[12];
    const char *const args[] = {"refusals", number};
    unsigned long long count;
    struct err e = {0};
    struct store *s;
    unsigned int id;

    if (open_store(&s, &e))
        return;
    snprintf(number, sizeof(number), "%u", domid);
    if (!store_control(s, args, 2, &text)) {
        json_key(o, "store_refusals");
        json_object(o);
        for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
            if (sscanf(line, "%u %63s %llu", &id, name, &count) == 3 && id == domid)
                json_put_u64(o, name, count);
        json_end_object(o);
    }
    free(text);
    store_close(s);
}

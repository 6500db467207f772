/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domctl.h"

#include <inttypes.h>
#include <stdio.h>

/* Prints members as "key: value" lines, those of objects and arrays indented below. */
static void print_members(const struct json *j, int depth)
{
    const struct json *value;
    const char *key;
    uint64_t n;
    size_t i, k;

    for (i = 0; (value = json_member(j, i, &key)); i++) {
        printf("%*s%s:", depth * 2, "", key);
        if (json_str(value)) {
            printf(" %s\n", json_str(value));
        } else if (json_get_u64(j, key, &n)) {
            printf(" %" PRIu64 "\n", n);
        } else if (json_type(value) == JSON_BOOL) {
            puts(json_get_bool(j, key) ? " true" : " false");
        } else {
            putchar('\n');
            print_members(value, depth + 1);
            for (k = 0; k < json_length(value); k++) {
                const struct json *element = json_at(value, k);

                printf("%*s-%s%s\n", depth * 2 + 2, "", json_str(element) ? " " : "",
                       json_str(element) ? json_str(element) : "");
                print_members(element, depth + 2);
            }
        }
    }
}

int cmd_info(const struct verb *v, int argc, char **argv)
{
    struct err e = {0};
    struct options o;
    struct json *j;
    int status, first = parse_options(v, argc, argv, "o", 0, 1, &o, &status);

    if (first < 0)
        return status;
    j = ask_domd("info", first < argc ? argv[first] : NULL, NULL, NULL, NULL, &e);
    if (!j)
        return fail(&e);
    status = STATUS_DONE;
    if (o.json)
        status = print_json(json_get(j, "info"));
    else
        print_members(json_get(j, "info"), 0);
    json_free(j);
    return status;
}

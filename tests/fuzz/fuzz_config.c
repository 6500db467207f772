/* SPDX-License-Identifier: GPL-2.0-only */
/* Any bytes as a config: parsed, understood, written as JSON, read back: the same guest. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/lib/config.h"
#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/guest.h"
#include "dom0-tools/lib/json.h"

static void warn(const char *text, void *arg)
{
    if (strchr(text, '\n'))
        abort();
}

static void round_trip(const struct guest_config *g)
{
    struct json_out *a = json_out_new(false), *b = json_out_new(false);
    struct guest_config h;
    struct err e = {0};
    const char *text;
    struct json *j;
    size_t len;

    guest_config_to_json(g, a);
    text = json_text(a, &len);
    if (!text || memchr(text, '\n', len))
        abort();
    j = json_parse(text, len);
    if (!j || guest_config_from_json(&h, j, &e))
        abort();
    guest_config_to_json(&h, b);
    if (strcmp(text, json_text(b, NULL)))
        abort();
    guest_config_free(&h);
    json_free(j);
    json_out_free(a);
    json_out_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct guest_config g;
    struct err e = {0};
    struct json *j;
    struct cfg c;

    if (!cfg_parse(&c, (const char *)data, size, "f", &e)) {
        if (!guest_config_from_cfg(&g, &c, "f", "/", warn, NULL, &e)) {
            round_trip(&g);
            guest_config_free(&g);
        } else if (e.status != STATUS_USAGE) {
            abort();
        }
        cfg_free(&c);
    } else if (!e.text[0] || c.items) {
        abort();
    }
    /* The same bytes as a request's JSON. */
    j = json_parse((const char *)data, size);
    memset(&e, 0, sizeof(e));
    if (j && !guest_config_from_json(&g, j, &e))
        guest_config_free(&g);
    json_free(j);
    return 0;
}

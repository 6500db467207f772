/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any bytes as domain XML or as a config's JSON. What is accepted is written as JSON, as XML and as
 * text, and each gives the same guest when it is read again, or is refused with a reason.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/domxml/xml.h"
#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/guestfile.h"
#include "dom0-tools/lib/json.h"

static void warn(const char *text, void *arg)
{
    if (strchr(text, '\n'))
        abort();
}

/* The config within what xml_read() answers, or NULL. */
static struct json *read_xml(const char *text, size_t len)
{
    char *answer = xml_read(text, len, "f");
    struct json *j;

    if (!answer || strchr(answer, '\n'))
        abort();
    j = json_parse(answer, strlen(answer));
    free(answer);
    if (!j || !json_get(j, "config") == !json_get(j, "error"))
        abort();
    return j;
}

static char *text_of(const struct guest_config *g)
{
    struct json_out *o = json_out_new(false);
    char *text;

    guest_config_to_json(g, o);
    text = strdup(json_text(o, NULL));
    json_out_free(o);
    return text;
}

static void same(const struct json *j, const char *want)
{
    struct guest_config g;
    struct err e = {0};
    char *text;

    if (guest_json_read(&g, j, "f", NULL, NULL, &e))
        abort();
    text = text_of(&g);
    if (strcmp(text, want))
        abort();
    free(text);
    guest_config_free(&g);
}

static void through_xml(const char *json)
{
    char *answer = xml_write(json, strlen(json));
    struct json *j, *k;

    if (!answer)
        abort();
    j = json_parse(answer, strlen(answer));
    if (!j || !json_get_str(j, "xml") == !json_get_str(j, "error"))
        abort();
    if (json_get_str(j, "xml")) {
        k = read_xml(json_get_str(j, "xml"), strlen(json_get_str(j, "xml")));
        same(json_get(k, "config"), json);
        json_free(k);
    }
    json_free(j);
    free(answer);
}

static void accept_config(const struct json *j)
{
    struct guest_config g;
    struct err e = {0};
    char *json, *cfg;

    if (guest_json_read(&g, j, "f", warn, NULL, &e)) {
        if (!e.status || !e.text[0])
            abort();
        return;
    }
    json = text_of(&g);
    through_xml(json);
    cfg = guest_text(&g, FORMAT_CFG, &e); /* compares what it wrote itself */
    if (!cfg == !e.status)
        abort();
    free(cfg);
    free(json);
    guest_config_free(&g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json *j = json_parse((const char *)data, size);

    if (j)
        accept_config(j);
    json_free(j);
    j = read_xml((const char *)data, size);
    if (json_get(j, "config"))
        accept_config(json_get(j, "config"));
    json_free(j);
    return 0;
}

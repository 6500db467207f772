/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domain XML <-> a config's JSON. What the format has no place for (an interval of a rate limit, keys
 * that are Pavo's own) stands below <metadata> in a namespace of ours, its values as JSON:
 *
 *   <pavo:config xmlns:pavo="urn:pavo:config:1">
 *     <pavo:key name="KEY">JSON</pavo:key>
 *     <pavo:disk index="0" name="KEY">JSON</pavo:disk>     also pavo:vif
 *   </pavo:config>
 */
#include "dom0-tools/domxml/xml.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/json.h"

#define NAMESPACE     "urn:pavo:config:1"
#define RATE_USECS    50000 /* the interval of a rate unless told; a <bandwidth> means this one */
#define RATE_KB_BYTES 50    /* bytes of 1 KB/s in that interval */
#define RATE_KB_MAX   100000000
#define WARNINGS_MAX  64

struct reader {
    const char *name;
    struct json_out *o;
    char *warnings[WARNINGS_MAX];
    size_t nr_warnings;
    struct err e;
    xmlNode *own; /* <pavo:config>, or NULL */
    bool has_dtd;
    /* Members that domain XML spreads over the document. */
    char *max_vcpus, *vcpus, *cpus;
    uint64_t max_kib, kib;
};

static bool is(const xmlNode *n, const char *name)
{
    return n->type == XML_ELEMENT_NODE && !n->ns && !strcmp((const char *)n->name, name);
}

static bool is_own(const xmlNode *n, const char *name)
{
    return n->type == XML_ELEMENT_NODE && n->ns && n->ns->href &&
           !strcmp((const char *)n->ns->href, NAMESPACE) && !strcmp((const char *)n->name, name);
}

static int bad(struct reader *r, const xmlNode *n, const char *why)
{
    char what[400];

    snprintf(what, sizeof(what), "%.200s:%ld: <%.60s>", r->name, xmlGetLineNo(n),
             (const char *)n->name);
    return err_set(&r->e, STATUS_USAGE, what, NULL, "%s", why);
}

static void warn(struct reader *r, const xmlNode *n, const char *why)
{
    char *text;

    if (r->nr_warnings >= WARNINGS_MAX)
        return;
    if (asprintf(&text, "%.200s:%ld: <%.60s>: %s", r->name, xmlGetLineNo(n), (const char *)n->name,
                 why) >= 0)
        r->warnings[r->nr_warnings++] = text;
}

/* Attribute or content as a string to be free()d; NULL when there is none. */
static char *attr(const xmlNode *n, const char *name)
{
    return (char *)xmlGetNoNsProp((xmlNode *)(uintptr_t)n, (const xmlChar *)name);
}

static char *content(const xmlNode *n)
{
    return (char *)xmlNodeGetContent(n);
}

/* Is the attribute @name there and equal to one of the words (up to NULL), or not there? */
static bool attr_in(const xmlNode *n, const char *name, const char *const words[])
{
    char *s = attr(n, name);
    size_t i;
    bool found = !s;

    for (i = 0; s && words[i] && !found; i++)
        found = !strcmp(s, words[i]);
    free(s);
    return found;
}

static const xmlNode *child(const xmlNode *n, const char *name)
{
    const xmlNode *c;

    for (c = n->children; c; c = c->next)
        if (is(c, name))
            return c;
    return NULL;
}

static void put_content(struct reader *r, const xmlNode *n, const char *key)
{
    char *s = content(n);

    json_put_str(r->o, key, s ? s : "");
    free(s);
}

static void put_attr(struct reader *r, const xmlNode *n, const char *name, const char *key)
{
    char *s = n ? attr(n, name) : NULL;

    if (s)
        json_put_str(r->o, key, s);
    free(s);
}

static bool parse_u64(const char *s, uint64_t *n)
{
    char *end;

    if (!s)
        return false;
    s += strspn(s, " \t\r\n");
    errno = 0;
    *n = strtoull(s, &end, 10);
    return isdigit((unsigned char)*s) && !errno && !end[strspn(end, " \t\r\n")];
}

/* ---- reading: memory, vCPUs */

static int read_memory(struct reader *r, const xmlNode *n, uint64_t *kib)
{
    static const struct {
        const char *name;
        uint64_t bytes;
    } units[] = {{"b", 1},          {"bytes", 1},        {"KB", 1000},
                 {"k", 1ull << 10}, {"KiB", 1ull << 10}, {"MB", 1000000},
                 {"M", 1ull << 20}, {"MiB", 1ull << 20}, {"GB", 1000000000},
                 {"G", 1ull << 30}, {"GiB", 1ull << 30}, {"TB", 1000000000000},
                 {"T", 1ull << 40}, {"TiB", 1ull << 40}};
    char *unit = attr(n, "unit"), *s = content(n);
    uint64_t value = 0, bytes = 0;
    bool number = parse_u64(s, &value);
    size_t i;

    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (!strcmp(unit ? unit : "KiB", units[i].name))
            bytes = units[i].bytes;
    free(unit);
    free(s);
    if (!number)
        return bad(r, n, "a number is needed");
    if (!bytes)
        return bad(r, n, "unknown unit");
    if (value > (1ull << 60) / bytes)
        return bad(r, n, "more than there can be");
    *kib = (value * bytes + 1023) >> 10;
    return 0;
}

static int read_vcpu(struct reader *r, const xmlNode *n)
{
    r->max_vcpus = content(n);
    r->vcpus = attr(n, "current");
    r->cpus = attr(n, "cpuset");
    return 0;
}

static int put_count(struct reader *r, const char *key, const char *text, const char *otherwise)
{
    uint64_t n;

    if (!text && !otherwise)
        return 0;
    if (!parse_u64(text ? text : otherwise, &n) || n > UINT32_MAX)
        return err_set(&r->e, STATUS_USAGE, r->name, NULL, "<vcpu>: a number is needed");
    json_put_u64(r->o, key, n);
    return 0;
}

/* ---- reading: what boots */

static int read_type(struct reader *r, const xmlNode *n)
{
    static const char *const arch[] = {"x86_64", NULL}, *const machine[] = {"xenpv", NULL};
    char *s = content(n);
    bool pv = s && (!strcmp(s, "linux") || !strcmp(s, "xen"));

    free(s);
    if (!pv || !attr_in(n, "machine", machine))
        return bad(r, n, "only PV guests are supported: <type machine='xenpv'>linux</type>");
    if (!attr_in(n, "arch", arch))
        return bad(r, n, "only x86_64 is supported");
    return 0;
}

static int read_os(struct reader *r, const xmlNode *os)
{
    static const char *const keys[][2] = {
        {"kernel", "kernel"}, {"initrd", "ramdisk"}, {"cmdline", "cmdline"}};
    const xmlNode *n;
    size_t i;

    for (n = os->children; n; n = n->next) {
        if (n->type != XML_ELEMENT_NODE)
            continue;
        if (is(n, "type")) {
            if (read_type(r, n))
                return -1;
            continue;
        }
        for (i = 0; i < 3 && !is(n, keys[i][0]); i++)
            ;
        if (i == 3)
            warn(r, n, "has no effect");
        else if (child(os, keys[i][0]) == n)
            put_content(r, n, keys[i][1]);
        else
            return bad(r, n, "is given twice");
    }
    return 0;
}

/* ---- reading: what Pavo adds */

/* The value of <pavo:key>, <pavo:disk> or <pavo:vif>. */
static int put_own(struct reader *r, const xmlNode *n)
{
    char *key = attr(n, "name"), *text = content(n);
    struct json *wrapped = NULL;
    char *array = NULL;
    int rc = -1;

    /* A lone value is no document for every parser: wrap it. */
    if (key && text && asprintf(&array, "[%s]", text) >= 0) {
        wrapped = json_parse(array, strlen(array));
        free(array);
    }
    if (!key || !*key || json_length(wrapped) != 1) {
        bad(r, n, "needs a name and one JSON value");
    } else {
        json_key(r->o, key);
        json_value_copy(r->o, json_at(wrapped, 0));
        rc = 0;
    }
    json_free(wrapped);
    free(key);
    free(text);
    return rc;
}

/* Members of device number @index that the format has no place for. */
static int read_own_device(struct reader *r, const char *kind, size_t index)
{
    const xmlNode *n;

    for (n = r->own ? r->own->children : NULL; n; n = n->next) {
        char *s = is_own(n, kind) ? attr(n, "index") : NULL;
        uint64_t at = UINT64_MAX;
        bool mine = s && parse_u64(s, &at) && at == index;

        free(s);
        if (mine && put_own(r, n))
            return -1;
    }
    return 0;
}

/* ---- reading: devices */

static int read_disk(struct reader *r, const xmlNode *d, size_t index)
{
    static const char *const disk[] = {"disk", NULL}, *const types[] = {"file", "block", NULL};
    static const char *const raw[] = {"raw", "aio", NULL};
    const xmlNode *source = child(d, "source"), *target = child(d, "target");
    const xmlNode *driver = child(d, "driver");
    char *path = source ? attr(source, "file") : NULL, *dev = target ? attr(target, "dev") : NULL;
    int rc = -1;

    if (source && !path)
        path = attr(source, "dev");
    if (!attr_in(d, "device", disk)) {
        bad(r, d, "only device='disk' is supported");
    } else if (!attr_in(d, "type", types)) {
        bad(r, d, "only type='file' and type='block' are supported");
    } else if (driver && !attr_in(driver, "type", raw)) {
        bad(r, driver, "only type='raw' is supported");
    } else if (!path || !dev) {
        bad(r, d, path ? "has no <target dev='...'/>" : "has no <source file='...'/>");
    } else {
        if (child(d, "shareable"))
            warn(r, child(d, "shareable"), "has no effect");
        json_object(r->o);
        json_put_str(r->o, "target", path);
        json_put_str(r->o, "vdev", dev);
        json_put_str(r->o, "access", child(d, "readonly") ? "ro" : "rw");
        rc = read_own_device(r, "disk", index);
        json_end_object(r->o);
    }
    free(path);
    free(dev);
    return rc;
}

/* A name that the host makes: vifDOMID.INDEX. A live guest's XML holds it, but it is no wish. */
static bool made_vifname(const char *s)
{
    size_t n;

    if (!s || strncmp(s, "vif", 3) != 0 || !(n = strspn(s + 3, "0123456789")) || s[3 + n] != '.')
        return false;
    s += 4 + n;
    n = strspn(s, "0123456789");
    return n && !s[n];
}

static int read_bandwidth(struct reader *r, const xmlNode *v)
{
    const xmlNode *b = child(v, "bandwidth"), *out = b ? child(b, "outbound") : NULL;
    char *s = out ? attr(out, "average") : NULL;
    uint64_t kb;
    bool ok = parse_u64(s, &kb) && kb && kb <= RATE_KB_MAX;

    if (b && (!out || child(b, "inbound")))
        warn(r, b, "only <outbound average='...'/> has an effect");
    free(s);
    if (!out)
        return 0;
    if (!ok)
        return bad(r, out, "average is no number of KB/s");
    json_put_u64(r->o, "rate_bytes", kb * RATE_KB_BYTES);
    json_put_u64(r->o, "rate_usecs", RATE_USECS);
    return 0;
}

static int read_vif(struct reader *r, const xmlNode *v, size_t index)
{
    static const char *const bridge[] = {"bridge", NULL};
    const xmlNode *source = child(v, "source"), *target = child(v, "target");
    const xmlNode *mac = child(v, "mac");
    char *name = target ? attr(target, "dev") : NULL;
    int rc;

    if (!attr_in(v, "type", bridge)) {
        free(name);
        return bad(r, v, "only type='bridge' is supported");
    }
    if (child(v, "script"))
        warn(r, child(v, "script"), "has no effect");
    json_object(r->o);
    put_attr(r, mac, "address", "mac");
    put_attr(r, source, "bridge", "bridge");
    if (!made_vifname(name))
        put_attr(r, target, "dev", "vifname");
    rc = read_bandwidth(r, v) || read_own_device(r, "vif", index) ? -1 : 0;
    json_end_object(r->o);
    free(name);
    return rc;
}

static int read_device_list(struct reader *r, const xmlNode *devices, const char *element,
                            const char *key,
                            int (*read)(struct reader *r, const xmlNode *n, size_t index))
{
    const xmlNode *n;
    size_t index = 0;
    int rc = 0;

    json_key(r->o, key);
    json_array(r->o);
    for (n = devices->children; n && !rc; n = n->next)
        if (is(n, element))
            rc = read(r, n, index++);
    json_end_array(r->o);
    return rc;
}

static int read_devices(struct reader *r, const xmlNode *devices)
{
    static const char *const known[] = {"disk", "interface", "console", "emulator", "memballoon"};
    const xmlNode *n;
    size_t i;

    if (read_device_list(r, devices, "disk", "disk", read_disk) ||
        read_device_list(r, devices, "interface", "vif", read_vif))
        return -1;
    for (n = devices->children; n; n = n->next) {
        for (i = 0; i < sizeof(known) / sizeof(known[0]) && !is(n, known[i]); i++)
            ;
        if (i == sizeof(known) / sizeof(known[0]) && n->type == XML_ELEMENT_NODE)
            warn(r, n, "this device is not supported and left out");
    }
    return 0;
}

/* ---- reading: the document */

static int read_element(struct reader *r, const xmlNode *n)
{
    static const char *const plain[] = {"name", "uuid", "on_poweroff", "on_reboot", "on_crash"};
    static const char *const silent[] = {"metadata", "clock", "title", "description"};
    size_t i;

    for (i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        if (is(n, plain[i])) {
            put_content(r, n, plain[i]);
            return 0;
        }
    for (i = 0; i < sizeof(silent) / sizeof(silent[0]); i++)
        if (is(n, silent[i]))
            return 0;
    if (is(n, "memory"))
        return read_memory(r, n, &r->max_kib);
    if (is(n, "currentMemory"))
        return read_memory(r, n, &r->kib);
    if (is(n, "vcpu"))
        return read_vcpu(r, n);
    if (is(n, "os"))
        return read_os(r, n);
    if (is(n, "devices"))
        return read_devices(r, n);
    if (is(n, "bootloader"))
        return bad(r, n, "boot loaders are not supported: name the kernel in <os>");
    warn(r, n, "has no effect");
    return 0;
}

static int read_domain(struct reader *r, const xmlNode *root)
{
    static const char *const xen[] = {"xen", NULL};
    const xmlNode *n, *meta = child(root, "metadata");

    if (!is(root, "domain"))
        return bad(r, root, "no domain XML: the outermost element must be <domain type='xen'>");
    if (!attr_in(root, "type", xen))
        return bad(r, root, "only type='xen' is supported");
    for (n = meta ? meta->children : NULL; n; n = n->next)
        if (is_own(n, "config"))
            r->own = (xmlNode *)(uintptr_t)n;
    json_object(r->o);
    for (n = root->children; n; n = n->next) {
        if (n->type != XML_ELEMENT_NODE)
            continue;
        if (is(n, (const char *)n->name) && child(root, (const char *)n->name) != n)
            return bad(r, n, "is given twice");
        if (read_element(r, n))
            return -1;
    }
    if (r->max_kib || r->kib) {
        json_put_u64(r->o, "memory", ((r->kib ? r->kib : r->max_kib) + 1023) >> 10);
        json_put_u64(r->o, "maxmem", ((r->max_kib ? r->max_kib : r->kib) + 1023) >> 10);
    }
    if (put_count(r, "vcpus", r->vcpus, r->max_vcpus) ||
        put_count(r, "maxvcpus", r->max_vcpus, NULL))
        return -1;
    if (r->cpus)
        json_put_str(r->o, "cpus", r->cpus);
    for (n = r->own ? r->own->children : NULL; n; n = n->next)
        if (is_own(n, "key") && put_own(r, n))
            return -1;
    json_end_object(r->o);
    return 0;
}

/* A DTD could define entities. The document is refused, at its first sign. */
static void on_dtd(void *ctx, const xmlChar *name, const xmlChar *id, const xmlChar *system)
{
    xmlParserCtxt *ctxt = ctx;
    struct reader *r = ctxt->_private;

    r->has_dtd = true;
    xmlStopParser(ctxt);
}

static void on_error(void *arg, const char *fmt, ...)
{
}

static xmlDoc *parse(struct reader *r, const char *text, size_t len)
{
    xmlParserCtxt *ctxt = xmlNewParserCtxt();
    const xmlError *why;
    char what[300];
    xmlDoc *doc;

    if (!ctxt)
        return NULL;
    ctxt->_private = r;
    ctxt->sax->internalSubset = on_dtd;
    ctxt->sax->externalSubset = on_dtd;
    doc = xmlCtxtReadMemory(ctxt, text, (int)len, NULL, NULL,
                            XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                XML_PARSE_NOCDATA | XML_PARSE_COMPACT);
    why = xmlCtxtGetLastError(ctxt);
    if (r->has_dtd) {
        err_set(&r->e, STATUS_USAGE, r->name, "leave <!DOCTYPE> out",
                "a document type definition is not accepted");
    } else if (!doc) {
        size_t n = why && why->message ? strcspn(why->message, "\n") : 0;

        snprintf(what, sizeof(what), "%.200s:%d", r->name, why ? why->line : 1);
        err_set(&r->e, STATUS_USAGE, what, NULL, "no valid XML: %.*s", (int)n,
                n ? why->message : "");
    }
    xmlFreeParserCtxt(ctxt);
    if (r->e.status) {
        xmlFreeDoc(doc);
        return NULL;
    }
    return doc;
}

/* {"error": ...} */
static char *answer_error(const char *text)
{
    struct json_out *o = json_out_new(false);
    char *answer = NULL;

    if (!o)
        return NULL;
    json_object(o);
    json_put_str(o, "error", text);
    json_end_object(o);
    if (json_text(o, NULL))
        answer = strdup(json_text(o, NULL));
    json_out_free(o);
    return answer;
}

char *xml_read(const char *text, size_t len, const char *name)
{
    struct reader r = {.name = name, .o = json_out_new(false)};
    xmlDoc *doc = NULL;
    char *answer = NULL;
    size_t i;

    xmlSetGenericErrorFunc(NULL, on_error);
    if (len > XML_TEXT_MAX)
        err_set(&r.e, STATUS_USAGE, name, NULL, "file too long for a config");
    else
        doc = parse(&r, text, len);
    if (doc && r.o) {
        json_object(r.o);
        json_key(r.o, "config");
        if (!xmlDocGetRootElement(doc))
            err_set(&r.e, STATUS_USAGE, name, NULL, "holds no element");
        else
            read_domain(&r, xmlDocGetRootElement(doc));
    }
    if (r.e.status) {
        answer = answer_error(r.e.text);
    } else if (doc && r.o) {
        json_key(r.o, "warnings");
        json_array(r.o);
        for (i = 0; i < r.nr_warnings; i++)
            json_value_str(r.o, r.warnings[i]);
        json_end_array(r.o);
        json_end_object(r.o);
        if (json_text(r.o, NULL))
            answer = strdup(json_text(r.o, NULL));
    }
    for (i = 0; i < r.nr_warnings; i++)
        free(r.warnings[i]);
    free(r.max_vcpus);
    free(r.vcpus);
    free(r.cpus);
    json_out_free(r.o);
    xmlFreeDoc(doc);
    return answer;
}

/* ---- writing */

struct writer {
    xmlNode *root, *own;
    xmlNs *ns;
    struct err e;
};

/* XML 1.0 cannot say most control characters, nor U+FFFE and U+FFFF, whatever the escape. */
static bool sayable(const char *s)
{
    for (; *s; s++)
        if (((unsigned char)*s < 0x20 && *s != '\n' && *s != '\t' && *s != '\r') ||
            !strncmp(s, "\xef\xbf\xbe", 3) || !strncmp(s, "\xef\xbf\xbf", 3))
            return false;
    return true;
}

static xmlNode *add(struct writer *w, xmlNode *to, const char *name, const char *text)
{
    if (text && !sayable(text))
        err_set(&w->e, STATUS_USAGE, name, "use JSON", "holds a character that XML cannot express");
    return xmlNewTextChild(to, NULL, (const xmlChar *)name, (const xmlChar *)text);
}

static void set(struct writer *w, xmlNode *n, const char *name, const char *value)
{
    if (!sayable(value))
        err_set(&w->e, STATUS_USAGE, name, "use JSON", "holds a character that XML cannot express");
    xmlNewProp(n, (const xmlChar *)name, (const xmlChar *)value);
}

static void add_u64(struct writer *w, xmlNode *to, const char *name, const char *attribute,
                    const char *value, uint64_t n)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, n);
    set(w, add(w, to, name, text), attribute, value);
}

/* A member without a place of its own in the format. */
static void add_own(struct writer *w, const char *kind, size_t index, const char *key,
                    const struct json *value)
{
    struct json_out *o = json_out_new(false);
    const char *text = NULL;
    char number[24];
    xmlNode *n;

    if (!w->own) {
        xmlNode *meta = xmlNewChild(w->root, NULL, (const xmlChar *)"metadata", NULL);

        w->own = xmlNewChild(meta, NULL, (const xmlChar *)"config", NULL);
        w->ns = xmlNewNs(w->own, (const xmlChar *)NAMESPACE, (const xmlChar *)"pavo");
        xmlSetNs(w->own, w->ns);
    }
    if (o) {
        json_value_copy(o, value);
        text = json_text(o, NULL);
    }
    if (!text)
        err_set(&w->e, STATUS_RESOURCES, key, NULL, "out of memory");
    n = xmlNewTextChild(w->own, w->ns, (const xmlChar *)kind, (const xmlChar *)text);
    if (strcmp(kind, "key") != 0) {
        snprintf(number, sizeof(number), "%zu", index);
        set(w, n, "index", number);
    }
    set(w, n, "name", key);
    json_out_free(o);
}

/* Members of an object other than those in @known. */
static void add_rest(struct writer *w, const char *kind, size_t index, const struct json *j,
                     const char *const known[])
{
    const struct json *value;
    const char *key;
    size_t i, k;

    for (i = 0; (value = json_member(j, i, &key)); i++) {
        for (k = 0; known[k] && strcmp(known[k], key) != 0; k++)
            ;
        if (!known[k])
            add_own(w, kind, index, key, value);
    }
}

static void add_disk(struct writer *w, xmlNode *devices, const struct json *d, size_t index)
{
    static const char *const known[] = {"target", "vdev", "access", NULL};
    const char *target = json_get_str(d, "target"), *vdev = json_get_str(d, "vdev");
    const char *access = json_get_str(d, "access");
    bool block = target && !strncmp(target, "/dev/", 5);
    xmlNode *n = add(w, devices, "disk", NULL), *sub;

    set(w, n, "type", block ? "block" : "file");
    set(w, n, "device", "disk");
    sub = add(w, n, "driver", NULL);
    set(w, sub, "name", "phy");
    set(w, sub, "type", "raw");
    sub = add(w, n, "source", NULL);
    set(w, sub, block ? "dev" : "file", target ? target : "");
    sub = add(w, n, "target", NULL);
    set(w, sub, "dev", vdev ? vdev : "");
    set(w, sub, "bus", "xen");
    if (access && !strcmp(access, "ro"))
        add(w, n, "readonly", NULL);
    add_rest(w, "disk", index, d, known);
}

static void add_vif(struct writer *w, xmlNode *devices, const struct json *v, size_t index)
{
    static const char *const all[] = {"mac", "bridge", "vifname", "rate_bytes", "rate_usecs", NULL};
    const char *mac = json_get_str(v, "mac"), *bridge = json_get_str(v, "bridge");
    const char *vifname = json_get_str(v, "vifname"), *known[6];
    xmlNode *n = add(w, devices, "interface", NULL);
    uint64_t bytes = 0, usecs = 0;
    char text[24];
    int k = 0;

    set(w, n, "type", "bridge");
    if (mac)
        set(w, add(w, n, "mac", NULL), "address", mac);
    if (bridge)
        set(w, add(w, n, "source", NULL), "bridge", bridge);
    known[k++] = all[0];
    known[k++] = all[1];
    if (vifname && !made_vifname(vifname)) {
        set(w, add(w, n, "target", NULL), "dev", vifname);
        known[k++] = all[2];
    }
    json_get_u64(v, "rate_bytes", &bytes);
    json_get_u64(v, "rate_usecs", &usecs);
    if (bytes && usecs == RATE_USECS && bytes % RATE_KB_BYTES == 0 &&
        bytes / RATE_KB_BYTES <= RATE_KB_MAX) {
        snprintf(text, sizeof(text), "%" PRIu64, bytes / RATE_KB_BYTES);
        set(w, add(w, add(w, n, "bandwidth", NULL), "outbound", NULL), "average", text);
        known[k++] = all[3];
        known[k++] = all[4];
    }
    known[k] = NULL;
    add_rest(w, "vif", index, v, known);
}

static void add_devices(struct writer *w, const struct json *config)
{
    const struct json *disks = json_get(config, "disk"), *vifs = json_get(config, "vif");
    xmlNode *devices = add(w, w->root, "devices", NULL), *console, *target;
    size_t i;

    for (i = 0; i < json_length(disks); i++)
        add_disk(w, devices, json_at(disks, i), i);
    for (i = 0; i < json_length(vifs); i++)
        add_vif(w, devices, json_at(vifs, i), i);
    console = add(w, devices, "console", NULL);
    set(w, console, "type", "pty");
    target = add(w, console, "target", NULL);
    set(w, target, "type", "xen");
    set(w, target, "port", "0");
}

static void add_os(struct writer *w, const struct json *config)
{
    static const char *const keys[][2] = {
        {"kernel", "kernel"}, {"ramdisk", "initrd"}, {"cmdline", "cmdline"}};
    xmlNode *os = add(w, w->root, "os", NULL), *type = add(w, os, "type", "linux");
    size_t i;

    set(w, type, "arch", "x86_64");
    set(w, type, "machine", "xenpv");
    for (i = 0; i < 3; i++)
        if (json_get_str(config, keys[i][0]))
            add(w, os, keys[i][1], json_get_str(config, keys[i][0]));
}

static void add_domain(struct writer *w, const struct json *config)
{
    static const char *const known[] = {
        "name",    "uuid", "memory",      "maxmem",    "vcpus",    "maxvcpus", "kernel", "ramdisk",
        "cmdline", "cpus", "on_poweroff", "on_reboot", "on_crash", "disk",     "vif",    NULL};
    static const char *const actions[] = {"on_poweroff", "on_reboot", "on_crash"};
    const struct json *cpus = json_get(config, "cpus");
    uint64_t n = 0, max = 0;
    char text[24];
    xmlNode *vcpu;
    size_t i;

    set(w, w->root, "type", "xen");
    for (i = 0; i < 2; i++)
        if (json_get_str(config, known[i]))
            add(w, w->root, known[i], json_get_str(config, known[i]));
    json_get_u64(config, "memory", &n);
    max = n;
    json_get_u64(config, "maxmem", &max);
    add_u64(w, w->root, "memory", "unit", "MiB", max);
    add_u64(w, w->root, "currentMemory", "unit", "MiB", n);
    n = 1;
    json_get_u64(config, "vcpus", &n);
    max = n;
    json_get_u64(config, "maxvcpus", &max);
    snprintf(text, sizeof(text), "%" PRIu64, max);
    vcpu = add(w, w->root, "vcpu", text);
    set(w, vcpu, "placement", "static");
    if (json_str(cpus))
        set(w, vcpu, "cpuset", json_str(cpus));
    else if (cpus)
        add_own(w, "key", 0, "cpus", cpus);
    snprintf(text, sizeof(text), "%" PRIu64, n);
    set(w, vcpu, "current", text);
    add_os(w, config);
    for (i = 0; i < 3; i++)
        if (json_get_str(config, actions[i]))
            add(w, w->root, actions[i], json_get_str(config, actions[i]));
    add_devices(w, config);
    add_rest(w, "key", 0, config, known);
}

static char *answer_xml(xmlDoc *doc)
{
    struct json_out *o = json_out_new(false);
    char *answer = NULL;
    xmlChar *text = NULL;
    int len;

    xmlDocDumpFormatMemoryEnc(doc, &text, &len, "UTF-8", 1);
    if (o && text) {
        json_object(o);
        json_put_str(o, "xml", (const char *)text);
        json_end_object(o);
        if (json_text(o, NULL))
            answer = strdup(json_text(o, NULL));
    }
    xmlFree(text);
    json_out_free(o);
    return answer;
}

char *xml_write(const char *json, size_t len)
{
    struct json *config = json_parse(json, len);
    struct writer w = {0};
    xmlDoc *doc = xmlNewDoc((const xmlChar *)"1.0");
    char *answer = NULL;

    if (json_type(config) != JSON_OBJECT) {
        answer = answer_error("domxml: the input is no JSON object");
    } else if (doc) {
        w.root = xmlNewNode(NULL, (const xmlChar *)"domain");
        xmlDocSetRootElement(doc, w.root);
        add_domain(&w, config);
        answer = w.e.status ? answer_error(w.e.text) : answer_xml(doc);
    }
    xmlFreeDoc(doc);
    json_free(config);
    return answer;
}

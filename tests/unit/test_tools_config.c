/* SPDX-License-Identifier: GPL-2.0-only */
/* The syntax of configs, and what keys mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/lib/config.h"
#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/guest.h"
#include "dom0-tools/lib/json.h"

#define GOOD "name='g'\nkernel='/k'\n"
#define JSON_GOOD                                                                                 \
    "{\"name\":\"a\",\"kernel\":\"/k\",\"cmdline\":\"\",\"memory\":64,\"maxmem\":64,\"vcpus\":1," \
    "\"maxvcpus\":1,\"on_poweroff\":\"destroy\",\"on_reboot\":\"destroy\",\"on_crash\":"          \
    "\"destroy\""

static struct err err;
static char warnings[1024];

static void warn(const char *text, void *arg)
{
    strncat(warnings, text, sizeof(warnings) - strlen(warnings) - 2);
    strcat(warnings, "\n");
}

static int parse(struct cfg *c, const char *text)
{
    memset(&err, 0, sizeof(err));
    return cfg_parse(c, text, strlen(text), "f.cfg", &err);
}

/* Parses and interprets; 0 or -1 with err. */
static int read_guest(struct guest_config *g, const char *text)
{
    struct cfg c;
    int rc = parse(&c, text);

    warnings[0] = '\0';
    if (rc)
        return rc;
    rc = guest_config_from_cfg(g, &c, "f.cfg", "/dir", warn, NULL, &err);
    cfg_free(&c);
    return rc;
}

static void assert_syntax_error(const char *text, const char *message)
{
    struct cfg c;

    assert_int_equal(parse(&c, text), -1);
    assert_int_equal(err.status, STATUS_USAGE);
    assert_string_equal(err.text, message);
    assert_null(c.items);
}

static void assert_guest_error(const char *text, const char *message)
{
    struct guest_config g;

    assert_int_equal(read_guest(&g, text), -1);
    assert_int_equal(err.status, STATUS_USAGE);
    assert_string_equal(err.text, message);
}

static void strings_numbers_and_lists_are_read(void **state)
{
    struct cfg c;
    const struct cfg_item *it;

    assert_int_equal(parse(&c, "# first\n a = \"x y\" # tail\nb=0x10;c = 'q'\n\n"
                               "l = [ 'one',\n # inner\n 2, [\"deep\"], ]\n"),
                     0);
    assert_int_equal(c.count, 4);
    assert_string_equal(cfg_find(&c, "a")->value.str, "x y");
    assert_int_equal(cfg_find(&c, "b")->value.number, 16);
    assert_string_equal(cfg_find(&c, "b")->value.str, "0x10");
    assert_string_equal(cfg_find(&c, "c")->value.str, "q");
    it = cfg_find(&c, "l");
    assert_int_equal(it->value.type, CFG_LIST);
    assert_int_equal(it->value.count, 3);
    assert_int_equal(it->value.items[1].number, 2);
    assert_string_equal(it->value.items[2].items[0].str, "deep");
    assert_int_equal(it->line, 5);
    assert_int_equal(it->value.items[1].line, 7);
    assert_null(cfg_find(&c, "z"));
    cfg_free(&c);
}

static void escapes_are_read(void **state)
{
    struct cfg c;

    assert_int_equal(parse(&c, "a = \"t\\tq\\\"b\\\\\\x41\\101'\""), 0);
    assert_string_equal(c.items[0].value.str, "t\tq\"b\\AA'");
    cfg_free(&c);
}

static void plus_equals_appends(void **state)
{
    struct cfg c;

    assert_int_equal(parse(&c, "l=['a']\nl+=['b','c']\ns='x'\ns += 'y'\nnew += ['z']"), 0);
    assert_int_equal(cfg_find(&c, "l")->value.count, 3);
    assert_string_equal(cfg_find(&c, "l")->value.items[2].str, "c");
    assert_string_equal(cfg_find(&c, "s")->value.str, "xy");
    assert_int_equal(cfg_find(&c, "new")->value.count, 1);
    cfg_free(&c);
    assert_syntax_error("n=1\nn+=2", "f.cfg:2: n: += needs two lists or two strings");
}

static void syntax_errors_name_file_line_and_key(void **state)
{
    assert_syntax_error("\nmemory = \"1\n", "f.cfg:2: memory: string without an end quote");
    assert_syntax_error("a = [ 'x'\n\n", "f.cfg:3: a: list without an end bracket");
    assert_syntax_error("a = [ 'x' 'y' ]", "f.cfg:1: a: ',' or ']' expected in a list");
    assert_syntax_error("a 5", "f.cfg:1: a: '=' expected after the key");
    assert_syntax_error("a =\n", "f.cfg:1: a: value missing");
    assert_syntax_error("a = 5 6", "f.cfg:1: a: something stands behind the value");
    assert_syntax_error("a = word", "f.cfg:1: a: neither a number nor a quoted string");
    assert_syntax_error("a = 99999999999999999999", "f.cfg:1: a: number too large");
    assert_syntax_error("= 5", "f.cfg:1: a line must read KEY = VALUE");
    assert_syntax_error("a = '\\q'", "f.cfg:1: a: unknown escape in a string");
    assert_syntax_error("a = '\\x00'", "f.cfg:1: a: unknown escape in a string");
    assert_syntax_error("a=[[[[[[[[[1]]]]]]]]]", "f.cfg:1: a: lists nested too deeply");
}

static void zero_bytes_and_long_files_are_refused(void **state)
{
    struct cfg c;
    char *big = calloc(1, CFG_TEXT_MAX + 1);

    memset(&err, 0, sizeof(err));
    assert_int_equal(cfg_parse(&c, "a=1\0", 4, "f", &err), -1);
    assert_string_equal(err.text, "f:1: holds zero bytes: no config");
    memset(big, '\n', CFG_TEXT_MAX + 1);
    memset(&err, 0, sizeof(err));
    assert_int_equal(cfg_parse(&c, big, CFG_TEXT_MAX, "f", &err), 0);
    assert_int_equal(cfg_parse(&c, big, CFG_TEXT_MAX + 1, "f", &err), -1);
    free(big);
}

/* One key of "a=1, b=two, b=3, l=[x]" after an override. */
static const struct cfg_item *overridden(struct cfg *c, const char *text, const char *key)
{
    assert_int_equal(parse(c, "a=1\nb=\"two\"\nb=3\nl=[\"x\"]\n"), 0);
    assert_int_equal(cfg_override(c, text, &err), 0);
    return cfg_find(c, key);
}

static void overrides_replace_what_the_file_says(void **state)
{
    const struct cfg_item *it;
    struct cfg c;

    it = overridden(&c, "b=4", "b");
    assert_int_equal(c.count, 3); /* both lines of b are gone */
    assert_string_equal(it->value.str, "4");
    assert_int_equal(it->line, CFG_OVERRIDE);
    cfg_free(&c);
    it = overridden(&c, "a=5; new='x'", "new");
    assert_string_equal(it->value.str, "x");
    assert_string_equal(cfg_find(&c, "a")->value.str, "5");
    cfg_free(&c);
    it = overridden(&c, "l+=[\"y\"]", "l");
    assert_int_equal(it->value.count, 2);
    cfg_free(&c);
}

static void overrides_may_go_without_quotes(void **state)
{
    struct cfg c;

    assert_string_equal(overridden(&c, "a=web one", "a")->value.str, "web one");
    cfg_free(&c);
    assert_string_equal(overridden(&c, "a=0a1b-2c", "a")->value.str, "0a1b-2c");
    cfg_free(&c);
    assert_string_equal(overridden(&c, "a=x=y; z", "a")->value.str, "x=y; z");
    cfg_free(&c);
}

static void nonsense_overrides_are_refused(void **state)
{
    static const char *const bad[] = {"", "=1", "a", "a b=1", "1a=2", "a=", "a=[", "a='x", "+=1"};
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct cfg c;

        assert_int_equal(parse(&c, "a=1"), 0);
        memset(&err, 0, sizeof(err));
        assert_int_equal(cfg_override(&c, bad[i], &err), -1);
        assert_int_equal(err.status, STATUS_USAGE);
        assert_non_null(strstr(err.text, "-e"));
        cfg_free(&c);
    }
}

static void defaults_are_those_of_xl(void **state)
{
    struct guest_config g;

    assert_int_equal(read_guest(&g, GOOD), 0);
    assert_string_equal(g.name, "g");
    assert_string_equal(g.kernel, "/k");
    assert_null(g.ramdisk);
    assert_string_equal(g.cmdline, "");
    assert_int_equal(g.memory_mib, 128);
    assert_int_equal(g.maxmem_mib, 128);
    assert_int_equal(g.vcpus, 1);
    assert_int_equal(g.maxvcpus, 1);
    assert_int_equal(g.on_poweroff, ACTION_DESTROY);
    assert_int_equal(g.on_reboot, ACTION_RESTART);
    assert_int_equal(g.on_crash, ACTION_DESTROY);
    assert_false(g.has_uuid);
    guest_config_free(&g);
}

static void ends_may_be_dumped(void **state)
{
    struct guest_config g;

    (void)state;
    assert_int_equal(
        read_guest(&g, GOOD "on_crash='coredump-restart'\non_poweroff='coredump-destroy'\n"), 0);
    assert_int_equal(g.on_crash, ACTION_COREDUMP_RESTART);
    assert_int_equal(g.on_poweroff, ACTION_COREDUMP_DESTROY);
    guest_config_free(&g);
}

static void every_key_has_its_effect(void **state)
{
    struct guest_config g;

    assert_int_equal(
        read_guest(&g, "name='g'\nkernel='k'\nramdisk='sub/r'\nroot='/dev/xvda ro'\nextra='quiet'\n"
                       "memory='256'\nmaxmem=512\nvcpus=2\nmaxvcpus=4\ntype='pv'\n"
                       "uuid='01234567-89ab-cdef-0123-456789abcdef'\n"
                       "on_poweroff='preserve'\non_reboot='destroy'\non_crash='restart'\n"
                       "disk=['file:img,xvda,w','/dev/sdb,raw,xvdb,ro']\nvif=['','bridge=br1']\n"),
        0);
    assert_string_equal(g.kernel, "/dir/k");
    assert_string_equal(g.ramdisk, "/dir/sub/r");
    assert_string_equal(g.cmdline, "root=/dev/xvda ro quiet");
    assert_int_equal(g.memory_mib, 256);
    assert_int_equal(g.maxmem_mib, 512);
    assert_int_equal(g.vcpus, 2);
    assert_int_equal(g.maxvcpus, 4);
    assert_true(g.has_uuid);
    assert_int_equal(g.uuid[15], 0xef);
    assert_int_equal(g.on_poweroff, ACTION_PRESERVE);
    assert_int_equal(g.on_reboot, ACTION_DESTROY);
    assert_int_equal(g.on_crash, ACTION_RESTART);
    assert_int_equal(g.nr_disks, 2);
    assert_string_equal(g.disks[0].target, "/dir/img");
    assert_string_equal(g.disks[1].target, "/dev/sdb");
    assert_int_equal(g.nr_vifs, 2);
    assert_string_equal(g.vifs[0].bridge, "pavobr0");
    assert_string_equal(g.vifs[1].bridge, "br1");
    assert_string_equal(warnings, "");
    guest_config_free(&g);
}

static void cpu_sets_are_one_text_or_a_list(void **state)
{
    static const char *const files[] = {"vcpus=2", "vcpus=2\ncpus='0-1,5'", "vcpus=2\ncpus=['3']"};
    static const char *const json[] = {"\"cpus\":\"all\"", "\"cpus\":\"0-1,5\"",
                                       "\"cpus\":[\"3\",\"all\"]"};

    for (size_t i = 0; i < 3; i++) {
        char text[128];
        struct guest_config g, h;
        struct json_out *o = json_out_new(false);
        struct json *j;
        size_t len;

        snprintf(text, sizeof(text), GOOD "%s", files[i]);
        assert_int_equal(read_guest(&g, text), 0);
        guest_config_to_json(&g, o);
        assert_non_null(strstr(json_text(o, &len), json[i]));
        j = json_parse(json_text(o, NULL), len);
        assert_int_equal(guest_config_from_json(&h, j, &err), 0);
        assert_true(h.cpus[0] == (i == 0 ? UINT64_MAX : g.cpus[0]));
        json_free(j);
        json_out_free(o);
        guest_config_free(&g);
        guest_config_free(&h);
    }
}

static void cpu_keys_have_their_effect(void **state)
{
    struct guest_config g;

    assert_int_equal(read_guest(&g, GOOD "vcpus=3\ncpus=['2',\n'0-3,^1']\ncpu_weight=512\ncap=150"),
                     0);
    assert_true(g.cpus[0] == 4);
    assert_true(g.cpus[1] == 0xd);
    assert_true(g.cpus[2] == 0); /* anywhere */
    assert_int_equal(g.weight, 512);
    assert_int_equal(g.cap, 150);
    guest_config_free(&g);
    assert_int_equal(read_guest(&g, GOOD "cpus=1"), 0);
    assert_true(g.cpus[0] == 2 && g.cpus[GUEST_VCPUS_MAX - 1] == 2);
    assert_int_equal(g.weight, GUEST_WEIGHT_DEFAULT);
    assert_int_equal(g.cap, 0);
    guest_config_free(&g);
    assert_guest_error(GOOD "cpus='x'",
                       "f.cfg:3: cpus: 'x' is no list of CPUs, such as 0-3,^1 or all");
    assert_guest_error(GOOD "cpus=['0',\n['1']]",
                       "f.cfg:4: cpus: '[...]' is no list of CPUs, such as 0-3,^1 or all");
    assert_guest_error(GOOD "cpu_weight=0", "f.cfg:3: cpu_weight: 0 is not between 1 and 65535");
    assert_guest_error(GOOD "cpu_weight=65536", "f.cfg:3: cpu_weight: 65536 is more than 65535");
    assert_guest_error(GOOD "cap=3201", "f.cfg:3: cap: 3201 is more than 3200");
}

static void unknown_keys_warn_with_their_line(void **state)
{
    struct guest_config g;

    assert_int_equal(
        read_guest(&g, GOOD "nonsense = 1\npci=[]\nmemory=64\nmemory=128\nvif=['ip=10.0.0.1']"), 0);
    assert_string_equal(warnings,
                        "f.cfg:3: nonsense: unknown key, ignored\n"
                        "f.cfg:4: pci: has no effect: no device of the host is handed to guests\n"
                        "f.cfg:5: memory: has no effect: a later line sets it again\n"
                        "f.cfg:7: vif: 'ip' has no effect: domd makes no rules for a firewall\n");
    guest_config_free(&g);
}

static void cmdline_wins_over_root_and_extra(void **state)
{
    struct guest_config g;

    assert_int_equal(read_guest(&g, GOOD "cmdline='a b'\nextra='c'"), 0);
    assert_string_equal(g.cmdline, "a b");
    assert_string_equal(warnings, "f.cfg: root and extra: have no effect beside cmdline\n");
    guest_config_free(&g);
}

static void wrong_values_name_file_line_and_key(void **state)
{
    char text[4096];

    assert_guest_error("kernel='/k'", "f.cfg: name: missing");
    assert_guest_error("name='g'", "f.cfg: kernel: missing");
    assert_guest_error("name='a/b'", "f.cfg:1: name: no name: letters, digits and _-.+: up to 63");
    assert_guest_error(GOOD "kernel=''", "f.cfg:3: kernel: the path is empty");
    assert_guest_error(GOOD "memory='many'", "f.cfg:3: memory: 'many' is not a number");
    assert_guest_error(GOOD "memory=15", "f.cfg:3: memory: 15 MiB is not between 16 and 16777216");
    assert_guest_error(GOOD "memory=16777217", "f.cfg:3: memory: 16777217 is more than 16777216");
    assert_guest_error(GOOD "memory=256\nmaxmem=128",
                       "f.cfg:4: maxmem: 128 MiB is not between memory and 16777216");
    assert_guest_error(GOOD "vcpus=0", "f.cfg:3: vcpus: must be at least 1");
    assert_guest_error(GOOD "vcpus=33", "f.cfg:3: vcpus: 33 is more than 32");
    assert_guest_error(GOOD "vcpus=4\nmaxvcpus=2",
                       "f.cfg:4: maxvcpus: 2 is not between vcpus and 32");
    assert_guest_error(GOOD "uuid='x'",
                       "f.cfg:3: uuid: no UUID, such as 01234567-89ab-cdef-0123-456789abcdef");
    assert_guest_error(GOOD "on_crash='soft-reset'",
                       "f.cfg:3: on_crash: 'soft-reset' is none of destroy, restart, preserve, "
                       "rename-restart, coredump-destroy, coredump-restart");
    assert_guest_error(GOOD "type='hvm'",
                       "f.cfg:3: type: only PV guests are supported: type = \"pv\"");
    assert_guest_error(GOOD "disk='x'", "f.cfg:3: disk: a list of strings is needed: [ \"...\", ]");
    assert_guest_error(GOOD "disk=['/a,raw,xvda,rw',\n'/b,raw,xvda,rw']",
                       "f.cfg:3: disk: vdev xvda is given twice");
    assert_guest_error(GOOD "disk=['/a,raw,xvda,rw',\n'/b,qcow2,xvdb']",
                       "f.cfg:4: disk: format 'qcow2' is not supported, only raw");
    assert_guest_error(GOOD "disk=['/a,raw,xvda,ro,overlay=/o']",
                       "f.cfg:3: disk: xvda has an overlay, which takes writes, but access ro "
                       "(access rw)");
    assert_guest_error(GOOD "disk=['/a,raw,xvda,rw,overlay=/a']",
                       "f.cfg:3: disk: xvda: overlay and target are the same file");
    assert_guest_error(GOOD "vif=['devid=1','devid=1']",
                       "f.cfg:3: vif: two interfaces have devid 1");
    assert_guest_error(GOOD "max_grant_frames=0", "f.cfg:3: max_grant_frames: must be at least 1");
    assert_guest_error(GOOD "max_grant_frames=4097",
                       "f.cfg:3: max_grant_frames: 4097 is more than 4096");
    assert_guest_error(GOOD "vif=['mac=1']", "f.cfg:3: vif: mac '1' is no unicast MAC address");
    assert_guest_error(GOOD "vif=['mac=00:16:3e:1:2:3']",
                       "f.cfg:3: vif: mac '00:16:3e:1:2:3' is no unicast MAC address");
    snprintf(text, sizeof(text), GOOD "cmdline='%01024d'", 0);
    assert_guest_error(text, "f.cfg:3: cmdline: 1024 bytes, but at most 1023 fit");
    snprintf(text, sizeof(text), GOOD "cmdline='%01023d'", 0);
    {
        struct guest_config g;

        assert_int_equal(read_guest(&g, text), 0);
        guest_config_free(&g);
    }
}

static void json_brings_back_the_same_guest(void **state)
{
    struct guest_config g, h;
    struct json_out *a = json_out_new(false), *b = json_out_new(false);
    const char *ta, *tb;
    struct json *j;
    size_t len;

    assert_int_equal(
        read_guest(&g, GOOD
                   "uuid='01234567-89ab-cdef-0123-456789abcdef'\n"
                   "ramdisk='/r'\nmaxmem=512\nvcpus=3\ncpus=['1','all','0-1']\ncap=50\nextra='a "
                   "\"b\" \\\\c'\n"
                   "disk=['/i,raw,xvda,ro','/j k,raw,xvdb,rw,overlay=/o,untrusted']\n"
                   "vif=['mac=00:16:3e:01:02:03,rate=10Mb/"
                   "s,vifname=n0','devid=0,untrusted']\nmax_grant_frames=40\n"),
        0);
    guest_config_to_json(&g, a);
    ta = json_text(a, &len);
    j = json_parse(ta, len);
    assert_non_null(j);
    memset(&err, 0, sizeof(err));
    assert_int_equal(guest_config_from_json(&h, j, &err), 0);
    guest_config_to_json(&h, b);
    tb = json_text(b, NULL);
    assert_string_equal(ta, tb);
    assert_string_equal(h.cmdline, "a \"b\" \\c");
    assert_int_equal(h.vifs[0].rate_bytes, 62500);
    assert_int_equal(h.vifs[0].devid, 1); /* the lowest that the other one left */
    assert_int_equal(h.vifs[1].devid, 0);
    assert_string_equal(h.disks[1].overlay, "/o");
    assert_null(h.disks[0].overlay);
    assert_false(h.disks[0].untrusted);
    assert_true(h.disks[1].untrusted);
    assert_false(h.vifs[0].untrusted);
    assert_true(h.vifs[1].untrusted);
    assert_int_equal(h.max_grant_frames, 40);
    json_free(j);
    json_out_free(a);
    json_out_free(b);
    guest_config_free(&g);
    guest_config_free(&h);
}

/* A vif of the JSON with the members @more: its rate, as bytes and microseconds. */
static bool json_rate(const char *more, uint64_t *bytes, uint32_t *usecs)
{
    char text[128];
    struct vif_spec v;
    struct json *j;
    bool ok;

    snprintf(text, sizeof(text), "{\"bridge\":\"b\",%s}", more);
    j = json_parse(text, strlen(text));
    assert_non_null(j);
    ok = vif_spec_from_json(&v, j);
    json_free(j);
    *bytes = v.rate_bytes;
    *usecs = v.rate_usecs;
    return ok;
}

static void rates_in_json_come_to_whole_milliseconds(void **state)
{
    uint64_t bytes;
    uint32_t usecs;

    assert_true(json_rate("\"rate_bytes\":12345,\"rate_usecs\":60000000", &bytes, &usecs));
    assert_int_equal(bytes, 12345);
    assert_int_equal(usecs, 60000000);
    assert_true(json_rate("\"rate_bytes\":12500,\"rate_usecs\":100", &bytes, &usecs));
    assert_int_equal(bytes, 125000);
    assert_int_equal(usecs, 1000);
    assert_true(
        json_rate("\"rate_bytes\":1000000000000,\"rate_usecs\":4294967000", &bytes, &usecs));
    assert_int_equal(bytes, 1000000000000);
    assert_true(json_rate("\"rate_usecs\":100", &bytes, &usecs));
    assert_int_equal(bytes, 0);
    assert_false(json_rate("\"rate_bytes\":1", &bytes, &usecs));
    assert_false(json_rate("\"rate_bytes\":1,\"rate_usecs\":0", &bytes, &usecs));
    assert_false(json_rate("\"rate_bytes\":1,\"rate_usecs\":4294967001", &bytes, &usecs));
    assert_false(json_rate("\"rate_bytes\":1000000000001,\"rate_usecs\":1000", &bytes, &usecs));
    assert_false(json_rate("\"trusted\":0", &bytes, &usecs));
    assert_true(json_rate("\"trusted\":true", &bytes, &usecs));
}

static void json_is_checked_like_a_file(void **state)
{
    static const char *const bad[] = {
        "{}",
        "{\"name\":\"a/b\",\"kernel\":\"/"
        "k\",\"cmdline\":\"\",\"memory\":64,\"maxmem\":64,\"vcpus\":1,"
        "\"maxvcpus\":1,\"on_poweroff\":\"destroy\",\"on_reboot\":\"destroy\",\"on_crash\":"
        "\"destroy\"}",
        "{\"name\":\"a\",\"kernel\":\"/k\",\"cmdline\":\"\",\"memory\":1,\"maxmem\":64,\"vcpus\":1,"
        "\"maxvcpus\":1,\"on_poweroff\":\"destroy\",\"on_reboot\":\"destroy\",\"on_crash\":"
        "\"destroy\"}",
        "{\"name\":\"a\",\"kernel\":\"/"
        "k\",\"cmdline\":\"\",\"memory\":64,\"maxmem\":64,\"vcpus\":1,"
        "\"maxvcpus\":1,\"on_poweroff\":\"x\",\"on_reboot\":\"destroy\",\"on_crash\":\"destroy\"}",
        "{\"name\":\"a\",\"kernel\":\"/"
        "k\",\"cmdline\":\"\",\"memory\":64,\"maxmem\":64,\"vcpus\":1,"
        "\"maxvcpus\":1,\"on_poweroff\":\"destroy\",\"on_reboot\":\"destroy\",\"on_crash\":"
        "\"destroy\","
        "\"disk\":[{\"target\":\"/x\",\"vdev\":\"nope\",\"access\":\"rw\"}]}",
        "{\"name\":\"a\",\"kernel\":\"/"
        "k\",\"cmdline\":\"\",\"memory\":64,\"maxmem\":64,\"vcpus\":1,"
        "\"maxvcpus\":1,\"on_poweroff\":\"destroy\",\"on_reboot\":\"destroy\",\"on_crash\":"
        "\"destroy\","
        "\"vif\":[{\"bridge\":\"../x\"}]}",
        JSON_GOOD ",\"uuid\":1}",
        JSON_GOOD ",\"ramdisk\":1}",
        JSON_GOOD ",\"cpus\":1}",
        JSON_GOOD ",\"cpu_weight\":\"1\"}",
        JSON_GOOD ",\"cap\":-1}",
        JSON_GOOD ",\"max_grant_frames\":\"64\"}",
        JSON_GOOD ",\"disk\":\"/x\"}",
        JSON_GOOD ",\"vif\":{}}",
        JSON_GOOD
        ",\"disk\":[{\"target\":\"/x\",\"vdev\":\"xvda\",\"access\":\"rw\",\"overlay\":1}]}",
        JSON_GOOD ",\"vif\":[{\"bridge\":\"b\",\"devid\":\"1\"}]}",
        JSON_GOOD ",\"vif\":[{\"bridge\":\"b\",\"mac\":1}]}",
        JSON_GOOD ",\"vif\":[{\"bridge\":\"b\",\"vifname\":1}]}",
        JSON_GOOD ",\"vif\":[{\"bridge\":\"b\",\"rate_bytes\":-1,\"rate_usecs\":1}]}",
        /* More than there may be, once the interval is a whole millisecond. */
        JSON_GOOD ",\"vif\":[{\"bridge\":\"b\",\"rate_bytes\":1000000000000,\"rate_usecs\":1}]}",
    };
    struct json *good = json_parse(JSON_GOOD "}", strlen(JSON_GOOD "}"));
    struct guest_config h;
    size_t i;

    memset(&err, 0, sizeof(err));
    assert_int_equal(guest_config_from_json(&h, good, &err), 0);
    guest_config_free(&h);
    json_free(good);

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct guest_config g;
        struct json *j = json_parse(bad[i], strlen(bad[i]));

        assert_non_null(j);
        memset(&err, 0, sizeof(err));
        assert_int_equal(guest_config_from_json(&g, j, &err), -1);
        assert_int_equal(err.status, STATUS_USAGE);
        json_free(j);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_numbers_and_lists_are_read),
        cmocka_unit_test(escapes_are_read),
        cmocka_unit_test(plus_equals_appends),
        cmocka_unit_test(syntax_errors_name_file_line_and_key),
        cmocka_unit_test(zero_bytes_and_long_files_are_refused),
        cmocka_unit_test(overrides_replace_what_the_file_says),
        cmocka_unit_test(overrides_may_go_without_quotes),
        cmocka_unit_test(nonsense_overrides_are_refused),
        cmocka_unit_test(defaults_are_those_of_xl),
        cmocka_unit_test(every_key_has_its_effect),
        cmocka_unit_test(ends_may_be_dumped),
        cmocka_unit_test(cpu_sets_are_one_text_or_a_list),
        cmocka_unit_test(cpu_keys_have_their_effect),
        cmocka_unit_test(unknown_keys_warn_with_their_line),
        cmocka_unit_test(cmdline_wins_over_root_and_extra),
        cmocka_unit_test(wrong_values_name_file_line_and_key),
        cmocka_unit_test(json_brings_back_the_same_guest),
        cmocka_unit_test(rates_in_json_come_to_whole_milliseconds),
        cmocka_unit_test(json_is_checked_like_a_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

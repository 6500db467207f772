/* SPDX-License-Identifier: GPL-2.0-only */
/* Configs as JSON that people write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/guestfile.h"
#include "dom0-tools/lib/json.h"

#define GOOD "\"name\": \"g\", \"kernel\": \"/k\""

static struct err err;

/* Reads a config with the members @more; 0 with *@g, or -1 with err. */
static int read_json(struct guest_config *g, const char *more)
{
    char text[512];
    struct json *j;
    int rc;

    snprintf(text, sizeof(text), "{" GOOD "%s%s}", *more ? ", " : "", more);
    j = json_parse(text, strlen(text));
    assert_non_null(j);
    err = (struct err){0};
    rc = guest_json_read(g, j, "f.json", NULL, NULL, &err);
    json_free(j);
    return rc;
}

static void what_is_missing_is_as_in_a_config_file(void **state)
{
    struct guest_config g;

    assert_int_equal(read_json(&g, "\"disk\": [{\"target\": \"/i\", \"vdev\": \"xvda\"}], "
                                   "\"vif\": [{}], \"cap\": 25, \"cpus\": [\"1\"]"),
                     0);
    assert_int_equal(g.memory_mib, 128);
    assert_int_equal(g.weight, GUEST_WEIGHT_DEFAULT);
    assert_int_equal(g.cap, 25);
    assert_int_equal(g.cpus[0], 2);
    assert_true(g.disks[0].writable);
    assert_string_equal(g.vifs[0].bridge, VIF_DEFAULT_BRIDGE);
    guest_config_free(&g);
}

/* Nothing is taken for something else, or for missing. */
static void wrong_types_are_errors_that_name_the_key(void **state)
{
    static const struct {
        const char *more, *message;
    } bad[] = {
        {"\"memory\": -5", "f.json: memory: it is below 0"},
        {"\"cap\": \"25\"", "f.json: cap: a number is needed"},
        {"\"cap\": -5", "f.json: cap: it is below 0"},
        {"\"cpu_weight\": 1.5", "f.json: cpu_weight: a number is needed"},
        {"\"max_grant_frames\": \"64\"", "f.json: max_grant_frames: a number is needed"},
        {"\"cpus\": 3", "f.json: cpus: a string or a list is needed"},
        {"\"disk\": [{\"vdev\": \"xvda\"}]", "f.json: disk: target: missing"},
        {"\"disk\": [\"/i,raw,xvda,rw\"]", "f.json: disk: target: a string is needed"},
        {"\"disk\": [{\"target\": \"/i\", \"vdev\": \"xvda\", \"overlay\": true}]",
         "f.json: disk: overlay: a string is needed"},
        {"\"vif\": [\"mac=00:16:3e:01:02:03\"]", "f.json: vif: each element must be an object"},
        {"\"vif\": [{\"mac\": 7}]", "f.json: vif: mac: a string is needed"},
        {"\"vif\": [{\"devid\": \"1\"}]", "f.json: vif: devid: a number is needed"},
        {"\"vif\": [{\"rate_bytes\": \"1000\", \"rate_usecs\": 1000}]",
         "f.json: vif: rate_bytes: a number is needed"},
    };
    struct guest_config g;
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(read_json(&g, bad[i].more), -1);
        assert_int_equal(err.status, STATUS_USAGE);
        assert_string_equal(err.text, bad[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_missing_is_as_in_a_config_file),
        cmocka_unit_test(wrong_types_are_errors_that_name_the_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

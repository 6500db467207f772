/* SPDX-License-Identifier: GPL-2.0-only */
/* Configs written as text: keys that nobody knows yet, quotes, rates; and what cannot be written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "dom0-tools/lib/cfgtext.h"
#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/json.h"

static struct err e;

static char *text_of(const char *json)
{
    struct json *j = json_parse(json, strlen(json));
    char *text;

    assert_non_null(j);
    memset(&e, 0, sizeof(e));
    text = cfg_text(j, &e);
    json_free(j);
    return text;
}

static void assert_text(const char *json, const char *want)
{
    char *text = text_of(json);

    assert_non_null(text);
    assert_string_equal(text, want);
    free(text);
}

static void assert_none(const char *json, const char *why)
{
    assert_null(text_of(json));
    assert_int_equal(e.status, STATUS_USAGE);
    assert_non_null(strstr(e.text, why));
}

static void scalars_are_written_as_they_are(void **state)
{
    assert_text("{\"name\": \"a\", \"new_key\": 7, \"flag\": true, \"off\": false}",
                "name = \"a\"\nnew_key = 7\nflag = 1\noff = 0\n");
    assert_text("{\"cpus\": [\"0-3\", \"2\"], \"none\": []}",
                "cpus = [ \"0-3\",\n    \"2\" ]\nnone = []\n");
}

static void quotes_and_control_characters_are_escaped(void **state)
{
    assert_text("{\"cmdline\": \"a\\\"b\\\\c\\n1\\u00011\"}",
                "cmdline = \"a\\\"b\\\\c\\0121\\0011\"\n");
}

static void a_target_may_hold_commas_for_it_comes_last(void **state)
{
    assert_text("{\"disk\": [{\"target\": \"/a,b\", \"vdev\": \"xvda\", \"access\": \"rw\"}]}",
                "disk = [ \"vdev=xvda,access=rw,target=/a,b\" ]\n");
    assert_none("{\"disk\": [{\"target\": \"/a\", \"overlay\": \"/b,c\"}]}", "disk");
    assert_none("{\"disk\": [{\"vdev\": \"xvda\"}]}", "disk");
    assert_none("{\"disk\": [7]}", "disk");
}

static void rates_are_written_exactly_or_not_at_all(void **state)
{
    assert_text("{\"vif\": [{\"rate_bytes\": 62500, \"rate_usecs\": 50000}]}",
                "vif = [ \"rate=1250KB/s@50000us\" ]\n");
    assert_text("{\"vif\": [{\"bridge\": \"b\", \"rate_bytes\": 62500000, \"rate_usecs\": 50000}]}",
                "vif = [ \"bridge=b,rate=1250MB/s@50000us\" ]\n");
    assert_text("{\"vif\": [{\"rate_bytes\": 60000, \"rate_usecs\": 60000000}]}",
                "vif = [ \"rate=1KB/s@60000ms\" ]\n");
    assert_text("{\"vif\": [{\"rate_bytes\": 2, \"rate_usecs\": 7}]}",
                "vif = [ \"rate=286KB/s@7us\" ]\n");
    assert_text("{\"vif\": [{\"bridge\": \"b\"}]}", "vif = [ \"bridge=b\" ]\n");
    assert_text("{\"vif\": [{\"rate_bytes\": 25, \"rate_usecs\": 50000}]}",
                "vif = [ \"rate=500B/s@50000us\" ]\n");
    assert_text("{\"vif\": [{\"rate_bytes\": 12345, \"rate_usecs\": 777777}]}",
                "vif = [ \"rate=15873B/s@777777us\" ]\n");
    assert_text("{\"vif\": [{\"rate_bytes\": 1001, \"rate_usecs\": 8000000}]}",
                "vif = [ \"rate=1001b/s@8000000us\" ]\n");
    assert_text("{\"vif\": [{\"rate_bytes\": 1000000000000, \"rate_usecs\": 1000}]}",
                "vif = [ \"rate=1000000GB/s@1000us\" ]\n");
    assert_none("{\"vif\": [{\"rate_bytes\": 1, \"rate_usecs\": 4294967000}]}", "vif");
    assert_none("{\"vif\": [{\"rate_bytes\": 9000000000000000000, \"rate_usecs\": 1}]}", "vif");
}

static void trust_is_a_flag(void **state)
{
    assert_text("{\"disk\": [{\"trusted\": false, \"target\": \"/a\", \"vdev\": \"xvda\"}]}",
                "disk = [ \"untrusted,vdev=xvda,target=/a\" ]\n");
    assert_text("{\"vif\": [{\"bridge\": \"b\", \"trusted\": true}]}",
                "vif = [ \"bridge=b,trusted\" ]\n");
    assert_none("{\"vif\": [{\"bridge\": true}]}", "vif");
}

static void values_without_a_form_are_refused(void **state)
{
    assert_none("{\"a\": {\"b\": 1}}", "a: cannot be written");
    assert_none("{\"a\": 1.5}", "a: cannot be written");
    assert_none("{\"a\": -1}", "a: cannot be written");
    assert_none("{\"a\": null}", "a: cannot be written");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_are_written_as_they_are),
        cmocka_unit_test(quotes_and_control_characters_are_escaped),
        cmocka_unit_test(a_target_may_hold_commas_for_it_comes_last),
        cmocka_unit_test(rates_are_written_exactly_or_not_at_all),
        cmocka_unit_test(trust_is_a_flag),
        cmocka_unit_test(values_without_a_form_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

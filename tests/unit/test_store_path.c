// SPDX-License-Identifier: GPL-2.0-only
/* Tests of the store's paths: which are valid, and both edges of each length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "xenstore-like/path.h"

static char out[PATH_MAX_BYTES];

static void absolute_paths_stay_as_they_are(void **state)
{
    (void)state;
    assert_int_equal(path_canonical("/", 5, out), 0);
    assert_string_equal(out, "/");
    assert_int_equal(path_canonical("/a-b/C_d/@9", 5, out), 0);
    assert_string_equal(out, "/a-b/C_d/@9");
}

static void relative_paths_get_the_domains_prefix(void **state)
{
    (void)state;
    assert_int_equal(path_canonical("device/vbd", 5, out), strlen("/local/domain/5/"));
    assert_string_equal(out, "/local/domain/5/device/vbd");
}

static void what_is_no_path_is_refused(void **state)
{
    static const char *const bad[] = {"",      "//",   "/a/",  "/a//b", "a/",
                                      "/a b",  "/a.",  "/a:b", "/\x7f", "/\xc3\xa4",
                                      "/a\nb", "a//b", "/a,b", "/*",    "@a"};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(path_canonical(bad[i], 0, out), -EINVAL);
}

/* A path with @len bytes after @prefix. */
static const char *path_of(const char *prefix, size_t len)
{
    static char path[4000];
    size_t at = strlen(prefix);

    strcpy(path, prefix);
    memset(path + at, 'a', len);
    path[at + len] = '\0';
    return path;
}

static void length_counts_without_a_domains_own_part(void **state)
{
    (void)state;
    assert_int_equal(path_canonical(path_of("/", 2047), 0, out), 0);
    assert_int_equal(path_canonical(path_of("/", 2048), 0, out), -EINVAL);
    assert_int_equal(path_canonical(path_of("/local/domain/32751/", 2048), 0, out), 0);
    assert_int_equal(path_canonical(path_of("/local/domain/32751/", 2049), 0, out), -EINVAL);
    assert_true(path_canonical(path_of("", 2048), 0, out) > 0);
    assert_int_equal(path_canonical(path_of("", 2049), 0, out), -EINVAL);
    assert_int_equal(path_canonical(path_of("/local/domain/x/", 2048), 0, out), -EINVAL);
}

static void nothing_is_written_behind_the_buffer(void **state)
{
    (void)state;
    assert_int_equal(path_canonical(path_of("/local/domain/9/", 3900), 0, out), -EINVAL);
    assert_int_equal(path_canonical(path_of("", 3900), 32751, out), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absolute_paths_stay_as_they_are),
        cmocka_unit_test(relative_paths_get_the_domains_prefix),
        cmocka_unit_test(what_is_no_path_is_refused),
        cmocka_unit_test(length_counts_without_a_domains_own_part),
        cmocka_unit_test(nothing_is_written_behind_the_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Files that have their name only when they are whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/newfile.h"

static char folder[64], path[96];
static struct err err;

static int setup(void **state)
{
    (void)state;
    strcpy(folder, "build/newfile.XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/f", folder);
    memset(&err, 0, sizeof(err));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder); /* fails if anything else is left */
}

static int entries(void)
{
    DIR *d = opendir(folder);
    int n = 0;

    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

static void write_text(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void assert_holds(const char *text)
{
    char got[32] = "";
    int fd = open(path, O_RDONLY);

    assert_true(fd >= 0);
    assert_int_equal(read(fd, got, sizeof(got) - 1), strlen(text));
    assert_string_equal(got, text);
    close(fd);
}

static void make(const char *text)
{
    struct newfile f;

    assert_int_equal(newfile_open(&f, path, &err), 0);
    write_text(f.fd, text);
    assert_int_equal(newfile_commit(&f, &err), 0);
}

static void a_new_file_is_there_when_it_is_whole(void **state)
{
    struct newfile f;
    struct stat st;

    (void)state;
    assert_int_equal(newfile_open(&f, path, &err), 0);
    write_text(f.fd, "new");
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(newfile_commit(&f, &err), 0);
    assert_holds("new");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(entries(), 1);
}

static void an_old_file_is_replaced(void **state)
{
    (void)state;
    make("old one");
    make("new");
    assert_holds("new");
    assert_int_equal(entries(), 1);
}

static void a_file_that_is_dropped_leaves_the_old_one(void **state)
{
    struct newfile f;

    (void)state;
    make("old");
    assert_int_equal(newfile_open(&f, path, &err), 0);
    write_text(f.fd, "half");
    newfile_drop(&f);
    assert_holds("old");
    assert_int_equal(entries(), 1);
}

static void what_is_no_file_is_refused(void **state)
{
    struct newfile f;

    (void)state;
    assert_int_equal(newfile_open(&f, folder, &err), -1);
    assert_int_equal(err.status, STATUS_USAGE);
    err.status = 0;
    assert_int_equal(newfile_open(&f, "/dev/null", &err), -1);
    assert_string_equal(err.text, "/dev/null: it is there and no regular file (name another file)");
    err.status = 0;
    assert_int_equal(newfile_open(&f, "", &err), -1);
    assert_int_equal(err.status, STATUS_USAGE);
    err.status = 0;
    assert_int_equal(newfile_open(&f, "build/", &err), -1);
    assert_int_equal(err.status, STATUS_USAGE);
}

static void a_folder_that_is_missing_is_said(void **state)
{
    struct newfile f;

    (void)state;
    assert_int_equal(newfile_open(&f, "/nowhere/f", &err), -1);
    assert_int_equal(err.status, STATUS_FAILED);
    assert_string_equal(err.text, "/nowhere/f: cannot be written: No such file or directory");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_new_file_is_there_when_it_is_whole),      T(an_old_file_is_replaced),
        T(a_file_that_is_dropped_leaves_the_old_one), T(what_is_no_file_is_refused),
        T(a_folder_that_is_missing_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

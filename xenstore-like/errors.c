// SPDX-License-Identifier: GPL-2.0-only
/* Error names of the store's wire protocol. */
#include "xenstore-like/errors.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

static const struct {
    int number;
    const char *name;
} errors[] = {
    {EINVAL, "EINVAL"},       {EACCES, "EACCES"},   {EEXIST, "EEXIST"}, {EISDIR, "EISDIR"},
    {ENOENT, "ENOENT"},       {ENOMEM, "ENOMEM"},   {ENOSPC, "ENOSPC"}, {EIO, "EIO"},
    {ENOTEMPTY, "ENOTEMPTY"}, {ENOSYS, "ENOSYS"},   {EROFS, "EROFS"},   {EBUSY, "EBUSY"},
    {EAGAIN, "EAGAIN"},       {EISCONN, "EISCONN"}, {E2BIG, "E2BIG"},   {EPERM, "EPERM"},
};

#define NR_ERRORS (sizeof(errors) / sizeof(errors[0]))

const char *xs_error_name(int number)
{
    size_t i;

    for (i = 0; i < NR_ERRORS; i++)
        if (errors[i].number == number)
            return errors[i].name;
    return "EINVAL";
}

int xs_error_number(const char *name)
{
    size_t i;

    if (!*name)
        return 0;
    for (i = 0; i < NR_ERRORS; i++)
        if (!strcmp(errors[i].name, name))
            return errors[i].number;
    return EINVAL;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Error numbers by their short names: those of pv-abi/errno.h, so that -EINVAL can go to a guest as it
 * is. Plain numbers, because native tests see the C library's definitions too.
 */
#ifndef HV_ERRNO_H
#define HV_ERRNO_H

#define EPERM      1
#define ENOENT     2
#define ESRCH      3
#define ENXIO      6
#define E2BIG      7
#define EAGAIN     11
#define ENOMEM     12
#define EACCES     13
#define EFAULT     14
#define EBUSY      16
#define EEXIST     17
#define ENODEV     19
#define EINVAL     22
#define ENOSPC     28
#define ENOSYS     38
#define ENODATA    61
#define ETIME      62
#define ERESTART   85
#define EOPNOTSUPP 95

#endif

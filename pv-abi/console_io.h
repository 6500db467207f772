/* SPDX-License-Identifier: MIT */
/*
 * console_io: the hypervisor's own console. Arguments: operation, byte count, guest address.
 * Source: Xen 4.17 public/xen.h.
 */
#ifndef PV_ABI_CONSOLE_IO_H
#define PV_ABI_CONSOLE_IO_H

#define CONSOLEIO_write 0
#define CONSOLEIO_read  1

#endif

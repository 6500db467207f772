/* SPDX-License-Identifier: MIT */
/*
 * States of a device, as either end writes them in the store.
 * Source: Xen 4.17 public/io/xenbus.h.
 */
#ifndef PV_ABI_IO_XENBUS_H
#define PV_ABI_IO_XENBUS_H

#define XenbusStateUnknown       0
#define XenbusStateInitialising  1
#define XenbusStateInitWait      2
#define XenbusStateInitialised   3
#define XenbusStateConnected     4
#define XenbusStateClosing       5
#define XenbusStateClosed        6
#define XenbusStateReconfiguring 7
#define XenbusStateReconfigured  8

#endif

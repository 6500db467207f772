/* SPDX-License-Identifier: MIT */
/*
 * Block device protocol.
 * Source: Xen 4.17 public/io/blkif.h. Discard and indirect requests are not stated.
 */
#ifndef PV_ABI_IO_BLKIF_H
#define PV_ABI_IO_BLKIF_H

#define BLKIF_OP_READ            0
#define BLKIF_OP_WRITE           1
#define BLKIF_OP_FLUSH_DISKCACHE 3

#define BLKIF_MAX_SEGMENTS_PER_REQUEST 11

#define BLKIF_RSP_OKAY       0
#define BLKIF_RSP_ERROR      (-1)
#define BLKIF_RSP_EOPNOTSUPP (-2)

/* The store's "info" key. */
#define VDISK_CDROM     1
#define VDISK_REMOVABLE 2
#define VDISK_READONLY  4

#ifndef __ASSEMBLER__
#include "pv-abi/grant_table.h"
#include "pv-abi/io/ring.h"

typedef uint16_t blkif_vdev_t;
typedef uint64_t blkif_sector_t; /* always of 512 bytes */

struct blkif_request_segment {
    grant_ref_t gref;
    uint8_t first_sect; /* in the frame, both inclusive */
    uint8_t last_sect;
    uint16_t _pad;
};

struct blkif_request {
    uint8_t operation;
    uint8_t nr_segments;
    blkif_vdev_t handle;
    uint32_t _pad;
    uint64_t id; /* echoed */
    blkif_sector_t sector_number;
    struct blkif_request_segment seg[BLKIF_MAX_SEGMENTS_PER_REQUEST];
};

struct blkif_response {
    uint64_t id;
    uint8_t operation;
    uint8_t _pad0;
    int16_t status; /* BLKIF_RSP_* */
    uint32_t _pad1;
};

DEFINE_RING_TYPES(blkif, struct blkif_request, struct blkif_response);
#endif
#endif

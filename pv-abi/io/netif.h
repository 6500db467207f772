/* SPDX-License-Identifier: MIT */
/*
 * Network device protocol: one ring for sending, one for receiving.
 * Source: Xen 4.17 public/io/netif.h. Extra-info slots (segmentation offload) and the control ring are not
 * stated.
 */
#ifndef PV_ABI_IO_NETIF_H
#define PV_ABI_IO_NETIF_H

#define NETTXF_csum_blank     1
#define NETTXF_data_validated 2
#define NETTXF_more_data      4

#define NETRXF_data_validated 1
#define NETRXF_csum_blank     2
#define NETRXF_more_data      4

#define NETIF_RSP_DROPPED (-2)
#define NETIF_RSP_ERROR   (-1)
#define NETIF_RSP_OKAY    0
#define NETIF_RSP_NULL    1

#ifndef __ASSEMBLER__
#include "pv-abi/grant_table.h"
#include "pv-abi/io/ring.h"

struct netif_tx_request {
    grant_ref_t gref;
    uint16_t offset;
    uint16_t flags; /* NETTXF_* */
    uint16_t id;
    uint16_t size; /* first slot: whole packet; then: this slot */
};

struct netif_tx_response {
    uint16_t id;
    int16_t status; /* NETIF_RSP_* */
};

struct netif_rx_request {
    uint16_t id;
    uint16_t pad;
    grant_ref_t gref;
};

struct netif_rx_response {
    uint16_t id;
    uint16_t offset;
    uint16_t flags; /* NETRXF_* */
    int16_t status; /* bytes, or NETIF_RSP_* */
};

DEFINE_RING_TYPES(netif_tx, struct netif_tx_request, struct netif_tx_response);
DEFINE_RING_TYPES(netif_rx, struct netif_rx_request, struct netif_rx_response);
#endif
#endif

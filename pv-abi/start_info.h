/* SPDX-License-Identifier: MIT */
/*
 * What a PV kernel finds at the address in RSI when it starts.
 * Source: Xen 4.17 public/xen.h.
 */
#ifndef PV_ABI_START_INFO_H
#define PV_ABI_START_INFO_H

#define SIF_PRIVILEGED      0x01 /* may ask for hardware */
#define SIF_INITDOMAIN      0x02 /* dom0 */
#define SIF_MULTIBOOT_MOD   0x04 /* mod_start names a list of struct xen_multiboot_mod_list */
#define SIF_MOD_START_PFN   0x08 /* mod_start is a frame number, not an address */
#define SIF_VIRT_P2M_4TOOLS 0x10 /* a virtually mapped p2m is understood */
#define SIF_PM_MASK         0xff00

#define MAX_GUEST_CMDLINE 1024
#define START_INFO_MAGIC  "xen-3.0-x86_64"

#define XEN_VGATYPE_TEXT_MODE_3 0x03
#define XEN_VGATYPE_VESA_LFB    0x23
#define XEN_VGATYPE_EFI_LFB     0x70

#ifndef __ASSEMBLER__
#include "pv-abi/types.h"

struct start_info {
    char magic[32]; /* START_INFO_MAGIC */
    uint64_t nr_pages;
    uint64_t shared_info; /* machine address */
    uint32_t flags;       /* SIF_* */
    uint32_t _pad0;
    uint64_t store_mfn;
    uint32_t store_evtchn;
    uint32_t _pad1;
    union {
        struct {
            uint64_t mfn;
            uint32_t evtchn;
            uint32_t _pad;
        } domU;
        struct {
            uint32_t info_off; /* of struct dom0_vga_console_info, from this struct's start */
            uint32_t info_size;
        } dom0;
    } console;
    uint64_t pt_base;
    uint64_t nr_pt_frames;
    uint64_t mfn_list; /* virtual address of the p2m */
    uint64_t mod_start;
    uint64_t mod_len;
    int8_t cmd_line[MAX_GUEST_CMDLINE];
    uint64_t first_p2m_pfn; /* these two: only if the p2m lies outside the initial mapping */
    uint64_t nr_p2m_frames;
};

struct xen_multiboot_mod_list {
    uint32_t mod_start;
    uint32_t mod_end;
    uint32_t cmdline;
    uint32_t pad;
};

struct dom0_vga_console_info {
    uint8_t video_type; /* XEN_VGATYPE_* */
    uint8_t _pad[3];
    union {
        struct {
            uint16_t font_height;
            uint16_t cursor_x;
            uint16_t cursor_y;
            uint16_t rows;
            uint16_t columns;
        } text_mode_3;
        struct {
            uint16_t width;
            uint16_t height;
            uint16_t bytes_per_line;
            uint16_t bits_per_pixel;
            uint32_t lfb_base;
            uint32_t lfb_size;
            uint8_t red_pos;
            uint8_t red_size;
            uint8_t green_pos;
            uint8_t green_size;
            uint8_t blue_pos;
            uint8_t blue_size;
            uint8_t rsvd_pos;
            uint8_t rsvd_size;
            uint32_t gbl_caps;
            uint16_t mode_attrs;
            uint16_t pad;
            uint32_t ext_lfb_base;
        } vesa_lfb;
    } u;
};

ABI_SIZE(struct start_info, 1168);
ABI_OFFSET(struct start_info, store_mfn, 56);
ABI_OFFSET(struct start_info, console, 72);
ABI_OFFSET(struct start_info, pt_base, 88);
ABI_OFFSET(struct start_info, cmd_line, 128);
ABI_OFFSET(struct start_info, first_p2m_pfn, 1152);
ABI_SIZE(struct xen_multiboot_mod_list, 16);
ABI_SIZE(struct dom0_vga_console_info, 40);
#endif

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xen_version: who we are; vm_assist: behaviour that a guest switches on.
 * ABI: pv-abi/version.h, vm_assist.h (source: Xen public version.h, features.h, xen.h).
 */
#include <hv/arch.h>
#include <hv/cmdline.h>
#include <hv/hypercall.h>
#include <pv-abi/version.h>
#include <pv-abi/vm_assist.h>

static long give(guest_va_t to, const void *what, size_t n)
{
    return copy_to_guest(to, what, n) ? -EFAULT : 0;
}

static long give_string(guest_va_t to, const char *s, size_t size)
{
    char buf[1024] = {0};

    strlcpy(buf, s, min(size, sizeof(buf)));
    return give(to, buf, size);
}

static uint32_t features(const struct domain *d)
{
    return 1u << XENFEAT_pae_pgdir_above_4gb | 1u << XENFEAT_mmu_pt_update_preserve_ad |
           1u << XENFEAT_gnttab_map_avail_bits | 1u << XENFEAT_highmem_assist |
           (d->privileged ? 1u << XENFEAT_dom0 : 0);
}

static long get_features(const struct domain *d, guest_va_t arg)
{
    struct xen_feature_info fi;

    if (copy_from_guest(&fi, arg, sizeof(fi)))
        return -EFAULT;
    if (fi.submap_idx >= XENFEAT_NR_SUBMAPS)
        return -EINVAL;
    fi.submap = features(d);
    return give(arg, &fi, sizeof(fi));
}

static long compile_info(guest_va_t arg)
{
    struct xen_compile_info info = {0};

    strlcpy(info.compiler, "gcc " __VERSION__, sizeof(info.compiler));
    strlcpy(info.compile_by, "pavo", sizeof(info.compile_by));
    return give(arg, &info, sizeof(info));
}

/* -EFAULT; -EINVAL an argument where there is none; -ENODATA no build id; -ENOSYS no such
 * question. */
long hc_xen_version(struct domain *d, uint64_t cmd, guest_va_t arg)
{
    struct xen_platform_parameters pp = {.virt_start = 0xffff800000000000};

    switch (cmd) {
    case XENVER_version:
        return 4 << 16 | 17;
    case XENVER_extraversion:
        return give_string(arg, ".0-pavo", XEN_EXTRAVERSION_LEN);
    case XENVER_compile_info:
        return compile_info(arg);
    case XENVER_capabilities:
        return give_string(arg, "xen-3.0-x86_64 ", XEN_CAPABILITIES_INFO_LEN);
    case XENVER_changeset:
        return give_string(arg, "unavailable", XEN_CHANGESET_INFO_LEN);
    case XENVER_platform_parameters:
        return give(arg, &pp, sizeof(pp));
    case XENVER_get_features:
        return get_features(d, arg);
    case XENVER_pagesize:
        return arg ? -EINVAL : (long)PAGE_SIZE;
    case XENVER_guest_handle:
        return give(arg, d->handle, sizeof(d->handle));
    case XENVER_commandline:
        return give_string(arg, d->privileged ? cmdline_text : "<denied>", XEN_COMMANDLINE_LEN);
    case XENVER_build_id:
        return -ENODATA;
    default:
        return -ENOSYS;
    }
}

/*
 * 4gb_segments and pae_extended_cr3 mean something to 32-bit guests only, and are accepted as such.
 * architectural_iopl and m2p_strict would change what a guest may rely on: not offered.
 */
#define ASSISTS                                                                       \
    (1ull << VMASST_TYPE_4gb_segments | 1ull << VMASST_TYPE_4gb_segments_notify |     \
     1ull << VMASST_TYPE_writable_pagetables | 1ull << VMASST_TYPE_pae_extended_cr3 | \
     1ull << VMASST_TYPE_runstate_update_flag)

/* -EINVAL no such assistance; -ENOSYS no such command. */
long hc_vm_assist(struct domain *d, uint64_t cmd, uint64_t type)
{
    if (type >= 64 || !(ASSISTS >> type & 1))
        return -EINVAL;
    switch (cmd) {
    case VMASST_CMD_enable:
        set_bit((unsigned int)type, &d->vm_assist);
        return 0;
    case VMASST_CMD_disable:
        clear_bit((unsigned int)type, &d->vm_assist);
        return 0;
    default:
        return -ENOSYS;
    }
}

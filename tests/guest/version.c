/* SPDX-License-Identifier: GPL-2.0-only */
/* xen_version: every sub-operation, and those that do not exist. */
#include "mini.h"

TEST(version_is_4_17)
{
    CHECK_EQ(xen_version(XENVER_version, NULL), 4 << 16 | 17);
}

TEST(extraversion_is_terminated)
{
    char text[XEN_EXTRAVERSION_LEN];

    memset(text, 'x', sizeof(text));
    CHECK_EQ(xen_version(XENVER_extraversion, text), 0);
    CHECK(text[0] == '.');
    CHECK(strlen(text) < sizeof(text));
}

TEST(compile_info_is_terminated)
{
    struct xen_compile_info info;

    memset(&info, 'x', sizeof(info));
    CHECK_EQ(xen_version(XENVER_compile_info, &info), 0);
    CHECK(strlen(info.compiler) < sizeof(info.compiler));
    CHECK(strlen(info.compile_by) < sizeof(info.compile_by));
    CHECK(strlen(info.compile_domain) < sizeof(info.compile_domain));
    CHECK(strlen(info.compile_date) < sizeof(info.compile_date));
}

TEST(capabilities_name_this_abi)
{
    static xen_capabilities_info_t text;

    CHECK_EQ(xen_version(XENVER_capabilities, text), 0);
    CHECK(!strncmp(text, "xen-3.0-x86_64 ", 15));
}

TEST(changeset_is_terminated)
{
    xen_changeset_info_t text;

    memset(text, 'x', sizeof(text));
    CHECK_EQ(xen_version(XENVER_changeset, text), 0);
    CHECK(strlen(text) < sizeof(text));
}

TEST(platform_parameters_give_the_hole)
{
    struct xen_platform_parameters params = {0};

    CHECK_EQ(xen_version(XENVER_platform_parameters, &params), 0);
    CHECK_EQ(params.virt_start, HYPERVISOR_VIRT_START);
}

TEST(features_are_those_of_a_pv_guest)
{
    struct xen_feature_info info = {.submap_idx = 0};

    CHECK_EQ(xen_version(XENVER_get_features, &info), 0);
    CHECK_EQ(info.submap >> XENFEAT_mmu_pt_update_preserve_ad & 1, 1);
    CHECK_EQ(info.submap >> XENFEAT_gnttab_map_avail_bits & 1, 1);
    CHECK_EQ(info.submap >> XENFEAT_highmem_assist & 1, 1);
    CHECK_EQ(info.submap >> XENFEAT_auto_translated_physmap & 1, 0);
    CHECK_EQ(info.submap >> XENFEAT_writable_page_tables & 1, 0);
    CHECK_EQ(info.submap >> XENFEAT_hvm_callback_vector & 1, 0);
    CHECK_EQ(info.submap >> XENFEAT_dom0 & 1, is_dom0());
}

TEST(features_of_an_unknown_word_are_refused)
{
    struct xen_feature_info info = {.submap_idx = XENFEAT_NR_SUBMAPS};

    CHECK_EQ(xen_version(XENVER_get_features, &info), -XEN_EINVAL);
}

TEST(pagesize_is_4096)
{
    CHECK_EQ(xen_version(XENVER_pagesize, NULL), 4096);
}

TEST(guest_handle_is_16_bytes)
{
    uint8_t handle[17];

    memset(handle, 0x5a, sizeof(handle));
    CHECK_EQ(xen_version(XENVER_guest_handle, handle), 0);
    CHECK_EQ(handle[16], 0x5a);
}

TEST(commandline_is_terminated)
{
    static xen_commandline_t text;

    memset(text, 'x', sizeof(text));
    CHECK_EQ(xen_version(XENVER_commandline, text), 0);
    CHECK(strlen(text) < sizeof(text));
}

/* A build id is optional, and guests may be denied it. */
TEST(build_id_reports_its_length)
{
    struct {
        struct xen_build_id id;
        unsigned char bytes[64];
    } room = {.id.len = 0};
    long bytes = xen_version(XENVER_build_id, NULL);

    if (bytes < 0) {
        CHECK(bytes == -XEN_ENODATA || bytes == -XEN_EPERM);
        return;
    }
    CHECK_EQ(xen_version(XENVER_build_id, &room), -XEN_EINVAL);
    room.id.len = sizeof(room.bytes);
    CHECK_EQ(xen_version(XENVER_build_id, &room), bytes);
}

TEST(unknown_command_is_refused)
{
    CHECK_EQ(xen_version(11, NULL), -XEN_ENOSYS);
    CHECK_EQ(xen_version(0xffffffff, NULL), -XEN_ENOSYS);
}

TEST(bad_pointer_is_a_fault)
{
    CHECK_EQ(xen_version(XENVER_extraversion, (void *)0x1000), -XEN_EFAULT);
    CHECK_EQ(xen_version(XENVER_capabilities, (void *)0x1000), -XEN_EFAULT);
    CHECK_EQ(xen_version(XENVER_compile_info, (void *)0x1000), -XEN_EFAULT);
    CHECK_EQ(xen_version(XENVER_changeset, (void *)0x1000), -XEN_EFAULT);
    CHECK_EQ(xen_version(XENVER_platform_parameters, (void *)0x1000), -XEN_EFAULT);
    CHECK_EQ(xen_version(XENVER_get_features, (void *)0x1000), -XEN_EFAULT);
    CHECK_EQ(xen_version(XENVER_guest_handle, (void *)0x1000), -XEN_EFAULT);
    CHECK_EQ(xen_version(XENVER_commandline, (void *)0x1000), -XEN_EFAULT);
}

TEST(hypervisor_memory_is_no_place_for_results)
{
    CHECK_EQ(xen_version(XENVER_extraversion, (void *)0xffff830000000000UL), -XEN_EFAULT);
    CHECK_EQ(xen_version(XENVER_extraversion, (void *)MACH2PHYS_VIRT_START), -XEN_EFAULT);
    CHECK_EQ(xen_version(XENVER_extraversion, (void *)0x8000000000000000UL), -XEN_EFAULT);
}

TEST(a_read_only_page_is_a_fault)
{
    char *page = page_alloc();

    CHECK_EQ(page_readonly(page), 0);
    CHECK_EQ(xen_version(XENVER_extraversion, page), -XEN_EFAULT);
    CHECK_EQ(page_writable(page), 0);
    CHECK_EQ(xen_version(XENVER_extraversion, page), 0);
    page_free(page);
}

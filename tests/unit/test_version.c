/* SPDX-License-Identifier: GPL-2.0-only */
#include "tests/fake-arch/fake.h"

#include <pv-abi/types.h>
#include <pv-abi/version.h>
#include <pv-abi/vm_assist.h>

#define ARG_VA FAKE_GUEST_VA

char cmdline_text[1024] = "loglvl=all dom0_mem=512M";
static struct domain *d0, *d1;

static int setup(void **state)
{
    fake_reset();
    d0 = fake_domain(0, 1);
    d1 = fake_domain(1, 1);
    return 0;
}

static int teardown(void **state)
{
    fake_teardown();
    return 0;
}

static void version_is_4_17(void **state)
{
    assert_int_equal(hc_xen_version(d1, XENVER_version, 0), 4 << 16 | 17);
}

/* All @size bytes are written: text, then zeros, so that nothing of ours leaks behind it. */
static void assert_text(unsigned int cmd, struct domain *d, const char *text, size_t size)
{
    char *got = fake_guest(ARG_VA);

    memset(got, 0x7e, size + 1);
    assert_int_equal(hc_xen_version(d, cmd, ARG_VA), 0);
    assert_string_equal(got, text);
    for (size_t i = strlen(text); i < size; i++)
        assert_int_equal(got[i], 0);
    assert_int_equal(got[size], 0x7e);
}

static void texts_fill_their_room_and_no_more(void **state)
{
    assert_text(XENVER_extraversion, d1, ".0-pavo", 16);
    assert_text(XENVER_capabilities, d1, "xen-3.0-x86_64 ", 1024);
    assert_text(XENVER_changeset, d1, "unavailable", 64);
}

static void the_command_line_is_dom0s_alone(void **state)
{
    assert_text(XENVER_commandline, d0, "loglvl=all dom0_mem=512M", 1024);
    assert_text(XENVER_commandline, d1, "<denied>", 1024);
}

static void compile_info_is_whole(void **state)
{
    struct xen_compile_info *info = fake_guest(ARG_VA);

    memset(info, 0x7e, sizeof(*info) + 1);
    assert_int_equal(hc_xen_version(d1, XENVER_compile_info, ARG_VA), 0);
    assert_int_equal(strncmp(info->compiler, "gcc ", 4), 0);
    assert_int_equal(((char *)(info + 1))[0], 0x7e);
}

static void the_m2p_starts_where_the_abi_says(void **state)
{
    assert_int_equal(hc_xen_version(d1, XENVER_platform_parameters, ARG_VA), 0);
    assert_int_equal(*(uint64_t *)fake_guest(ARG_VA), 0xffff800000000000);
}

static uint32_t features(struct domain *d, uint32_t map)
{
    struct xen_feature_info *fi = fake_guest(ARG_VA);

    fi->submap_idx = map;
    fi->submap = 0xdeadbeef;
    assert_int_equal(hc_xen_version(d, XENVER_get_features, ARG_VA), 0);
    return fi->submap;
}

static void features_are_those_of_a_pv_guest(void **state)
{
    uint32_t f = features(d1, 0);

    assert_true(f & 1u << XENFEAT_mmu_pt_update_preserve_ad);
    assert_true(f & 1u << XENFEAT_gnttab_map_avail_bits);
    assert_false(f & 1u << XENFEAT_writable_page_tables);
    assert_false(f & 1u << XENFEAT_writable_descriptor_tables);
    assert_false(f & 1u << XENFEAT_auto_translated_physmap);
    assert_false(f & 1u << XENFEAT_supervisor_mode_kernel);
    assert_false(f & 1u << XENFEAT_memory_op_vnode_supported);
    assert_false(f & 1u << XENFEAT_dom0);
    assert_int_equal(features(d0, 0), f | 1u << XENFEAT_dom0);
}

static void there_is_one_word_of_features(void **state)
{
    struct xen_feature_info *fi = fake_guest(ARG_VA);

    fi->submap_idx = 1;
    assert_int_equal(hc_xen_version(d1, XENVER_get_features, ARG_VA), -EINVAL);
    fi->submap_idx = ~0u;
    assert_int_equal(hc_xen_version(d1, XENVER_get_features, ARG_VA), -EINVAL);
}

static void pages_have_4096_bytes(void **state)
{
    assert_int_equal(hc_xen_version(d1, XENVER_pagesize, 0), 4096);
    assert_int_equal(hc_xen_version(d1, XENVER_pagesize, ARG_VA), -EINVAL);
}

static void a_guest_reads_its_own_handle(void **state)
{
    for (unsigned int i = 0; i < 16; i++)
        d1->handle[i] = (uint8_t)(i + 1);
    assert_int_equal(hc_xen_version(d1, XENVER_guest_handle, ARG_VA), 0);
    assert_memory_equal(fake_guest(ARG_VA), d1->handle, 16);
}

static void bad_pointers_are_efault(void **state)
{
    for (unsigned int cmd = XENVER_extraversion; cmd <= XENVER_commandline; cmd++)
        if (cmd != XENVER_pagesize)
            assert_int_equal(hc_xen_version(d0, cmd, 8), -EFAULT);
    fake_guest_write_faults_at(ARG_VA);
    assert_int_equal(hc_xen_version(d1, XENVER_get_features, ARG_VA), -EFAULT);
}

static void there_is_no_build_id_and_nothing_behind_it(void **state)
{
    assert_int_equal(hc_xen_version(d1, XENVER_build_id, 0), -ENODATA);
    assert_int_equal(hc_xen_version(d1, 11, ARG_VA), -ENOSYS);
    assert_int_equal(hc_xen_version(d1, ~0ull, ARG_VA), -ENOSYS);
}

static void assists_switch_on_and_off(void **state)
{
    static const unsigned int types[] = {VMASST_TYPE_4gb_segments, VMASST_TYPE_writable_pagetables,
                                         VMASST_TYPE_pae_extended_cr3,
                                         VMASST_TYPE_runstate_update_flag};

    for (unsigned int i = 0; i < ARRAY_SIZE(types); i++) {
        assert_int_equal(hc_vm_assist(d1, VMASST_CMD_enable, types[i]), 0);
        assert_int_equal(d1->vm_assist, 1ull << types[i]);
        assert_int_equal(hc_vm_assist(d1, VMASST_CMD_disable, types[i]), 0);
        assert_int_equal(d1->vm_assist, 0);
    }
}

static void unknown_assists_are_refused(void **state)
{
    assert_int_equal(hc_vm_assist(d1, VMASST_CMD_enable, 6), -EINVAL);
    assert_int_equal(hc_vm_assist(d1, VMASST_CMD_enable, 63), -EINVAL);
    assert_int_equal(hc_vm_assist(d1, VMASST_CMD_enable, 64), -EINVAL);
    assert_int_equal(hc_vm_assist(d1, VMASST_CMD_enable, ~0ull), -EINVAL);
    /* Not offered, as it would have no effect. */
    assert_int_equal(hc_vm_assist(d1, VMASST_CMD_enable, VMASST_TYPE_architectural_iopl), -EINVAL);
    assert_int_equal(hc_vm_assist(d1, 2, VMASST_TYPE_writable_pagetables), -ENOSYS);
    assert_int_equal(d1->vm_assist, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(version_is_4_17),
        T(texts_fill_their_room_and_no_more),
        T(the_command_line_is_dom0s_alone),
        T(compile_info_is_whole),
        T(the_m2p_starts_where_the_abi_says),
        T(features_are_those_of_a_pv_guest),
        T(there_is_one_word_of_features),
        T(pages_have_4096_bytes),
        T(a_guest_reads_its_own_handle),
        T(bad_pointers_are_efault),
        T(there_is_no_build_id_and_nothing_behind_it),
        T(assists_switch_on_and_off),
        T(unknown_assists_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Dispatch and multicall, over handlers that record what they are asked. */
#include "tests/fake-arch/fake.h"

#define LIST_VA FAKE_GUEST_VA

static struct domain *d0, *d1;
static unsigned int nr_calls;
static uint64_t seen[6];
static long answer;
static unsigned int continue_at; /* this many calls of memory_op from now on answer HC_CONTINUE */

static long record(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
    nr_calls++;
    seen[0] = a;
    seen[1] = b;
    seen[2] = c;
    seen[3] = d;
    seen[4] = e;
    return answer;
}

long hc_memory_op(struct domain *d, uint64_t cmd, guest_va_t arg)
{
    record(cmd, arg, 0, 0, 0);
    if (continue_at) {
        continue_at--;
        current->hc_args[0] = cmd + 0x40;
        return HC_CONTINUE;
    }
    return answer;
}
long hc_mmu_update(struct domain *d, guest_va_t ureqs, uint64_t count, guest_va_t done,
                   uint64_t foreign)
{
    return record(ureqs, count, done, foreign, 0);
}
long hc_xen_version(struct domain *d, uint64_t cmd, guest_va_t arg)
{
    return record(cmd, arg, 0, 0, 0);
}
long hc_vcpu_op(struct domain *d, uint64_t cmd, uint64_t vcpuid, guest_va_t arg)
{
    return record(cmd, vcpuid, arg, 0, 0);
}
long hc_iret(struct domain *d)
{
    return record(0, 0, 0, 0, 0);
}
long hc_domctl(struct domain *d, guest_va_t arg)
{
    return record(arg, 0, 0, 0, 0);
}
long hc_sysctl(struct domain *d, guest_va_t arg)
{
    return record(arg, 0, 0, 0, 0);
}
long hc_platform_op(struct domain *d, guest_va_t arg)
{
    return record(arg, 0, 0, 0, 0);
}
#define REFUSED(name, ...)  \
    long name(__VA_ARGS__)  \
    {                       \
        return -EOPNOTSUPP; \
    }
REFUSED(hc_set_timer_op, struct domain *d, uint64_t timeout_ns)
REFUSED(hc_console_io, struct domain *d, uint64_t cmd, uint64_t count, guest_va_t buf)
REFUSED(hc_grant_table_op, struct domain *d, uint64_t cmd, guest_va_t uop, uint64_t count)
REFUSED(hc_vm_assist, struct domain *d, uint64_t cmd, uint64_t type)
REFUSED(hc_sched_op, struct domain *d, uint64_t cmd, guest_va_t arg)
REFUSED(hc_event_channel_op, struct domain *d, uint64_t cmd, guest_va_t arg)

static int setup(void **state)
{
    fake_reset();
    d0 = fake_domain(0, 1);
    d1 = fake_domain(1, 1);
    fake_set_current(d1->vcpu[0]);
    nr_calls = continue_at = 0;
    answer = 0;
    memset(seen, 0, sizeof(seen));
    return 0;
}

static int teardown(void **state)
{
    fake_teardown();
    return 0;
}

static long call(unsigned int nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    uint64_t *args = current->hc_args;

    args[0] = a;
    args[1] = b;
    args[2] = c;
    args[3] = d;
    args[4] = args[5] = 0;
    return hypercall_dispatch(nr);
}

static struct multicall_entry *entry(unsigned int i)
{
    return (struct multicall_entry *)fake_guest(LIST_VA) + i;
}

static void put_entry(unsigned int i, uint64_t op, uint64_t a, uint64_t b)
{
    *entry(i) = (struct multicall_entry){.op = op, .result = 0xbad, .args = {a, b, 3, 4, 5, 6}};
}

static long multicall(uint64_t nr)
{
    return call(__HYPERVISOR_multicall, LIST_VA, nr, 0, 0);
}

static void arguments_and_result_pass_through(void **state)
{
    answer = -1234567890123;
    assert_int_equal(call(__HYPERVISOR_mmu_update, 11, 12, 13, 14), answer);
    assert_int_equal(seen[0], 11);
    assert_int_equal(seen[1], 12);
    assert_int_equal(seen[2], 13);
    assert_int_equal(seen[3], 14);
}

static void holes_are_enosys(void **state)
{
    static const unsigned int holes[] = {__HYPERVISOR_sched_op_compat,
                                         11,
                                         __HYPERVISOR_event_channel_op_compat,
                                         __HYPERVISOR_physdev_op_compat,
                                         __HYPERVISOR_xenoprof_op,
                                         __HYPERVISOR_hvm_op,
                                         __HYPERVISOR_kexec_op,
                                         __HYPERVISOR_tmem_op,
                                         __HYPERVISOR_argo_op,
                                         __HYPERVISOR_xenpmu_op,
                                         __HYPERVISOR_dm_op,
                                         __HYPERVISOR_hypfs_op,
                                         43,
                                         __HYPERVISOR_mca,
                                         55,
                                         56,
                                         63,
                                         64,
                                         0x7fffffff,
                                         0xffffffff};

    for (unsigned int who = 0; who < 2; who++) {
        fake_set_current(who ? d0->vcpu[0] : d1->vcpu[0]);
        for (unsigned int i = 0; i < ARRAY_SIZE(holes); i++)
            assert_int_equal(call(holes[i], 0, 0, 0, 0), -ENOSYS);
    }
}

static void control_is_for_dom0_alone(void **state)
{
    static const unsigned int nrs[] = {__HYPERVISOR_domctl, __HYPERVISOR_sysctl,
                                       __HYPERVISOR_platform_op};

    for (unsigned int i = 0; i < ARRAY_SIZE(nrs); i++)
        assert_int_equal(call(nrs[i], 0, 0, 0, 0), -EPERM);
    assert_int_equal(nr_calls, 0);
    fake_set_current(d0->vcpu[0]);
    for (unsigned int i = 0; i < ARRAY_SIZE(nrs); i++)
        assert_int_equal(call(nrs[i], 0, 0, 0, 0), 0);
    assert_int_equal(nr_calls, 3);
}

static void multicall_runs_each_and_tells_each(void **state)
{
    answer = 42;
    put_entry(0, __HYPERVISOR_xen_version, 1, 2);
    put_entry(1, 11, 0, 0);
    put_entry(2, __HYPERVISOR_domctl, 0, 0);
    put_entry(3, __HYPERVISOR_vcpu_op, 7, 8);
    assert_int_equal(multicall(4), 0);
    assert_int_equal(entry(0)->result, 42);
    assert_int_equal((long)entry(1)->result, -ENOSYS);
    assert_int_equal((long)entry(2)->result, -EPERM);
    assert_int_equal(entry(3)->result, 42);
    assert_int_equal(nr_calls, 2);
    assert_int_equal(seen[0], 7);
    assert_int_equal(seen[2], 3);
    assert_int_equal(entry(3)->args[0], 7); /* arguments are the guest's to keep */
}

static void multicall_of_none_is_fine(void **state)
{
    assert_int_equal(call(__HYPERVISOR_multicall, 0, 0, 0, 0), 0);
}

static void multicall_and_iret_are_refused_inside(void **state)
{
    put_entry(0, __HYPERVISOR_multicall, LIST_VA, 1);
    put_entry(1, __HYPERVISOR_iret, 0, 0);
    put_entry(2, __HYPERVISOR_xen_version, 0, 0);
    assert_int_equal(multicall(3), 0);
    assert_int_equal((long)entry(0)->result, -EINVAL);
    assert_int_equal((long)entry(1)->result, -EINVAL);
    assert_int_equal(nr_calls, 1);
}

static void a_number_with_high_bits_is_a_hole(void **state)
{
    put_entry(0, 1ull << 32 | __HYPERVISOR_xen_version, 0, 0);
    put_entry(1, 1ull << 32 | __HYPERVISOR_multicall, LIST_VA, 2);
    assert_int_equal(multicall(2), 0);
    assert_int_equal((long)entry(0)->result, -ENOSYS);
    assert_int_equal((long)entry(1)->result, -ENOSYS);
    assert_int_equal(nr_calls, 0);
}

static void an_unreadable_entry_stops_with_efault(void **state)
{
    put_entry(0, __HYPERVISOR_xen_version, 0, 0);
    put_entry(1, __HYPERVISOR_xen_version, 0, 0);
    fake_guest_read_faults_at(LIST_VA + sizeof(struct multicall_entry));
    assert_int_equal(multicall(2), -EFAULT);
    assert_int_equal(nr_calls, 1);
    assert_int_equal(entry(0)->result, 0);
}

static void an_unwritable_result_stops_with_efault(void **state)
{
    put_entry(0, __HYPERVISOR_xen_version, 0, 0);
    put_entry(1, __HYPERVISOR_xen_version, 0, 0);
    fake_guest_write_faults_at(LIST_VA + offsetof(struct multicall_entry, result));
    assert_int_equal(multicall(2), -EFAULT);
    assert_int_equal(nr_calls, 1);
}

static void a_long_list_pauses_between_entries(void **state)
{
    for (unsigned int i = 0; i < 5; i++)
        put_entry(i, __HYPERVISOR_xen_version, i, 0);
    fake_preempt_after = 3; /* asked before entries 1, 2, 3 */
    assert_int_equal(multicall(5), HC_CONTINUE);
    assert_int_equal(nr_calls, 3);
    assert_int_equal(current->hc_args[0], LIST_VA + 3 * sizeof(struct multicall_entry));
    assert_int_equal(current->hc_args[1], 2);
    assert_int_equal(entry(2)->result, 0);
    assert_int_equal(entry(3)->result, 0xbad);
    assert_int_equal(hypercall_dispatch(__HYPERVISOR_multicall), 0);
    assert_int_equal(nr_calls, 5);
    assert_int_equal(entry(4)->result, 0);
}

static void each_slice_makes_progress(void **state)
{
    unsigned int slices = 0;

    for (unsigned int i = 0; i < 4; i++)
        put_entry(i, __HYPERVISOR_xen_version, i, 0);
    fake_preempt_after = 1;
    for (long rc = multicall(4); rc == HC_CONTINUE; slices++) {
        fake_preempt_after = 1;
        rc = hypercall_dispatch(__HYPERVISOR_multicall);
    }
    assert_int_equal(slices, 3);
    assert_int_equal(nr_calls, 4);
}

static void a_continued_entry_gets_its_arguments_and_goes_on(void **state)
{
    answer = 9;
    put_entry(0, __HYPERVISOR_xen_version, 0, 0);
    put_entry(1, __HYPERVISOR_memory_op, 6, 77);
    put_entry(2, __HYPERVISOR_xen_version, 0, 0);
    continue_at = 1;
    assert_int_equal(multicall(3), HC_CONTINUE);
    assert_int_equal(current->hc_args[0], LIST_VA + sizeof(struct multicall_entry));
    assert_int_equal(current->hc_args[1], 2);
    assert_int_equal(entry(1)->args[0], 6 + 0x40);
    assert_int_equal(entry(1)->args[1], 77);
    assert_int_equal(entry(1)->result, 0xbad);
    assert_int_equal(hypercall_dispatch(__HYPERVISOR_multicall), 0);
    assert_int_equal(entry(1)->result, 9);
    assert_int_equal(entry(2)->result, 9);
    assert_int_equal(nr_calls, 4);
}

static void a_continued_entry_that_cannot_be_written_is_efault(void **state)
{
    put_entry(0, __HYPERVISOR_memory_op, 6, 77);
    continue_at = 1;
    fake_guest_write_faults_at(LIST_VA + offsetof(struct multicall_entry, args));
    assert_int_equal(multicall(1), -EFAULT);
}

/* The guest rewrites the entry while it runs: what was judged is what is run. */
static void swap_op(guest_va_t va, size_t n, bool write)
{
    if (!write)
        entry(0)->op = __HYPERVISOR_domctl;
}

static void entries_are_read_once(void **state)
{
    put_entry(0, __HYPERVISOR_xen_version, 0, 0);
    fake_guest_access_hook = swap_op;
    assert_int_equal(multicall(1), 0);
    assert_int_equal((long)entry(0)->result, -EPERM); /* changed before the only read */
    assert_int_equal(nr_calls, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(arguments_and_result_pass_through),
        T(holes_are_enosys),
        T(control_is_for_dom0_alone),
        T(multicall_runs_each_and_tells_each),
        T(multicall_of_none_is_fine),
        T(multicall_and_iret_are_refused_inside),
        T(a_number_with_high_bits_is_a_hole),
        T(an_unreadable_entry_stops_with_efault),
        T(an_unwritable_result_stops_with_efault),
        T(a_long_list_pauses_between_entries),
        T(each_slice_makes_progress),
        T(a_continued_entry_gets_its_arguments_and_goes_on),
        T(a_continued_entry_that_cannot_be_written_is_efault),
        T(entries_are_read_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Birth, references, pausing, shutdown and death of domains; their vcpus and vcpu_op. */
#include "tests/fake-arch/fake.h"

#include <stdio.h>

#include <hv/alloc.h>
#include <pv-abi/sched.h>
#include <pv-abi/vm_assist.h>
#include <pv-abi/x86.h>

#define ARG_VA FAKE_GUEST_VA

static const uint8_t handle[16] = {1, 2, 3};
static struct domain *d1;
static uint64_t free_before;
static int evtchn_rc, grant_rc, arch_rc, vcpu_rc, context_rc;
static unsigned int close_slices, grant_slices, contexts;
static jmp_buf machine_jmp;
static struct vcpu *nmi_vcpu;
static char logged[1024];
static unsigned int dumps;
static bool resume_at_dump;
enum { OFF = 1, RESTART };

int evtchn_init(struct domain *d, unsigned int max_port)
{
    return evtchn_rc;
}
int grant_init(struct domain *d, unsigned int max_frames, unsigned int max_maptrack_frames)
{
    return grant_rc;
}
int arch_domain_create(struct domain *d)
{
    return arch_rc;
}
int arch_vcpu_create(struct vcpu *v)
{
    return vcpu_rc;
}
int arch_set_context(struct vcpu *v, const struct vcpu_guest_context *c)
{
    contexts++;
    if (!context_rc)
        v->initialised = true;
    return context_rc;
}
int evtchn_close_all(struct domain *d)
{
    return close_slices && close_slices-- ? -ERESTART : 0;
}
int grant_release_mappings(struct domain *d)
{
    return grant_slices && grant_slices-- ? -ERESTART : 0;
}
void printk(const char *fmt, ...)
{
    size_t len = strlen(logged);
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(logged + len, sizeof(logged) - len, fmt, ap);
    va_end(ap);
}
void arch_dump_vcpu(const struct vcpu *v)
{
    dumps++;
    if (resume_at_dump)
        domain_resume(v->domain);
}
void arch_vcpu_send_nmi(struct vcpu *v)
{
    nmi_vcpu = v;
}
void machine_poweroff(void)
{
    longjmp(machine_jmp, OFF);
}
void machine_restart(void)
{
    longjmp(machine_jmp, RESTART);
}

static struct domain *make(unsigned int id, unsigned int vcpus)
{
    struct domain *d;

    assert_int_equal(domain_create(id, handle, vcpus, 8, 8, 0, &d), 0);
    for (unsigned int i = 0; i < vcpus; i++)
        assert_int_equal(vcpu_create(d, i, 0), 0);
    d->max_pages = 2000;
    return d;
}

static int group_setup(void **state)
{
    fake_reset();
    heap_add(_mfn(1), _mfn(4000));
    dom0 = make(0, 1);
    return 0;
}

static int group_teardown(void **state)
{
    fake_teardown();
    return 0;
}

static int setup(void **state)
{
    evtchn_rc = grant_rc = arch_rc = vcpu_rc = context_rc = 0;
    close_slices = grant_slices = contexts = 0;
    fake_set_current(dom0->vcpu[0]);
    free_before = heap_free_pages();
    d1 = make(1, 2);
    memset(&fake_calls, 0, sizeof(fake_calls));
    logged[0] = 0;
    dumps = 0;
    return 0;
}

static int teardown(void **state)
{
    fake_guest_read_faults_at(0);
    fake_guest_write_faults_at(0);
    fake_preempt_after = 0;
    evtchn_rc = grant_rc = arch_rc = vcpu_rc = context_rc = 0;
    fake_set_current(dom0->vcpu[0]);
    if (d1) {
        while (domain_kill(d1) == -ERESTART)
            ;
    }
    assert_null(domain_get(1));
    assert_int_equal(heap_free_pages(), free_before);
    return 0;
}

/* --- birth ------------------------------------------------------------------------------------ */

static void a_new_domain_is_paused_and_clean(void **state)
{
    struct domain *d = domain_get(1);

    assert_ptr_equal(d, d1);
    domain_put(d);
    assert_int_equal(d1->pause_count, 1);
    assert_true(d1->controller_paused);
    assert_false(d1->privileged);
    assert_memory_equal(d1->handle, handle, 16);
    assert_int_equal(d1->tot_pages, 0);
    assert_int_equal(frame_owner(mfn_to_frame(d1->shared_mfn)), 1);
    assert_int_equal(d1->shared->evtchn_pending[0], 0);
    assert_int_equal(d1->shared->vcpu_info[0].evtchn_upcall_mask, 1);
    assert_true(dom0->privileged);
}

static void a_wanted_id_that_is_taken_is_eexist(void **state)
{
    struct domain *d;
    uint64_t free0 = heap_free_pages();

    assert_int_equal(domain_create(1, handle, 1, 8, 8, 0, &d), -EEXIST);
    assert_int_equal(domain_create(0, handle, 1, 8, 8, 0, &d), -EEXIST);
    assert_int_equal(heap_free_pages(), free0);
}

static void ids_are_given_in_turn(void **state)
{
    struct domain *a = make(DOMID_SELF, 1), *b;
    domid_t first = a->domid;

    assert_true(first > 1);
    assert_int_equal(domain_kill(a), 0);
    b = make(DOMID_SELF, 1);
    assert_int_equal(b->domid, first + 1); /* not the one that just went */
    assert_int_equal(domain_kill(b), 0);
}

static void the_highest_id_can_be_had_and_the_turn_goes_on_behind_it(void **state)
{
    struct domain *a = make(DOMID_MAX, 1), *b = make(DOMID_SELF, 1);

    assert_int_equal(a->domid, DOMID_MAX);
    assert_in_range(b->domid, 2, DOMID_MAX - 1);
    assert_int_equal(domain_kill(a), 0);
    assert_int_equal(domain_kill(b), 0);
    assert_null(domain_get(DOMID_MAX));
    assert_null(domain_get(0xffff));
}

static void a_number_of_vcpus_that_cannot_be_is_einval(void **state)
{
    struct domain *d;

    assert_int_equal(domain_create(5, handle, 0, 8, 8, 0, &d), -EINVAL);
    assert_int_equal(domain_create(5, handle, MAX_VCPUS + 1, 8, 8, 0, &d), -EINVAL);
    assert_null(domain_get(5));
}

static void a_failed_birth_leaves_nothing(void **state)
{
    int *const steps[] = {&evtchn_rc, &grant_rc, &arch_rc};
    uint64_t free0 = heap_free_pages();
    struct domain *d;

    for (unsigned int i = 0; i < ARRAY_SIZE(steps); i++) {
        *steps[i] = -ENOMEM;
        assert_int_equal(domain_create(5, handle, 1, 8, 8, 0, &d), -ENOMEM);
        *steps[i] = 0;
        assert_null(domain_get(5));
        assert_int_equal(heap_free_pages(), free0);
    }
    d = make(5, 1);
    assert_int_equal(domain_kill(d), 0);
}

static void birth_without_memory_is_enomem(void **state)
{
    struct domain *d;
    mfn_t list = _mfn(0), m;

    while (!mfn_is_invalid(m = heap_alloc(0, 0, 0))) {
        *(uint64_t *)mfn_to_virt(m) = list.n;
        list = m;
    }
    for (unsigned int i = 0; i < 8; i++) { /* slabs with room let a part of it succeed */
        int rc = domain_create(7, handle, 1, 8, 8, 0, &d);

        assert_int_equal(rc, -ENOMEM);
    }
    assert_null(domain_get(7));
    while (list.n) {
        m = _mfn(*(uint64_t *)mfn_to_virt(list));
        heap_free(list, 0, false);
        list = m;
    }
}

/* --- references ------------------------------------------------------------------------------- */

static void a_guest_controls_only_itself(void **state)
{
    struct domain *d;

    assert_int_equal(domain_get_controlled(d1, DOMID_SELF, &d), 0);
    assert_ptr_equal(d, d1);
    domain_put(d);
    assert_int_equal(domain_get_controlled(d1, 1, &d), 0);
    domain_put(d);
    assert_int_equal(domain_get_controlled(d1, 0, &d), -EPERM);
    assert_int_equal(domain_get_controlled(d1, 99, &d), -EPERM);
    assert_int_equal(domain_get_controlled(dom0, 1, &d), 0);
    assert_ptr_equal(d, d1);
    domain_put(d);
    assert_int_equal(domain_get_controlled(dom0, 99, &d), -ESRCH);
    assert_int_equal(domain_get_controlled(dom0, 0x7fff, &d), -ESRCH);
}

static void domains_are_walked_in_order(void **state)
{
    struct domain *d9 = make(9, 1), *d;

    d = domain_get_next(0);
    assert_ptr_equal(d, dom0);
    domain_put(d);
    d = domain_get_next(1);
    assert_ptr_equal(d, d1);
    domain_put(d);
    d = domain_get_next(2);
    assert_ptr_equal(d, d9);
    domain_put(d);
    assert_null(domain_get_next(10));
    assert_null(domain_get_next(0xffff));
    assert_int_equal(domain_kill(d9), 0);
}

/* --- pausing ---------------------------------------------------------------------------------- */

static void pauses_nest(void **state)
{
    domain_pause(d1);
    assert_int_equal(d1->pause_count, 2);
    assert_int_equal(fake_calls.sleeps, 2);
    domain_unpause(d1);
    assert_int_equal(fake_calls.wakes, 0);
    domain_unpause(d1);
    assert_int_equal(fake_calls.wakes, 2);
    assert_int_equal(d1->pause_count, 0);
}

/* --- shutdown --------------------------------------------------------------------------------- */

static void shutdown_keeps_the_first_code_and_tells_dom0(void **state)
{
    domain_shutdown(d1, SHUTDOWN_reboot);
    domain_shutdown(d1, SHUTDOWN_crash);
    assert_true(d1->is_shut_down);
    assert_int_equal(d1->shutdown_code, SHUTDOWN_reboot);
    assert_int_equal(d1->pause_count, 2);
    assert_int_equal(fake_calls.virqs_global, 1);
    domain_resume(d1);
    assert_false(d1->is_shut_down);
    assert_int_equal(d1->pause_count, 1);
    domain_resume(d1);
    assert_int_equal(d1->pause_count, 1);
}

static void a_crash_is_a_shutdown_with_a_line_in_the_log(void **state)
{
    domain_crash(d1, "did %s", "wrong");
    assert_int_equal(d1->shutdown_code, SHUTDOWN_crash);
    assert_non_null(strstr(logged, LOG_WARN "d1 crashed: did wrong"));
    assert_int_equal(dumps, 0); /* not by its own doing: it is not what runs here */
    logged[0] = 0;
    domain_crash(d1, "again");
    assert_string_equal(logged, "");
}

/* The dump takes long, and whoever looks at the domain meanwhile sees it shut down. */
static void a_domain_may_be_resumed_while_it_is_still_shutting_down(void **state)
{
    domain_unpause(d1);
    fake_set_current(d1->vcpu[0]);
    resume_at_dump = true;
    domain_crash(d1, "did wrong");
    resume_at_dump = false;
    assert_int_equal(dumps, 1);
    assert_false(d1->is_shut_down);
    assert_int_equal(d1->pause_count, 0);
}

static void dom0s_shutdown_is_the_machines(void **state)
{
    int how = setjmp(machine_jmp);

    if (!how)
        domain_shutdown(dom0, SHUTDOWN_poweroff);
    assert_int_equal(how, OFF);
    how = setjmp(machine_jmp);
    if (!how)
        domain_shutdown(dom0, SHUTDOWN_reboot);
    assert_int_equal(how, RESTART);
    assert_int_equal(dumps, 0);
    how = setjmp(machine_jmp);
    if (!how)
        domain_crash(dom0, "x");
    assert_int_equal(how, RESTART);
    assert_int_equal(dumps, 1); /* its last words */
}

/* --- death ------------------------------------------------------------------------------------ */

static void kill_works_in_slices_to_the_end(void **state)
{
    unsigned int slices = 0;
    mfn_t mfn;

    assert_int_equal(domain_alloc_frames(d1, 9, 0, &mfn), 0);
    close_slices = 2;
    grant_slices = 1;
    d1->arch.relinquish_slices = 3;
    while (domain_kill(d1) == -ERESTART)
        slices++;
    assert_int_equal(slices, 6);
    assert_null(domain_get(1));
    assert_int_equal(frame_owner(mfn_to_frame(mfn)), FRAME_OWNER_NONE);
    d1 = NULL;
}

static void the_sweep_pauses_and_goes_on(void **state)
{
    unsigned int slices = 0;
    mfn_t mfn;

    for (unsigned int i = 0; i < 3; i++)
        assert_int_equal(domain_alloc_frames(d1, 8, 0, &mfn), 0);
    do
        fake_preempt_after = 1;
    while (domain_kill(d1) == -ERESTART && ++slices);
    assert_true(slices >= 2);
    d1 = NULL;
}

static void a_mapped_frame_keeps_the_dead_domain_and_its_id(void **state)
{
    struct domain *d, *other;
    struct frame *f;
    mfn_t mfn;

    assert_int_equal(domain_alloc_frames(d1, 2, 0, &mfn), 0);
    f = mfn_to_frame(mfn_add(mfn, 1));
    assert_true(frame_get(f, d1));
    assert_int_equal(domain_kill(d1), 0);
    assert_int_equal(d1->dying, DOMAIN_DEAD);
    assert_int_equal(d1->tot_pages, 1);
    d = domain_get(1); /* still to be found, to be shown as dying */
    assert_ptr_equal(d, d1);
    domain_put(d);
    assert_int_equal(domain_create(1, handle, 1, 8, 8, 0, &other), -EEXIST);
    assert_int_equal(domain_kill(d1), 0); /* again: nothing more to do */
    memset(&fake_calls, 0, sizeof(fake_calls));
    frame_put(f);
    assert_null(domain_get(1));
    assert_int_equal(fake_calls.virqs_global, 1);
    d1 = NULL;
}

static void a_lookup_keeps_the_record_until_it_is_put(void **state)
{
    struct domain *d = domain_get(1);

    assert_int_equal(domain_kill(d1), 0);
    assert_int_equal(d->dying, DOMAIN_DEAD);
    domain_put(d);
    assert_null(domain_get(1));
    d1 = NULL;
}

static void the_shared_page_lingers_while_it_is_mapped(void **state)
{
    struct frame *f = mfn_to_frame(d1->shared_mfn);

    assert_true(frame_get(f, d1));
    assert_int_equal(domain_kill(d1), 0);
    assert_int_equal(frame_owner(f), 1);
    frame_put(f);
    assert_int_equal(frame_owner(f), FRAME_OWNER_NONE);
    assert_null(domain_get(1));
    d1 = NULL;
}

static void kill_begun_no_frame_is_given(void **state)
{
    mfn_t mfn;

    close_slices = 1;
    assert_int_equal(domain_kill(d1), -ERESTART);
    assert_int_equal(domain_alloc_frames(d1, 0, 0, &mfn), -EINVAL);
    assert_true(d1->pause_count >= 2);
}

static void dom0_cannot_be_killed(void **state)
{
    assert_int_equal(domain_kill(dom0), -EINVAL);
    assert_int_equal(dom0->dying, DOMAIN_ALIVE);
}

static void fifty_lives_leave_no_trace(void **state)
{
    uint64_t free0 = heap_free_pages();
    struct domain *d[10];
    mfn_t mfn;

    for (unsigned int round = 0; round < 5; round++) {
        for (unsigned int i = 0; i < 10; i++) {
            d[i] = make(DOMID_SELF, 3);
            assert_int_equal(domain_alloc_frames(d[i], 4, 0, &mfn), 0);
        }
        for (unsigned int i = 0; i < 10; i++)
            assert_int_equal(domain_kill(d[(i * 7) % 10]), 0);
        assert_int_equal(heap_free_pages(), free0);
    }
}

/* --- vcpus ------------------------------------------------------------------------------------ */

static void vcpus_are_made_once_within_the_limit(void **state)
{
    struct domain *d;
    uint64_t free0;

    assert_int_equal(vcpu_create(d1, 0, 0), -EEXIST);
    assert_int_equal(vcpu_create(d1, 2, 0), -EINVAL);
    assert_int_equal(domain_create(4, handle, 2, 8, 8, 0, &d), 0);
    free0 = heap_free_pages();
    vcpu_rc = -ENOMEM;
    assert_int_equal(vcpu_create(d, 0, 0), -ENOMEM);
    assert_null(d->vcpu[0]);
    assert_int_equal(heap_free_pages(), free0);
    vcpu_rc = 0;
    assert_int_equal(domain_kill(d), 0);
}

static long vcpu_op(unsigned int cmd, uint64_t id)
{
    return hc_vcpu_op(d1, cmd, id, ARG_VA);
}

static void is_up_is_negative_for_a_vcpu_that_does_not_exist(void **state)
{
    assert_int_equal(vcpu_op(VCPUOP_is_up, 0), 0);
    clear_bit(VPF_DOWN, &d1->vcpu[0]->pause_flags);
    assert_int_equal(vcpu_op(VCPUOP_is_up, 0), 1);
    assert_int_equal(vcpu_op(VCPUOP_is_up, 2), -ENOENT);
    assert_int_equal(vcpu_op(VCPUOP_is_up, 32), -ENOENT);
    assert_int_equal(vcpu_op(VCPUOP_is_up, 8191), -ENOENT);
    assert_int_equal(vcpu_op(VCPUOP_is_up, ~0ull), -ENOENT);
}

static void a_vcpu_is_initialised_once_then_up(void **state)
{
    assert_int_equal(vcpu_op(VCPUOP_up, 1), -EINVAL);
    assert_int_equal(vcpu_op(VCPUOP_initialise, 1), 0);
    assert_int_equal(vcpu_op(VCPUOP_initialise, 1), -EEXIST);
    assert_int_equal(contexts, 1);
    assert_int_equal(vcpu_op(VCPUOP_is_up, 1), 0);
    assert_int_equal(vcpu_op(VCPUOP_up, 1), 0);
    assert_int_equal(vcpu_op(VCPUOP_is_up, 1), 1);
    assert_int_equal(fake_calls.wakes, 1);
    assert_int_equal(vcpu_op(VCPUOP_up, 1), 0);
    assert_int_equal(fake_calls.wakes, 1);
}

static void a_refused_context_leaves_the_vcpu_as_it_was(void **state)
{
    uint64_t free0 = heap_free_pages();

    context_rc = -EINVAL;
    assert_int_equal(vcpu_op(VCPUOP_initialise, 1), -EINVAL);
    context_rc = -ERESTART;
    assert_int_equal(vcpu_op(VCPUOP_initialise, 1), HC_CONTINUE);
    context_rc = 0;
    fake_guest_read_faults_at(ARG_VA + 100);
    assert_int_equal(vcpu_op(VCPUOP_initialise, 1), -EFAULT);
    assert_int_equal(vcpu_op(VCPUOP_up, 1), -EINVAL);
    assert_int_equal(heap_free_pages(), free0);
}

static void the_last_vcpu_down_ends_the_domain(void **state)
{
    clear_bit(VPF_DOWN, &d1->vcpu[0]->pause_flags);
    clear_bit(VPF_DOWN, &d1->vcpu[1]->pause_flags);
    assert_int_equal(vcpu_op(VCPUOP_down, 1), 0);
    assert_int_equal(vcpu_op(VCPUOP_is_up, 1), 0);
    assert_int_equal(fake_calls.sleeps, 1);
    assert_false(d1->is_shut_down);
    assert_int_equal(vcpu_op(VCPUOP_down, 0), 0);
    assert_true(d1->is_shut_down);
    assert_int_equal(d1->shutdown_code, SHUTDOWN_poweroff);
}

static void runstate_times_go_up_to_now(void **state)
{
    struct vcpu *v = d1->vcpu[0];
    struct vcpu_runstate_info *info = fake_guest(ARG_VA);

    fake_now = 10000;
    v->runstate = (struct hv_runstate){RUNSTATE_blocked, 4000, {100, 200, 300, 400}};
    assert_int_equal(vcpu_op(VCPUOP_get_runstate_info, 0), 0);
    assert_int_equal(info->state, RUNSTATE_blocked);
    assert_int_equal(info->state_entry_time, 4000);
    assert_int_equal(info->time[RUNSTATE_running], 100);
    assert_int_equal(info->time[RUNSTATE_blocked], 300 + 6000);
    fake_guest_write_faults_at(ARG_VA + 8);
    assert_int_equal(vcpu_op(VCPUOP_get_runstate_info, 0), -EFAULT);
}

static void a_runstate_area_is_written_at_once_for_oneself(void **state)
{
    struct vcpu_register_runstate_memory_area *a = fake_guest(ARG_VA);

    a->addr.v = FAKE_GUEST_VA + 0x800;
    fake_set_current(d1->vcpu[0]);
    assert_int_equal(vcpu_op(VCPUOP_register_runstate_memory_area, 0), 0);
    assert_int_equal(d1->vcpu[0]->runstate_va, FAKE_GUEST_VA + 0x800);
    assert_int_equal(fake_calls.runstate_updates, 1);
    assert_int_equal(vcpu_op(VCPUOP_register_runstate_memory_area, 1), 0);
    assert_int_equal(fake_calls.runstate_updates, 1);
    fake_guest_read_faults_at(ARG_VA);
    assert_int_equal(vcpu_op(VCPUOP_register_runstate_memory_area, 0), -EFAULT);
}

static unsigned int area_writes, area_flagged;
static void look_at_area(guest_va_t va, size_t n, bool write)
{
    struct vcpu_runstate_info *info = fake_guest(ARG_VA);

    if (area_writes++)
        area_flagged += info->state_entry_time >> 63;
}

/* Before each step of the write but the first the flag is there; behind the last it is gone. */
static void a_runstate_area_says_that_it_is_being_written_if_that_is_wanted(void **state)
{
    struct vcpu_runstate_info *info = fake_guest(ARG_VA);
    struct vcpu *v = d1->vcpu[0];

    v->runstate = (struct hv_runstate){RUNSTATE_blocked, 4000, {100, 200, 300, 400}};
    v->runstate_va = ARG_VA;
    area_writes = area_flagged = 0;
    fake_guest_access_hook = look_at_area;
    vcpu_runstate_write(v);
    assert_int_equal(area_writes, 1);
    d1->vm_assist = 1ull << VMASST_TYPE_runstate_update_flag;
    area_writes = 0;
    vcpu_runstate_write(v);
    fake_guest_access_hook = NULL;
    assert_int_equal(area_writes, 3);
    assert_int_equal(area_flagged, 2);
    assert_int_equal(info->state_entry_time, 4000);
    assert_int_equal(info->time[RUNSTATE_offline], 400);
}

static void a_single_shot_timer_is_for_oneself(void **state)
{
    struct vcpu_set_singleshot_timer *t = fake_guest(ARG_VA);
    struct vcpu *v = d1->vcpu[0];

    fake_set_current(v);
    fake_now = 5000;
    *t = (struct vcpu_set_singleshot_timer){.timeout_abs_ns = 4999, .flags = VCPU_SSHOTTMR_future};
    assert_int_equal(vcpu_op(VCPUOP_set_singleshot_timer, 1), -EINVAL);
    assert_int_equal(vcpu_op(VCPUOP_stop_singleshot_timer, 1), -EINVAL);
    assert_int_equal(vcpu_op(VCPUOP_set_singleshot_timer, 0), -ETIME);
    t->timeout_abs_ns = 5000;
    assert_int_equal(vcpu_op(VCPUOP_set_singleshot_timer, 0), 0);
    assert_int_equal(v->singleshot.expires_ns, 5000);
    t->timeout_abs_ns = ~0ull; /* a time for ever away */
    assert_int_equal(vcpu_op(VCPUOP_set_singleshot_timer, 0), 0);
    assert_true(v->singleshot.expires_ns > 5000);
    t->flags = 0;
    t->timeout_abs_ns = 1; /* passed: fires at once */
    assert_int_equal(vcpu_op(VCPUOP_set_singleshot_timer, 0), 0);
    assert_int_equal(v->singleshot.expires_ns, 1);
    assert_int_equal(vcpu_op(VCPUOP_stop_singleshot_timer, 0), 0);
    assert_int_equal(v->singleshot.expires_ns, 0);
    fake_guest_read_faults_at(ARG_VA);
    assert_int_equal(vcpu_op(VCPUOP_set_singleshot_timer, 0), -EFAULT);
}

static long register_info(unsigned int id, uint64_t mfn, uint32_t offset)
{
    struct vcpu_register_vcpu_info *r = fake_guest(ARG_VA);

    *r = (struct vcpu_register_vcpu_info){.mfn = mfn, .offset = offset};
    return vcpu_op(VCPUOP_register_vcpu_info, id);
}

static void vcpu_info_moves_with_all_it_holds(void **state)
{
    struct vcpu *v = d1->vcpu[0];
    struct vcpu_info *new;
    mfn_t mfn;

    assert_int_equal(domain_alloc_frames(d1, 0, 0, &mfn), 0);
    v->info->arch.cr2 = 0x1234;
    v->info->evtchn_upcall_mask = 1;
    assert_int_equal(register_info(0, mfn.n, 0x140), 0);
    new = (struct vcpu_info *)((char *)mfn_to_virt(mfn) + 0x140);
    assert_ptr_equal(v->info, new);
    assert_int_equal(new->arch.cr2, 0x1234);
    assert_int_equal(new->evtchn_upcall_mask, 1);
    assert_int_equal(new->evtchn_upcall_pending, 1); /* nothing set meanwhile is lost */
    assert_int_equal(new->evtchn_pending_sel, ~0ul);
    assert_int_equal(register_info(0, mfn.n, 0), -EINVAL);                    /* once */
    assert_int_equal(frame_get_type(mfn_to_frame(mfn), FRAME_T_L1), -EINVAL); /* held writable */
    assert_int_equal(domain_kill(d1), 0);
    assert_int_equal(frame_owner(mfn_to_frame(mfn)), FRAME_OWNER_NONE);
    d1 = NULL;
}

static void vcpu_info_needs_a_good_place(void **state)
{
    mfn_t mfn;

    assert_int_equal(domain_alloc_frames(d1, 0, 0, &mfn), 0);
    assert_int_equal(register_info(0, mfn.n, PAGE_SIZE - sizeof(struct vcpu_info) + 8), -ENXIO);
    assert_int_equal(register_info(0, mfn.n, 0xffffffff), -ENXIO);
    assert_int_equal(register_info(0, mfn.n, 4), -EINVAL);
    assert_int_equal(register_info(0, dom0->shared_mfn.n, 0), -EINVAL);
    assert_int_equal(register_info(0, max_mfn, 0), -EINVAL);
    assert_int_equal(register_info(0, ~0ull, 0), -EINVAL);
    clear_bit(VPF_DOWN, &d1->vcpu[1]->pause_flags);
    fake_set_current(d1->vcpu[0]);
    assert_int_equal(register_info(1, mfn.n, 0), -EINVAL); /* another one that runs */
    assert_int_equal(register_info(0, mfn.n, PAGE_SIZE - sizeof(struct vcpu_info)), 0);
    fake_guest_read_faults_at(ARG_VA);
    assert_int_equal(vcpu_op(VCPUOP_register_vcpu_info, 1), -EFAULT);
    vcpu_unmap_info(d1->vcpu[0]);
    assert_ptr_equal(d1->vcpu[0]->info, &d1->shared->vcpu_info[0]);
    assert_int_equal(frame_state(mfn_to_frame(mfn)) & FRAME_COUNT_MASK, 1);
}

static void a_time_area_is_the_architectures(void **state)
{
    struct vcpu_register_time_memory_area *a = fake_guest(ARG_VA);

    a->addr.v = FAKE_GUEST_VA + 64;
    assert_int_equal(vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0), 0);
    assert_int_equal(d1->vcpu[0]->arch.time_area, FAKE_GUEST_VA + 64);
    fake_guest_read_faults_at(ARG_VA);
    assert_int_equal(vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0), -EFAULT);
}

static void other_vcpu_operations_are_enosys(void **state)
{
    assert_int_equal(vcpu_op(14, 0), -ENOSYS);
    assert_int_equal(hc_vcpu_op(d1, ~0ull, 0, ARG_VA), -ENOSYS);
}

static void an_nmi_goes_to_the_vcpu_that_is_named(void **state)
{
    assert_int_equal(vcpu_op(VCPUOP_send_nmi, 1), 0);
    assert_ptr_equal(nmi_vcpu, d1->vcpu[1]);
    nmi_vcpu = NULL;
    assert_int_equal(vcpu_op(VCPUOP_send_nmi, 2), -ENOENT);
    assert_null(nmi_vcpu);
}

static void a_physical_id_is_for_pinned_vcpus_of_dom0(void **state)
{
    assert_int_equal(vcpu_op(VCPUOP_get_physid, 0), -EINVAL);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_new_domain_is_paused_and_clean),
        T(a_wanted_id_that_is_taken_is_eexist),
        T(ids_are_given_in_turn),
        T(the_highest_id_can_be_had_and_the_turn_goes_on_behind_it),
        T(a_number_of_vcpus_that_cannot_be_is_einval),
        T(a_failed_birth_leaves_nothing),
        T(birth_without_memory_is_enomem),
        T(a_guest_controls_only_itself),
        T(domains_are_walked_in_order),
        T(pauses_nest),
        T(shutdown_keeps_the_first_code_and_tells_dom0),
        T(a_crash_is_a_shutdown_with_a_line_in_the_log),
        T(a_domain_may_be_resumed_while_it_is_still_shutting_down),
        T(dom0s_shutdown_is_the_machines),
        T(kill_works_in_slices_to_the_end),
        T(the_sweep_pauses_and_goes_on),
        T(a_mapped_frame_keeps_the_dead_domain_and_its_id),
        T(a_lookup_keeps_the_record_until_it_is_put),
        T(the_shared_page_lingers_while_it_is_mapped),
        T(kill_begun_no_frame_is_given),
        T(dom0_cannot_be_killed),
        T(fifty_lives_leave_no_trace),
        T(vcpus_are_made_once_within_the_limit),
        T(is_up_is_negative_for_a_vcpu_that_does_not_exist),
        T(a_vcpu_is_initialised_once_then_up),
        T(a_refused_context_leaves_the_vcpu_as_it_was),
        T(the_last_vcpu_down_ends_the_domain),
        T(runstate_times_go_up_to_now),
        T(a_runstate_area_is_written_at_once_for_oneself),
        T(a_runstate_area_says_that_it_is_being_written_if_that_is_wanted),
        T(a_single_shot_timer_is_for_oneself),
        T(vcpu_info_moves_with_all_it_holds),
        T(vcpu_info_needs_a_good_place),
        T(a_time_area_is_the_architectures),
        T(other_vcpu_operations_are_enosys),
        T(an_nmi_goes_to_the_vcpu_that_is_named),
        T(a_physical_id_is_for_pinned_vcpus_of_dom0),
    };

    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}

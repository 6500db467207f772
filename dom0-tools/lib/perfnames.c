/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/lib/perfnames.h"

#include <stddef.h>
#include <string.h>

#include "pv-abi/hypercall.h"
#include "pv-abi/pavo.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define HC(name) [__HYPERVISOR_##name] = #name

static const char *const hypercalls[64] = {
    HC(set_trap_table),    HC(mmu_update),        HC(set_gdt),     HC(stack_switch),
    HC(set_callbacks),     HC(fpu_taskswitch),    HC(platform_op), HC(set_debugreg),
    HC(get_debugreg),      HC(update_descriptor), HC(memory_op),   HC(multicall),
    HC(update_va_mapping), HC(set_timer_op),      HC(xen_version), HC(console_io),
    HC(grant_table_op),    HC(vm_assist),         HC(iret),        HC(vcpu_op),
    HC(set_segment_base),  HC(mmuext_op),         HC(sched_op),    HC(callback_op),
    HC(event_channel_op),  HC(physdev_op),        HC(sysctl),      HC(domctl),
};

static const char *const traps[40] = {
    [0] = "divide error",
    [1] = "debug",
    [3] = "breakpoint",
    [4] = "overflow",
    [5] = "bounds",
    [6] = "invalid opcode",
    [7] = "no FPU",
    [10] = "invalid TSS",
    [11] = "segment not present",
    [12] = "stack fault",
    [13] = "general protection",
    [14] = "page fault",
    [16] = "FPU error",
    [17] = "alignment check",
    [19] = "SIMD error",
    [32] = "int 0x80",
};

/* In the order of the hypervisor's decoder. */
static const char *const emulated[40] = {
    "cli",
    "sti",
    "invd",
    "wbinvd",
    "clts",
    "cpuid",
    "rdmsr",
    "wrmsr",
    "rdtsc",
    "xsetbv",
    "mov from cr",
    "mov from dr",
    "mov to cr",
    "mov to dr",
    "in",
    "out",
    "ins",
    "outs",
    [PAVO_EMUL_FORCED_CPUID] = "cpuid (prefixed)",
    [PAVO_EMUL_PT_STORE] = "store to page table",
    "xchg to page table",
    "cmpxchg to page table",
    "xadd to page table",
    "add to page table",
    "sub to page table",
    "and to page table",
    "or to page table",
    "xor to page table",
    "bts to page table",
    "btr to page table",
    "btc to page table",
    "inc to page table",
    "dec to page table",
    "not to page table",
};

static const struct {
    const char *name, *word; /* word: as --events names it, with others */
} events[PAVO_EVENTS] = {
    [PAVO_EV_LOST] = {"lost", NULL},
    [PAVO_EV_HYPERCALL] = {"hypercall", "hypercall"},
    [PAVO_EV_HYPERCALL_END] = {"hypercall-end", "hypercall"},
    [PAVO_EV_TRAP] = {"trap", "trap"},
    [PAVO_EV_SYSCALL] = {"syscall", "syscall"},
    [PAVO_EV_EMULATE] = {"emulate", "emulate"},
    [PAVO_EV_PT_WRITE] = {"pt-write", "pt-write"},
    [PAVO_EV_MODE_SWITCH] = {"mode-switch", "mode"},
    [PAVO_EV_BASEPTR] = {"baseptr", "mode"},
    [PAVO_EV_SEND] = {"send", "event"},
    [PAVO_EV_EVENT] = {"event", "event"},
    [PAVO_EV_UPCALL] = {"upcall", "event"},
    [PAVO_EV_WAKE] = {"wake", "sched"},
    [PAVO_EV_SWITCH_IN] = {"switch-in", "sched"},
    [PAVO_EV_SWITCH_OUT] = {"switch-out", "sched"},
    [PAVO_EV_TLB_LOCAL] = {"tlb-local", "tlb"},
    [PAVO_EV_TLB_PAGE] = {"tlb-page", "tlb"},
    [PAVO_EV_TLB_REMOTE] = {"tlb-remote", "tlb"},
    [PAVO_EV_GRANT_MAP] = {"grant-map", "grant"},
    [PAVO_EV_GRANT_UNMAP] = {"grant-unmap", "grant"},
    [PAVO_EV_GRANT_COPY] = {"grant-copy", "grant"},
    [PAVO_EV_INTERRUPT] = {"interrupt", "interrupt"},
};

static const char *name_of(const char *const *names, size_t count, uint32_t i)
{
    return i < count && names[i] ? names[i] : "other";
}

const char *perf_hypercall_name(uint32_t nr)
{
    return name_of(hypercalls, COUNT(hypercalls), nr);
}

const char *perf_trap_name(uint32_t vector)
{
    return name_of(traps, COUNT(traps), vector == 0x80 ? 32 : vector);
}

const char *perf_emulated_name(uint32_t what)
{
    return name_of(emulated, COUNT(emulated), what);
}

const char *perf_event_name(uint32_t event)
{
    return event < PAVO_EVENTS ? events[event].name : "unknown";
}

static bool is_word(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && !strncmp(text, word, len);
}

static uint32_t word_mask(const char *text, size_t len)
{
    uint32_t mask = 0, i;

    for (i = 0; i < PAVO_EVENTS; i++)
        if (events[i].word && (is_word(text, len, "all") || is_word(text, len, events[i].word)))
            mask |= 1u << i;
    return mask;
}

bool perf_events_parse(const char *list, uint32_t *mask, const char **bad)
{
    *mask = 0;
    for (;;) {
        size_t len = strcspn(list, ",");
        uint32_t more = word_mask(list, len);

        if (!more) {
            *bad = list;
            return false;
        }
        *mask |= more;
        if (!list[len])
            return true;
        list += len + 1;
    }
}

const char *perf_events_words(void)
{
    return "hypercall,trap,syscall,emulate,pt-write,mode,event,sched,tlb,grant,interrupt,all";
}

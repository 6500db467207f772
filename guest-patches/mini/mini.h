/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mini: a PV kernel that is nothing but start-up code, a console, direct hypercalls and the test
 * modules of tests/guest/. It runs as dom0 (console_io) and as a guest (console ring).
 */
#ifndef MINI_H
#define MINI_H

#include <stdarg.h>
#include "pv-abi/callback.h"
#include "pv-abi/console_io.h"
#include "pv-abi/errno.h"
#include "pv-abi/event_channel.h"
#include "pv-abi/grant_table.h"
#include "pv-abi/hypercall.h"
#include "pv-abi/memory.h"
#include "pv-abi/mmu.h"
#include "pv-abi/physdev.h"
#include "pv-abi/sched.h"
#include "pv-abi/shared_info.h"
#include "pv-abi/start_info.h"
#include "pv-abi/vcpu.h"
#include "pv-abi/version.h"
#include "pv-abi/vm_assist.h"

#define PAGE_SIZE 4096UL
#define VIRT_BASE 0xffffffff80000000UL

#define barrier() __asm__ volatile("" ::: "memory")

/* ---- hypercalls: number in RAX, arguments in RDI RSI RDX R10 R8, result in RAX */

static inline long hypercall5(unsigned int number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                              uint64_t e)
{
    register uint64_t r10 __asm__("r10") = d;
    register uint64_t r8 __asm__("r8") = e;
    long result = number;

    __asm__ volatile("syscall"
                     : "+a"(result), "+D"(a), "+S"(b), "+d"(c), "+r"(r10), "+r"(r8)
                     :
                     : "rcx", "r11", "r9", "memory");
    return result;
}

#define PTR(p)                 ((uint64_t)(unsigned long)(p))
#define hypercall0(n)          hypercall5(n, 0, 0, 0, 0, 0)
#define hypercall1(n, a)       hypercall5(n, (uint64_t)(a), 0, 0, 0, 0)
#define hypercall2(n, a, b)    hypercall5(n, (uint64_t)(a), (uint64_t)(b), 0, 0, 0)
#define hypercall3(n, a, b, c) hypercall5(n, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), 0, 0)
#define hypercall4(n, a, b, c, d) \
    hypercall5(n, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), 0)

#define evtchn_op(cmd, arg)       hypercall2(__HYPERVISOR_event_channel_op, cmd, PTR(arg))
#define sched_op(cmd, arg)        hypercall2(__HYPERVISOR_sched_op, cmd, PTR(arg))
#define vcpu_op(cmd, vcpu, arg)   hypercall3(__HYPERVISOR_vcpu_op, cmd, vcpu, PTR(arg))
#define memory_op(cmd, arg)       hypercall2(__HYPERVISOR_memory_op, cmd, PTR(arg))
#define grant_op(cmd, arg, count) hypercall3(__HYPERVISOR_grant_table_op, cmd, PTR(arg), count)
#define xen_version(cmd, arg)     hypercall2(__HYPERVISOR_xen_version, cmd, PTR(arg))
#define callback_op(cmd, arg)     hypercall2(__HYPERVISOR_callback_op, cmd, PTR(arg))
#define mmu_update(reqs, n, done, dom) \
    hypercall4(__HYPERVISOR_mmu_update, PTR(reqs), n, PTR(done), dom)
#define mmuext_op(ops, n, done, dom) hypercall4(__HYPERVISOR_mmuext_op, PTR(ops), n, PTR(done), dom)
#define update_va_mapping(va, pte, flags) \
    hypercall3(__HYPERVISOR_update_va_mapping, PTR(va), pte, flags)

/* ---- console.c, lib.c */

void console_init(void);
void console_write(const char *text, unsigned long bytes);
void console_flush(void);
int kprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *memset(void *to, int value, size_t bytes);
void *memcpy(void *to, const void *from, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t bytes);

/* ---- main.c */

extern const struct start_info *start_info;
extern struct shared_info *shared_info; /* mapped by mm_init */
static inline int is_dom0(void)
{
    return !!(start_info->flags & SIF_INITDOMAIN);
}
/* Where Pavo refuses more than Xen: some expectations hold on Pavo only. */
int is_pavo(void);
/*
 * What a guest is told that names a domain which is none of its business, or asks for hardware:
 * Xen looks at the argument first (@error), Pavo at who asks.
 */
static inline long unprivileged(long error)
{
    return is_pavo() && !is_dom0() ? -XEN_EPERM : error;
}
/* Power off, crash, ...: SHUTDOWN_*. Does not return. */
void domain_shutdown(unsigned int reason) __attribute__((noreturn));
/* The value of key=... on the command line, copied to @to; "" if it is not there. */
void cmdline_get(const char *key, char *to, size_t bytes);
/* The number that the command line has for @key; 0 without one. */
uint64_t cmdline_number(const char *key);
uint64_t system_time_ns(void);

/* ---- mm.c: frames and page tables */

#define PTE_P        0x001UL
#define PTE_W        0x002UL
#define PTE_U        0x004UL
#define PTE_A        0x020UL
#define PTE_D        0x040UL
#define PTE_PS       0x080UL
#define PTE_G        0x100UL
#define PTE_NX       0x8000000000000000UL
#define PTE_KERNEL   (PTE_P | PTE_W | PTE_A | PTE_D)
#define PTE_TABLE    (PTE_P | PTE_W | PTE_U | PTE_A | PTE_D)
#define PTE_MFN(pte) (((pte)&0x000ffffffffff000UL) >> 12)

void mm_init(void);
uint64_t pfn_to_mfn(uint64_t pfn);
void p2m_set(uint64_t pfn, uint64_t mfn);
uint64_t mfn_to_pfn(uint64_t mfn);
uint64_t va_to_mfn(const void *va); /* of an address in the initial mapping */
void *mfn_to_va(uint64_t mfn);
static inline uint64_t va_to_maddr(const void *va)
{
    return va_to_mfn(va) << 12 | (PTR(va) & 4095);
}
/* Pages of the image, zeroed, mapped read-write. NULL: none left. */
void *page_alloc(void);
void page_free(void *page);
unsigned long pages_free(void);
/* The entry that maps @va at @level (1 to 4) in the current tables; NULL if a table is missing. */
uint64_t *pte_of(const void *va, int level);
/* Change how a page of the initial mapping is mapped. Both return update_va_mapping's result. */
long page_readonly(void *page);
long page_writable(void *page);
/* A frame that is not mapped anywhere: pseudo-physical number from the end of memory, descending. */
uint64_t pfn_take(void);
/*
 * A region of address space of its own, 2 MiB from SCRATCH on: its L1 table is *l1, whose entries
 * tests change. Built on first use from pages of the image.
 */
#define SCRATCH 0xffffff0000000000UL
uint64_t *scratch_l1(void);
static inline void *scratch_va(unsigned int index)
{
    return (void *)(SCRATCH + index * PAGE_SIZE);
}
long pin(unsigned int level, uint64_t mfn); /* level 1 to 4 */
long unpin(uint64_t mfn);
/* One mmu_update of kind @kind on the machine address @ptr. */
long mmu_set(uint64_t ptr, uint64_t val, unsigned int kind);

/* ---- traps.c */

struct frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t number, error, rip, cs, rflags, rsp, ss;
};

#define ENTRY_EVENT    0x100
#define ENTRY_SYSCALL  0x101
#define ENTRY_FAILSAFE 0x102
#define ENTRY_NMI      0x103

void traps_init(void);
/* The last entry that a TRY or a hook saw. number is -1 if there was none. */
struct seen {
    int64_t number;
    uint64_t error, cr2, rip, cs, rflags, ss;
    unsigned int mask;  /* evtchn_upcall_mask on entry */
    unsigned int count; /* entries since it was cleared */
};
extern volatile struct seen seen;
static inline void seen_clear(void)
{
    seen.number = -1;
    seen.count = 0;
}
/* Called for each entry, before anything else; non-zero: the entry is dealt with. */
extern int (*trap_hook)(struct frame *frame);

/*
 * Run @code; a trap between its ends resumes behind it. Evaluates to the trap's number, or -1.
 * In, out and clobbers follow in the order of asm.
 */
#define TRY(code, ...)                                                                   \
    ({                                                                                   \
        seen_clear();                                                                    \
        __asm__ volatile(                                                                \
            "771: " code "\n772:\n"                                                      \
            ".pushsection fixups, \"aw\"\n.quad 771b, 772b\n.popsection\n" __VA_ARGS__); \
        seen.number;                                                                     \
    })

int64_t try_read(const volatile void *va, uint64_t *value);
int64_t try_write(volatile void *va, uint64_t value);

/* ---- events.c */

extern volatile uint64_t event_counts[4096];
void events_enable(void);
void events_disable(void);
int events_enabled(void);
void event_deliver(void);
static inline void event_unmask_bit(uint32_t port)
{
    __atomic_and_fetch(&shared_info->evtchn_mask[port / 64], ~(1UL << port % 64), __ATOMIC_SEQ_CST);
}
static inline void event_mask_bit(uint32_t port)
{
    __atomic_or_fetch(&shared_info->evtchn_mask[port / 64], 1UL << port % 64, __ATOMIC_SEQ_CST);
}
static inline int event_pending_bit(uint32_t port)
{
    return shared_info->evtchn_pending[port / 64] >> port % 64 & 1;
}
static inline void event_clear_bit(uint32_t port)
{
    __atomic_and_fetch(&shared_info->evtchn_pending[port / 64], ~(1UL << port % 64),
                       __ATOMIC_SEQ_CST);
}

/* ---- smp.c */

/* Make vCPU @cpu (1 to 7) run @fn(@arg) on a stack of its own; then it goes down. 0 or -errno. */
long cpu_run(unsigned int cpu, void (*fn)(void *), void *arg);
long cpu_wait(unsigned int cpu, uint64_t timeout_ns); /* until it is down; -XEN_ETIMEDOUT */
void cpu_context(struct vcpu_guest_context *context, unsigned int cpu);

/* ---- user.c */

/*
 * Enter user mode at @code, copied to a page of its own; ends with its first system call or trap,
 * which seen and the result report (RAX of user mode for a system call).
 */
uint64_t user_run(const void *code, size_t bytes, uint64_t rdi);
extern struct frame user_frame; /* as user mode left it */
extern uint64_t user_calls;     /* so many system calls return to user mode first */
#define USER_CODE  0x400000UL
#define USER_STACK 0x600000UL
long user_init(void);
long user_kernel_stack(void *top); /* where entries from user mode go; NULL: as at first */

/* ---- tests */

void storm(const char *kind) __attribute__((noreturn)); /* storm.c: the word storm=KIND */
void bench(uint64_t reps);                              /* bench.c: the word bench=REPS */

struct test {
    const char *name; /* module/case */
    void (*run)(void);
};

extern const struct test tests[], tests_end[];

#ifndef MODULE
#define MODULE "mini"
#endif
/* A case; its name is MODULE/NAME. Cases run in the order of their names. */
#define TEST(name)                                                                                \
    static void name(void);                                                                       \
    static const struct test test_##name __attribute__((used, section("tests." MODULE "/" #name), \
                                                        aligned(8))) = {MODULE "/" #name, name};  \
    static void name(void)

void check_equal(const char *file, int line, const char *text, long got, long want);
#define CHECK(cond)         check_equal(__FILE__, __LINE__, #cond, !!(cond), 1)
#define CHECK_EQ(got, want) check_equal(__FILE__, __LINE__, #got, (long)(got), (long)(want))

#endif

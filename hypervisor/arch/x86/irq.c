/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Machine interrupts: IO-APICs, MSIs, and the pirqs under which a driver domain knows them.
 *
 * Numbers:   an irq is our index: GSIs first (irq = GSI), then slots for MSIs. A vector is one irq on
 *            every CPU, so moving an irq only rewrites its destination. A pirq is a domain's number for
 *            an irq: the GSIs keep theirs, MSIs follow.
 * States:    free -> mapped (a domain has a pirq for it; masked) -> bound (an event channel gets it).
 *            Or `own`: the hypervisor's (serial line), never a guest's.
 * Level:     delivery masks the line at the IO-APIC and acknowledges the local APIC; the guest's EOI
 *            unmasks. A guest that never says EOI loses only its own device.
 * Invariant: the IO-APIC entry or MSI message of an irq that is not bound is masked, where it can be.
 * Locking:   map_lock guards pirq maps, the pools and the life of an irq; taken after d->evtchn_lock,
 *            before desc->lock. desc->lock (irq-safe) guards delivery state; ioapic_lock is inside it.
 *            Not taken in interrupts: map_lock. pirq_send is called under desc->lock, so that an irq
 *            that is unbound can no longer reach its domain.
 * Source:    Intel 82093AA (IO-APIC), PCI Local Bus 3.0 6.8 (MSI), ACPI 6.3 5.2.12 (GSIs).
 */
#include <asm/irq.h>
#include <asm/machine.h>
#include <asm/msr.h>
#include <hv/alloc.h>
#include <hv/arch.h>
#include <hv/errno.h>
#include <hv/evtchn.h>
#include <hv/perf.h>
#include <hv/idpool.h>
#include <hv/spinlock.h>

#define MAX_GSIS     240u
#define NR_MSIS      192u
#define MAX_IRQS     (MAX_GSIS + NR_MSIS)
#define NR_VECTORS   256u
#define INT80_VECTOR 0x80u /* guests' own gate */

enum irq_kind { IRQ_FREE, IRQ_GSI, IRQ_MSI, IRQ_MSIX };

struct irq_desc {
    spinlock_t lock;
    uint8_t kind;
    uint8_t vector; /* 0: none yet */
    uint8_t cpu;    /* that it goes to */
    bool level, low;
    bool configured; /* trigger mode and polarity were set by dom0 or the firmware */
    bool bound, waits_eoi;
    struct domain *d; /* that has it mapped */
    unsigned int pirq;
    void (*own)(void);
    struct {
        pci_bdf_t bdf;
        uint16_t cap;   /* register of the capability */
        uint16_t entry; /* MSI-X: in the table; MSI: index within the block */
        uint16_t block; /* MSI: number of messages */
        bool wide, maskable;
        volatile uint32_t *slot; /* MSI-X: the entry, mapped */
        maddr_t table;
    } msi;
};

struct pirq_map {
    struct idpool msis;            /* pirqs above the GSIs */
    uint16_t irq_plus_1[MAX_IRQS]; /* 0: not mapped */
};

static struct irq_desc irqs[MAX_IRQS];
static uint16_t vector_irq_plus_1[NR_VECTORS];
static struct idpool vectors, msi_slots;
static unsigned int nr_gsis;
static spinlock_t map_lock = SPINLOCK_INIT;

/* ---- device memory */

static struct {
    uint64_t start, end;
} mmio_denied[32];
static unsigned int nr_mmio_denied;

/* IO-APIC, local APIC. */
static void mmio_deny(mfn_t start, uint64_t nr)
{
    BUG_ON(nr_mmio_denied == ARRAY_SIZE(mmio_denied));
    mmio_denied[nr_mmio_denied].start = start.n;
    mmio_denied[nr_mmio_denied++].end = start.n + nr;
}

bool mmio_allowed(const struct domain *d, mfn_t mfn)
{
    if (!d->arch.io_allowed || mfn.n >> (cpu_features.phys_bits - PAGE_SHIFT))
        return false;
    if (mfn_valid(mfn) && frame_owner(mfn_to_frame(mfn)) != FRAME_OWNER_IO)
        return false;
    for (unsigned int i = 0; i < nr_mmio_denied; i++)
        if (mfn.n >= mmio_denied[i].start && mfn.n < mmio_denied[i].end)
            return false;
    return true;
}

/* ---- IO-APICs */

enum { IOAPIC_REGSEL = 0, IOAPIC_WINDOW = 0x10 / 4, IOAPIC_VERSION = 1, IOAPIC_ENTRIES = 0x10 };
enum { RTE_LOW = 1 << 13, RTE_LEVEL = 1 << 15, RTE_MASKED = 1 << 16 };

static struct ioapic {
    volatile uint32_t *regs;
    maddr_t addr;
    unsigned int gsi_base, nr;
} ioapics[8];
static unsigned int nr_ioapics;
static spinlock_t ioapic_lock = SPINLOCK_INIT;

static uint32_t ioapic_read(const struct ioapic *io, unsigned int reg)
{
    SCOPED_LOCK_IRQ(&ioapic_lock);

    io->regs[IOAPIC_REGSEL] = reg;
    return io->regs[IOAPIC_WINDOW];
}

static void ioapic_write(const struct ioapic *io, unsigned int reg, uint32_t v)
{
    SCOPED_LOCK_IRQ(&ioapic_lock);

    io->regs[IOAPIC_REGSEL] = reg;
    io->regs[IOAPIC_WINDOW] = v;
}

static const struct ioapic *ioapic_of(unsigned int gsi)
{
    for (unsigned int i = 0; i < nr_ioapics; i++)
        if (gsi >= ioapics[i].gsi_base && gsi - ioapics[i].gsi_base < ioapics[i].nr)
            return &ioapics[i];
    return NULL;
}

int ioapic_read_at(maddr_t base, unsigned int reg, uint32_t *value)
{
    for (unsigned int i = 0; i < nr_ioapics; i++) {
        if (ioapics[i].addr != base)
            continue;
        if (reg >= IOAPIC_ENTRIES + 2 * ioapics[i].nr)
            return -EINVAL;
        *value = ioapic_read(&ioapics[i], reg);
        return 0;
    }
    return -EINVAL;
}

/* Write the low half of @gsi's entry: its vector and modes, masked or not. */
static void gsi_set_mask(unsigned int gsi, bool masked)
{
    const struct irq_desc *desc = &irqs[gsi];
    const struct ioapic *io = ioapic_of(gsi);
    uint32_t low = desc->vector | (desc->low ? RTE_LOW : 0) | (desc->level ? RTE_LEVEL : 0) |
                   (masked ? RTE_MASKED : 0);

    if (io)
        ioapic_write(io, IOAPIC_ENTRIES + 2 * (gsi - io->gsi_base), low);
}

static void gsi_set_destination(unsigned int gsi, unsigned int cpu)
{
    const struct ioapic *io = ioapic_of(gsi);

    if (io)
        ioapic_write(io, IOAPIC_ENTRIES + 2 * (gsi - io->gsi_base) + 1, apic_id_of(cpu) << 24);
}

/* ---- MSI */

enum {
    MSI_CTRL = 2,
    MSI_ADDR = 4,
    MSI_CTRL_MME = 7 << 4,
    MSI_CTRL_WIDE = 1 << 7,
    MSI_CTRL_MASKABLE = 1 << 8
};
enum { MSIX_CTRL = 2, MSIX_TABLE = 4, MSIX_SLOT_SIZE = 16 };
#define MSI_ADDRESS 0xfee00000u

/* Where plain MSI keeps its data and mask depends on the width of its address. */
static unsigned int msi_data_reg(const struct irq_desc *desc)
{
    return desc->msi.cap + (desc->msi.wide ? 12u : 8u);
}

static void msi_set_mask(struct irq_desc *desc, bool masked)
{
    if (desc->kind == IRQ_MSIX) {
        desc->msi.slot[3] = masked ? 1 : 0;
        (void)desc->msi.slot[3]; /* posted write: it has arrived when this returns */
    } else if (desc->msi.maskable) {
        unsigned int reg = msi_data_reg(desc) + 4;
        uint32_t bits = pci_conf_read(desc->msi.bdf, reg, 4);

        pci_conf_write(desc->msi.bdf, reg, 4,
                       masked ? bits | 1u << desc->msi.entry : bits & ~(1u << desc->msi.entry));
    }
}

/* Write address and data. A block of MSIs has one message: the device fills in the low data bits. */
static void msi_write_message(struct irq_desc *desc)
{
    uint32_t address = MSI_ADDRESS | (apic_id_of(desc->cpu) & 0xff) << 12;
    pci_bdf_t bdf = desc->msi.bdf;
    unsigned int cap = desc->msi.cap, order = 0;
    uint32_t ctrl;

    if (desc->kind == IRQ_MSIX) {
        desc->msi.slot[3] = 1;
        desc->msi.slot[0] = address;
        desc->msi.slot[1] = 0;
        desc->msi.slot[2] = desc->vector;
        return;
    }
    if (desc->msi.entry)
        return;
    while (1u << order < desc->msi.block)
        order++;
    ctrl = pci_conf_read(bdf, cap + MSI_CTRL, 2);
    pci_conf_write(bdf, cap + MSI_CTRL, 2, (ctrl & ~(uint32_t)MSI_CTRL_MME) | order << 4);
    pci_conf_write(bdf, cap + MSI_ADDR, 4, address);
    if (desc->msi.wide)
        pci_conf_write(bdf, cap + MSI_ADDR + 4, 4, 0);
    pci_conf_write(bdf, msi_data_reg(desc), 2, desc->vector);
}

/* Pages of MSI-X tables stay mapped: devices are few, and drivers come and go. */
static struct {
    maddr_t page;
    uint8_t *va;
} msix_pages[256];

static volatile uint32_t *msix_slot(maddr_t addr)
{
    maddr_t page = addr & PAGE_MASK;

    for (unsigned int i = 0; i < ARRAY_SIZE(msix_pages); i++) {
        if (!msix_pages[i].va) {
            msix_pages[i].va = arch_ioremap(page, PAGE_SIZE);
            msix_pages[i].page = page;
        }
        if (!msix_pages[i].va)
            return NULL;
        if (msix_pages[i].page == page)
            return (volatile uint32_t *)(msix_pages[i].va + (addr & (PAGE_SIZE - 1)));
    }
    return NULL;
}

/* ---- both kinds */

static void irq_set_mask(unsigned int irq, bool masked)
{
    if (irqs[irq].kind == IRQ_GSI)
        gsi_set_mask(irq, masked);
    else
        msi_set_mask(&irqs[irq], masked);
}

static void vectors_assign(unsigned int irq, unsigned int n, unsigned int vector)
{
    for (unsigned int i = 0; i < n; i++) {
        irqs[irq + i].vector = (uint8_t)(vector + i);
        __atomic_store_n(&vector_irq_plus_1[vector + i], (uint16_t)(irq + i + 1), __ATOMIC_RELEASE);
    }
}

static int gsi_get_vector(unsigned int gsi)
{
    int vector;

    if (irqs[gsi].vector)
        return irqs[gsi].vector;
    vector = idpool_alloc(&vectors, 1);
    if (vector >= 0)
        vectors_assign(gsi, 1, (unsigned int)vector);
    return vector;
}

static void irq_unexpected(uint8_t vector)
{
    if (printk_ratelimit())
        printk(LOG_WARN "irq: unexpected vector 0x%x on CPU %u\n", vector, this_cpu());
}

void do_irq(struct cpu_regs *regs, uint8_t vector)
{
    unsigned int irq;
    struct irq_desc *desc;
    void (*own)(void);

    perf_event(current, PAVO_EV_INTERRUPT, vector);
    if (vector > VEC_DYN_LAST) {
        apic_vector(regs, vector);
        return;
    }
    if (vector < VEC_DYN_FIRST) { /* the legacy PICs' spurious interrupts: not from a local APIC */
        irq_unexpected(vector);
        return;
    }
    irq = __atomic_load_n(&vector_irq_plus_1[vector], __ATOMIC_ACQUIRE);
    if (irq == 0) {
        apic_eoi();
        irq_unexpected(vector);
        return;
    }
    irq--;
    desc = &irqs[irq];
    spin_lock(&desc->lock);
    own = desc->own;
    if (desc->kind == IRQ_GSI && desc->level && !own) {
        gsi_set_mask(irq, true);
        desc->waits_eoi = true;
    }
    apic_eoi();
    if (desc->bound)
        pirq_send(desc->d, desc->pirq);
    spin_unlock(&desc->lock);
    if (own)
        own();
}

static void pics_off(void)
{
    /* Base vectors 0x20 and 0x28, so that a spurious interrupt is no exception; then all masked. */
    static const uint8_t init[2][4] = {{0x11, 0x20, 4, 1}, {0x11, 0x28, 2, 1}};

    for (unsigned int i = 0; i < 2; i++) {
        uint16_t port = i ? 0xa0 : 0x20;

        outb(port, init[i][0]);
        outb(port + 1, init[i][1]);
        outb(port + 1, init[i][2]);
        outb(port + 1, init[i][3]);
        outb(port + 1, 0xff);
    }
}

static void ioapic_init(const struct ioapic_info *info)
{
    struct ioapic *io = &ioapics[nr_ioapics];

    io->regs = arch_ioremap(info->addr, PAGE_SIZE);
    if (!io->regs) {
        printk(LOG_ERR "irq: no room to map the IO-APIC at 0x%lx\n", (unsigned long)info->addr);
        return;
    }
    io->addr = info->addr;
    io->gsi_base = info->gsi_base;
    io->nr = (ioapic_read(io, IOAPIC_VERSION) >> 16 & 0xff) + 1;
    if (io->gsi_base >= MAX_GSIS)
        return;
    io->nr = min(io->nr, MAX_GSIS - io->gsi_base);
    nr_ioapics++;
    for (unsigned int i = 0; i < io->nr; i++)
        ioapic_write(io, IOAPIC_ENTRIES + 2 * i, RTE_MASKED);
    nr_gsis = max(nr_gsis, io->gsi_base + io->nr);
    mmio_deny(maddr_to_mfn(info->addr), 1);
    printk(LOG_DEBUG "irq: IO-APIC at 0x%lx, GSIs %u to %u\n", (unsigned long)io->addr,
           io->gsi_base, io->gsi_base + io->nr - 1);
}

/* The first 16 GSIs are ISA interrupts, edge and high unless the MADT says otherwise; above are PCI's,
 * level and low. */
static void gsi_defaults(void)
{
    for (unsigned int gsi = 0; gsi < nr_gsis; gsi++) {
        irqs[gsi].kind = IRQ_GSI;
        irqs[gsi].level = irqs[gsi].low = gsi >= 16;
    }
    for (unsigned int i = 0; i < acpi.nr_overrides; i++) {
        const struct irq_override *o = &acpi.override[i];

        if (o->gsi >= nr_gsis)
            continue;
        if (o->flags & 3)
            irqs[o->gsi].low = (o->flags & 3) == 3;
        if (o->flags >> 2 & 3)
            irqs[o->gsi].level = (o->flags >> 2 & 3) == 3;
    }
}

void irq_init(void)
{
    pics_off();
    for (unsigned int i = 0; i < acpi.nr_ioapics && nr_ioapics < ARRAY_SIZE(ioapics); i++)
        ioapic_init(&acpi.ioapic[i]);
    gsi_defaults();
    mmio_deny(maddr_to_mfn(acpi.lapic_addr), 1);
    idpool_init(&vectors, VEC_DYN_FIRST, VEC_DYN_LAST);
    BUG_ON(idpool_take(&vectors, INT80_VECTOR));
    idpool_init(&msi_slots, nr_gsis, nr_gsis + NR_MSIS - 1);
}

int irq_request_own(unsigned int gsi, void (*fn)(void))
{
    struct irq_desc *desc = &irqs[gsi];
    int rc;

    if (gsi >= nr_gsis)
        return -EINVAL;
    SCOPED_LOCK(&map_lock);
    rc = desc->d || desc->own ? -EBUSY : gsi_get_vector(gsi);
    if (rc < 0)
        return rc;
    SCOPED_LOCK_IRQ(&desc->lock);
    desc->own = fn;
    desc->cpu = 0;
    gsi_set_destination(gsi, 0);
    gsi_set_mask(gsi, false);
    return 0;
}

int irq_setup_gsi(unsigned int gsi, bool level, bool low)
{
    struct irq_desc *desc = &irqs[gsi];

    if (gsi >= nr_gsis || !ioapic_of(gsi))
        return -EINVAL;
    SCOPED_LOCK(&map_lock);
    SCOPED_LOCK_IRQ(&desc->lock);
    if (desc->own || desc->bound || desc->configured)
        return desc->own || desc->level != level || desc->low != low ? -EEXIST : 0;
    desc->level = level;
    desc->low = low;
    desc->configured = true;
    return 0;
}

int irq_gsi_vector(unsigned int gsi)
{
    if (gsi >= nr_gsis || !ioapic_of(gsi))
        return -EINVAL;
    SCOPED_LOCK(&map_lock);
    return gsi_get_vector(gsi);
}

/* ---- pirqs */

int pirq_domain_init(struct domain *d)
{
    unsigned int nr = nr_gsis + NR_MSIS;
    struct pirq_map *map = hv_alloc(sizeof(*map));
    int rc = map ? evtchn_init_pirqs(d, nr) : -ENOMEM;

    if (rc) {
        hv_free(map);
        return rc;
    }
    idpool_init(&map->msis, nr_gsis, nr - 1);
    SCOPED_LOCK(&map_lock);
    d->arch.pirqs = map;
    return 0;
}

/* The irq behind a pirq of @d, or NULL. map_lock is held. */
static struct irq_desc *pirq_desc(const struct domain *d, unsigned int pirq)
{
    const struct pirq_map *map = d->arch.pirqs;

    if (!map || pirq >= MAX_IRQS || !map->irq_plus_1[pirq])
        return NULL;
    return &irqs[map->irq_plus_1[pirq] - 1];
}

static unsigned int irq_number(const struct irq_desc *desc)
{
    return (unsigned int)(desc - irqs);
}

int pirq_map_gsi(struct domain *d, unsigned int gsi, int *pirq)
{
    struct pirq_map *map;
    unsigned int want = *pirq < 0 ? gsi : (unsigned int)*pirq;

    if (gsi >= nr_gsis || !ioapic_of(gsi) || want >= nr_gsis)
        return -EINVAL;
    SCOPED_LOCK(&map_lock);
    map = d->arch.pirqs;
    if (!map)
        return -EINVAL;
    if (irqs[gsi].d && irqs[gsi].d != d) /* our own may be named; binding it is refused */
        return -EBUSY;
    if (map->irq_plus_1[want] ? map->irq_plus_1[want] != gsi + 1 : irqs[gsi].d == d)
        return -EEXIST;
    map->irq_plus_1[want] = (uint16_t)(gsi + 1);
    irqs[gsi].d = d;
    irqs[gsi].pirq = want;
    *pirq = (int)want;
    return 0;
}

int pirq_reserve(struct domain *d, int *pirq)
{
    SCOPED_LOCK(&map_lock);
    int rc = d->arch.pirqs ? idpool_alloc(&d->arch.pirqs->msis, 1) : -EINVAL;

    if (rc < 0)
        return rc;
    *pirq = rc;
    return 0;
}

/* What the device says of its capability, into @msi. */
static int msi_describe(struct irq_desc *t, pci_bdf_t bdf, maddr_t table, unsigned int entry,
                        unsigned int nr)
{
    uint32_t ctrl, where;

    t->msi.bdf = bdf;
    t->msi.cap = (uint16_t)pci_find_capability(bdf, table ? PCI_CAP_MSIX : PCI_CAP_MSI);
    if (!t->msi.cap)
        return pci_present(bdf) ? -EINVAL : -ENODEV;
    if (!table) {
        ctrl = pci_conf_read(bdf, t->msi.cap + MSI_CTRL, 2);
        if (nr > 1u << (ctrl >> 1 & 7))
            return -EINVAL;
        t->kind = IRQ_MSI;
        t->msi.block = (uint16_t)nr;
        t->msi.wide = ctrl & MSI_CTRL_WIDE;
        t->msi.maskable = ctrl & MSI_CTRL_MASKABLE;
        return 0;
    }
    ctrl = pci_conf_read(bdf, t->msi.cap + MSIX_CTRL, 2);
    where = pci_conf_read(bdf, t->msi.cap + MSIX_TABLE, 4);
    if (entry > (ctrl & 0x7ff))
        return -EINVAL;
    t->kind = IRQ_MSIX;
    t->msi.entry = (uint16_t)entry;
    t->msi.table = table + (where & ~7u) + entry * MSIX_SLOT_SIZE;
    return 0;
}

static bool msi_mapped(const struct irq_desc *t)
{
    for (unsigned int i = nr_gsis; i < nr_gsis + NR_MSIS; i++)
        if (irqs[i].kind == t->kind && irqs[i].msi.bdf == t->msi.bdf &&
            (t->kind == IRQ_MSI || irqs[i].msi.entry == t->msi.entry))
            return true;
    return false;
}

static void msi_start(struct irq_desc *desc, const struct irq_desc *t, struct domain *d,
                      unsigned int pirq, unsigned int index)
{
    SCOPED_LOCK_IRQ(&desc->lock);

    desc->msi = t->msi;
    if (t->kind == IRQ_MSI)
        desc->msi.entry = (uint16_t)index;
    desc->kind = t->kind;
    desc->d = d;
    desc->pirq = pirq;
    desc->cpu = 0;
    desc->bound = desc->waits_eoi = desc->level = false;
    msi_write_message(desc);
    msi_set_mask(desc, true);
}

/* Take a block of irq slots, of vectors and of pirqs for the device described by @t. */
static int msi_map_locked(struct domain *d, struct irq_desc *t, unsigned int nr, int *pirq)
{
    struct pirq_map *map = d->arch.pirqs;
    int irq, vector, first = *pirq, rc;

    if (!map)
        return -EINVAL;
    if (msi_mapped(t))
        return -EEXIST;
    if (t->kind == IRQ_MSIX) {
        if (!mmio_allowed(d, maddr_to_mfn(t->msi.table)))
            return -EINVAL;
        t->msi.slot = msix_slot(t->msi.table);
        if (!t->msi.slot)
            return -ENOMEM;
    }
    irq = idpool_alloc(&msi_slots, nr);
    if (irq < 0)
        return irq;
    rc = vector = idpool_alloc(&vectors, nr);
    if (rc < 0)
        goto err_irq;
    if (first < 0)
        rc = first = idpool_alloc(&map->msis, nr);
    else if (nr > 1 || !idpool_taken(&map->msis, (unsigned int)first) ||
             map->irq_plus_1[first]) /* a wanted one must come from pirq_reserve */
        rc = -EINVAL;
    if (rc < 0)
        goto err_vector;
    vectors_assign((unsigned int)irq, nr, (unsigned int)vector);
    for (unsigned int i = 0; i < nr; i++) {
        map->irq_plus_1[(unsigned int)first + i] = (uint16_t)((unsigned int)irq + i + 1);
        msi_start(&irqs[(unsigned int)irq + i], t, d, (unsigned int)first + i, i);
    }
    *pirq = first;
    return 0;

err_vector:
    idpool_free(&vectors, (unsigned int)vector, nr);
err_irq:
    idpool_free(&msi_slots, (unsigned int)irq, nr);
    return rc;
}

int pirq_map_msi(struct domain *d, pci_bdf_t bdf, maddr_t table, unsigned int entry,
                 unsigned int nr, int *pirq)
{
    struct irq_desc t = {.kind = IRQ_FREE};
    int rc;

    if (nr == 0 || nr > 32 || (nr & (nr - 1)))
        return -EINVAL;
    SCOPED_LOCK(&map_lock);
    rc = msi_describe(&t, bdf, table, entry, nr);
    return rc ? rc : msi_map_locked(d, &t, nr, pirq);
}

/* Its lock is held. */
static void unbind_locked(struct irq_desc *desc)
{
    if (desc->bound)
        irq_set_mask(irq_number(desc), true);
    desc->bound = desc->waits_eoi = false;
}

/* A mapped irq becomes free. A GSI keeps its vector; an MSI's vector may still arrive once: that is
 * logged and acknowledged. map_lock is held. */
static void unmap_locked(struct irq_desc *desc)
{
    unsigned int irq = irq_number(desc);
    struct pirq_map *map = desc->d->arch.pirqs;
    unsigned long flags;

    map->irq_plus_1[desc->pirq] = 0;
    spin_lock_irqsave(&desc->lock, flags);
    unbind_locked(desc);
    desc->d = NULL;
    if (desc->kind == IRQ_GSI) {
        spin_unlock_irqrestore(&desc->lock, flags);
        return;
    }
    __atomic_store_n(&vector_irq_plus_1[desc->vector], 0, __ATOMIC_RELEASE);
    desc->kind = IRQ_FREE;
    spin_unlock_irqrestore(&desc->lock, flags);
    idpool_free(&map->msis, desc->pirq, 1);
    idpool_free(&vectors, desc->vector, 1);
    desc->vector = 0;
    idpool_free(&msi_slots, irq, 1);
}

int pirq_unmap(struct domain *d, int pirq)
{
    SCOPED_LOCK(&map_lock);
    struct irq_desc *desc = pirq < 0 ? NULL : pirq_desc(d, (unsigned int)pirq);

    if (desc)
        unmap_locked(desc);
    else if (pirq >= 0 && d->arch.pirqs && idpool_taken(&d->arch.pirqs->msis, (unsigned int)pirq))
        idpool_free(&d->arch.pirqs->msis, (unsigned int)pirq, 1); /* reserved only */
    else
        return -EINVAL;
    return 0;
}

bool pirq_needs_eoi(struct domain *d, unsigned int pirq)
{
    SCOPED_LOCK(&map_lock);
    const struct irq_desc *desc = pirq_desc(d, pirq);

    return desc && desc->kind == IRQ_GSI && desc->level;
}

void msi_restore(pci_bdf_t bdf)
{
    SCOPED_LOCK(&map_lock);

    for (unsigned int i = nr_gsis; i < nr_gsis + NR_MSIS; i++) {
        struct irq_desc *desc = &irqs[i];

        if (desc->kind == IRQ_FREE || desc->msi.bdf != bdf)
            continue;
        SCOPED_LOCK_IRQ(&desc->lock);
        msi_write_message(desc);
        msi_set_mask(desc, !desc->bound);
    }
}

void msi_forget(pci_bdf_t bdf)
{
    SCOPED_LOCK(&map_lock);

    for (unsigned int i = nr_gsis; i < nr_gsis + NR_MSIS; i++)
        if (irqs[i].kind != IRQ_FREE && irqs[i].msi.bdf == bdf)
            unmap_locked(&irqs[i]);
}

static void set_cpu(struct irq_desc *desc, unsigned int cpu)
{
    desc->cpu = (uint8_t)cpu;
    if (desc->kind == IRQ_GSI)
        gsi_set_destination(irq_number(desc), cpu);
    else {
        msi_set_mask(desc, true); /* so that the device never sends half a message */
        msi_write_message(desc);
        msi_set_mask(desc, !desc->bound);
    }
}

int arch_pirq_bind(struct vcpu *v, unsigned int pirq, bool share)
{
    SCOPED_LOCK(&map_lock);
    struct irq_desc *desc = pirq_desc(v->domain, pirq);
    int rc;

    if (!desc)
        return -EINVAL;
    SCOPED_LOCK_IRQ(&desc->lock);
    if (desc->bound || desc->own)
        return -EBUSY;
    rc = desc->kind == IRQ_GSI ? gsi_get_vector(irq_number(desc)) : 0;
    if (rc < 0)
        return rc;
    desc->waits_eoi = false;
    desc->bound = true;
    set_cpu(desc, v->sched.cpu);
    irq_set_mask(irq_number(desc), false);
    return 0;
}

void arch_pirq_unbind(struct domain *d, unsigned int pirq)
{
    SCOPED_LOCK(&map_lock);
    struct irq_desc *desc = pirq_desc(d, pirq);

    if (!desc)
        return;
    SCOPED_LOCK_IRQ(&desc->lock);
    unbind_locked(desc);
}

void arch_pirq_eoi(struct domain *d, unsigned int pirq)
{
    SCOPED_LOCK(&map_lock);
    struct irq_desc *desc = pirq_desc(d, pirq);

    if (!desc)
        return;
    SCOPED_LOCK_IRQ(&desc->lock);
    if (desc->waits_eoi && desc->bound) {
        desc->waits_eoi = false;
        gsi_set_mask(irq_number(desc), false);
    }
}

void arch_pirq_set_affinity(struct domain *d, unsigned int pirq, struct vcpu *v)
{
    SCOPED_LOCK(&map_lock);
    struct irq_desc *desc = pirq_desc(d, pirq);

    if (!desc)
        return;
    SCOPED_LOCK_IRQ(&desc->lock);
    if (desc->cpu != v->sched.cpu)
        set_cpu(desc, v->sched.cpu);
}

void arch_pirq_release_all(struct domain *d)
{
    struct pirq_map *map;

    spin_lock(&map_lock);
    map = d->arch.pirqs;
    for (unsigned int i = 0; map && i < nr_gsis + NR_MSIS; i++)
        if (irqs[i].d == d)
            unmap_locked(&irqs[i]);
    d->arch.pirqs = NULL;
    spin_unlock(&map_lock);
    hv_free(map);
}

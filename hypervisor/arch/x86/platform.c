/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * platform_op: dom0 sets the machine's clock, puts it to sleep, and asks about its CPUs and firmware.
 * Refused with -ENOSYS (Linux copes): everything else, among it EFI runtime services (we do not boot by
 * EFI), P- and C-state tables (firmware and hardware manage power), and taking CPUs off or adding them.
 * ABI: pv-abi/platform.h (source: Xen public platform.h).
 */
#include <asm/machine.h>
#include <asm/msr.h>
#include <hv/arch.h>
#include <hv/errno.h>
#include <hv/hypercall.h>
#include <pv-abi/platform.h>

#define ACPI_STATE_S5 5
#define SLP_EN        (1u << 13) /* of PM1 control */

/*
 * What the firmware said before we ran. We ask it nothing in real mode and are not started by EFI, so
 * there are no disks (-ESRCH: no such index), no EDID, no keyboard state, and no EFI.
 */
static long firmware_info(const struct xenpf_firmware_info *op)
{
    switch (op->type) {
    case XEN_FW_DISK_INFO:
    case XEN_FW_DISK_MBR_SIGNATURE:
    case XEN_FW_VBEDDC_INFO:
        return -ESRCH;
    case XEN_FW_KBD_SHIFT_FLAGS:
        return -ENODEV;
    case XEN_FW_EFI_INFO:
        return -ENOSYS;
    default:
        return -EINVAL;
    }
}

/* dom0 ran the firmware's methods for @op->sleep_state and hands over the last step. Only power-off:
 * the machine's state across the other sleeps is not kept (-EOPNOTSUPP). */
static long enter_acpi_sleep(const struct xenpf_enter_acpi_sleep *op)
{
    if (op->sleep_state != ACPI_STATE_S5)
        return -EOPNOTSUPP;
    if (op->flags & XENPF_ACPI_SLEEP_EXTENDED)
        return -EOPNOTSUPP; /* hardware-reduced ACPI */
    printk(LOG_INFO "dom0 turns the machine off\n");
    arch_irq_disable();
    if (acpi.pm1b_cnt)
        outw((uint16_t)acpi.pm1b_cnt, (uint16_t)(op->val_b | SLP_EN));
    if (acpi.pm1a_cnt)
        outw((uint16_t)acpi.pm1a_cnt, (uint16_t)(op->val_a | SLP_EN));
    machine_poweroff();
}

static void get_cpuinfo(struct xenpf_pcpuinfo *op)
{
    unsigned int cpu = op->xen_cpuid;

    op->max_present = acpi.nr_cpus ? acpi.nr_cpus - 1 : 0;
    op->flags = op->apic_id = op->acpi_id = 0;
    if (cpu > op->max_present || cpu >= NR_CPUS) {
        op->flags = XEN_PCPU_FLAGS_INVALID;
        return;
    }
    op->flags = arch_cpu_online(cpu) ? XEN_PCPU_FLAGS_ONLINE : 0;
    op->apic_id = acpi.apic_ids[cpu];
    op->acpi_id = cpu; /* CPUs are numbered in the order of the MADT */
}

/*
 * @arg: guest address of a struct xen_platform_op. -EACCES another interface version; -EFAULT;
 * -ENOSYS not supported; the others as above.
 */
long hc_platform_op(struct domain *d, guest_va_t arg)
{
    struct xen_platform_op op;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    if (op.interface_version != XENPF_INTERFACE_VERSION)
        return -EACCES;
    switch (op.cmd) {
    case XENPF_settime32:
        return arch_set_wallclock(op.u.settime32.secs, op.u.settime32.nsecs,
                                  (s_time_t)op.u.settime32.system_time);
    case XENPF_settime64:
        if (op.u.settime64.mbz)
            return -EINVAL;
        return arch_set_wallclock(op.u.settime64.secs, op.u.settime64.nsecs,
                                  (s_time_t)op.u.settime64.system_time);
    case XENPF_firmware_info:
        return firmware_info(&op.u.firmware_info);
    case XENPF_enter_acpi_sleep:
        return enter_acpi_sleep(&op.u.enter_acpi_sleep);
    case XENPF_get_cpuinfo:
        get_cpuinfo(&op.u.pcpu_info);
        return copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : 0;
    default:
        return -ENOSYS;
    }
}

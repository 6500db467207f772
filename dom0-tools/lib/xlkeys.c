/* SPDX-License-Identifier: GPL-2.0-only */
/* Keys of xl.cfg(5) that have no effect on Pavo: `host/help` compares with that page. */
#include "dom0-tools/lib/xlkeys.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *reason;
    const char *keys; /* blanks around each */
} groups[] = {
    {"there is no soft affinity, no CPU pool and no NUMA placement", " cpus_soft pool vnuma "},
    {"the kernel is named by the config", " bootloader bootloader_args firmware "},
    {"a PV guest needs no shim", " pvshim pvshim_cmdline pvshim_extra pvshim_path "},
    {"there are no security labels", " seclabel init_seclabel device_model_stubdomain_seclabel "},
    {"a watchdog's end counts as a crash", " on_watchdog "},
    {"a PV guest is not reset softly", " on_soft_reset "},
    {"a guest has 4,096 event channels and grants of version 1",
     " max_event_channels max_maptrack_frames max_grant_version "},
    {"a guest reads the host's stable clock",
     " tsc_mode localtime rtc_timeoffset vpt_align timer_mode hpet "},
    {"all guests have the same CPU features, MSRs and memory map",
     " cpuid e820_host msr_relaxed mca_caps "},
    {"no device of the host is handed to guests",
     " pci pci_msitranslate pci_permissive pci_power_mgmt pci_seize rdm rdm_mem_boundary"
     " passthrough usbctrl usbdev irqs iomem ioports gfx_passthru dtdev device_tree "},
    {"disks, network and a console are the devices of a guest",
     " vfb vkb vdispl vsnd vtpm p9 pvcalls channel vuart "},
    {"no backend but dom0's serves guests", " driver_domain "},
    {"it is nothing that Pavo does", " nomigrate vpmu vmtrace_buf_kb xend_suspend_evtchn_compat "},
    {"no device model serves a PV guest",
     " device_model_args device_model_args_hvm device_model_args_pv device_model_override"
     " device_model_stubdomain_override device_model_user device_model_version dm_restrict"
     " stubdomain_cmdline stubdomain_kernel stubdomain_memory stubdomain_ramdisk "},
    {"it is for guests of another type than PV",
     " acpi acpi_firmware acpi_laptop_slate acpi_s3 acpi_s4 altp2m altp2mhvm apic bios"
     " bios_path_override boot gic_version hap hdtype keymap mmio_hole ms_vm_genid nestedhvm"
     " nographic nx oos opengl pae sdl serial shadow_memory smbios_firmware soundhw spice"
     " spice_clipboard_sharing spice_image_compression spice_streaming_video spiceagent_mouse"
     " spicedisable_ticketing spicehost spicepasswd spiceport spicetls_port"
     " spiceusbredirection spicevdagent stdvga tee usb usbdevice usbversion vendor_device vga"
     " videoram viridian vkb_device vnc vncdisplay vnclisten vncpasswd vncunused"
     " xen_platform_pci "},
};

const char *xl_key_reason(const char *key)
{
    size_t i, n = strlen(key);

    for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        const char *at = groups[i].keys;

        while (n && (at = strstr(at, key))) {
            if (at[-1] == ' ' && at[n] == ' ')
                return groups[i].reason;
            at += n;
        }
    }
    return NULL;
}

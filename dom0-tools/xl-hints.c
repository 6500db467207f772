/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What people who know xl(1) type and Pavo does not do: each is refused by its name, with what to do
 * instead. An option of xl that domctl has means the same there.
 */
#include "dom0-tools/domctl.h"

#include <stddef.h>
#include <string.h>

#define NO_ACPI       "a PV guest has no ACPI buttons: it is asked through the store, always"
#define NO_VNC        "a PV guest has no display of its own: use domctl console"
#define NO_LABELS     "Pavo has no security labels"
#define NO_POOLS      "Pavo has no CPU pools: use vcpu-pin"
#define NO_NUMA       "Pavo does not place memory by NUMA node"
#define NO_PCI        "Pavo hands no PCI devices to guests"
#define NO_PARAMETERS "the scheduler has no parameters but weights and caps"
#define NO_SAVE       "Pavo cannot put a guest's state into a file, nor send it"
#define NO_FEATURE    "Pavo has no such thing"

static const struct {
    const char *verb, *option, *hint;
} options[] = {
    {"create", "-F", "domd watches over every guest; to wait for its end, use domctl events"},
    {"create", "-V", NO_VNC},
    {"create", "--vncviewer", NO_VNC},
    {"create", "-A", NO_VNC},
    {"create", "--vncviewer-autopass", NO_VNC},
    {"create", "-d", "see the log of domd, and --timing"},
    {"create", "--debug", "see the log of domd, and --timing"},
    {"list", "-l", "use -o json, or domctl info -o json NAME"},
    {"list", "--long", "use -o json, or domctl info -o json NAME"},
    {"list", "-Z", NO_LABELS},
    {"list", "--context", NO_LABELS},
    {"list", "-c", NO_POOLS},
    {"list", "--cpupool", NO_POOLS},
    {"list", "-n", NO_NUMA},
    {"list", "--numa", NO_NUMA},
    {"info", "-n", NO_NUMA},
    {"info", "--numa", NO_NUMA},
    {"console", "-t", "a PV guest has one console, hvc0"},
    {"console", "-n", "a PV guest has one console, hvc0"},
    {"console", "-e", "Ctrl-] leaves the console"},
    {"shutdown", "-F", NO_ACPI},
    {"reboot", "-F", NO_ACPI},
    {"destroy", "-f", "dom0 cannot be destroyed"},
    {"dump-core", "-L", "use --live"},
    {"dump-core", "-C", "use domctl destroy afterwards"},
    {"dump-core", "--crash", "use domctl destroy afterwards"},
    {"dump-core", "-R", "use domctl reset afterwards"},
    {"dump-core", "--reset", "use domctl reset afterwards"},
    {"vcpu-pin", "-f", "Pavo never pins a vCPU by itself"},
    {"vcpu-pin", "--force", "Pavo never pins a vCPU by itself"},
    {"vcpu-set", "-i", "vCPUs may outnumber the host's CPUs"},
    {"vcpu-set", "--ignore-host", "vCPUs may outnumber the host's CPUs"},
    {"sched", "-p", NO_POOLS},
    {"sched", "--cpupool", NO_POOLS},
    {"sched", "-s", NO_PARAMETERS},
    {"sched", "--schedparam", NO_PARAMETERS},
    {"sched", "-t", NO_PARAMETERS},
    {"sched", "--tslice_ms", NO_PARAMETERS},
    {"sched", "-r", NO_PARAMETERS},
    {"sched", "--ratelimit_us", NO_PARAMETERS},
    {"sched", "-m", NO_PARAMETERS},
    {"sched", "--migration_delay_us", NO_PARAMETERS},
    {"dmesg", "-c", "the log is a ring: old lines go by themselves"},
    {"dmesg", "--clear", "the log is a ring: old lines go by themselves"},
};

static const struct {
    const char *verb, *hint;
} verbs[] = {
    {"-v", "see the logs in /var/log/pavo"},
    {"-N", "create -n is the dry run"},
    {"-f", "there is nothing to force"},
    {"-t", "progress is shown where standard error is a terminal"},
    {"-T", "events and logs have times"},
    {"save", NO_SAVE ": domctl shutdown, and create again; dump-core's file is for gdb only"},
    {"restore", NO_SAVE ": domctl create boots the guest from its disks"},
    {"migrate", NO_SAVE ": domctl shutdown here, then create there from the same disks"},
    {"migrate-receive", NO_SAVE ": domctl create here, from the same disks"},
    {"remus", "Pavo replicates no guests"},
    {"config-update", "what is changed at run time is kept across a guest's reboots"},
    {"button-press", NO_ACPI},
    {"trigger", "use domctl shutdown, reset or sysrq"},
    {"vm-list", "use domctl list -v"},
    {"vncviewer", NO_VNC},
    {"debug-keys", "see domctl dmesg, domctl info and domctl dump-core"},
    {"set-parameters", "the hypervisor's parameters are set at boot"},
    {"sharing", "guests share no pages on Pavo"},
    {"claims", "domctl info tells claimed_pages: set aside for builds and mem-set"},
    {"sched-credit", "use domctl sched"},
    {"sched-credit2", "use domctl sched"},
    {"sched-rtds", "use domctl sched"},
    {"cd-insert", "a PV guest has no CD drive: use domctl block-attach"},
    {"cd-eject", "a PV guest has no CD drive: use domctl block-detach"},
    {"channel-list", NO_FEATURE},
    {"qemu-monitor-command", "no QEMU serves a PV guest on Pavo"},
    {"getenforce", NO_LABELS},
    {"setenforce", NO_LABELS},
    {"loadpolicy", NO_LABELS},
};

static const struct {
    const char *prefix, *hint;
} families[] = {
    {"cpupool-", NO_POOLS}, {"pci-", NO_PCI},     {"usb", "Pavo hands no USB devices to guests"},
    {"vtpm-", NO_FEATURE},  {"vdispl-", NO_VNC},  {"vsnd-", NO_FEATURE},
    {"vkb-", NO_VNC},       {"psr-", NO_FEATURE},
};

const char *xl_option_hint(const char *verb, const char *option)
{
    size_t i;

    for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        if (!strcmp(verb, options[i].verb) && !strcmp(option, options[i].option))
            return options[i].hint;
    return NULL;
}

const char *xl_verb_hint(const char *verb)
{
    size_t i;

    for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (!strcmp(verb, verbs[i].verb))
            return verbs[i].hint;
    for (i = 0; i < sizeof(families) / sizeof(families[0]); i++)
        if (!strncmp(verb, families[i].prefix, strlen(families[i].prefix)))
            return families[i].hint;
    return NULL;
}

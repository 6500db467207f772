/* SPDX-License-Identifier: GPL-2.0-only */
/* domctl: the table of verbs, and the help made from it. */
#include "dom0-tools/domctl.h"

#include <stdio.h>
#include <string.h>

#define HELP_WAIT                                      \
    "  -w, --wait        wait until it has happened\n" \
    "  -t, --timeout=S   wait at most S seconds (60 unless told); implies -w\n"

#define HELP_DEVICE_WAIT \
    "  -t, --timeout=S   wait at most S seconds for the guest (10 unless told); 0: not at all\n"

static const struct verb verbs[] = {
    {"create", "[-c] [-p] FILE", "create a guest from a config file in xl.cfg(5) syntax",
     "  -c, --console     show the guest's console afterwards\n"
     "  -p, --paused      leave the guest paused\n",
     cmd_create},
    {"list", "[-o json]", "list the domains", "  -o, --output=json   as a JSON array\n", cmd_list},
    {"info", "[-o json] [NAME]", "describe a domain or, without a name, the host",
     "  -o, --output=json   as a JSON object\n", cmd_info},
    {"console", "NAME", "show a guest's console; Ctrl-] leaves it", "", cmd_console},
    {"shutdown", "[-w] [-t SECONDS] NAME", "ask a guest to power off", HELP_WAIT, cmd_shutdown},
    {"reboot", "[-w] [-t SECONDS] NAME", "ask a guest to reboot", HELP_WAIT, cmd_reboot},
    {"destroy", "NAME", "end a guest at once", "", cmd_destroy},
    {"pause", "NAME", "stop a guest's vCPUs", "", cmd_pause},
    {"unpause", "NAME", "let a paused guest run", "", cmd_unpause},
    {"block-attach", "[-t SECONDS] NAME DISK...", "give a running guest a disk",
     "DISK is an element of disk= in guest.cfg(5), such as /images/data.img,raw,xvdb,rw;\n"
     "several words are joined by commas.\n" HELP_DEVICE_WAIT,
     cmd_block_attach},
    {"block-detach", "[--force] [-t SECONDS] NAME DEVICE", "take a disk away from a guest",
     "DEVICE is its name in the guest (xvdb) or its number.\n"
     "  --force           do not ask the guest\n" HELP_DEVICE_WAIT,
     cmd_block_detach},
    {"block-list", "[-o json] NAME", "list a guest's disks",
     "  -o, --output=json   as a JSON array\n", cmd_block_list},
    {"network-attach", "[-t SECONDS] NAME [KEY=VALUE...]", "give a running guest an interface",
     "The keys are those of vif= in guest.cfg(5): mac, bridge, vifname, rate, "
     "devid.\n" HELP_DEVICE_WAIT,
     cmd_network_attach},
    {"network-detach", "[--force] [-t SECONDS] NAME DEVICE", "take an interface away from a guest",
     "DEVICE is its number, its MAC address or its name in dom0.\n"
     "  --force           do not ask the guest\n" HELP_DEVICE_WAIT,
     cmd_network_detach},
    {"network-list", "[-o json] NAME", "list a guest's interfaces",
     "  -o, --output=json   as a JSON array\n", cmd_network_list},
    {"dmesg", "", "print the hypervisor's log", "", cmd_dmesg},
};

#define NR_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static void print_help(FILE *f)
{
    size_t i;

    fputs("usage: domctl VERB [OPTIONS] [ARGUMENTS]\n\n", f);
    for (i = 0; i < NR_VERBS; i++)
        fprintf(f, "  %-14s %s\n", verbs[i].name, verbs[i].summary);
    fputs(
        "\nNAME is a guest's name or number. `domctl VERB --help` tells more; so does domctl(1).\n"
        "Exit status: 0 done, 1 failed, 2 usage or config, 3 no such domain, 4 not enough\n"
        "resources, 5 a wait ran out.\n",
        f);
}

int main(int argc, char **argv)
{
    size_t i;

    if (argc < 2) {
        print_help(stderr);
        return STATUS_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
        print_help(stdout);
        return STATUS_DONE;
    }
    for (i = 0; i < NR_VERBS; i++)
        if (!strcmp(argv[1], verbs[i].name))
            return verbs[i].run(&verbs[i], argc - 1, argv + 1);
    fprintf(stderr, "domctl: %s: no such verb (see domctl --help)\n", argv[1]);
    return STATUS_USAGE;
}

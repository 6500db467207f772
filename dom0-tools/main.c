/* SPDX-License-Identifier: GPL-2.0-only */
/* domctl: the table of verbs, and the help made from it. */
#include "dom0-tools/domctl.h"

#include <stdio.h>
#include <string.h>

#define HELP_WAIT                                      \
    "  -w, --wait        wait until it has happened\n" \
    "  -t, --timeout=S   wait at most S seconds (60 unless told); implies -w\n"

#define HELP_SIZE "  SIZE is in MiB, or ends in b, k, m, g or t\n" HELP_WAIT

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
    {"vcpu-list", "[-o json] [NAME]", "show the vCPUs of one domain or of all",
     "  -o, --output=json   as a JSON array\n", cmd_vcpu_list},
    {"vcpu-set", "[-w] [-t SECONDS] NAME COUNT", "set how many vCPUs are online", HELP_WAIT,
     cmd_vcpu_set},
    {"vcpu-pin", "NAME VCPU|all CPUS", "say which CPUs a vCPU may run on",
     "  CPUS is a list such as 0-3,^1, or all\n", cmd_vcpu_pin},
    {"mem-set", "[-w] [-t SECONDS] NAME SIZE", "set the memory that a domain shall use", HELP_SIZE,
     cmd_mem_set},
    {"mem-max", "NAME SIZE", "set how far mem-set may go",
     "  SIZE is in MiB, or ends in b, k, m, g or t\n", cmd_mem_max},
    {"sched", "[-o json] [NAME [-w WEIGHT] [-c CAP]]", "show or set how domains share the CPUs",
     "  -w, --weight=N      share beside others, 1 to 65535 (256 unless told)\n"
     "  -c, --cap=N         at most N percent of one CPU; 0: no cap\n"
     "  -d, --domain=NAME   another way to name the domain\n"
     "  -o, --output=json   as a JSON array\n",
     cmd_sched},
    {"dmesg", "", "print the hypervisor's log", "", cmd_dmesg},
};

#define NR_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static void print_help(FILE *f)
{
    size_t i;

    fputs("usage: domctl VERB [OPTIONS] [ARGUMENTS]\n\n", f);
    for (i = 0; i < NR_VERBS; i++)
        fprintf(f, "  %-9s %s\n", verbs[i].name, verbs[i].summary);
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

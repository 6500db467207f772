/* SPDX-License-Identifier: GPL-2.0-only */
/* domctl: the table of verbs, and the help made from it. */
#include "dom0-tools/domctl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HELP_END(what)                                                            \
    "  -a, --all         all guests; all are asked before any is waited for\n"    \
    "  -w, --wait        wait until it has happened; twice: until they are not\n" \
    "                    even kept for a look\n"                                  \
    "  -t, --timeout=S   wait at most S seconds; implies -w\n"                    \
    "      --destroy     after that time, or 60 s, destroy those that did not\n"  \
    "                    " what "; implies -w\n"                                  \
    "  -q, --quiet       do not say which were destroyed\n"
#define HELP_JSON(what) "  -o, --output=json   as " what "\n"
#define HELP_DONE       "  -o, --output=json   print what was done as a JSON object\n"
#define HELP_DONE_ALL   "  -o, --output=json   print what came of each as a JSON array\n"

#define HELP_DEVICE_WAIT \
    "  -t, --timeout=S   wait at most S seconds for the guest (10 unless told); 0: not at all\n"
#define HELP_WAIT                                      \
    "  -w, --wait        wait until it has happened\n" \
    "  -t, --timeout=S   wait at most S seconds (60 unless told); implies -w\n"
#define HELP_SIZE "  SIZE ends in b, k, m, g or t; a number alone is KiB\n"

static const struct verb verbs[] = {
    {"create", "[-c] [-p] [-n] [-q] [-e KEY=VALUE] [--timing] [-o json] FILE [KEY=VALUE...]",
     "create a guest from a config file: xl.cfg(5) syntax, JSON or domain XML",
     "  -c, --console     show the guest's console afterwards\n"
     "  -p, --paused      leave the guest paused\n"
     "  -n, --dryrun      create nothing; print the config as JSON\n"
     "  -e, --set=KEY=VALUE  a line that overrides the file's; so does a word KEY=VALUE\n"
     "  -f, --defconfig=FILE  another way to name the file\n"
     "  -q, --quiet       print nothing but errors\n"
     "      --timing      print how long each phase took\n" HELP_DONE,
     cmd_create},
    {"list", "[-v] [-o json] [NAME...]", "list the domains",
     "  -v, --verbose       with UUIDs\n" HELP_JSON("a JSON array"), cmd_list},
    {"info", "[-o json] [NAME]", "describe a domain or, without a name, the host",
     "  -o, --output=json   as a JSON object\n", cmd_info},
    {"config", "[-o cfg|json|xml] NAME | -f FILE", "print a guest's config in one of three forms",
     "  -o, --output=cfg   in the syntax of xl.cfg(5): the default\n"
     "  -o, --output=json  as a JSON object\n"
     "  -o, --output=xml   as libvirt-style domain XML\n"
     "  -f, --file=FILE    not of a guest, but of a file in any of the forms\n",
     cmd_config},
    {"uptime", "[-s] [-o json] [NAME...]", "how long the domains have been running",
     "  -s, --short         one short line each\n" HELP_JSON("a JSON array"), cmd_uptime},
    {"console", "NAME", "show a guest's console; Ctrl-] leaves it", "", cmd_console},
    {"shutdown", "[-w] [-t SECONDS] [--destroy] [-o json] -a|NAME...", "ask guests to power off",
     HELP_END("power off") HELP_DONE_ALL, cmd_shutdown},
    {"reboot", "[-w] [-t SECONDS] [--destroy] [-o json] -a|NAME...", "ask guests to reboot",
     HELP_END("reboot") HELP_DONE_ALL, cmd_reboot},
    {"destroy", "[-o json] NAME...", "end guests at once", HELP_DONE_ALL, cmd_destroy},
    {"reset", "[-o json] NAME...", "end guests at once and start them again", HELP_DONE_ALL,
     cmd_reset},
    {"pause", "[-o json] NAME...", "stop the vCPUs of guests", HELP_DONE_ALL, cmd_pause},
    {"unpause", "[-o json] NAME...", "let paused guests run", HELP_DONE_ALL, cmd_unpause},
    {"rename", "[-o json] NAME NEWNAME", "give a guest another name", HELP_DONE, cmd_rename},
    {"sysrq", "[-o json] NAME KEY", "send a magic SysRq key to a Linux guest", HELP_DONE,
     cmd_sysrq},
    {"dump-core", "[--live] [--compress] [-o json] NAME [FILE]",
     "write a guest's memory and registers into an ELF core, for gdb",
     "Without FILE it goes to /var/log/pavo/dump, and the file's name is printed.\n"
     "      --live        do not pause the guest meanwhile\n"
     "      --compress    pack it as gzip does\n" HELP_DONE,
     cmd_dump_core},
    {"events", "[-o json] [NAME...]",
     "print what happens to guests, a JSON object a line, until interrupted",
     HELP_JSON("JSON, which it is anyway"), cmd_events},
    {"domid", "[-o json] NAME", "print a domain's number",
     HELP_JSON("a JSON object with name, id and uuid"), cmd_domid},
    {"domname", "[-o json] NAME", "print a domain's name",
     HELP_JSON("a JSON object with name, id and uuid"), cmd_domname},
    {"vcpu-list", "[-o json] [NAME]", "show the vCPUs of one domain or of all",
     "  -o, --output=json   as a JSON array\n", cmd_vcpu_list},
    {"vcpu-set", "[-w] [-t SECONDS] [-o json] NAME COUNT", "set how many vCPUs are online",
     HELP_WAIT HELP_DONE, cmd_vcpu_set},
    {"vcpu-pin", "[-o json] NAME VCPU|all CPUS", "say which CPUs a vCPU may run on",
     "  CPUS is a list such as 0-3,^1, or all\n" HELP_DONE, cmd_vcpu_pin},
    {"mem-set", "[-w] [-t SECONDS] [-o json] NAME SIZE", "set the memory that a domain shall use",
     HELP_SIZE HELP_WAIT HELP_DONE, cmd_mem_set},
    {"mem-max", "[-o json] NAME SIZE", "set how far mem-set may go", HELP_SIZE HELP_DONE,
     cmd_mem_max},
    {"sched", "[-o json] [NAME [-w WEIGHT] [-c CAP]]", "show or set how domains share the CPUs",
     "  -w, --weight=N      share beside others, 1 to 65535 (256 unless told)\n"
     "  -c, --cap=N         at most N percent of one CPU; 0: no cap\n"
     "  -d, --domain=NAME   another way to name the domain\n"
     "  -o, --output=json   as a JSON array\n",
     cmd_sched},
    {"block-attach", "[-t SECONDS] [-o json] NAME DISK...", "give a running guest a disk",
     "DISK is an element of disk= in guest.cfg(5), such as /images/data.img,raw,xvdb,rw;\n"
     "several words are joined by commas.\n" HELP_DEVICE_WAIT HELP_DONE,
     cmd_block_attach},
    {"block-detach", "[--force] [-t SECONDS] [-o json] NAME DEVICE",
     "take a disk away from a guest",
     "DEVICE is its name in the guest (xvdb) or its number.\n"
     "  --force           do not ask the guest\n" HELP_DEVICE_WAIT HELP_DONE,
     cmd_block_detach},
    {"block-list", "[-o json] NAME", "list a guest's disks",
     "  -o, --output=json   as a JSON array\n", cmd_block_list},
    {"network-attach", "[-t SECONDS] [-o json] NAME [KEY=VALUE...]",
     "give a running guest an interface",
     "The keys are those of vif= in guest.cfg(5): mac, bridge, vifname, rate, devid, "
     "untrusted.\n" HELP_DEVICE_WAIT HELP_DONE,
     cmd_network_attach},
    {"network-detach", "[--force] [-t SECONDS] [-o json] NAME DEVICE",
     "take an interface away from a guest",
     "DEVICE is its number, its MAC address or its name in dom0.\n"
     "  --force           do not ask the guest\n" HELP_DEVICE_WAIT HELP_DONE,
     cmd_network_detach},
    {"network-list", "[-o json] NAME", "list a guest's interfaces",
     "  -o, --output=json   as a JSON array\n", cmd_network_list},
    {"metrics", "[-f FILE] [-o json]",
     "print counters of host and domains in Prometheus' text format",
     "  -f, --textfile=FILE  into a file, which is replaced at once and whole\n" HELP_JSON(
         "a JSON object of what they are made from"),
     cmd_metrics},
    {"perf", "[-i SECONDS] [-o json] [NAME] | --on | --off | --reset",
     "show what the hypervisor does for domains: hypercalls with their time, traps, events",
     "      --on            count from now on, for all domains\n"
     "      --off           count no more; what was counted is gone\n"
     "      --reset         start again from 0\n"
     "  -i, --interval=S    only what happens within S seconds from now\n"
     "  -o, --output=json   as a JSON array\n",
     cmd_perf},
    {"trace", "[-s SECONDS] [-e EVENTS] [-r COUNT] [-o json] FILE | -d text|chrome FILE",
     "record what the hypervisor does, one by one, into a file; or decode one",
     "  -s, --seconds=S     for S seconds (until Ctrl-C unless told)\n"
     "  -e, --events=LIST   only these: hypercall, trap, syscall, emulate, pt-write, mode,\n"
     "                      event, sched, tlb, grant, interrupt\n"
     "  -r, --records=N     room for N records of each CPU: a power of two, 256 to 1048576\n"
     "                      (65536 unless told)\n"
     "  -o, --output=json   file, number of records and of lost ones as a JSON object\n"
     "  -d, --decode=text   print the trace in FILE, a record a line\n"
     "  -d, --decode=chrome  print it as trace-event JSON, for Perfetto and Chrome\n",
     cmd_trace},
    {"bench",
     "[-s full|quick|tiny] [-r ROUNDS] [-k FILE] [-m FILE] [-o json] [CELL...] | --report -m FILE",
     "measure what this host offers: kernel operations in dom0 and in a guest, life of guests",
     "CELL is CONFIG/WORKLOAD, or one of the two, such as pavo-guest/micro or life.\n"
     "  -s, --size=SIZE     full unless told\n"
     "  -r, --rounds=N      how often each cell has its turn\n"
     "  -k, --kernel=FILE   kernel of the guests (that of dom0 unless told)\n"
     "  -m, --merge=FILE    add results of this machine, booted otherwise: plain Linux, Xen\n"
     "      --report        measure nothing, show what the files hold\n"
     "  -o, --output=json   as a JSON object, for --merge and tests/bench/run --merge\n",
     cmd_bench},
    {"top", "[OPTIONS]", "start domtop(1), which takes the options", "", cmd_top},
    {"dmesg", "[-o json]", "print the hypervisor's log", HELP_JSON("a JSON object with lines"),
     cmd_dmesg},
};

#define NR_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static void print_help(FILE *f)
{
    size_t i;

    fputs("usage: domctl VERB [OPTIONS] [ARGUMENTS]\n\n", f);
    for (i = 0; i < NR_VERBS; i++)
        fprintf(f, "  %-14s %s\n", verbs[i].name, verbs[i].summary);
    fputs("\nNAME is a guest's name, number or UUID. Where several may stand, 'web*' is all whose "
          "names\n"
          "match. `domctl VERB --help` tells more; so does domctl(1).\n"
          "Exit status: 0 done, 1 failed, 2 usage or config, 3 no such domain, 4 not enough\n"
          "resources, 5 a wait ran out.\n",
          f);
}

/* What a verb printed may not have arrived. */
static int finish(int status)
{
    int error = fflush(stdout) ? errno : 0;

    /* Why an earlier write failed is forgotten: ask again. */
    if (ferror(stdout) && !error)
        error = write(STDOUT_FILENO, "\n", 1) < 0 ? errno : EIO;
    if (!error || status)
        return status;
    fprintf(stderr, "domctl: standard output: cannot be written: %s\n", strerror(error));
    return err_file_status(error);
}

int main(int argc, char **argv)
{
    const char *hint;
    size_t i;

    if (argc < 2) {
        print_help(stderr);
        return STATUS_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
        print_help(stdout);
        return finish(STATUS_DONE);
    }
    for (i = 0; i < NR_VERBS; i++)
        if (!strcmp(argv[1], verbs[i].name))
            return finish(verbs[i].run(&verbs[i], argc - 1, argv + 1));
    hint = xl_verb_hint(argv[1]);
    err_one_line(argv[1]);
    fprintf(stderr, "domctl: %s: %s (%s)\n", argv[1], hint ? "not supported" : "no such verb",
            hint ? hint : "see domctl --help");
    return STATUS_USAGE;
}

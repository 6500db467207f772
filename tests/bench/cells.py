# SPDX-License-Identifier: GPL-2.0-only
"""The workloads of the bench: on which configurations each runs, and the rows that it gives.

A cell is one workload on one configuration. A workload is added here, in sizes.json and in
guest/run.sh; what it prints as ROW must be named here with its unit.
"""
import dataclasses

from configs import CONFIGS

MACHINES = tuple(c.name for c in CONFIGS.values() if c.hv and not c.special)
LOWER, HIGHER = "lower", "higher"  # which is better


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    title: str
    unit: str
    better: str = LOWER
    only: tuple = ()  # configurations that have it, if not all of the workload's


@dataclasses.dataclass(frozen=True)
class Workload:
    name: str
    title: str
    what: str  # one sentence for the report
    rows: tuple
    configs: tuple
    run: str = "machine"  # how: machine (guest/run.sh inside), guests (made in dom0), start (boot times), store (on the host)
    program: str = ""  # the workload's name for guest/run.sh, if another
    icount: bool = False  # the machine's clock counts its instructions
    kernel: str = ""  # of build/bench-image: runs in the guest in place of Linux and guest/run.sh
    facts: dict = dataclasses.field(default_factory=dict)  # that differ from the configuration's
    quick: bool = False
    image: str = ""  # of build/bench-image, unpacked on top of the guest's own
    cpus: int = 1  # of the machine; guests have one
    devices: bool = False  # with a disk in memory and a network
    marks: bool = True  # with icount: its turns stand between marks, for the events

    def rows_of(self, config):
        return [r for r in self.rows if not r.only or config in r.only]


MICRO = (
    Row("null_syscall", "null system call", "ns"),
    Row("clock_gettime", "clock_gettime", "ns"),
    Row("fork_exit", "fork + exit", "us"),
    Row("fork_exit_8m", "fork + exit, 8 MiB touched", "us"),
    Row("fork_exec", "fork + exec", "us"),
    Row("page_fault", "page fault", "ns"),
    Row("prot_signal", "protection fault + signal", "ns"),
    Row("mprotect", "mprotect, to read-only and back", "ns"),
    Row("mmap_1m", "mmap, touch, munmap 1 MiB", "us"),
    Row("switch_2", "context switch, 2 processes", "us"),
    Row("switch_8", "context switch, 8 processes", "us"),
    Row("pipe_rate", "pipe, 64 KiB writes", "MB/s", HIGHER),
    Row("futex_wake", "futex wake and switch", "us"),
)
COMPILE = Row("compile", "compile 10,000 lines of C", "s")
MACRO = (
    COMPILE,
    Row("sqlite", "SQLite speedtest1", "s"),
    Row("redis_set", "redis SET", "/s", HIGHER),
    Row("redis_get", "redis GET", "/s", HIGHER),
    Row("redis_pipelined", "redis GET, 16 in flight", "/s", HIGHER),
) + tuple(Row(f"{p}{way}", f"{p} -{level}, {title}", "MB/s", HIGHER) for p, level in (("zstd", 3), ("gzip", 6), ("xz", 1))
          for way, title in (("", "compress"), ("_d", "decompress")))
IO = tuple(
    Row(f"fio_{kind}_{way}_q{depth}", f"disk, {title} {way}, {depth} in flight", unit, HIGHER)
    for kind, title, unit in (("seq", "128 KiB in order", "MB/s"), ("rand", "4 KiB at random", "/s"))
    for way in ("read", "write") for depth in (1, 32)
) + (
    Row("net_out", "network, guest to host", "MB/s", HIGHER),
    Row("net_in", "network, host to guest", "MB/s", HIGHER),
    Row("net_guests", "network, guest to guest", "MB/s", HIGHER, only=("pavo-guest", "xen-guest", "kvm-npt", "kvm-npt-emulated")),
    Row("ping", "ping", "us"),
    Row("round_trip", "round trip of one byte by TCP", "us"),
)
IO_CONFIGS = ("native", "pavo-dom0", "pavo-guest", "xen-dom0", "xen-guest", "kvm-npt", "kvm-npt-emulated")
SHARING = tuple(Row(f"{kind}_sum_{n}", f"{title}, {n} guest{'s' * (n > 1)} in sum", "/s", HIGHER)
                for kind, title in (("cpu", "10,000 steps computed"), ("io", "4 KiB read at random")) for n in (1, 2, 4, 8)) \
    + tuple(Row(f"{kind}_jain_{n}", f"{title}, {n} guests: Jain's fairness", "index", HIGHER)
            for kind, title in (("cpu", "computing"), ("io", "reading")) for n in (2, 4, 8))
PV = (
    Row("null_hypercall", "null hypercall", "ns"),
    Row("user_syscall", "null system call", "ns"),
    Row("event_self", "event to oneself: send, upcall, return", "ns"),
    Row("ipi_ack", "IPI to a sleeping vCPU and its answer", "ns"),
    Row("grant_map", "grant, map and unmap", "ns"),
    Row("grant_copy", "grant copy, 4 KiB", "ns"),
    Row("pt_list", "1,000 page-table updates, one list", "us"),
    Row("pt_multi", "1,000 page-table updates, multicalls of 32", "us"),
    Row("pt_single", "1,000 page-table updates, one by one", "us"),
    Row("pt_store", "1,000 page-table updates, trapped stores", "us"),
)
START = (
    Row("entry_s", "start of the machine to the kernel's entry", "s"),
    Row("kernel_s", "the kernel's entry to its init", "s"),
    Row("init_s", "start of the machine to its init", "s"),
    Row("image_kib", "the hypervisor, loaded", "KiB", only=("pavo-dom0", "xen-dom0")),
)
HYPERVISORS = ("pavo-dom0", "xen-dom0")
GUESTS = ("pavo-guest", "xen-guest")
LIFE = (
    Row("create_ms", "create returns", "ms"),
    Row("init_ms", "create to the guest's init", "ms"),
    Row("reboot_ms", "reboot to the guest's init", "ms", only=HYPERVISORS),
    Row("destroy_ms", "destroy", "ms"),
    Row("self_kib", "memory of the hypervisor for itself", "KiB", only=HYPERVISORS),
    Row("guest_kib", "memory for a guest beside its own", "KiB"),
)
MANY = (
    Row("create_1", "create, the 1st", "ms"),
    Row("create_10", "create, the 10th", "ms"),
    Row("create_last", "create, the 100th", "ms"),
    Row("list", "list of 100", "ms"),
    Row("destroy_1", "destroy, one left", "ms"),
    Row("destroy_last", "destroy, 100 there", "ms"),
)
STORE = tuple(
    Row(f"{kind}_{daemon}_{what}", f"{title}, {name}, {label}", unit, better)
    for kind, title in (("read", "read"), ("write", "write"), ("tx", "transaction"), ("watch", "event to 100 watches"))
    for daemon, name in (("pavo", "Pavo"), ("xenstored", "xenstored"), ("oxenstored", "oxenstored"))
    for what, label, unit, better in (("per_s", "rate", "/s", HIGHER), ("cpu_us", "CPU time each", "us", LOWER))
) + tuple(
    Row(f"{kind}_crowded", f"{title}, Pavo: CPU time with 10,000 watches and 100,000 nodes to without", "times")
    for kind, title in (("read", "read"), ("write", "write"), ("tx", "transaction"), ("watch", "event to 100 watches"))
)

IO_WHAT = ("fio on a disk in memory; iperf3, ping and round trips over a bridge. Natively and in a dom0: that disk itself, and the "
           "loopback")
WORKLOADS = {w.name: w for w in (
    Workload("micro", "Small operations, by the clock", "the smallest operations of a kernel, in wall time",
             MICRO, MACHINES, quick=True),
    Workload("insns", "Small operations, in instructions",
             "the same with a clock that counts the machine's instructions: one nanosecond is one instruction",
             MICRO, MACHINES, program="micro", icount=True),
    Workload("macro", "Programs, by the clock", "Debian's gcc, SQLite, redis and compressors, unchanged, on files in memory",
             MACRO, MACHINES, image="macro"),
    Workload("icount", "Programs, in instructions", "the compile with a clock that counts the machine's instructions: "
             "a second is 1,000,000,000 of them", (COMPILE,), MACHINES, program="macro", icount=True, marks=False,
             image="macro"),
    Workload("io", "Disk and network, machine with 1 CPU", IO_WHAT, IO, IO_CONFIGS, image="io", devices=True),
    Workload("io2", "Disk and network, machine with 2 CPUs", IO_WHAT, IO, IO_CONFIGS, program="io", image="io", devices=True, cpus=2),
    Workload("sharing", "Guests that share a machine with 2 CPUs", "guests with the same load, each a process that computes and one that "
             "reads the disk: what they do in sum, and how evenly (1 is even)", SHARING, ("pavo-guest", "xen-guest", "kvm-npt"),
             devices=True, cpus=2),
    Workload("pv", "Operations of paravirtualization, by the clock",
             "the hypervisor's own operations, asked for by a tiny kernel with two vCPUs, in wall time",
             PV, GUESTS, kernel="mini", facts={"cpus": "2"}),
    Workload("pv-insns", "Operations of paravirtualization, in instructions",
             "the same with a clock that counts the machine's instructions: one nanosecond is one instruction",
             PV, GUESTS, program="pv", icount=True, kernel="mini", facts={"cpus": "2"}),
    Workload("start", "Start", "the whole machine from power-on to the first program of dom0",
             START, ("native", "xen-dom0", "pavo-dom0"), run="start", quick=True),
    Workload("life", "Life of guests", "guests made and ended by domctl, xl and QEMU", LIFE,
             HYPERVISORS + ("kvm-npt",), run="guests", quick=True),
    Workload("many", "Many guests", "what the 1st and the last of 100 guests with a disk and an interface cost the host; they stay "
             "paused, and have Debian's cloud kernel", MANY, HYPERVISORS, run="guests"),
    Workload("store", "The store beside Xen's two daemons", "the same requests to each daemon, natively, in turns",
             STORE, ("tools",), run="store"),
)}


def plan(size, only, quick):
    """The cells to measure: pairs (Config, Workload). Raises ValueError with what is wrong with @only."""
    cells = [(CONFIGS[c], w) for w in WORKLOADS.values() if w.name in size for c in w.configs
             if not quick or (w.quick and CONFIGS[c].quick) or only]
    if not only:
        return cells
    chosen = []
    for word in only:
        config, slash, workload = word.partition("/")
        some = [(c, w) for c, w in cells if config in ("*", c.name) and workload in ("*", "", w.name)]
        if not some:
            raise ValueError(f"ONLY: no cell {word} (CONFIG/WORKLOAD; configurations: {' '.join(CONFIGS)}; "
                             f"workloads: {' '.join(w for w in WORKLOADS if w in size)})")
        chosen += [s for s in some if s not in chosen]
    return chosen

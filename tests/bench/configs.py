# SPDX-License-Identifier: GPL-2.0-only
"""The configurations of the bench: how each is started, and by what it is known from inside."""
import dataclasses
import gzip
import pathlib
import struct

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = TOP / "build"
IMAGE = BUILD / "bench-image"
CACHE = BUILD / "cache/root"
EVENTS = BUILD / "helpers/events.so"  # counts events (events/events.c)

DEVICES = ("devices", "devices.sh", "io.sh", "roundtrip", "share")  # what workloads with a disk and a network need
QEMU_INSIDE = ("qemu", "kvm")  # parts of the image that runs of QEMU inside the machine need


@dataclasses.dataclass(frozen=True)
class Config:
    name: str
    title: str  # for tables
    what: str  # one sentence for the report
    hv: str  # HV of tests/host/run: none, xen, pavo; "" for what runs beside all machines
    where: str  # argument of guest/host.sh: where the workload runs
    facts: dict  # name of an ASSERT line: regular expression that its whole value must match
    host_facts: dict = dataclasses.field(default_factory=dict)  # the same of where guests are made, if another place
    dom0_args: str = ""
    parts: tuple = ()  # of build/bench-image that must be in /files
    marks: bool = True  # what is measured is run by the machine's CPU, so that its marks are seen
    svm: bool = False  # by a CPU that virtualizes
    peer: str = ""  # the configuration of Xen that this one is compared with
    quick: bool = False
    devices: dict = dataclasses.field(default_factory=dict)  # facts of its disk and network, where it has some
    special: bool = False  # only for workloads that name it


# What the machine's CPUs say of the hypervisor below them: the outer machine's, when nobody stands between.
OUTER = "TCGTCGTCGTCG|KVMKVMKVM|none"
ON_LINUX = {"hypervisor": "none", "cpuid": OUTER, "pv-cpuid": "none", "clock": "tsc|hpet|acpi_pm|kvm-clock", "cpus": "1"}
ON_PAVO = {"hypervisor": "xen", "pv-cpuid": "XenVMMXenVMM", "version": r"4\.17.*pavo.*", "guest-type": "PV", "cpus": "1"}
ON_XEN = {"hypervisor": "xen", "pv-cpuid": "XenVMMXenVMM", "version": r"4\.17\.[0-9].*", "guest-type": "PV",
          "clock": "xen|tsc", "cpus": "1"}
IN_KVM = {"hypervisor": "none", "cpuid": "KVMKVMKVM", "pv-cpuid": "none", "clock": "kvm-clock|tsc", "cpus": "1"}

# Drivers, each with that of its bus.
BELOW = {"io-disk": "ram0", "io-net": "lo"}
PARAVIRTUAL = {"io-disk": "vbd", "io-net": "vif"}
VIRTIO = {"io-disk": "virtio_blk<virtio-pci", "io-net": "virtio_net<virtio-pci"}
EMULATED = {"io-disk": "sd<ata_piix", "io-net": "e1000"}

CONFIGS = {c.name: c for c in (
    Config("native", "native", "Linux directly on the machine", "none", "here",
           {**ON_LINUX, "pti": "off"}, quick=True, devices=BELOW),
    Config("native-pti", "native, pti=on", "the same with two page tables a process, as on CPUs with Meltdown",
           "none", "here", {**ON_LINUX, "pti": "on"}, dom0_args="pti=on"),
    Config("pavo-dom0", "Pavo dom0", "dom0 of Pavo", "pavo", "here", ON_PAVO, peer="xen-dom0", quick=True,
           devices=BELOW),
    Config("pavo-guest", "Pavo guest", "a paravirtualized guest of Pavo", "pavo", "pavo", ON_PAVO,
           peer="xen-guest", quick=True, devices=PARAVIRTUAL),
    Config("xen-dom0", "Xen dom0", "dom0 of Xen 4.17", "xen", "here", ON_XEN, peer="xen-dom0", devices=BELOW),
    Config("xen-guest", "Xen guest", "a paravirtualized guest of Xen 4.17, as it comes", "xen", 'xen type="pv"', ON_XEN,
           peer="xen-guest", devices=PARAVIRTUAL),
    Config("xen-guest-tsc", "Xen guest, tsc native", 'the same with tsc_mode="native"', "xen",
           'xen type="pv" tsc_mode="native"', ON_XEN, peer="xen-guest"),
    Config("xen-pvh", "Xen PVH", "a PVH guest of Xen 4.17: full virtualization by the CPU, Xen's devices", "xen",
           'xen type="pvh"', {**ON_XEN, "guest-type": "PVH", "pv-cpuid": "none", "cpuid": "XenVMMXenVMM"}, peer="xen-guest", svm=True),
    Config("xen-pvh-tsc", "Xen PVH, tsc native", 'the same with tsc_mode="native"', "xen",
           'xen type="pvh" tsc_mode="native"', {**ON_XEN, "guest-type": "PVH", "pv-cpuid": "none", "cpuid": "XenVMMXenVMM"},
           peer="xen-guest", svm=True),
    Config("kvm-npt", "KVM, nested paging", "a guest of QEMU and KVM, page tables walked by the CPU", "none", "kvm npt",
           {**IN_KVM, "nested-paging": "Y|1"}, {**ON_LINUX, "nested-paging": "Y|1"}, parts=QEMU_INSIDE, quick=True,
           svm=True, devices=VIRTIO),
    Config("kvm-npt-emulated", "KVM, IDE and e1000", "the same with an emulated disk and card in the place of virtio", "none",
           "kvm npt emulated", {**IN_KVM, "nested-paging": "Y|1"}, parts=QEMU_INSIDE, svm=True, devices=EMULATED, special=True),
    Config("kvm-shadow", "KVM, shadow paging", "a guest of QEMU and KVM, page tables shadowed by KVM", "none",
           "kvm shadow", {**IN_KVM, "nested-paging": "N|0"}, parts=QEMU_INSIDE, quick=True, svm=True),
    Config("tcg-inside", "QEMU, translated", "a guest of QEMU without KVM: all of it translated", "none", "tcg",
           {**ON_LINUX, "cpuid": "TCGTCGTCGTCG", "accel": "tcg"}, parts=QEMU_INSIDE, marks=False),
    Config("tools", "programs of the host", "programs that need no machine, on the developer's host", "", "", {}),
)}


# Parts of the image for workloads, and what they are made of.
PEERS = {"io": "fio and iperf3, with their libraries", "macro": "gcc-12, redis-server, zstd, xz-utils, libsqlite3-0 and the source of sqlite3"}


def missing(config, image=""):
    """Why this configuration cannot be started here with @image, or None."""
    if image and not (IMAGE / image).exists():
        return f"no {image} for inside the machine: not all were fetched of {PEERS[image]}"
    if config.hv == "xen":
        if not (CACHE / "boot/xen-4.17-amd64.gz").exists():
            return "no Xen: the package xen-hypervisor-4.17-amd64 was not fetched"
        if not (BUILD / "host/xen-tools.cpio").exists():
            return "no Xen tools: the package xen-utils-4.17 was not fetched"
    if config.hv == "pavo" and not (BUILD / "pavo").exists():
        return "build/pavo was not built"
    for part in config.parts:
        if not (IMAGE / part).exists():
            return f"no {part} for inside the machine: the package qemu-system-x86 was not fetched"
    return None


def inputs(config, workload):
    """The files that the figures of this cell depend on: what changed since makes them stale."""
    files = [BUILD / "host/vmlinuz", IMAGE / "host.sh"]
    files += [IMAGE / workload.kernel] if workload.kernel else [IMAGE / "micro", IMAGE / "run.sh"]
    if config.hv == "pavo":
        files += [BUILD / "pavo"]
    if config.hv == "xen":
        files += [CACHE / "boot/xen-4.17-amd64.gz"]
    if config.where not in ("here", "") and not workload.kernel:
        files += [IMAGE / "inside"]
    if workload.image:
        files += [IMAGE / workload.image]
    if workload.devices:
        files += [IMAGE / name for name in DEVICES if (IMAGE / name).is_file()]
    if workload.run in ("guests", "start"):  # what dom0's image holds is measured, too: domd, or that it is loaded
        files += [BUILD / "host/initrd"]
    if workload.run == "guests":
        files += [IMAGE / "life.sh", IMAGE / "many.sh", IMAGE / "mini"] + ([BUILD / "host/xen-tools.cpio"] if config.hv == "xen" else [])
    if workload.run == "store":
        files = [BUILD / "xenstore-like/stored", BUILD / "helpers/storeload", TOP / "tests/bench/store"]
        files += [CACHE / "usr/lib/xen-4.17/bin" / name for name in ("xenstored", "oxenstored")]
    return files


def image_kib(config):
    """KiB that the hypervisor's image takes when loaded, or None without one."""
    if config.hv == "pavo":
        image = (BUILD / "pavo").read_bytes()
    elif config.hv == "xen":
        image = gzip.decompress((CACHE / "boot/xen-4.17-amd64.gz").read_bytes())
    else:
        return None
    # ELF: place, size and number of the program headers; in each its type and memory size.
    if image[4] == 2:
        (at,), (size, number) = struct.unpack_from("<Q", image, 32), struct.unpack_from("<HH", image, 54)
        parts = [(struct.unpack_from("<I", image, at + i * size)[0], struct.unpack_from("<Q", image, at + i * size + 40)[0])
                 for i in range(number)]
    else:
        (at,), (size, number) = struct.unpack_from("<I", image, 28), struct.unpack_from("<HH", image, 42)
        parts = [(struct.unpack_from("<I", image, at + i * size)[0], struct.unpack_from("<I", image, at + i * size + 20)[0])
                 for i in range(number)]
    return sum(memory for kind, memory in parts if kind == 1) // 1024

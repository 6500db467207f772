# SPDX-License-Identifier: GPL-2.0-only
"""The reports of the bench: text table, HTML page, plots, and the tables of docs/benchmarks.md."""
import html
import math
import pathlib
import re
import statistics
import subprocess

from cells import HIGHER, WORKLOADS
from configs import CONFIGS

BASE = "native"
# Kinds of hypervisors can be told by their colour.
COLOURS = {"native-pti": "#999999", "pavo-dom0": "#7fb3e6", "pavo-guest": "#1f4e9c", "xen-dom0": "#f6c26b",
           "xen-guest": "#e08a1e", "xen-guest-tsc": "#a85f0a", "xen-pvh": "#d9534f", "xen-pvh-tsc": "#8c2f2b",
           "kvm-npt": "#7fc266", "kvm-npt-emulated": "#c9e265", "kvm-shadow": "#2f6b1f", "tcg-inside": "#8e63b5"}


def figure(x):
    """Three digits that matter."""
    if x == 0:
        return "0"
    if abs(x) >= 100:
        return f"{x:,.0f}"
    return f"{x:.3g}" if abs(x) < 10 else f"{x:.1f}"


def factor(x):
    """The same of a ratio, with all its digits: one is 1.00."""
    return f"{x:.2f}" if 0.9995 <= x < 10 else figure(x)


# Where a nanosecond is an instruction.
COUNTED = {"ns": "instructions", "us": "thousand instructions", "ms": "million instructions", "s": "billion instructions",
           "MB/s": "MB in a billion instructions"}


def label(workload, row):
    """What a row says, and in which unit."""
    unit = COUNTED.get(row.unit, row.unit) if workload.icount else row.unit.replace("us", "\u00b5s")
    return f"{row.title}, {unit}" + (", higher is better" if row.better == HIGHER else "")


def spread(row, digits=0):
    """The spread of a row, where there is one."""
    return f" \u00b1{row['spread'] * 100:.{digits}f}%" if row["samples"] > 1 else ""


def carries(results, workload):
    """Whether a section's figures are those of real hardware."""
    if workload.run == "store":
        return "Measured on the developer's host itself."
    if workload.icount:
        return "Counts of instructions carry over to real processors."
    sizes = " Sizes carry over." if any(r.unit == "KiB" for r in workload.rows) else ""
    if results["machine"]["accel"] == "tcg":
        return "Times by the clock of an emulated processor carry over to real ones only in part." + sizes
    return "Times by the clock." + sizes


def whole(results, config, workload):
    """The geometric mean of how many times as dear as natively a workload's rows are; None without any."""
    times = [ratio(row_of(results, config, workload.name, r.name), row_of(results, BASE, workload.name, r.name)) for r in workload.rows]
    times = [t for t in times if t]
    return math.exp(sum(map(math.log, times)) / len(times)) if times else None


def in_short(results):
    """(workloads, [(configuration, [mean or None])]) of what ran natively, too."""
    some = [w for w in WORKLOADS.values() if w.run == "machine" and BASE in measured(results, w) and len(measured(results, w)) > 1]
    rows = [(c, [whole(results, c, w) for w in some]) for c in CONFIGS]
    return some, [(c, means) for c, means in rows if any(means)]


IN_SHORT = ("how many times as dear as natively, as the geometric mean of all rows of a section: less than its rows tell, "
            "but at one look")


def not_measured(results, workload=None):
    """(name of the cell, why) of those that failed, of one workload or of all."""
    return [(k, c["why"]) for k, c in results["cells"].items()
            if c["status"] == "failed" and (not workload or c["workload"] == workload.name)]


def ratio(row, base):
    """How many times as dear as @base, whichever way the unit runs; None if that cannot be said."""
    if not row or not base or not row["median"] or not base["median"]:
        return None
    return base["median"] / row["median"] if row["better"] == HIGHER else row["median"] / base["median"]


def row_of(results, config, workload, name):
    return results["cells"].get(f"{config}/{workload}", {}).get("rows", {}).get(name)


def measured(results, workload):
    return [c for c in workload.configs if results["cells"].get(f"{c}/{workload.name}", {}).get("rows")]


def xen_of(results, config, workload, name):
    """The row of Xen that @config is compared with, unless it is that itself."""
    peer = CONFIGS[config].peer
    return row_of(results, peer, workload, name) if peer and peer != config else None


EVENTS = "changes into ring 0 / loads of CR3 / flushes of the whole TLB / INVLPG / entries into a guest of the CPU, if any"


def events(row):
    """What the CPU did for one operation, as EVENTS says; "" where that was not counted."""
    e = (row or {}).get("events")
    if not e:
        return ""
    # Each of these empties the TLB (but for global pages) on a CPU without PCID.
    counts = [e["enter"], e["cr3"], e["cr3"] + e["cr4"] + e["invpcid"], e["invlpg"]]
    counts += [e["vmrun"]] if e["vmrun"] else []
    return "/".join(figure(n) if n >= 0.005 else "0" for n in counts)


def has_events(results, workload):
    return any(events(row_of(results, c, workload.name, r.name)) for c in measured(results, workload) for r in workload.rows)


def repeats(results, config, workload):
    """How far the medians of two rounds of a cell lie apart at most, as a part: (part, title of the row), or None."""
    rounds = results["cells"].get(f"{config}/{workload.name}", {}).get("rounds", ())
    worst = None
    for row in workload.rows if len(rounds) > 1 else ():
        medians = [statistics.median(r["rows"][row.name]) for r in rounds if row.name in r["rows"]]
        if len(medians) > 1 and min(medians) > 0:
            apart = max(medians) / min(medians) - 1
            worst = max(worst or (0, ""), (apart, row.title))
    return worst


def about(results):
    m, v = results["machine"], results["versions"]
    how = {"tcg": "translated by QEMU (TCG)", "kvm": "run by KVM"}.get(m["accel"], "no hypervisor below")
    loads = [r["load"] for c in results["cells"].values() for r in c["rounds"]]
    some = dict.fromkeys(f"{load:.1f}" for load in (min(loads), max(loads))) if loads else ()
    busy = f", load {' to '.join(some)} when they began" if loads else ""
    if loads and max(loads) > m["host_cpus"] / 2:
        busy += " (others were at work: times by the clock are worth less)"
    if m["qemu"] == "none":  # of domctl bench, on the machine itself
        machine = [("Machine", f"{m.get('product', 'unknown')}, {m['host_cpu']}, {m['host_cpus']} CPUs, {m['memory_mib']} MiB, {how}{busy}")]
    else:
        machine = [("Machine", f"QEMU {m['qemu']}, CPU {m['cpu']}, 1 CPU unless told, {m['memory_mib']} MiB, {how}"),
                   ("which runs on", f"{m['host_cpu']}, {m['host_cpus']} CPUs, Linux {m['host_kernel']}{busy}")]
    return machine + [
            ("Pavo", v["pavo"]), ("Kernels, not the same in every row" if "," in v["linux"] else "Kernel in every row", v["linux"]), ("Xen", v["xen"]),
            ("QEMU inside", v["qemu_inside"]),
            ("When", f"{results['started']} to {results['ended'] or 'now'}, size {results['size']}"
             + ("" if results["complete"] else ", unfinished"))]


# ---- text

LABEL = 54  # width of a row's label


def text_short(results):
    some, rows = in_short(results)
    if not some:
        return []
    lines = ["", f"In short: {IN_SHORT}", f"{'':22}" + "".join(f"{w.name:>10}" for w in some)]
    return lines + [f"{CONFIGS[c].title:22}" + "".join(f"{factor(m) + 'x' if m else '-':>10}" for m in means) for c, means in rows]


def text_table(results, workload, names):
    lines = [f"{'':{LABEL}}" + "".join(f"{CONFIGS[c].title:>22}" for c in names)]
    for row in workload.rows:
        line = f"{label(workload, row):{LABEL}}"
        for c in names:
            got = row_of(results, c, workload.name, row.name)
            times = ratio(got, row_of(results, BASE, workload.name, row.name)) if c != BASE else None
            cell = f"{figure(got['median'])}{spread(got)}" if got else "-"
            line += f"{cell + (f' {factor(times)}x' if times else ''):>22}"
        lines.append(line)
    return lines


def text_events(results, workload, names):
    lines = ["", f"Of one operation: {EVENTS}"]
    for i in range(0, len(names), 5):
        some = names[i:i + 5]
        lines.append(f"{'':34}" + "".join(f"{CONFIGS[c].title:>26}" for c in some))
        lines += [f"{row.title:34}" + "".join(f"{events(row_of(results, c, workload.name, row.name)) or '-':>26}" for c in some)
                  for row in workload.rows] + [""]
    return lines[:-1]


def beside_xen(results, workload, names):
    """Pavo's figures as parts of Xen's."""
    pairs = [c for c in names if c.startswith("pavo") and CONFIGS[c].peer in names]
    if not pairs:
        return []
    lines = ["", f"{'':{LABEL}}" + "".join(f"{CONFIGS[c].title + ' / ' + CONFIGS[CONFIGS[c].peer].title:>26}" for c in pairs)]
    for row in workload.rows:
        times = [ratio(row_of(results, c, workload.name, row.name), xen_of(results, c, workload.name, row.name)) for c in pairs]
        if any(times):
            lines.append(f"{label(workload, row):{LABEL}}" + "".join(f"{factor(t) + 'x' if t else '-':>26}" for t in times))
    return lines


def text(results):
    lines = [f"{k}: {v}" for k, v in about(results)] + text_short(results)
    for w in WORKLOADS.values():
        names = measured(results, w)
        if not names:
            continue
        lines += ["", f"{w.title} (median, spread, times native). {carries(results, w)}"]
        if w.run == "store":
            lines += [f"{r.title:90} {figure(got['median']) + spread(got):>16} {r.unit}" for r in w.rows
                      for got in [row_of(results, names[0], w.name, r.name)] if got]
            continue
        for i in range(0, len(names), 5):
            lines += text_table(results, w, names[i:i + 5]) + [""]
        lines.pop()
        lines += beside_xen(results, w, names)
        if has_events(results, w):
            lines += text_events(results, w, names)
        if w.icount:
            lines += [""] + [f"{CONFIGS[c].title}: rounds within {got[0] * 100:.2f} % ({got[1]})"
                             for c in names for got in [repeats(results, c, w)] if got]
    lines += [""] + [f"FAILED {k}: {why}" for k, why in not_measured(results)] if not_measured(results) else []
    return "\n".join(lines) + "\n"


# ---- plots

def plot(results, workload, out):
    """OUT/WORKLOAD.svg: times native, one group of bars a row. Returns its text, or None without one; then none of an
    earlier run is left either."""
    svg = out / f"{workload.name}.svg"
    svg.unlink(missing_ok=True)
    names = [c for c in measured(results, workload) if c != BASE]
    if not names or not measured(results, workload)[0] == BASE:
        return None
    data = out / f"{workload.name}.dat"
    lines, low = ["row " + " ".join(f'"{CONFIGS[c].title}"' for c in names)], 1.0
    for row in workload.rows:
        times = [ratio(row_of(results, c, workload.name, row.name), row_of(results, BASE, workload.name, row.name))
                 for c in names]
        if any(times):
            lines.append(f'"{row.title}" ' + " ".join(f"{t:.4g}" if t else "?" for t in times))
            low = min([low] + [t for t in times if t])
    low = f"{10 ** math.floor(math.log10(low)) if low < 0.5 else 0.5:g}"
    data.write_text("\n".join(lines) + "\n")
    bars = ", ".join(f'"{data}" using {i}:xtic(1) title columnheader({i}) lc rgb "{COLOURS.get(c, "#444444")}"'
                     for i, c in enumerate(names, 2))
    script = f"""set terminal svg size 1200,520 dynamic noenhanced font "sans-serif,12" background "white"
set output "{svg}"
set style data histogram
set style histogram clustered gap 2
set style fill solid 0.85 border -1
set logscale y
set grid y
set title "{workload.title}: how many times as dear as natively"
set ylabel "times native (lower is better)"
set yrange [{low}:]
set label " native" at graph 1, first 1
set arrow from graph 0, first 1 to graph 1, first 1 nohead front lw 2 lc rgb "#222222"
set key outside right top Left reverse
set xtics rotate by -30 nomirror
set datafile missing "?"
plot {bars}
"""
    try:
        done = subprocess.run(["gnuplot", "-"], input=script, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except FileNotFoundError:
        return None
    if done.returncode or not svg.exists():
        raise OSError(1, f"gnuplot: {done.stdout.strip().splitlines()[-1] if done.stdout.strip() else 'failed'}")
    return svg.read_text()


def inline(svg):
    """An SVG file as an element of a page."""
    return svg[svg.index("<svg"):]


# ---- HTML

STYLE = """body{font:15px/1.45 sans-serif;margin:2em auto;max-width:1280px;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:1em 0;font-size:13px}td,th{border:1px solid #ccc;padding:4px 8px;text-align:right}
th:first-child,td:first-child,.words td,.words th{text-align:left}th{background:#f2f4f7}
.words th{white-space:nowrap}td:first-child{min-width:9em}td small{color:#666;display:block}.wide{overflow-x:auto}.failed{color:#a00}
.carries{color:#555;font-style:italic}"""

READING = """The same kernel and the same programs run natively on a machine, in dom0 and in guests of Pavo and of
Xen (paravirtualized: the guest's kernel asks the hypervisor), and in guests of QEMU with KVM (fully virtualized: the
CPU helps the hypervisor, or QEMU translates). Only what stands below the kernel differs. Every configuration took turns
with the others, and said from inside what it is before its figures were believed. Each figure in bold is the median
of all samples; \u00b1 is the median distance of a sample from it. Below it stands how many times as dear that is as
natively (\u201c2.00\u00d7 native\u201d takes twice as long), and, for Pavo, as the same kind of domain on Xen
(\u201c0.50\u00d7 Xen\u201d takes half as long)."""
COUNTS = """Counts of instructions, counts of events, and sizes in memory."""
TRANSLATED = """Times by the clock: the processor here is emulated. A change of address space empties the whole TLB and
costs many times what silicon asks, which is what paravirtualization pays with; a nested page walk costs little, which
is what full virtualization pays with. Compare Pavo with Xen freely, as they are of one kind; compare either with KVM
by the counts."""
REAL = """Times by the clock are those of this machine's processor."""


def html_short(results):
    some, rows = in_short(results)
    if not some:
        return []
    parts = ["<h2>In short</h2>", f"<p>{IN_SHORT[0].upper()}{IN_SHORT[1:]}. Lower is better.</p>",
             "<table><tr><th></th>" + "".join(f"<th>{html.escape(w.title)}</th>" for w in some) + "</tr>"]
    parts += [f"<tr><td>{html.escape(CONFIGS[c].title)}</td>"
              + "".join(f"<td>{factor(m) + chr(0xd7) if m else chr(0x2013)}</td>" for m in means) + "</tr>" for c, means in rows]
    return parts + ["</table>"]


def html_cell(results, config, workload, row):
    got = row_of(results, config, workload.name, row.name)
    if not got:
        return "<td>\u2013</td>"
    more = []
    times = ratio(got, row_of(results, BASE, workload.name, row.name))
    if times and config != BASE:
        more.append(f"{factor(times)}\u00d7 native")
    times = ratio(got, xen_of(results, config, workload.name, row.name))
    if times:
        more.append(f"{factor(times)}\u00d7 Xen")
    if events(got):
        more.append(f"<i>{events(got)}</i>")
    tip = f"{got['samples']} samples, {figure(got['min'])} to {figure(got['max'])} {got['unit']}"
    return (f'<td title="{html.escape(tip)}"><b>{figure(got["median"])}</b>{spread(got, 1)}'
            + "".join(f"<small>{m}</small>" for m in more) + "</td>")


def html_section(results, workload, picture):
    names = measured(results, workload)
    parts = [f"<h2>{html.escape(workload.title)}</h2>", f"<p>{html.escape(workload.what[0].upper() + workload.what[1:])}. "
             f'<span class="carries">{carries(results, workload)}</span></p>']
    parts += [f'<p class="failed">Not measured: {html.escape(k)}: {html.escape(why)}</p>' for k, why in not_measured(results, workload)]
    if has_events(results, workload):
        parts.append(f"<p>In italics what the CPU did for one operation: {EVENTS}.</p>")
    if picture:
        parts.append(f'<div class="wide">{inline(picture)}</div>')
    parts.append('<div class="wide"><table><tr><th>Operation</th>')
    parts += [f"<th>{html.escape(CONFIGS[c].title)}</th>" for c in names] + ["</tr>"]
    for row in workload.rows:
        parts.append(f"<tr><td>{html.escape(label(workload, row))}</td>")
        parts += [html_cell(results, c, workload, row) for c in names] + ["</tr>"]
    parts.append("</table></div>")
    apart = [(CONFIGS[c].title, got) for c in names for got in [repeats(results, c, workload)] if got]
    if workload.icount and apart:
        parts.append("<p>Rounds lie apart by at most "
                     + ", ".join(f"{got[0] * 100:.2f} % ({html.escape(title)}, {html.escape(got[1])})" for title, got in apart)
                     + ".</p>")
    return parts


def page(results, pictures):
    parts = ['<?xml version="1.0" encoding="utf-8"?>', "<!DOCTYPE html>",
             '<html xmlns="http://www.w3.org/1999/xhtml" lang="en"><head><meta charset="utf-8"/>',
             "<title>Pavo: paravirtualization beside full virtualization</title>", f"<style>{STYLE}</style></head><body>",
             "<h1>Paravirtualization beside full virtualization</h1>", f"<p>{READING}</p>"]
    failed = not_measured(results)
    if failed:
        parts.append(f'<p class="failed">{len(failed)} of {len(results["cells"])} cells could not be measured; '
                     'the end of this page says why.</p>')
    parts.append('<h2>On what, and when</h2><table class="words">'
                 + "".join(f"<tr><th>{k}</th><td>{html.escape(v)}</td></tr>" for k, v in about(results)) + "</table>")
    shown = {c for w in WORKLOADS.values() for c in measured(results, w)}
    parts.append('<h2>What is compared</h2><table class="words"><tr><th>Configuration</th><th>What it is</th></tr>')
    parts += [f"<tr><td>{html.escape(c.title)}</td><td>{html.escape(c.what)}</td></tr>"
              for c in CONFIGS.values() if c.name in shown] + ["</table>"]
    parts.append('<h2>What carries over to real hardware</h2><table class="words">'
                 f"<tr><th>All of it</th><td>{COUNTS}</td></tr>" + (f"<tr><th>In part</th><td>{TRANSLATED}</td></tr>"
                 if results["machine"]["accel"] == "tcg" else f"<tr><th>This one</th><td>{REAL}</td></tr>") + "</table>")
    parts += html_short(results)
    for w in WORKLOADS.values():
        if measured(results, w):
            parts += html_section(results, w, pictures.get(w.name))
    if failed:
        parts.append('<h2 class="failed">Not measured</h2><ul>')
        parts += [f"<li>{html.escape(k)}: {html.escape(why)}</li>" for k, why in failed] + ["</ul>"]
    return "\n".join(parts + ["</body></html>", ""])


def write(results, out):
    """report.txt, report.html and the plots in @out."""
    (out / "report.txt").write_text(text(results))
    pictures = {w.name: plot(results, w, out) for w in WORKLOADS.values() if w.run == "machine"}
    (out / "report.html").write_text(page(results, {k: p for k, p in pictures.items() if p}))


# ---- docs/benchmarks.md

def markdown_cell(results, config, workload, row):
    got = row_of(results, config, workload.name, row.name)
    if not got:
        return ""
    native = ratio(got, row_of(results, BASE, workload.name, row.name)) if config != BASE else None
    xen = ratio(got, xen_of(results, config, workload.name, row.name)) if config.startswith("pavo") else None
    more = [f"{before}{factor(times)}x" for before, times in (("", native), ("Xen ", xen)) if times]
    return f"{figure(got['median'])}{spread(got)}" + (f" ({', '.join(more)})" if more else "")


def markdown(results, out=None):
    lines = [f"- {k}: {v}" for k, v in about(results)]
    lines += ["", "Medians with their spread; in parentheses how many times as dear as natively and, for Pavo, as the same kind of "
              "domain on Xen."]
    some, rows = in_short(results)
    if some:
        lines += ["", "### In short", "", f"{IN_SHORT[0].upper()}{IN_SHORT[1:]}.", "",
                  "| | " + " | ".join(w.title for w in some) + " |", "| --- |" + " ---: |" * len(some)]
        lines += [f"| {CONFIGS[c].title} | " + " | ".join(factor(m) if m else "" for m in means) + " |" for c, means in rows]
    for w in WORKLOADS.values():
        names = measured(results, w)
        if not names:
            continue
        lines += ["", f"### {w.title}", "", f"{w.what[0].upper()}{w.what[1:]}. {carries(results, w)}", ""]
        if out and (out / f"{w.name}.svg").exists():
            lines += [f"![times native, by row and configuration](pictures/{w.name}.svg)", ""]
        lines += ["| | " + " | ".join(CONFIGS[c].title for c in names) + " |", "| --- |" + " ---: |" * len(names)]
        for row in w.rows:
            line = f"| {label(w, row)} "
            line += "".join(f"| {markdown_cell(results, c, w, row)} " for c in names)
            lines.append(line + "|")
        if has_events(results, w):
            lines += ["", f"What the CPU did for one operation: {EVENTS}.", "",
                      "| | " + " | ".join(CONFIGS[c].title for c in names) + " |", "| --- |" + " ---: |" * len(names)]
            lines += [f"| {row.title} | " + " | ".join(events(row_of(results, c, w.name, row.name)) for c in names) + " |"
                      for row in w.rows]
    failed = [f"- {k}: {why}" for k, why in not_measured(results)]
    return "\n".join(lines + (["", "### Not measured", ""] + failed if failed else [])) + "\n"


def document(results, out, doc):
    """Puts tables and plots of the latest run into docs/benchmarks.md and docs/pictures."""
    old = doc.read_text()
    new, n = re.subn(r"(<!-- latest run -->\n).*(<!-- end -->)", lambda m: m[1] + markdown(results, out) + m[2], old, flags=re.S)
    if n != 1:
        raise OSError(1, f"{doc}: no place for the latest run")
    pictures = doc.parent / "pictures"
    pictures.mkdir(exist_ok=True)
    for w in WORKLOADS.values():  # those of an earlier run go
        (pictures / f"{w.name}.svg").unlink(missing_ok=True)
        if (out / f"{w.name}.svg").exists():
            (pictures / f"{w.name}.svg").write_bytes((out / f"{w.name}.svg").read_bytes())
    doc.write_text(new)

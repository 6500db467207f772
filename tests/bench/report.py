# SPDX-License-Identifier: GPL-2.0-only
"""The reports of the bench: text table, HTML page, plots, and the tables of docs/benchmarks.md."""
import html
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
    how = "translated by QEMU (TCG)" if m["accel"] == "tcg" else "run by KVM"
    loads = [r["load"] for c in results["cells"].values() for r in c["rounds"]]
    busy = f", load {min(loads):.1f} to {max(loads):.1f} before each boot" if loads else ""
    return [("Machine", f"QEMU {m['qemu']}, CPU {m['cpu']}, 1 CPU, {m['memory_mib']} MiB, {how}"),
            ("on", f"{m['host_cpu']}, {m['host_cpus']} CPUs, Linux {m['host_kernel']}{busy}"),
            ("Pavo", v["pavo"]), ("Kernel in every row", v["linux"]), ("Xen", v["xen"]),
            ("QEMU and KVM inside", v["qemu_inside"]),
            ("When", f"{results['started']} to {results['ended'] or 'now'}, size {results['size']}"
             + ("" if results["complete"] else ", unfinished"))]


# ---- text

def text_table(results, workload, names):
    lines = [f"{'':34}" + "".join(f"{CONFIGS[c].title:>22}" for c in names)]
    for row in workload.rows:
        line = f"{row.title + ', ' + row.unit:34}"
        for c in names:
            got = row_of(results, c, workload.name, row.name)
            times = ratio(got, row_of(results, BASE, workload.name, row.name)) if c != BASE else None
            cell = f"{figure(got['median'])} \u00b1{got['spread'] * 100:.0f}%" if got else "-"
            line += f"{cell + (f' {figure(times)}x' if times else ''):>22}"
        lines.append(line)
    return lines


def beside_xen(results, workload, names):
    """Pavo's figures as parts of Xen's."""
    pairs = [c for c in names if c.startswith("pavo") and CONFIGS[c].peer in names]
    if not pairs:
        return []
    lines = ["", f"{'':34}" + "".join(f"{CONFIGS[c].title + ' / ' + CONFIGS[CONFIGS[c].peer].title:>26}" for c in pairs)]
    for row in workload.rows:
        times = [ratio(row_of(results, c, workload.name, row.name), xen_of(results, c, workload.name, row.name)) for c in pairs]
        if any(times):
            lines.append(f"{row.title + ', ' + row.unit:34}" + "".join(f"{figure(t) + 'x' if t else '-':>26}" for t in times))
    return lines


def text(results):
    lines = [f"{k}: {v}" for k, v in about(results)]
    for w in WORKLOADS.values():
        names = measured(results, w)
        if not names:
            continue
        lines += ["", f"{w.title} (median, spread, times native)"]
        if w.run == "store":
            lines += [f"{r.title:90} {figure(got['median']):>10} {r.unit}" for r in w.rows
                      for got in [row_of(results, names[0], w.name, r.name)] if got]
            continue
        for i in range(0, len(names), 5):
            lines += text_table(results, w, names[i:i + 5]) + [""]
        lines.pop()
        lines += beside_xen(results, w, names)
        if w.icount:
            lines += [""] + [f"{CONFIGS[c].title}: rounds within {got[0] * 100:.2f} % ({got[1]})"
                             for c in names for got in [repeats(results, c, w)] if got]
    return "\n".join(lines) + "\n"


# ---- plots

def plot(results, workload, out):
    """OUT/WORKLOAD.svg: times native, one group of bars a row. Returns its text, or None without one."""
    names = [c for c in measured(results, workload) if c != BASE]
    if not names or not measured(results, workload)[0] == BASE:
        return None
    data = out / f"{workload.name}.dat"
    lines = ["row " + " ".join(f'"{CONFIGS[c].title}"' for c in names)]
    for row in workload.rows:
        times = [ratio(row_of(results, c, workload.name, row.name), row_of(results, BASE, workload.name, row.name))
                 for c in names]
        if any(times):
            lines.append(f'"{row.title}" ' + " ".join(f"{t:.4g}" if t else "?" for t in times))
    data.write_text("\n".join(lines) + "\n")
    svg = out / f"{workload.name}.svg"
    bars = ", ".join(f'"{data}" using {i}:xtic(1) title columnheader({i}) lc rgb "{COLOURS.get(c, "#444444")}"'
                     for i, c in enumerate(names, 2))
    script = f"""set terminal svg size 1200,520 dynamic noenhanced font "sans-serif,12" background "white"
set output "{svg}"
set style data histogram
set style histogram clustered gap 2
set style fill solid 0.85 border -1
set logscale y
set grid y
set ylabel "times native (lower is better)"
set key outside right top
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
th:first-child,td:first-child{text-align:left}th{background:#f2f4f7}td small{color:#666;display:block}
.wide{overflow-x:auto}.failed{color:#a00}dt{font-weight:bold;float:left;clear:left;width:12em}dd{margin-left:12.5em}"""

READING = """Each figure is the median of all samples; \u00b1 is the median distance of a sample from it. Below it
stands how many times as dear that is as natively, and, for Pavo, as the same kind of domain on Xen. Every
configuration ran on the same machine, took turns with the others, and said from inside what it is before it
was believed."""
TRANSLATED = """The machine's processor is emulated. Counts of instructions and of events carry over to real
processors; wall times do so only in part: here a change of address space empties the whole TLB and costs many
times what silicon asks, which is what paravirtualization pays with, and a nested page walk costs little,
which is what full virtualization pays with. Compare Pavo with Xen freely; compare either with KVM by the
counts."""


def html_cell(results, config, workload, row):
    got = row_of(results, config, workload.name, row.name)
    if not got:
        return "<td>\u2013</td>"
    more = []
    times = ratio(got, row_of(results, BASE, workload.name, row.name))
    if times and config != BASE:
        more.append(f"{figure(times)}\u00d7 native")
    times = ratio(got, xen_of(results, config, workload.name, row.name))
    if times:
        more.append(f"{figure(times)}\u00d7 Xen")
    tip = f"{got['samples']} samples, {figure(got['min'])} to {figure(got['max'])} {got['unit']}"
    return (f'<td title="{html.escape(tip)}"><b>{figure(got["median"])}</b> \u00b1{got["spread"] * 100:.1f}%'
            + "".join(f"<small>{m}</small>" for m in more) + "</td>")


def html_section(results, workload, picture):
    names = measured(results, workload)
    parts = [f"<h2>{html.escape(workload.title)}</h2>", f"<p>{html.escape(workload.what)}.</p>"]
    if picture:
        parts.append(f'<div class="wide">{inline(picture)}</div>')
    parts.append('<div class="wide"><table><tr><th>Operation</th>')
    parts += [f"<th>{html.escape(CONFIGS[c].title)}</th>" for c in names] + ["</tr>"]
    for row in workload.rows:
        better = ", higher is better" if row.better == HIGHER else ""
        parts.append(f"<tr><td>{html.escape(row.title)}, {row.unit}{better}</td>")
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
    if results["machine"]["accel"] == "tcg":
        parts.append(f"<p>{TRANSLATED}</p>")
    parts.append("<dl>" + "".join(f"<dt>{k}</dt><dd>{html.escape(v)}</dd>" for k, v in about(results)) + "</dl>")
    shown = {c for w in WORKLOADS.values() for c in measured(results, w)}
    parts.append("<h2>What is compared</h2><table><tr><th>Configuration</th><th>What it is</th></tr>")
    parts += [f"<tr><td>{html.escape(c.title)}</td><td>{html.escape(c.what)}</td></tr>"
              for c in CONFIGS.values() if c.name in shown] + ["</table>"]
    for w in WORKLOADS.values():
        if measured(results, w):
            parts += html_section(results, w, pictures.get(w.name))
    failed = [(k, c["why"]) for k, c in results["cells"].items() if c["status"] == "failed"]
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

def markdown(results):
    lines = [f"- {k}: {v}" for k, v in about(results)]
    for w in WORKLOADS.values():
        names = measured(results, w)
        if not names:
            continue
        lines += ["", f"### {w.title}", "", f"{w.what[0].upper()}{w.what[1:]}.", ""]
        if w.run == "machine" and names[0] == BASE:
            lines += [f"![times native, by row and configuration](pictures/{w.name}.svg)", ""]
        lines += ["| | " + " | ".join(CONFIGS[c].title for c in names) + " |", "| --- |" + " ---: |" * len(names)]
        for row in w.rows:
            line = f"| {row.title}, {row.unit} "
            for c in names:
                got = row_of(results, c, w.name, row.name)
                times = ratio(got, row_of(results, BASE, w.name, row.name)) if c != BASE else None
                line += f"| {figure(got['median']) + (f' ({figure(times)}x)' if times else '') if got else ''} "
            lines.append(line + "|")
    failed = [f"- {k}: {c['why']}" for k, c in results["cells"].items() if c["status"] == "failed"]
    return "\n".join(lines + (["", "### Not measured", ""] + failed if failed else [])) + "\n"


def document(results, out, doc):
    """Puts tables and plots of the latest run into docs/benchmarks.md and docs/pictures."""
    old = doc.read_text()
    new = re.sub(r"(<!-- latest run -->\n).*(<!-- end -->)", lambda m: m[1] + markdown(results) + m[2], old, flags=re.S)
    if new == old and "<!-- latest run -->" not in old:
        raise OSError(1, f"{doc}: no place for the latest run")
    doc.write_text(new)
    pictures = doc.parent / "pictures"
    pictures.mkdir(exist_ok=True)
    for svg in pathlib.Path(out).glob("*.svg"):
        if svg.stem in WORKLOADS:
            (pictures / svg.name).write_bytes(svg.read_bytes())

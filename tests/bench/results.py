# SPDX-License-Identifier: GPL-2.0-only
"""The results file of the bench: identity of machine and versions, load, save, merge, validate.

The format is described in docs/benchmarks.md and, for programs, in schema.json beside this file.
"""
import datetime
import hashlib
import json
import os
import pathlib
import re
import statistics
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
SCHEMA = "pavo-bench/1"


class Unusable(Exception):
    """A results file that this run cannot go on with; says why in one line."""


# ---- JSON Schema, as much of it as schema.json uses

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def is_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def faults(value, schema, root=None, at="$"):
    """What of @value breaks @schema: a list of lines, each with the place."""
    root = root or schema
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    if "type" in schema and not is_type(value, schema["type"]):
        return [f"{at}: not of type {schema['type']}"]
    found = []
    if "const" in schema and value != schema["const"]:
        found.append(f"{at}: not {schema['const']!r}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at}: {value!r} is none of {schema['enum']}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{at}: {value!r} does not match {schema['pattern']}")
    if "minimum" in schema and value < schema["minimum"]:
        found.append(f"{at}: {value} is below {schema['minimum']}")
    if isinstance(value, dict):
        found += [f"{at}: {k} is missing" for k in schema.get("required", ()) if k not in value]
        known, other = schema.get("properties", {}), schema.get("additionalProperties", True)
        for k, v in value.items():
            if k in known:
                found += faults(v, known[k], root, f"{at}.{k}")
            elif other is False:
                found.append(f"{at}: {k} is unknown")
            elif isinstance(other, dict):
                found += faults(v, other, root, f"{at}.{k}")
    if isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            found.append(f"{at}: fewer than {schema['minItems']} items")
        for i, v in enumerate(value):
            found += faults(v, schema.get("items", {}), root, f"{at}[{i}]")
    return found


def validate(results):
    return faults(results, json.loads((HERE / "schema.json").read_text()))


# ---- identity

def said(command):
    try:
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=TOP).stdout
    except OSError:
        return ""


def machine(accel, cpu, memory_mib):
    """The outer machine: this host, and what QEMU makes of it. Its id tells two machines apart."""
    info = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*: (.*)$", info, re.M)
    one = {"host_cpu": model.group(1) if model else "unknown", "host_cpus": os.cpu_count(),
           "host_kernel": os.uname().release, "accel": accel, "cpu": cpu, "memory_mib": memory_mib,
           "qemu": (re.search(r"version (\S+)", said(["qemu-system-x86_64", "--version"])) or [0, "none"])[1]}
    one["id"] = hashlib.sha256(json.dumps(one, sort_keys=True).encode()).hexdigest()[:16]
    return one


def package_version(name):
    for deb in sorted((TOP / "build/cache/debs").glob(f"{name}_*.deb")):
        return deb.name.split("_")[1].replace("%3a", ":")
    return "none"


def versions():
    kernel = TOP / "build/cache/linux-image-amd64.is"
    name = kernel.read_text().strip() if kernel.exists() else "none"
    return {"pavo": said(["git", "describe", "--always", "--dirty"]).strip() or "unknown",
            "linux": f"{name} {package_version(name)}",
            "xen": package_version("xen-hypervisor-4.17-amd64"),
            "qemu_inside": package_version("qemu-system-x86")}


def joined(old, new):
    """Versions of results that hold cells of both."""
    some = {k: dict.fromkeys(old.get(k, v).split(", ") + v.split(", ")) for k, v in new.items()}
    return {k: ", ".join(v for v in all_ if v != "none") or "none" for k, all_ in some.items()}


def fingerprint(files, *words):
    """Of what a cell's figures depend on."""
    h = hashlib.sha256(json.dumps(words, sort_keys=True).encode())
    for f in files:
        h.update(f.read_bytes() if f.exists() else b"none")
    return h.hexdigest()[:16]


def is_figure(word):
    """Whether a workload may have measured that: finite, not below 0."""
    return re.fullmatch(r"[0-9]+(\.[0-9]*)?(e[+-]?[0-9]{1,2})?", word) is not None


def stamp():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


# ---- the file

def new(size, mach):
    return {"schema": SCHEMA, "size": size, "machine": mach, "versions": versions(), "started": stamp(),
            "ended": None, "complete": False, "cells": {}}


def load(path, size=None, mach=None):
    """The results in @path. Raises Unusable if they are damaged, of another schema, machine or size."""
    try:
        results = json.loads(path.read_text())
    except OSError as e:
        raise Unusable(f"{path}: {e.strerror}")
    except ValueError:
        raise Unusable(f"{path}: no JSON")
    got = results.get("schema") if isinstance(results, dict) else None
    if got != SCHEMA:
        raise Unusable(f"{path}: schema {got}, not {SCHEMA}")
    wrong = validate(results)
    if wrong:
        raise Unusable(f"{path}: {wrong[0]}")
    if mach and results["machine"]["id"] != mach["id"]:
        was = results["machine"]
        differ = [k for k in mach if k != "id" and was.get(k) != mach[k]]
        raise Unusable(f"{path}: of another machine ({', '.join(f'{k} {was.get(k)}, here {mach[k]}' for k in differ)})")
    if size and results["size"] != size:
        raise Unusable(f"{path}: of size {results['size']}, not {size}")
    return results


def save(results, path):
    """Whole or not at all. Raises OSError."""
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(results, indent=1) + "\n")
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def merge(results, other):
    """Adds the cells of @other, of the same machine, that @results lacks or that are newer there, and versions."""
    results["versions"] = {**results["versions"], **joined(results["versions"], other["versions"])}
    results["started"] = min(results["started"], other["started"])
    results["ended"] = max(results["ended"] or "", other["ended"] or "") or None
    for key, cell in other["cells"].items():
        mine = results["cells"].get(key)
        if not mine or mine["status"] != "ok" or (cell["status"] == "ok" and cell["when"] > mine["when"]):
            results["cells"][key] = cell
    return results


def summary(samples, unit, better):
    """Median, and half of the samples lie within @spread of it, as a part of it."""
    s = sorted(samples)
    median = statistics.median(s)
    deviations = statistics.median(abs(x - median) for x in s)
    return {"unit": unit, "better": better, "median": median, "spread": deviations / median if median else 0.0,
            "min": s[0], "max": s[-1], "samples": len(s)}


def events_of(cell, row):
    """Medians of the events of an operation, by kind; none where they were not counted."""
    samples = {}
    for one in cell["rounds"]:
        for kind, some in one.get("events", {}).get(row, {}).items():
            samples.setdefault(kind, []).extend(some)
    return {kind: statistics.median(some) for kind, some in samples.items()}


def summarize(cell, rows):
    """Fills cell["rows"] from its rounds; names rows that it should have and lacks."""
    cell["rows"] = {}
    lacking = []
    for row in rows:
        samples = [x for r in cell["rounds"] for x in r["rows"].get(row.name, ())]
        if samples:
            cell["rows"][row.name] = summary(samples, row.unit, row.better)
            events = events_of(cell, row.name)
            if events:
                cell["rows"][row.name]["events"] = events
        else:
            lacking.append(row.name)
    return lacking

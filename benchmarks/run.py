"""Times dezero beside what else differentiates NumPy-like code, turn by turn in one process.

    python benchmarks/run.py                          everything: one thread, two threads, memory, import time, size
    python benchmarks/run.py --only "goldstein (0-d|1e6)" --threads 1 --rounds 15
    python benchmarks/run.py --peers dezero seed torch --json out.json --picture out.png

Run it with the Python of an environment that has dezero installed from a wheel; every peer that is installed there is compared
(`pip install "dezero[bench]"` brings them). A script and not `python -m`: so the installed dezero is timed, not the unbuilt checkout.

What cannot be one process: the numbers of threads (libraries read them when they are loaded; two processes, one after the other),
memory, import time and size (`alone.py`). Before anything is timed each peer's gradient is held against a difference quotient (in
long double, or in double for the programs of examples/); a peer that is wrong, or cannot do it, is not timed and the reason is
listed below the table.

Every cell of the table is a median, then how many times that is dezero's, then (with --long) the same for minima. NumPy runs
forward only. A call of the measured closure, about 0.05 us, is in every figure. With two threads the long graphs of scalars are left
out: nothing in them can be shared out. Two threads want a quiet machine: who waits for the other by spinning (PyTorch) is punished
for what a third process does.
"""
import argparse
import json
import platform
import re
import statistics
import subprocess
import sys
import tempfile

import alone
import measure

PARTS = ["times", "memory", "import", "size"]
NAMES = ["dezero", "numpy", "seed", "torch", "autograd", "mygrad", "micrograd", "jax", "jit"]
DISTRIBUTIONS = {"dezero": "dezero", "numpy": "numpy", "torch": "torch", "autograd": "autograd", "mygrad": "mygrad",
                 "micrograd": "micrograd", "jax": "jax", "jit": "jaxlib"}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", nargs="+", default=NAMES, choices=NAMES, metavar="PEER",
                        help="of these, all by default: " + " ".join(NAMES))
    parser.add_argument("--only", default="", help="regular expression: only workloads whose name has it")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2], help="by default 1 and, in another process, 2")
    parser.add_argument("--rounds", type=int, default=9, help="turns of each peer (at least 7 for figures to be quoted; default 9)")
    parser.add_argument("--turn", type=float, default=0.03, help="seconds of a turn (default 0.03)")
    parser.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS, metavar="PART",
                        help="of these, all by default: " + " ".join(PARTS))
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--picture", metavar="FILE", help="draws the ratios (needs matplotlib)")
    parser.add_argument("--long", action="store_true", help="minima beside the medians")
    parser.add_argument("--cpu", action="store_true", help="processor time instead of the clock: for one thread on a busy machine")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    return parser.parse_args()


def right(work, f, arrays, grads):
    """Whether the gradients have the inputs' shapes and agree with a difference quotient in a wide type."""
    import numpy as np
    if [g.shape for g in grads] != [a.shape for a in arrays]:
        return False
    rng, wide = np.random.default_rng(2), [a.astype(work.wide) for a in arrays]
    directions, h = [rng.choice([-1.0, 1.0], a.shape) for a in arrays], np.cbrt(np.finfo(work.wide).eps)
    ahead, behind = (np.sum(f(*[a + s * d for a, d in zip(wide, directions)])) for s in (h, -h))
    products = [g.astype("d") * d for g, d in zip(grads, directions)]
    scale = sum(float(np.abs(p).sum()) for p in products)
    precise = 1e-3 if arrays[0].dtype == np.float32 else 1e-6
    return abs(float((ahead - behind) / (2 * h)) - sum(float(p.sum()) for p in products)) <= precise * scale


def ready(work, found):
    """({name: (peer, f, leaves)} of the peers that do this workload rightly, {name: why not})."""
    import peers
    able, unable, arrays = {}, {}, work.arrays()
    reference = work.build(peers.PEERS["numpy"]())
    for name, peer in found.items():
        try:
            if work.ops > peer.most_ops:
                raise peers.Unable("would take minutes")
            f, leaves = work.build(peer), [peer.leaf(a.copy()) for a in arrays]
            if peer.differentiates and not right(work, reference, arrays, peer.gradients(f, leaves)):
                raise peers.Unable("wrong gradient")
            able[name] = peer, f, leaves
        except peers.Unable as error:
            unable[name] = str(error)
        except Exception as error:
            unable[name] = f"{type(error).__name__}: {error}".splitlines()[0][:100]
    return able, unable


def timed(work, able, rounds, turn):
    """{phase: {peer: [seconds, by round]}}."""
    if work.kind == "step":
        steps = {n: p.step(f, xs) for n, (p, f, xs) in able.items() if p.differentiates}
        records = {n: p.phases(f, xs)[0] for n, (p, f, xs) in able.items() if p.phased}
        return {"forward": measure.race(records, rounds, turn), "forward+backward": measure.race(steps, rounds, turn)}
    if work.kind == "descent":
        steps = {n: p.descend(f, xs, 1e-3) for n, (p, f, xs) in able.items() if p.differentiates}
        return {"step": measure.race(steps, rounds, turn=3.0, most=10**4)}
    pairs = {n: (*p.phases(f, xs), min(p.held, work.held)) for n, (p, f, xs) in able.items() if p.phased}
    raced, phases = measure.race_phases(pairs, rounds, turn), ("forward", "backward", "free")[:3 if work.ops > 1 else 2]
    return {phase: {n: times[phase] for n, times in raced.items() if phase in times} for phase in phases}


def times(options, threads):
    """The rows of the table with so many threads, and notes on who is missing. Runs in a process of its own."""
    measure.pin(threads)
    if options.cpu:
        measure.use_processor_time()
    import numpy
    import peers
    import workloads
    from dezero._progress import progress, say
    numpy.seterr(all="ignore")
    found, missing = peers.installed(options.peers, threads)
    rows, notes = [], {f"{name}: {why}": ["everything"] for name, why in missing.items()}
    works = progress(list(workloads.timed()), f"threads: {threads}")
    for work in works:
        if not re.search(options.only, work.name) or (threads > 1 and work.ops > 100):
            continue
        try:
            able, unable = ready(work, found)
        except ImportError as error:                        # a program of examples/, without the official packages
            notes.setdefault(str(error), []).append(work.name)
            continue
        for name, why in unable.items():
            notes.setdefault(f"{name}: {why}", []).append(work.name)
        for phase, seconds in timed(work, able, options.rounds, options.turn).items():
            cells = {name: measure.summary(s) for name, s in seconds.items()}
            rows.append({"workload": work.name, "phase": phase, "threads": threads, "seconds": cells})
            say(works, line(rows[-1], options.peers, options.long), file=sys.stderr)
    return {"rows": rows, "notes": notes}


def in_process(options, threads):
    """`times` of a fresh process, since libraries read the number of threads once."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        command = [sys.executable, __file__, "--worker", file.name, "--threads", str(threads), "--rounds", str(options.rounds),
                   "--turn", str(options.turn), "--only", options.only, "--peers", *options.peers]
        subprocess.run(command + ["--long"] * options.long + ["--cpu"] * options.cpu, check=True)
        return json.load(file)


def memory(options):
    """[{workload, unit, peers: {name: {held, peak, kept}}}] in arrays, or bytes a node."""
    import workloads
    found = []
    works = [(w, "arrays", size) for w, size in workloads.held()] + [(w, "bytes a node", w.ops) for w in workloads.counted()]
    for work, unit, size in works:
        if re.search(options.only, work.name):
            cells = {name: alone.ask("memory", name, work.name) for name in options.peers}
            cells = {name: {k: v / size for k, v in cell.items()} for name, cell in cells.items() if "error" not in cell}
            found.append({"workload": work.name, "unit": unit, "peers": cells})
            print(memory_line(found[-1], options.peers), file=sys.stderr, flush=True)
    return found


def span(seconds):
    """Seconds in four digits and a unit."""
    for unit, size in (("s ", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= 0.9995 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def times_own(ratio):
    return f"{ratio:.2f}" if ratio < 100 else f"{ratio:.0f}"


def line(row, names, long=False):
    """One row of the table."""
    own, text = row["seconds"].get("dezero"), f"{row['workload']:28s} {row['phase']:17s}"
    for name in names:
        cell = row["seconds"].get(name)
        shown = "-"
        if cell:
            shown = span(cell["median"])
            if own and name != "dezero":
                shown += f" {times_own(cell['median'] / own['median']):>6s}"
            if long:
                shown += f" ({span(cell['min'])}" + (f" {times_own(cell['min'] / own['min'])})" if own and name != "dezero" else ")")
        text += f"{shown:>{34 if long else 17}s}"
    return text


def memory_line(row, names):
    """One row of the table of memory: held after forward / at the peak."""
    text = f"{row['workload']:28s} {row['unit']:17s}"
    for name in names:
        cell = row["peers"].get(name, {})
        text += f"{' / '.join(f'{max(cell[k], 0):.3g}' for k in ('held', 'peak') if k in cell) or '-':>17s}"
    return text


def heading(names, long=False):
    return f"{'':46s}" + "".join(f"{name:>{34 if long else 17}s}" for name in names)


def means(rows, names):
    """The peers' geometric means over the programs of examples/, times dezero's."""
    rows = [row["seconds"] for row in rows if row["workload"].startswith("program ") and row["phase"] == "forward+backward"]
    for name in names:
        ratios = [row[name]["median"] / row["dezero"]["median"] for row in rows if {name, "dezero"} <= set(row)]
        if ratios and name != "dezero":
            mean, least, most = map(times_own, (statistics.geometric_mean(ratios), min(ratios), max(ratios)))
            yield f"{len(ratios)} programs, forward+backward, {name}: {mean} in the geometric mean, {least} to {most}"


def report(result, options):
    """The whole result as text."""
    for threads in options.threads:
        rows = [row for row in result["rows"] if row["threads"] == threads]
        if rows:
            yield f"\n{threads} thread{'s' * (threads > 1)}: median, times dezero's\n" + heading(options.peers, options.long)
            yield from (line(row, options.peers, options.long) for row in rows)
            yield from means(rows, options.peers)
    if result.get("memory"):
        yield "\nmemory: held after forward / at the peak\n" + heading(options.peers)
        yield from (memory_line(row, options.peers) for row in result["memory"])
    for name, found in result.get("import", {}).items():
        yield f"import {name}: ms beyond numpy " + ", ".join(f"{ms:.1f} by {how}" for how, ms in found.items())
    for name, size in result.get("size", {}).items():
        yield f"installed size of {name}: {size / 1e6:.2f} MB"
    if result["notes"]:
        yield "\nnot timed"
    yield from (f"{why}: {', '.join(works)}" for why, works in result["notes"].items())


def draw(result, file, names):
    """Each row's ratios to dezero on a logarithmic axis, a panel for each number of threads."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    rows = [row for row in result["rows"] if "dezero" in row["seconds"]]
    counts = sorted({row["threads"] for row in rows})
    most = max(sum(row["threads"] == t for row in rows) for t in counts)
    figure, panels = pyplot.subplots(1, len(counts), figsize=(9 * len(counts), 2 + 0.19 * most), squeeze=False, layout="constrained")
    for axes, threads in zip(panels[0], counts):
        shown = [row for row in rows if row["threads"] == threads]
        for name in names:
            points = [(row["seconds"][name]["median"] / row["seconds"]["dezero"]["median"], -i) for i, row in enumerate(shown)
                      if name in row["seconds"] and name != "dezero"]
            if points:
                axes.plot(*zip(*points), "o", markersize=4, label=name)
        axes.axvline(1, color="black", linewidth=1)
        axes.set(xscale="log", title=f"{threads} thread{'s' * (threads > 1)}: time over dezero's (right of 1: dezero is faster)")
        axes.set_yticks([-i for i in range(len(shown))], [f"{row['workload']}, {row['phase']}" for row in shown], fontsize=7)
        axes.set_ylim(-len(shown), 1)
        axes.grid(alpha=0.3)
    figure.legend(*panels[0][0].get_legend_handles_labels(), loc="outside upper center", ncols=len(names), fontsize=8)
    figure.savefig(file, dpi=110)


def processor():
    """The name of the processor, where the system tells it, and how many cores there are."""
    try:
        with open("/proc/cpuinfo") as file:
            found = re.search(r"^model name\s*: (.*)$", file.read(), re.MULTILINE)
    except OSError:
        found = None
    return f"{found[1] if found else platform.machine()}, {alone.os.cpu_count()} cores"


def versions(names):
    found = {"python": platform.python_version(), "machine": platform.machine(), "processor": processor()}
    for name in names:
        if name in DISTRIBUTIONS:
            try:
                found[DISTRIBUTIONS[name]] = alone.importlib.metadata.version(DISTRIBUTIONS[name])
            except alone.importlib.metadata.PackageNotFoundError:
                pass
    return found


def main():
    options = arguments()
    if options.worker:
        with open(options.worker, "w") as file:
            json.dump(times(options, options.threads[0]), file)
        return
    present = versions(options.peers)
    result = {"versions": present, "rows": [], "notes": {}}
    if "times" in options.parts:
        for threads in options.threads:
            found = in_process(options, threads)
            result["rows"] += found["rows"]
            result["notes"] = found["notes"] | result["notes"]
    if "memory" in options.parts:
        result["memory"] = memory(options)
    if options.only and not result["rows"] and not result.get("memory"):
        sys.exit(f"no workload of {' and '.join(options.parts)} has {options.only!r} in its name; benchmarks/workloads.py names them")
    names = [name for name in options.peers if DISTRIBUTIONS.get(name) in present]
    if "import" in options.parts and not options.only:
        result["import"] = {name: alone.import_time(name, pairs=11) for name in names if name not in ("numpy", "jit")}
    if "size" in options.parts and not options.only:
        result["size"] = {DISTRIBUTIONS[name]: alone.installed_size(DISTRIBUTIONS[name]) for name in names}
    print(", ".join(f"{name} {version}" for name, version in present.items()))
    print("\n".join(report(result, options)))
    if options.json:
        with open(options.json, "w") as file:
            json.dump(result, file, indent=1)
    if options.picture and result["rows"]:
        draw(result, options.picture, options.peers)


if __name__ == "__main__":
    main()

"""The figures the engine must keep, each beside what it measures here: ok or missed. Ends with status 1 if one is missed.

    python benchmarks/figures.py [--wheel dist/dezero-….whl] [--rounds 9] [--json FILE] [--quick] [--cpu]

Ratios are taken in one process, turn by turn, against the engine of the seed and NumPy itself, on one thread with the garbage
collector on; kept or missed is judged by medians. Memory, the import and the small thread have processes of their own (`alone.py`).
--quick takes a chain of a tenth.
Run it with the Python of an environment where a wheel of dezero is installed.
"""
import argparse
import json
import os
import statistics
import sys

import alone
import measure


def ratio(above, below):
    """(of the medians, of the minima) of two lists of seconds."""
    return statistics.median(above) / statistics.median(below), min(above) / min(below)


def goldstein(dezero, seed, rounds):
    """How many times faster than the seed, by size."""
    import numpy as np
    import workloads
    for text, shape, wanted in (("0-d", (), 33), ("8", 8, 22), ("1e4", 10**4, 8), ("1e6", 10**6, 3)):
        arrays = workloads.normal(shape, shape)()
        calls = {p.name: p.step(workloads.goldstein, [p.leaf(a.copy()) for a in arrays]) for p in (dezero, seed)}
        times = measure.race(calls, rounds, turn=0.1)
        yield f"Goldstein-Price {text}, forward and backward: seed / dezero", ">=", wanted, *ratio(times["seed"], times["dezero"])
    a, b = np.ones(8), np.ones(8)
    names = {"a": a, "b": b, "x": dezero.leaf(a.copy()), "y": dezero.leaf(b.copy())}
    times = measure.race({"dezero": "x + y", "numpy": "a + b"}, rounds * 3, turn=0.02, names=names)
    yield "x + y on 8 float64, recorded: dezero / NumPy's a + b", "<=", 0.5, *ratio(times["dezero"], times["numpy"])


def graphs(dezero, seed, rounds, n):
    """The chain of n against the seed, and how time grows with the width of a fan-in."""
    import numpy as np
    import workloads
    chain = {p.name: (*p.phases(workloads.chain(n), [p.leaf(np.array(1.0))]), 1) for p in (dezero, seed)}
    times = measure.race_phases(chain, rounds, turn=0)
    for phase, wanted in (("forward", 8), ("backward", 10), ("free", 1)):
        yield f"chain of {n:.0e}, {phase}: seed / dezero", ">=", wanted, *ratio(times["seed"][phase], times["dezero"][phase])
    fans = {k: (*dezero.phases(workloads.fan_in(k), [dezero.leaf(np.array(1.0))]), 1) for k in (10**4, 10**5)}
    wholes = {k: [sum(phase) for phase in zip(*times.values())] for k, times in measure.race_phases(fans, rounds).items()}
    yield "fan-in: time of 1e5 terms / time of 1e4", "<=", 15, *ratio(wholes[10**5], wholes[10**4])


def processes(wheel):
    """What needs a process of its own."""
    found = alone.ask("memory", "dezero", "chain 1e6")
    for phase, when in (("held", "after forward"), ("peak", "at the peak")):
        yield f"chain of 1e6: bytes a node, {when}", "<=", 200, found.get(phase, 1e12) / 1e6
    found = alone.ask("chain_in_thread", "dezero", 300_000)
    yield f"chain of 3e5 in a thread of 256 KiB: gradient{found.get('error', '')}", "==", 1.0, found.get("gradient", -1.0)
    found = alone.import_time("dezero")
    for how, ms in found.items():
        yield f"import dezero: ms beyond numpy, by {how}", "<=", 15, ms
    if wheel:
        yield f"{os.path.basename(wheel)}: kB", "<=", 1500, os.path.getsize(wheel) / 1e3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheel")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--cpu", action="store_true", help="processor time instead of the clock, for a busy machine")
    options = parser.parse_args()
    measure.pin(1)
    if options.cpu:
        measure.use_processor_time()
    import peers
    dezero, seed = peers.Dezero(), peers.Seed()
    print(f"dezero {dezero.module.__version__}, {os.path.dirname(dezero.module.__file__)}\n{'':66s} wanted  median     min")
    rows, holds = [], {">=": float.__ge__, "<=": float.__le__, "==": float.__eq__}
    n = 10**5 if options.quick else 10**6
    for part in (goldstein(dezero, seed, options.rounds), graphs(dezero, seed, options.rounds, n), processes(options.wheel)):
        for name, sign, wanted, found, *smallest in part:
            kept = holds[sign](float(found), float(wanted))
            rows.append({"figure": name, "wanted": f"{sign} {wanted}", "median": found, "min": (smallest or [None])[0], "kept": kept})
            least = f"{smallest[0]:8.2f}" if smallest else f"{'':8s}"
            print(f"{name:66s} {sign} {wanted:<4g} {found:8.2f}{least}  {'ok' if kept else 'MISSED'}", flush=True)
    if options.json:
        with open(options.json, "w") as file:
            json.dump(rows, file, indent=1)
    sys.exit(not all(row["kept"] for row in rows))


if __name__ == "__main__":
    main()

"""What needs a process of its own: memory, import time, a chain in a small thread.

Memory is what the system gives (resident size), in a fresh process a peer, with one array mapped at a time (`MALLOC_MMAP_THRESHOLD_`)
and its pages given back at once, so that it can be divided by the size of an array. It counts the same for all engines: NumPy's
arrays, PyTorch's saved tensors, JAX's buffers, and memory that a pool keeps. The inputs don't count; the result and the gradients do.

    python benchmarks/alone.py memory dezero "goldstein 4e6"
    python benchmarks/alone.py chain_in_thread dezero 300000
"""
import gc
import importlib.metadata
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time

import measure


def memory(peer, name):
    """Bytes beyond those before: `held` after forward, the `peak` of forward and backward, `kept` when all is dropped again.

    Small graphs are made several times over and the bytes divided.
    """
    measure.pin(1)
    import peers
    import workloads
    peer = peers.PEERS[peer]()
    work = next(w for w in [w for w, _ in workloads.held()] + list(workloads.counted()) if w.name == name)
    if work.ops > peer.most_ops:
        raise peers.Unable("would take minutes")
    f, leaves = work.build(peer), [peer.leaf(a) for a in work.arrays()]
    if not peer.phased:                                 # the first call compiles
        step = peer.step(f, leaves)
        step()
        record, back = step, None
    else:
        record, back = peer.phases(f, leaves)
    gc.collect()
    time.sleep(0.3)                                     # JAX copies and frees in its own time
    before, found, copies = measure.resident(), {}, min(work.held, peer.held)
    measure.reset_peak()
    results = [record() for _ in range(copies)]
    if peer.phased:
        found["held"] = measure.resident() - before
    if back is not None:
        for y in results:
            back(y)
        del y
    found["peak"] = measure.peak() - before
    del results
    return {name: size / copies for name, size in (found | {"kept": measure.resident() - before}).items()}


def chain_in_thread(peer, n):
    """A chain of n ops made, run back and freed in a thread with a stack of 256 KiB; the process dies if anything recurses."""
    import peers
    import workloads
    peer, grads = peers.PEERS[peer](), []

    def work():
        x = peer.leaf(workloads.np.array(1.0))
        grads.extend(peer.gradients(workloads.chain(int(n)), [x]))
    threading.stack_size(256 * 1024)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return {"gradient": float(grads[0])}


def ask(question, *arguments):
    """What `python alone.py question arguments` answers, or {"error": its last words}."""
    run = subprocess.run([sys.executable, __file__, question, *map(str, arguments)], capture_output=True, text=True,
                         env=os.environ | {"MALLOC_MMAP_THRESHOLD_": "131072"})
    if run.returncode:
        return {"error": (run.stderr.strip().splitlines() or [f"ended with {run.returncode}"])[-1]}
    return json.loads(run.stdout.splitlines()[-1])


def installed_size(distribution):
    """Bytes of the files of one installed distribution, without what it needs."""
    files = importlib.metadata.files(distribution) or ()
    return sum(path.stat().st_size for path in {file.locate() for file in files} if path.exists())


def import_time(module, pairs=41):
    """Milliseconds of `import module` beyond `import numpy`, in three ways.

    Of pairs of processes by the clock: the median difference, and the difference of the minima (on a busy machine the pairs
    differ by tens of ms either way); and what -X importtime says, the median of nine, the steadiest.
    """
    def clock(*modules):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-P", "-c", "".join(f"import {m};" for m in modules)], check=True, stderr=subprocess.DEVNULL)
        return (time.perf_counter() - start) * 1e3

    def inside():
        run = subprocess.run([sys.executable, "-P", "-X", "importtime", "-c", f"import numpy, {module}"],
                             check=True, stderr=subprocess.PIPE, text=True)
        lines = [line for line in run.stderr.splitlines() if re.search(rf"\| {re.escape(module)}$", line)]
        return int(lines[-1].split("|")[1]) / 1e3
    clock("numpy", module)
    both, alone = zip(*[(clock("numpy", module), clock("numpy")) for _ in range(pairs)])
    return {"median of pairs": statistics.median(b - a for b, a in zip(both, alone)), "minima": min(both) - min(alone),
            "importtime": statistics.median(inside() for _ in range(9))}


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))

"""Timing turn by turn, and memory as the system sees it. Imports nothing numerical, so that `pin` can come first.

A race lets each entry have its turn in each round, in rotating order, so that a disturbance hits all of them; the ratio of two
medians of one race means something even on a busy machine, a time alone does not. The garbage collector stays on, as users have it;
what an entry left behind is collected before the next one's turn, and what is alive before the race (the modules of all the
peers) is frozen, or each would pay for walking the others' modules.
"""
import contextlib
import gc
import os
import statistics
import time
import timeit

timer = time.perf_counter       # `use_processor_time` changes it


def pin(threads):
    """Holds this process to so many cores, and the numerical libraries to so many threads; call it before they are imported."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = str(threads)
    os.environ.setdefault("JAX_PLATFORMS", "cpu")


def use_processor_time():
    """Times what this process computes, on all its threads, instead of the clock on the wall: for one thread on a busy machine."""
    global timer
    timer = time.process_time


@contextlib.contextmanager
def frozen():
    """What is alive now is not walked by the garbage collector inside."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def clock(call, n, names=None):
    """Seconds a call takes, of n in a row, collector on (timeit alone turns it off); `call` may be source, with its `names`."""
    return timeit.Timer(call, "import gc; gc.enable()", timer, globals=names).timeit(n) / n


def repeats(call, turn):
    """How many calls fill a turn of so many seconds; call(n) gives the seconds a call takes, of n."""
    if call(1) > 30 * turn:                             # what a first call compiles or loads is not counted, unless it is all
        return 1
    seconds, n = call(1), 1
    while seconds * n < turn / 20:
        n *= 4
        seconds = call(n)
    return max(1, round(turn / seconds))


def turns(entries, rounds):
    """(name, entry) of each turn of all rounds; who begins changes from round to round."""
    order = list(entries)
    for i in range(rounds):
        start = i % len(order) if order else 0
        for name in order[start:] + order[:start]:
            gc.collect()
            yield name, entries[name]


def race(calls, rounds=9, turn=0.03, names=None, most=10**9):
    """{name: [seconds a call, by round]} of {name: callable or source}."""
    timed = {name: (lambda n, call=call: clock(call, n, names)) for name, call in calls.items()}
    times = {name: [] for name in calls}
    with frozen():
        counts = {name: min(most, repeats(call, turn)) for name, call in timed.items()}
        for name, call in turns(timed, rounds):
            call(1)                                     # refills the caches after somebody else's turn
            times[name].append(call(counts[name]))
    return times


def split(record, back, n, held):
    """Seconds of one forward, one backward, and freeing one; n of each, of which `held` are alive at a time."""
    forward = backward = free = 0.0
    results, done = [None] * min(n, held), 0
    while done < n:
        start = timer()
        for i in range(len(results)):
            results[i] = record()
        recorded = timer()
        if back is not None:
            for y in results:
                back(y)
            y = None
        walked = timer()
        for i in range(len(results)):
            results[i] = None
        forward, backward, free = forward + recorded - start, backward + walked - recorded, free + timer() - walked
        done += len(results)
    seconds = {"forward": forward / done, "backward": backward / done, "free": free / done}
    return seconds if back is not None else {"forward": seconds["forward"], "free": seconds["free"]}


def race_phases(pairs, rounds=9, turn=0.03):
    """{name: {phase: [seconds, by round]}} of {name: (record, back, how many results are held at a time)}."""
    times = {name: {} for name in pairs}
    with frozen():
        counts = {name: repeats(lambda n: sum(split(record, back, n, held).values()), turn)
                  for name, (record, back, held) in pairs.items()}
        for name, (record, back, held) in turns(pairs, rounds):
            if held > 1:
                split(record, back, 1, 1)               # refills the caches
            for phase, seconds in split(record, back, counts[name], held).items():
                times[name].setdefault(phase, []).append(seconds)
    return times


def summary(seconds):
    return {"median": statistics.median(seconds), "min": min(seconds), "rounds": len(seconds)}


def resident():
    """Bytes of memory this process has now."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def reset_peak():
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def peak():
    """Most bytes this process had since `reset_peak`."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))

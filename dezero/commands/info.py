"""Print versions, whether the compiled parts are in use and if not why, and how the plugins stand."""

import platform
import sys

import numpy as np
import pluggy

import dezero
from dezero import _kernels, plugins
from dezero.commands._output import add_json, load_all, print_json, print_text
from dezero.engine import tape
from dezero.registry import registry

HELP = "print versions, and whether the compiled parts are in use"


def arguments(parser):
    add_json(parser)


def run(arguments):
    load_all()
    facts = collect()
    if arguments.json:
        print_json(facts)
        return 0
    built = "in use" if facts["compiled"] else f"not in use: {facts['reason']}"
    states = [f"{count} {state}" for state, count in facts["plugins"].items() if count]
    for name, text in (
            ("dezero", f"{facts['dezero']} ({facts['location']})"), ("python", f"{facts['python']} ({facts['platform']})"),
            ("numpy", facts["numpy"]), ("pluggy", facts["pluggy"]), ("compiled", built),
            ("engine", f"{facts['engine']}, kernels: {facts['kernels']}"), ("ops", facts["ops"]),
            ("plugins", ", ".join(states) or "none installed")):
        print_text(f"{name:<10}{text}", " " * 10)
    return 0


def collect():
    """What is known of this installation, as a dict that JSON can hold."""
    interpreted = tape.__file__.endswith(".py")
    reason = _kernels.REASON
    states = [row.status for row in plugins.status() if row.kind == "installed"]
    return {
        "dezero": dezero.__version__,
        "location": dezero.__path__[0],
        "python": platform.python_version(),
        "platform": f"{sys.platform} {platform.machine()}",
        "numpy": np.__version__,
        "pluggy": pluggy.__version__,
        "compiled": not reason,
        "reason": reason,
        "engine": "interpreted" if interpreted else "compiled",
        "kernels": _kernels.IN_USE,
        "ops": len(registry.snapshot.ops),
        "plugins": {state: states.count(state) for state in ("active", "disabled", "failed", "not loaded")},
    }

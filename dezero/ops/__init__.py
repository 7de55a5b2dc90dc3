"""The built-in ops, one module each: plugins like any stranger's, which import only what a stranger may.

Those that few programs need at once are claimed lazily (`claims`), and imported at their first use:
``dezero claims dezero.ops.scatter ... -o dezero/ops/claims.py`` writes the table, and a test compares it.
"""
from dezero import hookimpl


@hookimpl
def dezero_register_ops(register):
    from dezero.ops.claims import CLAIMS
    for module, table in CLAIMS.items():
        register.lazy(module, table)

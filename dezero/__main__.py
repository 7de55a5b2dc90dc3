"""The command line, ``dezero`` or ``python -m dezero``; each command is a module of `dezero.commands`."""

from contextlib import contextmanager
import sys

COMMANDS = ("demo", "info", "ops", "plugins", "check", "new", "stubs", "claims")


def main(argv=None):
    """Run one command.

    Parameters
    ----------
    argv : list of str, optional
        Without the program's name; by default that of the process.

    Returns
    -------
    int
        0, or 1 where something failed; argparse leaves with 2 where it was called wrongly.
    """
    with _streams():
        arguments = _parser().parse_args(argv)
        try:
            code = arguments.run(arguments)
            sys.stdout.flush()
            return code
        except BrokenPipeError:  # `dezero ops | head`
            import os
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1


@contextmanager
def _streams():
    """Have stdout and stderr take what is printed: where one is closed (a daemon, cron, pythonw), nobody reads it."""
    import os
    given = sys.stdout, sys.stderr
    with open(os.devnull, "w") as nowhere:
        sys.stdout, sys.stderr = (nowhere if getattr(stream, "closed", stream is None) else stream for stream in given)
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")  # a terminal that has no ∂
        try:
            yield
        finally:
            sys.stdout, sys.stderr = given


def _parser():
    import argparse
    from importlib import import_module
    import dezero
    parser = argparse.ArgumentParser(
        prog="dezero", description="Reverse-mode automatic differentiation for NumPy code.",
        epilog="Start with `dezero demo`; write an op of your own with `dezero new NAME`.")
    parser.add_argument("--version", action="version", version=f"dezero {dezero.__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name in COMMANDS:
        module = import_module(f"dezero.commands.{name}")
        command = commands.add_parser(
            name, help=module.HELP, description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter)
        module.arguments(command)
        command.set_defaults(run=module.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""The commands of the command line: each module has HELP, arguments(parser) and run(arguments)."""

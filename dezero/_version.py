"""The version: read by the build, and compared with what the extension modules were built from."""
__version__ = "0.1.0"

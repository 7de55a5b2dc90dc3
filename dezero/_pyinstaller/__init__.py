"""What PyInstaller must know to freeze a program that uses dezero; found by the entry point pyinstaller40."""
import os


def get_hook_dirs():
    """Return the folders of the hooks."""
    return [os.path.dirname(__file__)]

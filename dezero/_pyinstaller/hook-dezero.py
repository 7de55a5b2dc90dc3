"""The hook for dezero: compiled modules do not show what they import, and built-in ops and plugins are found by name."""
import os
from pkgutil import walk_packages

import dezero
from dezero import _discovery

hiddenimports = ["dezero", *[module.name for module in walk_packages(dezero.__path__, "dezero.") if "-" not in module.name]]
datas = []

# Installed op packages: a frozen program finds them as any other does, by the entry points in their metadata.
for _entry in _discovery.installed().entries:
    if _entry.error is None:
        hiddenimports.append(_entry.value.partition(":")[0].strip())
        datas.append((_entry.folder, os.path.basename(_entry.folder)))

"""How Sphinx builds the site from this folder: `sphinx-build -W docs build/site`, with `.[docs]` and both official packages.

What can be made from code is made: `site_pages` writes the pages of the gallery, the coverage, the ops and the benchmarks into
`made/`, and the directive `draw` runs the code that it shows and puts the picture of its graph below.
"""
import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path += [str(HERE), str(HERE.parent / "tests")]
os.environ["MPLBACKEND"] = "Agg"

from sphinx.errors import ConfigError  # noqa: E402

import dezero  # noqa: E402
from dezero import _kernels  # noqa: E402

if _kernels.IN_USE != "compiled":           # uncompiled, more arrays are kept, and the pictures of graphs show it
    raise ConfigError(f"docs/conf.py: dezero is not compiled here ({_kernels.REASON}), so its pictures would contradict the text. "
                      "Install it, `pip install .`, and run `sphinx-build` or `python -P -m sphinx`")

project = "dezero"
author = "the authors of dezero"
version = release = dezero.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc", "site_pages"]
exclude_patterns = ["made/parts"]

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "attrs_block"]
numpydoc_show_class_members = False
autodoc_member_order = "bysource"
add_module_names = False
default_role = "code"
html_copy_source = False

html_theme = "pydata_sphinx_theme"
html_title = "dezero"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_favicon = "static/icon.svg"
html_context = {"default_mode": "auto"}
html_show_sourcelink = False
html_sidebars = {page: [] for page in ("start", "backward", "ops", "benchmarks", "gotchas", "CHANGELOG")}     # none is below
html_theme_options = {
    "logo": {"text": "dezero"},
    "show_prev_next": True,
    "navbar_align": "left",
    "header_links_before_dropdown": 8,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "friendly",
    "pygments_dark_style": "monokai",
}
html_show_sphinx = False
copyright = author

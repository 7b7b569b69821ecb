"""Settings of Sphinx for the documentation site, which ``tools/make_site.py`` builds."""

from __future__ import annotations

import re
from typing import Any

from recorder_core import __version__

project = "Surgery Workbench"
html_title = f"Surgery Workbench {__version__}"
myst_enable_extensions = ["deflist"]
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_heading_anchors = 4
default_role = "code"
highlight_language = "text"
pygments_style = "friendly"
autodoc_typehints = "none"  # the docstrings name the types, with shapes and units
autodoc_use_type_comments = False
# (width, height) is no type, though it stands where types do
suppress_warnings = ["ref.python"]
smartquotes = False
autodoc_class_signature = "separated"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
napoleon_use_param = False
toc_object_entries = False
html_theme = "furo"
html_static_path = ["assets"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_use_index = False
html_domain_indices = False


def setup(app: Any) -> None:
    """Let docstrings on one page have references of the same numbers."""
    app.connect("autodoc-process-docstring", _list_references)


def _list_references(*given: Any) -> None:
    """Make a list of the references of a docstring in place of footnotes of the page."""
    lines = given[-1]
    text = re.sub(r"\[(\d+)\]_", r"[\1]", "\n".join(lines))
    lines[:] = re.sub(r"^\.\. (\[\d+\]) ", r"\1\n   ", text, flags=re.MULTILINE).splitlines()

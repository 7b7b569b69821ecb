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
pygments_dark_style = "github-dark"
autodoc_typehints = "none"  # the docstrings name the types, with shapes and units
autodoc_use_type_comments = False
# (width, height) is no type, though it stands where types do
suppress_warnings = ["ref.python"]
smartquotes = False
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
napoleon_use_param = False
toc_object_entries = False
html_theme = "furo"
_LIGHT = {
    "ground": "#f4f6f8", "surface": "#ffffff", "raised": "#e9eef2", "line": "#c9d2da",
    "text": "#16202a", "muted": "#55636f", "accent": "#006fa8",
}  # fmt: skip
_DARK = {
    "ground": "#101418", "surface": "#181e24", "raised": "#212931", "line": "#323d48",
    "text": "#e8edf2", "muted": "#9aa8b5", "accent": "#4cc2ff",
}  # fmt: skip


def _variables(colours: dict[str, str]) -> dict[str, str]:
    """Return the theme's variables for the colours of the workbench's pages."""
    return {
        "color-background-primary": colours["surface"],
        "color-background-secondary": colours["ground"],
        "color-background-hover": colours["raised"],
        "color-background-border": colours["line"],
        "color-background-item": colours["raised"],
        "color-foreground-primary": colours["text"],
        "color-foreground-secondary": colours["muted"],
        "color-foreground-muted": colours["muted"],
        "color-foreground-border": colours["muted"],
        "color-brand-primary": colours["accent"],
        "color-brand-content": colours["accent"],
        "color-brand-visited": colours["accent"],
        "color-link": colours["accent"],
        "color-code-background": colours["raised"],
        "color-code-foreground": colours["text"],
        "color-inline-code-background": colours["raised"],
        "color-api-name": colours["accent"],
        "color-api-pre-name": colours["muted"],
        "color-highlighted-background": colours["raised"],
    }


html_theme_options = {
    "light_css_variables": _variables(_LIGHT),
    "dark_css_variables": _variables(_DARK),
}
html_static_path = ["assets"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_use_index = False
html_domain_indices = False


#: comments of attributes, by name, while napoleon would take what is before a colon for a type
_comments: dict[str, list[str]] = {}


def setup(app: Any) -> None:
    """Read docstrings and comments as this project writes them; napoleon's turn is at 500."""
    app.connect("autodoc-process-docstring", _keep_comment, priority=400)
    app.connect("autodoc-process-docstring", _put_comment_back, priority=600)
    app.connect("autodoc-process-docstring", _list_references, priority=700)


def _keep_comment(_app: Any, kind: str, name: str, *given: Any) -> None:
    if kind in {"attribute", "data"}:
        _comments[name] = list(given[-1])


def _put_comment_back(_app: Any, _kind: str, name: str, *given: Any) -> None:
    if name in _comments:
        given[-1][:] = _comments.pop(name)


def _list_references(*given: Any) -> None:
    """Make a list of the references of a docstring in place of footnotes of the page."""
    lines = given[-1]
    text = re.sub(r"\[(\d+)\]_", r"[\1]", "\n".join(lines))
    lines[:] = re.sub(r"^\.\. (\[\d+\]) ", r"\1\n   ", text, flags=re.MULTILINE).splitlines()

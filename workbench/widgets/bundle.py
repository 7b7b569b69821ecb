"""What all widgets share: their bundled JavaScript, and the checks of what a browser sets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import anywidget
import traitlets

from recorder_core.errors import RecorderError, SettingsError
from workbench.wire import error_content

__all__ = [
    "LANGUAGES",
    "BundledWidget",
    "ToldWidget",
    "checked_label",
    "checked_marker",
    "checked_number",
    "checked_span",
    "checked_url",
    "checked_view",
    "problem_content",
    "read_bundle",
]

LANGUAGES: Final = ("en", "pt", "es")
#: where `make setup` writes them
_FOLDER: Final = Path(__file__).parent / "static"
#: longest label of a marker or a view, in characters
_MAX_LABEL: Final = 200


@cache
def read_bundle(name: str) -> str:
    """Read a bundled script or stylesheet.

    Parameters
    ----------
    name : str
        Of the file, such as 'player.js'.

    Raises
    ------
    SettingsError
        If the widgets were not bundled.
    """
    try:
        return (_FOLDER / name).read_text(encoding="utf-8")
    except FileNotFoundError as exc:
        raise SettingsError("the widgets are not bundled; run 'make setup'") from exc


class BundledWidget(anywidget.AnyWidget):
    """A widget whose code is its bundle, whatever a browser says."""

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    language = traitlets.Enum(LANGUAGES, "en").tag(sync=True)

    #: name of the script in the bundle
    _script = ""

    @traitlets.default("_esm")
    def _read_script(self) -> str:
        return read_bundle(self._script)

    @traitlets.default("_css")
    def _read_style(self) -> str:
        return read_bundle("widgets.css")

    @traitlets.validate("_esm", "_css")
    def _check_code(self, proposal: dict[str, Any]) -> str:
        own = self._read_script() if proposal["trait"].name == "_esm" else self._read_style()
        if proposal["value"] != own:
            raise traitlets.TraitError("the code of a widget is its bundle and nothing else")
        return own


class ToldWidget(BundledWidget):
    """A widget of which a browser sets its language, and nothing else: it is told what it shows."""

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Set the traits that are a browser's to set, and none of the others."""
        super().set_state({key: sync_data[key] for key in sync_data.keys() & {"language"}})


def problem_content(error: RecorderError | traitlets.TraitError) -> dict[str, Any]:
    """Return what a page needs to say an error in the language of its reader."""
    if isinstance(error, RecorderError):
        return error_content(error)
    return {"error": str(error), "code": None, "said": None}


def checked_url(url: str) -> str:
    """Return the address of a video; refuse one that is no path and no address of the web.

    Raises
    ------
    traitlets.TraitError
        If a browser would run it or read it from the disk.
    """
    head = url.split("/", 1)[0].lower()
    if ":" in head and head not in ("http:", "https:"):
        raise traitlets.TraitError("the address of a video begins with /, http:// or https://")
    return url


def checked_span(span: list[float]) -> list[float]:
    """Return the start and stop of a span in seconds; an empty list is no span.

    Raises
    ------
    traitlets.TraitError
        If the numbers are not two that rise.
    """
    numbers = [checked_number(each) for each in span]
    if numbers and (len(numbers) != 2 or not numbers[0] < numbers[1]):
        raise traitlets.TraitError("a span is its start and a later stop, in seconds, or empty")
    return numbers


def checked_marker(marker: Mapping[str, Any]) -> dict[str, Any]:
    """Return a marker of the bar: its label and its time.

    Raises
    ------
    traitlets.TraitError
        If it lacks one of them, or has more.
    """
    if set(marker) != {"label", "seconds"}:
        raise traitlets.TraitError("a marker has a label and its seconds, and nothing else")
    return {"label": checked_label(marker["label"]), "seconds": checked_number(marker["seconds"])}


def checked_view(view: Mapping[str, Any]) -> dict[str, Any]:
    """Return a view of the frame: its name, and its place in pixels.

    Raises
    ------
    traitlets.TraitError
        If it lacks one of them, has more, or is empty.
    """
    if set(view) != {"name", "x", "y", "w", "h"}:
        raise traitlets.TraitError("a view has a name, x, y, w and h, and nothing else")
    place = {key: checked_number(view[key]) for key in ("x", "y", "w", "h")}
    if place["w"] <= 0 or place["h"] <= 0:
        raise traitlets.TraitError("a view is at least one pixel wide and high")
    return {"name": checked_label(view["name"]), **place}


def checked_label(value: object) -> str:
    """Return a label; refuse one that is too long, or no text."""
    if not isinstance(value, str) or len(value) > _MAX_LABEL:
        raise traitlets.TraitError(f"a label is a text of at most {_MAX_LABEL} characters")
    return value


def checked_number(value: object) -> float:
    """Return a finite number; refuse anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise traitlets.TraitError(f"{str(value)[:40]!r} is not a finite number")
    return float(value)

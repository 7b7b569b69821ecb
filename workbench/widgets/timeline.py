"""Signals of an event under its video."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self, cast

import ipywidgets
import traitlets

from recorder_core.signals import Signal
from workbench.widgets.bundle import (
    BundledWidget,
    checked_label,
    checked_marker,
    checked_span,
)
from workbench.widgets.player import Player
from workbench.widgets.signal_packing import pack_signals

__all__ = ["Timeline", "link_to_player"]


class Timeline(BundledWidget):
    """Signals over the time of a video, with its markers and the time that is shown.

    A click shows that time in the player it is linked to; dragging zooms; a gap in a
    signal is a gap in its line.
    """

    #: name, unit and number of samples of each
    signals: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    #: float64: times, then values, of each signal in turn
    samples = traitlets.Bytes().tag(sync=True)
    end_seconds = traitlets.Float(0.0, min=0.0).tag(sync=True)
    markers: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    loop: traitlets.List[float] = traitlets.List().tag(sync=True)
    #: what is shown
    seconds = traitlets.Float(0.0).tag(sync=True)
    seek = traitlets.Tuple(traitlets.Float(), traitlets.Int(), default_value=(0.0, 0)).tag(
        sync=True
    )

    _script = "timeline.js"

    @classmethod
    def of_signals(cls, signals: Sequence[Signal], **traits: Any) -> Self:
        """Return the timeline of signals, a lane each, in their order."""
        return cls(**pack_signals(signals), **traits)

    @traitlets.validate("signals")
    def _check_signals(self, proposal: dict[str, Any]) -> list[dict[str, Any]]:
        return [_checked_signal(each) for each in proposal["value"]]

    @traitlets.validate("samples")
    def _check_samples(self, proposal: dict[str, Any]) -> bytes:
        value = cast(bytes, proposal["value"])
        if len(value) % 16:
            raise traitlets.TraitError("a sample is a time and a value of 8 bytes each")
        return value

    @traitlets.validate("markers")
    def _check_markers(self, proposal: dict[str, Any]) -> list[dict[str, Any]]:
        return [checked_marker(each) for each in proposal["value"]]

    @traitlets.validate("loop")
    def _check_loop(self, proposal: dict[str, Any]) -> list[float]:
        return checked_span(proposal["value"])


def _checked_signal(signal: dict[str, Any]) -> dict[str, Any]:
    if set(signal) != {"name", "unit", "samples"}:
        raise traitlets.TraitError("a signal has a name, a unit and samples, and nothing else")
    samples = signal["samples"]
    if isinstance(samples, bool) or not isinstance(samples, int) or samples < 0:
        raise traitlets.TraitError("the samples of a signal are counted from 0")
    return {
        "name": checked_label(signal["name"]),
        "unit": checked_label(signal["unit"]),
        "samples": samples,
    }


def link_to_player(timeline: Timeline, player: Player) -> None:
    """Link a timeline to a player in the browser: no click waits for the kernel."""
    ipywidgets.jslink((timeline, "seek"), (player, "seek"))
    ipywidgets.jslink((timeline, "loop"), (player, "loop"))
    ipywidgets.jsdlink((player, "seconds"), (timeline, "seconds"))
    ipywidgets.jsdlink((player, "markers"), (timeline, "markers"))

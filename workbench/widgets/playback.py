"""Several events side by side: copies in step, signals aligned on a marker, spans measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from recorder_core.errors import DataError, RecorderError
from recorder_core.signals import BIS_RANGE, Signal, measure_span
from workbench.widgets.bundle import ToldWidget, checked_number, problem_content
from workbench.widgets.signal_packing import pack_signals

__all__ = ["PlaybackBoard", "PlaybackEvent", "PlaybackMarker"]


@dataclass(frozen=True, slots=True)
class PlaybackMarker:
    """A moment or a span of an event, in seconds of the event."""

    kind: str
    start_seconds: float
    stop_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackEvent:
    """What is shown of one event; of people it says nothing."""

    event_id: str
    procedure: str
    #: date
    started: str
    #: address of the released copy; empty: there is none to play
    copy_url: str = ""
    #: word of the page that says why there is none
    why_none: str = ""
    #: (N,) float64: when each frame of the copy is shown, from its first
    frame_seconds: NDArray[np.float64] = field(
        default_factory=lambda: np.empty(0, np.float64), repr=False
    )
    #: how long the copy lasts, or the event where there is no copy
    end_seconds: float = 0.0
    #: when the copy's first frame is shown, by the clock of its file
    start_seconds: float = 0.0
    #: the same in seconds of the event
    offset_seconds: float = 0.0
    signals: Sequence[Signal] = field(default=(), repr=False)
    markers: Sequence[PlaybackMarker] = ()


class PlaybackBoard(ToldWidget):
    """The page Playback. It measures what a browser asks for, and nothing else.

    Parameters
    ----------
    events : sequence of PlaybackEvent
        That are shown.
    choices : sequence of dict
        Events that could be: event_id, procedure, started, end_seconds, is_released.
    left_out : sequence of dict, optional
        Events that cannot be: event_id, procedure, started, end_seconds, and `why`, a word of the
        page.
    problem : mapping, optional
        A sentence on what was asked for and cannot be shown.
    """

    events: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    #: float64: times, then values, of each signal of each event in turn
    samples = traitlets.Bytes().tag(sync=True)
    #: float64: times of the frames of each event in turn
    frames = traitlets.Bytes().tag(sync=True)
    choices: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    left_out: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    limits: traitlets.List[float] = traitlets.List(list(BIS_RANGE)).tag(sync=True)
    problem: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)

    _script = "playback.js"

    def __init__(
        self,
        events: Sequence[PlaybackEvent],
        choices: Sequence[dict[str, Any]] = (),
        *,
        left_out: Sequence[dict[str, Any]] = (),
        problem: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self._shown = tuple(events)
        packed = [pack_signals(each.signals) for each in events]
        super().__init__(
            events=[
                _to_browser(each, signals["signals"])
                for each, signals in zip(events, packed, strict=True)
            ],
            samples=b"".join(each["samples"] for each in packed),
            frames=b"".join(each.frame_seconds.tobytes() for each in events),
            choices=list(choices),
            left_out=list(left_out),
            problem=dict(problem),
        )
        self.on_msg(self._receive)

    def _receive(self, widget: object, content: dict[str, Any], buffers: list[Any]) -> None:
        del widget, buffers
        if content.get("kind") != "measure":
            return
        answer: dict[str, Any] = {
            "kind": "answer",
            "number": content.get("number"),
            "problem": None,
            "rows": [],
        }
        try:
            answer["rows"] = self._measure(content.get("spans"), content.get("limits"))
        except (RecorderError, traitlets.TraitError) as error:
            answer["problem"] = problem_content(error)
        self.send(answer)

    def _measure(self, spans: object, limits: object) -> list[dict[str, Any] | None]:
        """Return for each event what its signals were in its span; None where it has none."""
        if not isinstance(spans, list) or len(spans) != len(self._shown):
            raise DataError("one span is measured in each event")
        low, high = _pair(limits)
        return [
            None if span is None else _measured(event.signals, _pair(span), (low, high))
            for event, span in zip(self._shown, spans, strict=True)
        ]


def _measured(
    signals: Sequence[Signal], span: tuple[float, float], limits: tuple[float, float]
) -> dict[str, Any]:
    measured = {
        each.name: asdict(measure_span(each.seconds, each.values, span, limits)) for each in signals
    }
    # JSON has no NaN
    return {
        "span": list(span),
        "signals": {
            name: {key: None if math.isnan(value) else value for key, value in found.items()}
            for name, found in measured.items()
        },
    }


def _pair(value: object) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise DataError("a span and a range are two numbers each")
    return checked_number(value[0]), checked_number(value[1])


def _to_browser(event: PlaybackEvent, signals: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "event_id": event.event_id,
        "procedure": event.procedure,
        "started": event.started,
        "copy_url": event.copy_url,
        "why_none": event.why_none,
        "frames": len(event.frame_seconds),
        "start_seconds": event.start_seconds,
        "end_seconds": event.end_seconds,
        "offset_seconds": event.offset_seconds,
        "signals": signals,
        "markers": [asdict(each) for each in event.markers],
    }

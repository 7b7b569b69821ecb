"""Signals of archived events, on the time of the video or counted from a marker.

For ``notebooks/event_signals.ipynb`` and ``notebooks/compare_events.ipynb``. How long a value holds
says :mod:`recorder_core.signals`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recorder_core.errors import DataError
from recorder_core.jobs.archive import ReadableEvent
from recorder_core.signals import BIS_RANGE, measure_span

__all__ = [
    "EventPicture",
    "align_signal",
    "marker_seconds",
    "open_picture",
    "range_table",
]

#: digits of an event's id that are shown
_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class EventPicture:
    """What is drawn of one event."""

    event_id: str
    #: signal, unit, seconds, value
    signals: pd.DataFrame = field(repr=False)
    #: kind, start_seconds, ...
    markers: pd.DataFrame = field(repr=False)
    #: of each marker the frame of the video that is shown then, (H, W, 3) uint8, RGB
    frames_rgb: list[NDArray[np.uint8]] = field(repr=False)


def open_picture(
    event: ReadableEvent, role: Literal["original", "deidentified"] = "original"
) -> EventPicture:
    """Read the signals and markers of an event, and a frame for each marker.

    Parameters
    ----------
    event : ReadableEvent
        Of an open archive.
    role : {"original", "deidentified"}
        Which video.
    """
    markers: pd.DataFrame = event.markers().sort_values("start_seconds", ignore_index=True)
    with event.open_video(role) as video:
        frames = [video.frame_at(seconds).to_rgb() for seconds in markers["start_seconds"]]
    return EventPicture(event.event_id, event.signals(), markers, frames)


def marker_seconds(event: ReadableEvent, kind: str) -> float:
    """Return when the first marker of a kind begins, in seconds of the video.

    Raises
    ------
    DataError
        If the event has none.
    """
    markers = event.markers()
    starts = markers.loc[markers["kind"] == kind, "start_seconds"]
    if not len(starts):
        raise DataError(
            f"event {event.event_id[:_SHOWN]} has no marker {kind}; set one with 'workbench event "
            "mark', or choose another"
        )
    return float(starts.min())


def align_signal(events: Iterable[ReadableEvent], signal: str, marker: str) -> pd.DataFrame:
    """Return a signal of several events, its time counted from a marker of each.

    Parameters
    ----------
    events : iterable of ReadableEvent
        Of an open archive.
    signal : str
        Its name, such as "bis".
    marker : str
        A kind of marker; the first of each event is second 0.

    Returns
    -------
    pandas.DataFrame
        Columns event, seconds, value.

    Raises
    ------
    DataError
        If an event has no such marker or signal.
    """
    parts = []
    for event in events:
        rows = _rows(event, signal)
        shifted = rows["seconds"] - marker_seconds(event, marker)
        name = event.event_id[:_SHOWN]
        parts.append(pd.DataFrame({"event": name, "seconds": shifted, "value": rows["value"]}))
    if not parts:
        return pd.DataFrame(columns=["event", "seconds", "value"])
    return pd.concat(parts, ignore_index=True)


def range_table(
    events: Iterable[ReadableEvent],
    signal: str,
    between: tuple[str, str],
    limits: tuple[float, float] = BIS_RANGE,
) -> pd.DataFrame:
    """Return the time in range and the mean of a signal between two markers of each event.

    Parameters
    ----------
    events : iterable of ReadableEvent
        Of an open archive.
    signal : str
        Its name, such as "bis".
    between : tuple of str
        Kinds of markers: from the first of the one to the first of the other.
    limits : tuple of float
        The range, both ends in it.

    Raises
    ------
    DataError
        If an event lacks a marker or the signal, or the second marker does not come later.
    """
    found = {}
    for event in events:
        start, stop = (marker_seconds(event, kind) for kind in between)
        name = event.event_id[:_SHOWN]
        if start >= stop:
            raise DataError(f"event {name} has its {between[1]} before its {between[0]}")
        rows = _rows(event, signal)
        times, values = (rows[each].to_numpy(np.float64) for each in ("seconds", "value"))
        spent = measure_span(times, values, (start, stop), limits)
        found[name] = {
            f"{signal} mean": spent.mean,
            "seconds": stop - start,
            "below (s)": spent.below_seconds,
            "inside (s)": spent.inside_seconds,
            "above (s)": spent.above_seconds,
            "unknown (s)": spent.unknown_seconds,
        }
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("event")


def _rows(event: ReadableEvent, signal: str) -> pd.DataFrame:
    """Return the values of one signal of an event, by time."""
    table = event.signals()
    rows: pd.DataFrame = table[table["signal"] == signal]
    if not len(rows):
        names = ", ".join(sorted(table["signal"].unique()))
        raise DataError(
            f"event {event.event_id[:_SHOWN]} has no signal {signal}; it has {names or 'none'}"
        )
    return rows.sort_values("seconds", ignore_index=True)

"""Figures of ``notebooks/event_signals.ipynb`` and ``notebooks/compare_events.ipynb``."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from recorder_core.signals import BIS_RANGE, MAX_HOLD_INTERVALS, usual_interval
from workbench.notebooks.events import EventPicture

__all__ = ["draw_aligned", "draw_event", "draw_ranges"]

_COLOURS: Final = ("#0b5c7a", "#d99a3d", "#6b36b8", "#3f7d4f", "#b3261e")
#: of the times below, in and above a range, and without a value
_RANGES: Final = {
    "below (s)": "#6b36b8", "inside (s)": "#3f7d4f", "above (s)": "#d99a3d",
    "unknown (s)": "#c9d1d4",
}  # fmt: skip


def draw_event(picture: EventPicture) -> Figure:
    """Draw the signals of one event on the time of its video, with the frame at each marker.

    Parameters
    ----------
    picture : EventPicture
        From :func:`~workbench.notebooks.events.open_picture`.
    """
    names = sorted(picture.signals["signal"].unique())
    figure = Figure(figsize=(10, 3.2 + 1.2 * len(names)), layout="constrained")
    above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=[2.4, 1.2 * len(names)])[
        :, 0
    ]
    shown = picture.markers.itertuples()
    columns = max(1, len(picture.frames_rgb))
    for axes, marker, rgb in zip(
        above.subplots(1, columns, squeeze=False)[0], shown, picture.frames_rgb, strict=False
    ):
        axes.imshow(rgb)
        axes.set(xticks=[], yticks=[], title=f"{marker.kind}, {marker.start_seconds:g} s")
    lanes = below.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    for name, axes, colour in zip(names, lanes, _COLOURS * len(names), strict=False):
        rows = picture.signals[picture.signals["signal"] == name]
        axes.plot(*_with_gaps(rows), color=colour, lw=1.4)
        unit = str(rows["unit"].iloc[0])
        axes.set_ylabel(f"{name}\n{unit}".strip())
        axes.grid(visible=True, alpha=0.3)
        for start in picture.markers["start_seconds"]:
            axes.axvline(start, color="#38464c", lw=1, ls="--")
    lanes[-1].set_xlabel("seconds of the video")
    return figure


def draw_aligned(
    aligned: pd.DataFrame, marker: str, limits: tuple[float, float] = BIS_RANGE
) -> Figure:
    """Draw a signal of several events, its time counted from a marker of each.

    Parameters
    ----------
    aligned : pandas.DataFrame
        From :func:`~workbench.notebooks.events.align_signal`.
    marker : str
        The kind at second 0.
    limits : tuple of float
        The range that is shaded.
    """
    figure = Figure(figsize=(10, 4), layout="constrained")
    axes = figure.subplots()
    axes.axhspan(*limits, color="#3f7d4f", alpha=0.12, label=f"{limits[0]:g} to {limits[1]:g}")
    for number, (name, rows) in enumerate(aligned.groupby("event", sort=False)):
        colour = _COLOURS[number % len(_COLOURS)]
        axes.plot(*_with_gaps(rows), color=colour, lw=1.6, label=str(name))
    axes.axvline(0, color="#38464c", lw=1, ls="--")
    axes.set(xlabel=f"seconds from {marker}", ylabel="value")
    axes.grid(visible=True, alpha=0.3)
    figure.legend(loc="outside upper center", ncols=6)
    return figure


def draw_ranges(table: pd.DataFrame) -> Figure:
    """Draw for how long a signal was below, in and above its range, a bar for each event.

    Parameters
    ----------
    table : pandas.DataFrame
        From :func:`~workbench.notebooks.events.range_table`.
    """
    figure = Figure(figsize=(10, 1.2 + 0.5 * len(table)), layout="constrained")
    axes = figure.subplots()
    left = np.zeros(len(table))
    for column, colour in _RANGES.items():
        axes.barh(table.index, table[column], left=left, color=colour, label=column[:-4])
        left += table[column].to_numpy()
    axes.invert_yaxis()
    axes.set_xlabel("seconds")
    figure.legend(loc="outside upper center", ncols=len(_RANGES))
    return figure


def _with_gaps(rows: pd.DataFrame) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return times and values, with a NaN where nothing was measured: no line crosses a gap."""
    seconds, values = rows["seconds"].to_numpy(np.float64), rows["value"].to_numpy(np.float64)
    steps = np.diff(seconds)
    if not len(steps):
        return seconds, values
    places = np.flatnonzero(steps > MAX_HOLD_INTERVALS * usual_interval(seconds)) + 1
    return np.insert(seconds, places, seconds[places - 1]), np.insert(values, places, np.nan)

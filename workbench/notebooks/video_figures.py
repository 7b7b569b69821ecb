"""Figures of ``notebooks/my_video.ipynb``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from workbench.notebooks.video import MomentPicture

__all__ = ["draw_frame", "draw_moments", "draw_timeline"]

#: of the reasons why a region is hidden
_COLOURS: Final = {
    "detected": "#0b5c7a",
    "rescued": "#d99a3d",
    "filled": "#b3261e",
    "padded": "#9aa7ad",
    "corrected": "#6b36b8",
}
#: what is shown around the place of a moment, in its sizes
_SURROUNDINGS: Final = 0.5


def draw_frame(rgb: NDArray[Any]) -> Figure:
    """Show one frame, shape (H, W, 3)."""
    height, width = rgb.shape[:2]
    figure = Figure(figsize=(9.6, 9.6 * height / width))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.axis("off")
    axes.imshow(rgb)
    return figure


def draw_timeline(redactions: pd.DataFrame) -> Figure:
    """Draw when each track is hidden, and why.

    Parameters
    ----------
    redactions : pandas.DataFrame
        With the columns `seconds`, `track` and `origin`.
    """
    tracks = sorted(redactions["track"].unique())
    figure = Figure(figsize=(10, 1.2 + 0.3 * len(tracks)), layout="constrained")
    axes = figure.subplots()
    for origin, colour in _COLOURS.items():
        rows = redactions[redactions["origin"] == origin]
        places = [tracks.index(track) for track in rows["track"]]
        if places:
            axes.scatter(rows["seconds"], places, s=14, marker="s", color=colour, label=origin)
    names = ["a person's" if track < 0 else f"track {track}" for track in tracks]
    axes.set_yticks(range(len(tracks)), names)
    axes.set(xlabel="seconds", ylim=(-0.7, len(tracks) - 0.3))
    axes.grid(visible=True, axis="x", alpha=0.3)
    figure.legend(loc="outside upper center", ncols=len(_COLOURS))
    return figure


def draw_moments(moments: Sequence[MomentPicture], columns: int = 3) -> Figure:
    """Show moments of the copy, each with the place to look at framed.

    Parameters
    ----------
    moments : sequence of MomentPicture
        As many as there are; none gives a figure that says so.
    columns : int
        Pictures side by side.
    """
    rows = max(1, -(-len(moments) // columns))
    figure = Figure(figsize=(3.3 * columns, 2.9 * rows), layout="constrained")
    for place, axes in enumerate(np.ravel(figure.subplots(rows, columns, squeeze=False))):
        axes.axis("off")
        if place < len(moments):
            _draw_moment(axes, moments[place])
    figure.suptitle("Moments of the copy to look at" if moments else "No moment stands out")
    return figure


def _draw_moment(axes: Any, shown: MomentPicture) -> None:
    x0, y0, x1, y1 = shown.moment.region_xyxy_px
    reach_x, reach_y = _SURROUNDINGS * (x1 - x0), _SURROUNDINGS * (y1 - y0)
    height, width = shown.frame_rgb.shape[:2]
    axes.imshow(shown.frame_rgb)
    frame = Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, color=_COLOURS["corrected"])
    axes.add_patch(frame)
    axes.set(
        xlim=(max(0, x0 - reach_x), min(width, x1 + reach_x)),
        ylim=(min(height, y1 + reach_y), max(0, y0 - reach_y)),
    )
    reasons = "\n".join(reason.sentence for reason in shown.moment.reasons)
    axes.set_title(f"{shown.moment.start_seconds:.2f} s\n{reasons}", fontsize=8)

"""Figures of ``notebooks/evaluation.ipynb``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from recorder_core.errors import DataError
from recorder_core.evaluation import PrecisionRecall
from recorder_core.jobs.measuring.missed_faces import MissedFace
from workbench.notebooks.evaluation import METHODS

__all__ = ["draw_misses", "draw_precision_recall", "draw_smoothing"]

#: of the methods, in their order
_COLOURS: Final = ("#9aa7ad", "#d99a3d", "#0b5c7a")


def draw_precision_recall(curves: Mapping[str, PrecisionRecall]) -> Figure:
    """Draw precision against recall, and recall against false positives per image."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, curve in curves.items():
        left.plot(curve.recall, curve.precision, label=name)
        right.plot(curve.false_boxes / curve.pictures, curve.recall, label=name)
    left.set(xlabel="recall", ylabel="precision", xlim=(0, 1.01), ylim=(0, 1.01))
    right.set(xlabel="false positives per image", ylabel="recall", xlim=(0, 1), ylim=(0, 1.01))
    right.axvline(0.3, color="grey", linewidth=0.8, linestyle="--")
    for axes in (left, right):
        axes.grid(visible=True, alpha=0.3)
        axes.legend(loc="lower left" if axes is left else "lower right")
    figure.suptitle("Single pictures of simulated surgeries, IoU 0.5")
    return figure


def draw_misses(misses: Sequence[MissedFace], columns: int = 6) -> Figure:
    """Show the faces that are found worst, each with what was detected on it.

    Raises
    ------
    DataError
        If there is no face.
    """
    if not misses:
        raise DataError("the recordings show no face that could be missed")
    rows = -(-len(misses) // columns)
    figure = Figure(figsize=(1.8 * columns, 2.2 * rows), layout="constrained")
    for place, axes in enumerate(np.ravel(figure.subplots(rows, columns, squeeze=False))):
        axes.axis("off")
        if place < len(misses):
            _draw_miss(axes, misses[place])
    figure.suptitle("Faces with the lowest scores; the frame is the true place")
    return figure


def _draw_miss(axes: Any, miss: MissedFace) -> None:
    axes.imshow(miss.picture_rgb)
    x0, y0, x1, y1 = miss.box_xyxy_px
    frame = Rectangle((x0 - 0.5, y0 - 0.5), x1 - x0, y1 - y0, fill=False, edgecolor="lime")
    axes.add_patch(frame)
    score = "missed" if miss.score < 0 else f"score {miss.score:.2f}"
    axes.set_title(f"{miss.state}, {miss.height_px:.0f} px\n{score}", fontsize=8)


def draw_smoothing(table: pd.DataFrame) -> Figure:
    """Draw recall, hidden faces and false area of each method side by side."""
    figure = Figure(figsize=(10, 3.4), layout="constrained")
    shown = ("recall at IoU 0.5", "faces hidden", "false area")
    looks = list(dict.fromkeys(table.index.get_level_values(0)))
    width = 0.9 / len(METHODS)
    for axes, column in zip(figure.subplots(1, len(shown)), shown, strict=True):
        for place, (method, colour) in enumerate(zip(METHODS.values(), _COLOURS, strict=True)):
            heights = [float(table.loc[(look, method), column]) for look in looks]
            offsets = np.arange(len(looks)) + (place - 1) * width
            bars = axes.bar(offsets, heights, width, color=colour, label=method)
            axes.bar_label(bars, labels=[f"{height:.1%}" for height in heights], fontsize=7)
        axes.set_xticks(range(len(looks)), looks)
        axes.set_title(column)
        axes.set_ylim(0, 1.15 * max(float(table[column].max()), 1e-6))
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure

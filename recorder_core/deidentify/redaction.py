"""Make faces unrecognisable, in place, on a writable copy of a frame's planes.

The frame stays YUV 4:2:0: luma and chroma are redacted each in its own resolution,
and every chroma sample that touches a shape is redacted. Redactions of one call are
painted in an order that depends on their boxes alone, large before small, and each reads
the frame as the ones before it left it: a small box inside a large one, from a detector
or from a person, shows nothing that the large one hides.

What a redaction covers, and whether it was really applied, is in `redaction_check`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recorder_core.deidentify._redaction_cy import redact_plane
from recorder_core.deidentify.redaction_shape import (
    FaceShape,
    RedactionMethod,
    RedactionSettings,
    face_shapes,
)
from recorder_core.errors import DataError
from recorder_core.model import Planes, Redaction, View
from recorder_core.model.frames.planes import has_adjacent_samples

__all__ = [
    "RedactionMethod",
    "RedactionSettings",
    "cell_levels",
    "plane_jobs",
    "redact",
]

UInt8Array = NDArray[np.uint8]


def redact(
    planes: Planes,
    redactions: Sequence[Redaction],
    settings: RedactionSettings,
    bounds: View,
) -> None:
    """Redact faces in place.

    Parameters
    ----------
    planes : Planes
        A writable copy of the frame; never the decoder's own buffers.
    redactions : sequence of Redaction
        The faces of this frame, in any order.
    settings : RedactionSettings
        Method, enlargement and soft edge.
    bounds : View
        The room view: nothing outside is changed or read, except for corrections
        that leave it (see `face_shapes`).

    Raises
    ------
    SettingsError
        If `bounds` does not lie inside the frame.
    DataError
        If the planes cannot be written, or a box is not a face box.
    """
    if not redactions:
        return
    shapes = face_shapes(redactions, settings, bounds, planes.width, planes.height)
    for plane, sample_px, levels in plane_jobs(planes, settings):
        _check_writable(plane)
        ellipses, grids = _plane_tables(shapes, settings, sample_px)
        redact_plane(plane, sample_px, ellipses, grids, *levels, settings.method != "mosaic")


def plane_jobs(
    planes: Planes, settings: RedactionSettings
) -> list[tuple[UInt8Array, int, tuple[int, int, int, int]]]:
    """Return each plane, the luma pixels along one of its samples, and its `cell_levels`."""
    samples = ((planes.y, 1), (planes.u, 2), (planes.v, 2))
    return [
        (plane, sample_px, cell_levels(settings, index, planes.full_range))
        for index, (plane, sample_px) in enumerate(samples)
    ]


def cell_levels(
    settings: RedactionSettings, plane: int, full_range: bool
) -> tuple[int, int, int, int]:
    """Return what a cell may hold: step (0: any), lowest, highest, fill (-1: none)."""
    # chroma spans about half of luma's range in real frames; coarser steps would tint
    step = 256 // settings.levels // (1 if plane == 0 else 2) if settings.method == "cells" else 0
    fill = settings.solid_yuv[plane] if settings.method == "solid" else -1
    if full_range:
        return step, 0, 255, fill
    return step, 16, 235 if plane == 0 else 240, fill


def _check_writable(plane: UInt8Array) -> None:
    if not plane.flags.writeable:
        raise DataError("the planes are read-only; redact a writable copy of the frame")
    if not has_adjacent_samples(plane):
        raise DataError("the samples of a row must be contiguous; redact a copy of the frame")


def _plane_tables(
    shapes: Sequence[FaceShape], settings: RedactionSettings, sample_px: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Write shapes as the kernel reads them: (N, 6) ellipses and (N, 16) grids."""
    ellipses, grids = [], []
    for shape in shapes:
        outer_square, gain = shape.weight_ramp
        ellipses.append(
            (
                shape.centre_x,
                shape.centre_y,
                1.0 / shape.radius_x,
                1.0 / shape.radius_y,
                outer_square,
                gain,
            )
        )
        grid = shape.grid(settings, sample_px)
        grids.append(
            (
                *shape.plane_clip(sample_px),
                *shape.plane_source(grid, sample_px),
                *(grid.x0, grid.y0, grid.x1, grid.y1),
                *(grid.columns, grid.rows, grid.reach_x, grid.reach_y),
            )
        )
    return (
        np.array(ellipses, np.float64).reshape(-1, 6),
        np.array(grids, np.int64).reshape(-1, 16),
    )

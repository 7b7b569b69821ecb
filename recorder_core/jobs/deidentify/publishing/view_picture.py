"""A small picture of where a copy's view lies, beside its report, without anybody's face.

Who reads the report sees what was taken for the room. Inside the view it is a frame of the
copy, whose faces are hidden; outside, where nothing was redacted, only coarse cells are left.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from recorder_core.jobs.inputs.job_video import JobVideo
from recorder_core.media import decode_at_keyframes
from recorder_core.model import View
from recorder_core.tables import RedactionTable

__all__ = ["write_view_picture"]

#: long side of the picture
_LONG_SIDE_PX: Final = 640
#: cells along the frame's long side outside the view: even a face that fills a third of it
#: has too few to be known by
_CELLS: Final = 24
_EDGE_RGB: Final = (255, 200, 0)
_EDGE_PX: Final = 2
_JPEG_QUALITY: Final = 85


def write_view_picture(path: Path, copy: Path, source: JobVideo, table: RedactionTable) -> None:
    """Write a frame of a copy as a player shows it, with the edge of the view drawn in.

    Parameters
    ----------
    path : Path
        JPEG.
    copy : Path
        The finished file.
    source : JobVideo
        What it was made from.
    table : RedactionTable
        What was redacted; the frame is from the moment with most faces.

    Raises
    ------
    DecodeError
        If the frame cannot be decoded.
    """
    seconds = _busiest_second(source, table)
    first = next(iter(decode_at_keyframes(copy, [seconds], 1)))[0].frame
    drawn = _draw(first.to_rgb(), _shown_view(source))
    drawn.save(path, "JPEG", quality=_JPEG_QUALITY)


def _busiest_second(source: JobVideo, table: RedactionTable) -> float:
    """Return the time in the copy of the frame with most redactions; the middle without any."""
    index, unit = source.copy_index, source.video.time_base
    frames, counts = np.unique(table.frame_index[table.applied], return_counts=True)
    place = len(source) // 2
    if len(frames):
        place = int(frames[counts.argmax()]) - source.first
    return float((int(index.pts[place]) - index.shift_pts) * unit)


def _shown_view(source: JobVideo) -> View:
    """Return the view in the frame as a player shows it."""
    view, geometry = source.view, source.video.geometry
    box = [[view.x, view.y, view.x + view.width, view.y + view.height]]
    x0, y0, x1, y1 = geometry.show_boxes(np.asarray(box, np.float64))[0].round().astype(int)
    return View(int(x0), int(y0), int(x1 - x0), int(y1 - y0))


def _draw(rgb: NDArray[np.uint8], view: View) -> Image.Image:
    height, width = rgb.shape[:2]
    inside = (view.x, view.y, view.x + view.width, view.y + view.height)
    frame = Image.fromarray(np.ascontiguousarray(rgb))
    cell_px = max(width, height) / _CELLS
    cells = frame.resize(
        (max(1, round(width / cell_px)), max(1, round(height / cell_px))), Image.Resampling.BOX
    )
    result = cells.resize(frame.size, Image.Resampling.NEAREST)
    result.paste(frame.crop(inside), inside[:2])
    scale = min(1.0, _LONG_SIDE_PX / max(width, height))
    result = result.resize((max(1, round(width * scale)), max(1, round(height * scale))))
    left, top, right, bottom = (round(edge * scale) for edge in inside)
    # of a few pixels nothing may be left in this size
    edge = (left, top, max(left, right - 1), max(top, bottom - 1))
    ImageDraw.Draw(result).rectangle(edge, outline=_EDGE_RGB, width=_EDGE_PX)
    return result

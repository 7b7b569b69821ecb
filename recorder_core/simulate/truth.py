"""Where the faces of a simulated video are: written beside it, and moved into a composite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from recorder_core.composite import CompositeLayout, place_picture
from recorder_core.composite.layout import ROOM
from recorder_core.errors import SettingsError
from recorder_core.media import file_sha256, open_video
from recorder_core.model import ShownGeometry, TruthFace
from recorder_core.simulate.settings import SimulationSettings
from recorder_core.simulate.views.room import FaceInView
from recorder_core.tables import TableMetadata, TruthTable, write_truth

__all__ = ["truth_in_composite", "write_faces"]


def write_faces(
    path: Path, video: Path, settings: SimulationSettings, seen: Sequence[tuple[int, FaceInView]]
) -> tuple[TruthFace, ...]:
    """Write the table of faces with the time stamps that the container gave their frames.

    Parameters
    ----------
    path : Path
        Of the table.
    video : Path
        In which they are.
    settings : SimulationSettings
        By which it was made.
    seen : sequence of (int, FaceInView)
        Frame index and face, ordered by frame.

    Raises
    ------
    DataError
        If the table cannot be written.
    """
    with open_video(video) as opened:
        time_base, pts = opened.info.video.time_base, opened.index.pts.tolist()
    faces = tuple(
        TruthFace(index, pts[index], face.face_id, face.box_xyxy_px, face.visible, face.state)
        for index, face in seen
    )
    described = asdict(settings) | {"frame_rate": str(settings.frame_rate)}
    metadata = TableMetadata(file_sha256(video), described, time_base)
    write_truth(path, TruthTable(faces, tuple(enumerate(pts))), metadata)
    return faces


def truth_in_composite(
    truth: TruthTable,
    layout: CompositeLayout,
    size_px: tuple[int, int],
    shown: Iterable[tuple[int, int, int | None]],
) -> TruthTable:
    """Return where a composite shows the faces of a room camera.

    Parameters
    ----------
    truth : TruthTable
        In pixels of the room camera, by its frames.
    layout : CompositeLayout
        Of the composite.
    size_px : tuple of int
        Width and height of the room camera's frames, square pixels.
    shown : iterable of tuple
        Index and pts of each frame of the composite, and the index of the room camera's frame that
        it shows; None where it shows none.

    Returns
    -------
    TruthTable
        In pixels of the composite, by its frames; faces that the view cuts off are left out.

    Raises
    ------
    SettingsError
        If the layout shows no room.
    """
    view = next((each for each in layout.views if each.name == ROOM), None)
    if view is None:
        raise SettingsError("the layout shows no room, so that no face of it is in the composite")
    placement = place_picture(view, ShownGeometry(*size_px))
    boxes = np.array([face.box_xyxy_px for face in truth.faces], np.float64).reshape(-1, 4)
    by_frame: dict[int, list[TruthFace]] = {}
    for face, box in zip(truth.faces, placement.map_boxes(boxes).tolist(), strict=True):
        if box[2] > box[0] and box[3] > box[1]:
            moved = replace(face, box_xyxy_px=tuple(box))
            by_frame.setdefault(face.frame_index, []).append(moved)
    frames, faces = [], []
    for index, pts, source_index in shown:
        frames.append((index, pts))
        if source_index is not None:
            found = by_frame.get(source_index, [])
            faces += [replace(face, frame_index=index, pts=pts) for face in found]
    return TruthTable(tuple(faces), tuple(frames))

"""WIDER FACE's evaluation lists (``wider_easy_val.mat`` and its siblings).

A list names for each of the 61 events its pictures, all their faces, and in ``gt_list``
the numbers, from 1, of those faces that its difficulty counts; the others are neither
hits nor misses. ``wider_face_val.mat`` holds the same faces without that choice.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.datasets.formats.damage import located, located_box
from recorder_core.datasets.formats.wider import wider_face
from recorder_core.datasets.model import Dataset, LabelledFace, LabelledPicture
from recorder_core.datasets.pictures import size_if_there
from recorder_core.errors import DataError

__all__ = ["read_wider_evaluation"]

_COLUMNS: Final = ("blur", "expression", "illumination", "invalid", "occlusion", "pose")
_NEEDED: Final = ("event_list", "file_list", "face_bbx_list")
#: file names in the lists lack it
_SUFFIX: Final = ".jpg"


def read_wider_evaluation(path: Path, images: Path | None = None) -> Dataset:
    """Read an evaluation list of WIDER FACE.

    Parameters
    ----------
    path : Path
        The ``.mat`` file, of a MATLAB version before 7.3.
    images : Path, optional
        The folder of pictures (``WIDER_val/images``); picture sizes are known with it.

    Returns
    -------
    Dataset
        Faces that the list does not count are ignored.

    Raises
    ------
    DataError
        If the file is damaged or lacks a part; the message names the picture.
    """
    content = _load(path)
    pictures: list[LabelledPicture] = []
    remarks: list[str] = []
    with located(path, "part event_list"):
        events = [str(cell.item()) for cell in _cells(content["event_list"])]
    for place, event in enumerate(events):
        with located(path, f"event {event}"):
            names = [str(cell.item()) for cell in _cells(content["file_list"][place].item())]
        for number, name in enumerate(names):
            element = f"picture {event}/{name}"
            rows = _Rows()
            with located_box(path, element):
                rows = _read_rows(content, place, number)
            faces = _read_faces(path, element, rows)
            with located(path, element):
                file_name = f"{event}/{name}{_SUFFIX}"
                seen = tuple(face for face in faces if face is not None)
                size_px = size_if_there(images, file_name)
                pictures.append(LabelledPicture(file_name, size_px, seen, folder=images))
            if missing := faces.count(None):
                remarks.append(f"{path}, {element}: {missing} boxes without area are left out")
    with located(path, "part file_list"):
        return Dataset(tuple(pictures), tuple(remarks))


def _load(path: Path) -> dict[str, Any]:
    import scipy.io

    try:
        data = path.read_bytes()
    except OSError as exc:
        raise DataError(f"{path} cannot be read: {exc.strerror}") from exc
    try:
        content = scipy.io.loadmat(io.BytesIO(data))
    except Exception as exc:  # scipy raises many kinds, its own without a common base
        raise DataError(f"{path} is damaged, or no MATLAB file before version 7.3: {exc}") from exc
    for part in _NEEDED:
        if part not in content:
            raise DataError(f"{path} is not an evaluation list of WIDER FACE: it has no {part}")
    return dict(content)


def _cells(column: NDArray[np.object_]) -> list[Any]:
    return list(column.reshape(-1))


@dataclass(frozen=True, slots=True)
class _Rows:
    """The numbers of one picture's faces, by face: nothing of them is checked."""

    #: left, top, width, height, pixels
    boxes_xywh_px: list[list[float]] = field(default_factory=list)
    #: by column, such as blur
    columns: dict[str, NDArray[Any]] = field(default_factory=dict)
    #: whether the difficulty counts the face
    counted: list[bool] = field(default_factory=list)


def _read_rows(content: dict[str, Any], event: int, number: int) -> _Rows:
    boxes = np.asarray(_part(content, "face_bbx_list", event, number), np.float64).reshape(-1, 4)
    columns = {
        name: _part(content, f"{name}_label_list", event, number).reshape(-1)
        for name in _COLUMNS
        if f"{name}_label_list" in content
    }
    counted = np.ones(len(boxes), bool)
    if "gt_list" in content:
        chosen = _part(content, "gt_list", event, number).reshape(-1).astype(int)
        if len(chosen) and not 1 <= chosen.min() <= chosen.max() <= len(boxes):
            raise DataError(f"gt_list names face {chosen.max()} of {len(boxes)}")
        counted[:] = False
        counted[chosen - 1] = True
    return _Rows(boxes.tolist(), columns, counted.tolist())


def _read_faces(path: Path, element: str, rows: _Rows) -> list[LabelledFace | None]:
    """Return the faces of one picture; None for boxes without an area."""
    faces: list[LabelledFace | None] = []
    for place, (box, is_counted) in enumerate(zip(rows.boxes_xywh_px, rows.counted, strict=True)):
        with located_box(path, f"{element}, face {place + 1}"):
            values = {name: float(column[place]) for name, column in rows.columns.items()}
            if not is_counted:
                values["invalid"] = 1.0
            faces.append(wider_face(box, values))
    return faces


def _part(content: dict[str, Any], name: str, event: int, number: int) -> NDArray[Any]:
    return np.asarray(_cells(_cells(content[name])[event])[number])

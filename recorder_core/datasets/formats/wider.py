"""WIDER FACE annotations: text lists, five-landmark lists and evaluation lists.

Text list (``wider_face_train_bbx_gt.txt``) [1]_: the picture's name, the number of faces,
then a line ``x y w h blur expression illumination invalid occlusion pose`` for each; a
picture without a face is followed by a line of zeros.

Landmark list (``label.txt``, published with RetinaFace [2]_): ``# name``, then a line for
each face: ``x y w h`` alone, or followed by five times ``x y flag`` and a score of how
sharp the face is. A flag is 0 for a visible landmark, 1 for a hidden one, -1 where none
is marked.

An invalid face is a region that is ignored. Boxes without an area, of which the
published lists hold a few, are left out with a remark.

References
----------
.. [1] Yang et al., WIDER FACE: A Face Detection Benchmark, CVPR 2016
.. [2] Deng et al., RetinaFace: Single-shot Multi-level Face Localisation in the Wild,
   CVPR 2020
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from recorder_core.datasets.formats.counted_list import NumberedLine, read_counted_list
from recorder_core.datasets.formats.damage import located, located_box, read_text
from recorder_core.datasets.formats.values import format_number, format_value
from recorder_core.datasets.model import (
    Attributes,
    Dataset,
    LabelledFace,
    LabelledPicture,
    Landmarks,
)
from recorder_core.datasets.pictures import size_if_there
from recorder_core.errors import DataError

__all__ = [
    "read_wider",
    "read_wider_landmarks",
    "wider_face",
    "write_wider",
    "write_wider_landmarks",
]

#: attribute -> number of its values, in the order of the columns; "invalid" stands
#: between illumination and occlusion
_COLUMNS: Final = ("blur", "expression", "illumination", "invalid", "occlusion", "pose")
_VALUE_COUNTS: Final[Mapping[str, int]] = {
    "blur": 3,
    "expression": 2,
    "illumination": 2,
    "invalid": 2,
    "occlusion": 3,
    "pose": 2,
}
#: attribute of the last column of the landmark list
_SHARPNESS: Final = "sharpness"
#: numbers of a line of the landmark list: box, five landmarks with flags, sharpness
_LANDMARK_LINE: Final = 4 + 3 * 5 + 1
_NOT_MARKED, _MARKED_HIDDEN = -1, 1


def read_wider(path: Path, images: Path | None = None) -> Dataset:
    """Read a WIDER FACE text list.

    Parameters
    ----------
    path : Path
        The list.
    images : Path, optional
        The folder of pictures (``WIDER_train/images``); picture sizes are known with it.

    Raises
    ------
    DataError
        If the file is damaged; the message names the line.
    """
    pictures, remarks = [], []
    for entry in read_counted_list(path):
        faces, left_out = _read_rows(path, entry.name, entry.rows, _read_box_line)
        remarks += left_out
        with located(path, f"line {entry.line}"):
            pictures.append(_picture(entry.name, faces, images))
    with located(path, "the whole file"):
        return Dataset(tuple(pictures), tuple(remarks))


def _read_rows(
    path: Path,
    picture: str,
    rows: Sequence[NumberedLine],
    read: Callable[[str], LabelledFace | None],
) -> tuple[list[LabelledFace], list[str]]:
    """Read the lines of one picture; return its faces and what was left out."""
    faces, remarks = [], []
    for number, text in rows:
        with located_box(path, f"line {number}", picture):
            face = read(text)
            if face is None:
                remarks.append(f"{path}, line {number}: a box without area is left out")
            else:
                faces.append(face)
    return faces, remarks


def _picture(name: str, faces: Sequence[LabelledFace], images: Path | None) -> LabelledPicture:
    return LabelledPicture(name, size_if_there(images, name), tuple(faces), folder=images)


def _read_box_line(line: str) -> LabelledFace | None:
    """Read one face; None if its box has no area."""
    values = [float(part) for part in line.split()]
    if len(values) not in (4, 4 + len(_COLUMNS)):
        raise DataError(f"it has {len(values)} numbers; a face has 4, or 10 with its attributes")
    return wider_face(values[:4], dict(zip(_COLUMNS, values[4:], strict=False)))


def wider_face(box_xywh_px: Sequence[float], columns: Mapping[str, float]) -> LabelledFace | None:
    """Return a face of WIDER FACE from its numbers; None if its box has no area.

    Parameters
    ----------
    box_xywh_px : sequence of 4 float
        Left, top, width, height.
    columns : mapping
        Any of blur, expression, illumination, invalid, occlusion, pose.

    Raises
    ------
    DataError
        If a value is none of its column's.
    """
    x, y, width, height = box_xywh_px
    if width <= 0 or height <= 0:
        return None
    for name, value in columns.items():
        if value not in range(_VALUE_COUNTS[name]):
            raise DataError(f"{name} is {value:g}; it must be 0 to {_VALUE_COUNTS[name] - 1}")
    return LabelledFace(
        (x, y, x + width, y + height),
        occluded=columns.get("occlusion", 0) > 0,
        ignored=columns.get("invalid", 0) > 0,
        attributes={name: int(value) for name, value in columns.items() if name != "invalid"},
    )


def write_wider(dataset: Dataset, path: Path) -> None:
    """Write a WIDER FACE text list; boxes that are not whole pixels keep their decimals."""
    lines = []
    for picture in dataset.pictures:
        seen = [face for face in picture.faces if face.is_judged or face.is_unjudged]
        lines += [picture.file_name, str(len(seen))]
        lines += [" ".join((*_box(face), *_columns(face))) for face in seen]
        if not seen:
            lines.append(" ".join("0" * (4 + len(_COLUMNS))))
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _box(face: LabelledFace) -> tuple[str, ...]:
    return tuple(format_number(v) for v in (*face.box_xyxy_px[:2], *face.size_px))


def _columns(face: LabelledFace) -> tuple[str, ...]:
    known: Attributes = {
        "occlusion": int(face.occluded),
        **face.attributes,
        "invalid": int(face.is_unjudged),
    }
    return tuple(_column(known, name) for name in _COLUMNS)


def _column(attributes: Attributes, name: str) -> str:
    value = attributes.get(name, 0)
    return str(value) if value in range(_VALUE_COUNTS[name]) else "0"


def read_wider_landmarks(path: Path, images: Path | None = None) -> Dataset:
    """Read a landmark list of WIDER FACE (``label.txt``).

    Parameters
    ----------
    path : Path
        The list.
    images : Path, optional
        The folder of pictures; picture sizes are known with it.

    Raises
    ------
    DataError
        If the file is damaged; the message names the line.
    """
    lines = [
        (number, text.strip())
        for number, text in enumerate(read_text(path).splitlines(), start=1)
        if text.strip()
    ]
    starts = [place for place, (_, text) in enumerate(lines) if text.startswith("#")]
    if not starts or starts[0] > 0:
        raise DataError(f"{path}, line 1: it must be '#' and the name of a picture")
    pictures, remarks = [], []
    for start, stop in pairwise([*starts, len(lines)]):
        number, text = lines[start]
        name = text[1:].strip()
        faces, left_out = _read_rows(path, name, lines[start + 1 : stop], _read_landmark_line)
        remarks += left_out
        with located(path, f"line {number}"):
            pictures.append(_picture(name, faces, images))
    with located(path, "the whole file"):
        return Dataset(tuple(pictures), tuple(remarks))


def _read_landmark_line(line: str) -> LabelledFace | None:
    values = [float(part) for part in line.split()]
    if len(values) not in (4, _LANDMARK_LINE):
        raise DataError(
            f"it has {len(values)} numbers; a face has 4, or {_LANDMARK_LINE} with landmarks"
        )
    x, y, width, height = values[:4]
    if width <= 0 or height <= 0:
        return None
    landmarks, hidden = _read_landmarks(values[4:-1])
    return LabelledFace(
        (x, y, x + width, y + height),
        landmarks,
        attributes={_SHARPNESS: values[-1]} if len(values) == _LANDMARK_LINE else {},
        hidden_landmarks=hidden,
    )


def _read_landmarks(values: Sequence[float]) -> tuple[Landmarks | None, frozenset[int]]:
    flags = values[2::3]
    if not flags or _NOT_MARKED in flags:
        return None, frozenset()
    hidden = frozenset(place for place, flag in enumerate(flags) if flag == _MARKED_HIDDEN)
    return tuple(zip(values[0::3], values[1::3], strict=True)), hidden


def write_wider_landmarks(dataset: Dataset, path: Path) -> None:
    """Write a landmark list of WIDER FACE; only judged faces are written, as it knows no other."""
    lines = []
    for picture in dataset.pictures:
        lines.append(f"# {picture.file_name}")
        lines += [
            " ".join((*_box(face), *_landmark_columns(face))) for face in picture.judged_faces
        ]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _landmark_columns(face: LabelledFace) -> list[str]:
    if face.landmarks_px is None and _SHARPNESS not in face.attributes:
        return []
    sharpness = format_value(face.attributes.get(_SHARPNESS, 1))
    if face.landmarks_px is None:
        return ["-1"] * (_LANDMARK_LINE - 5) + [sharpness]
    columns = []
    for place, (x, y) in enumerate(face.landmarks_px):
        columns += [format_number(x), format_number(y)]
        columns.append(str(int(place in face.hidden_landmarks)))
    return [*columns, sharpness]

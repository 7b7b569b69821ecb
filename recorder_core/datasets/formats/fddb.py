"""FDDB ellipse lists.

A list (``FDDB-fold-01-ellipseList.txt``) [1]_ holds for each picture its name without
``.jpg``, the number of faces, and for each face a line ``major minor angle x y 1``: the
two half axes and the centre in pixels, the angle of the major axis to the horizontal in
radians.

The box around an ellipse with half axes a and b, turned by t, has the half sizes
``sqrt(a^2 cos^2 t + b^2 sin^2 t)`` and ``sqrt(a^2 sin^2 t + b^2 cos^2 t)``: the largest x
and y of ``(a cos p cos t - b sin p sin t, a cos p sin t + b sin p cos t)`` over p. Back, a
box becomes the upright ellipse that fills it, unless the face carries the ellipse that it
was read from.

References
----------
.. [1] Jain and Learned-Miller, FDDB: A Benchmark for Face Detection in Unconstrained
   Settings, UM-CS-2010-009
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from recorder_core.datasets.formats.counted_list import read_counted_list
from recorder_core.datasets.formats.damage import located, located_box
from recorder_core.datasets.formats.values import format_number
from recorder_core.datasets.model import BoxTuple, Dataset, LabelledFace, LabelledPicture
from recorder_core.datasets.pictures import size_if_there
from recorder_core.errors import DataError

__all__ = ["Ellipse", "box_to_ellipse", "ellipse_of", "ellipse_to_box", "read_fddb", "write_fddb"]

#: names in the lists lack it
_SUFFIX: Final = ".jpg"
_LIST_SUFFIX: Final = "-ellipseList.txt"
#: a stored ellipse is believed if its box agrees with the face's to this
_SAME_BOX_PX: Final = 1e-3
_ATTRIBUTES: Final = ("ellipse_major_px", "ellipse_minor_px", "ellipse_angle_radians")


@dataclass(frozen=True, slots=True)
class Ellipse:
    """A turned ellipse in picture pixels."""

    #: half axes
    major_px: float
    minor_px: float
    #: from the horizontal to the major axis
    angle_radians: float
    x_px: float
    y_px: float

    def __post_init__(self) -> None:
        values = (self.major_px, self.minor_px, self.angle_radians, self.x_px, self.y_px)
        if not all(map(math.isfinite, values)) or min(self.major_px, self.minor_px) <= 0:
            raise DataError(
                f"the half axes {self.major_px} and {self.minor_px} are not those of an ellipse"
            )


def ellipse_to_box(ellipse: Ellipse) -> BoxTuple:
    """Return the smallest upright box around an ellipse."""
    cos, sin = math.cos(ellipse.angle_radians), math.sin(ellipse.angle_radians)
    half_width = math.hypot(ellipse.major_px * cos, ellipse.minor_px * sin)
    half_height = math.hypot(ellipse.major_px * sin, ellipse.minor_px * cos)
    return (
        ellipse.x_px - half_width,
        ellipse.y_px - half_height,
        ellipse.x_px + half_width,
        ellipse.y_px + half_height,
    )


def box_to_ellipse(box_xyxy_px: BoxTuple) -> Ellipse:
    """Return the upright ellipse that fills a box."""
    x0, y0, x1, y1 = box_xyxy_px
    half_width, half_height = (x1 - x0) / 2, (y1 - y0) / 2
    is_tall = half_height >= half_width
    return Ellipse(
        max(half_width, half_height),
        min(half_width, half_height),
        math.pi / 2 if is_tall else 0.0,
        (x0 + x1) / 2,
        (y0 + y1) / 2,
    )


def ellipse_of(face: LabelledFace) -> Ellipse:
    """Return the ellipse that a face was read from, or the one that fills its box."""
    upright = box_to_ellipse(face.box_xyxy_px)
    values = [face.attributes.get(name) for name in _ATTRIBUTES]
    if not all(isinstance(value, int | float) for value in values):
        return upright
    major, minor, angle = (float(value) for value in values if value is not None)
    known = replace(upright, major_px=major, minor_px=minor, angle_radians=angle)
    differences = zip(ellipse_to_box(known), face.box_xyxy_px, strict=True)
    return known if all(abs(a - b) < _SAME_BOX_PX for a, b in differences) else upright


def read_fddb(path: Path, images: Path | None = None) -> Dataset:
    """Read one FDDB list, or all ``*-ellipseList.txt`` of a folder.

    Parameters
    ----------
    path : Path
        The list, or the folder (``FDDB-folds``); then `set_name` is the list's.
    images : Path, optional
        The folder of pictures (``originalPics``); picture sizes are known with it.

    Raises
    ------
    DataError
        If a list is damaged; the message names the line.
    """
    if not path.is_dir():
        return Dataset(tuple(_read_list(path, images, "")))
    lists = sorted(path.glob(f"*{_LIST_SUFFIX}"))
    if not lists:
        raise DataError(f"the folder {path} holds no list *{_LIST_SUFFIX}")
    pictures: list[LabelledPicture] = []
    for item in lists:
        pictures += _read_list(item, images, item.name.removesuffix(_LIST_SUFFIX))
    with located(path, "all lists"):
        return Dataset(tuple(pictures))


def _read_list(path: Path, images: Path | None, set_name: str) -> list[LabelledPicture]:
    pictures = []
    for entry in read_counted_list(path):
        faces = []
        for number, text in entry.rows:
            with located_box(path, f"line {number}", entry.name):
                faces.append(_read_face(text))
        with located(path, f"line {entry.line}"):
            name = f"{entry.name}{_SUFFIX}"
            size_px = size_if_there(images, name)
            pictures.append(
                LabelledPicture(name, size_px, tuple(faces), set_name=set_name, folder=images)
            )
    return pictures


def _read_face(text: str) -> LabelledFace:
    values = [float(part) for part in text.split()]
    if len(values) not in (5, 6):
        raise DataError(f"it has {len(values)} numbers; an ellipse has 5, and a 1 after them")
    ellipse = Ellipse(*values[:5])
    return LabelledFace(
        ellipse_to_box(ellipse), attributes=dict(zip(_ATTRIBUTES, values[:3], strict=True))
    )


def write_fddb(dataset: Dataset, path: Path) -> None:
    """Write an FDDB list, or a folder with one list for each set.

    Parameters
    ----------
    dataset : Dataset
        Its pictures are named ``.jpg``.
    path : Path
        A name that ends in ``.txt``, or the folder.

    Raises
    ------
    DataError
        If a picture is named otherwise.
    """
    if path.suffix == ".txt":
        _write_list(dataset.pictures, path)
        return
    path.mkdir(parents=True, exist_ok=True)
    for name in sorted({picture.set_name for picture in dataset.pictures}):
        pictures = (picture for picture in dataset.pictures if picture.set_name == name)
        _write_list(pictures, path / f"{name or 'all'}{_LIST_SUFFIX}")


def _write_list(pictures: Iterable[LabelledPicture], path: Path) -> None:
    lines = []
    for picture in pictures:
        if not picture.file_name.endswith(_SUFFIX):
            raise DataError(f"FDDB's pictures are named {_SUFFIX}; {picture.file_name} is not")
        seen = picture.judged_faces
        lines += [picture.file_name.removesuffix(_SUFFIX), str(len(seen))]
        lines += [_format_ellipse(ellipse_of(face)) for face in seen]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _format_ellipse(ellipse: Ellipse) -> str:
    values = (ellipse.major_px, ellipse.minor_px, ellipse.angle_radians, ellipse.x_px, ellipse.y_px)
    return " ".join((*map(format_number, values), "1"))

"""YOLO label files: one text file for each picture, and one with the names of classes.

A line is ``class x y width height``: the number of the class from 0, and the box's
centre and size as shares of the picture's. A sixth number is a detector's score; with
fifteen more, five landmarks follow as ``x y visibility`` (0 not marked, 1 hidden, 2
visible). The class name carries the mask state.

The layout is ``classes.txt`` (or ``obj.names``), ``images/`` and ``labels/``; label files
may also lie beside their pictures. A picture without a label file has no face.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from recorder_core.datasets.formats.classes import class_name, read_class
from recorder_core.datasets.formats.damage import located_box, read_text, require_inside
from recorder_core.datasets.model import (
    BoxTuple,
    Dataset,
    LabelledFace,
    LabelledPicture,
    Landmarks,
)
from recorder_core.datasets.pictures import (
    find_pictures,
    label_files,
    read_size_px,
    require_size,
)
from recorder_core.errors import DataError

__all__ = ["CLASS_FILES", "read_yolo", "write_yolo"]

#: names of the file with the names of classes, the first is written
CLASS_FILES: Final = ("classes.txt", "obj.names")
_LABELS: Final = "labels"
_IMAGES: Final = "images"
_BOX_LINE, _SCORE_LINE, _LANDMARK_LINE = 5, 6, 5 + 3 * 5
_NOT_MARKED, _HIDDEN, _VISIBLE = 0, 1, 2
#: a box may reach over the picture's edge, but larger numbers are pixels, not shares
_MAX_SHARE: Final = 2.0


def read_yolo(path: Path, images: Path | None = None) -> Dataset:
    """Read a folder of YOLO labels.

    Parameters
    ----------
    path : Path
        The folder with ``classes.txt`` or ``obj.names``.
    images : Path, optional
        The folder of pictures; by default ``images`` in it, else the folder itself.

    Raises
    ------
    DataError
        If a file is damaged (the message names the line), a class has no name, there
        is no picture, or a label file is without its picture.
    """
    names = _read_classes(path)
    folder = images if images is not None else path / _IMAGES
    folder = folder if folder.is_dir() else path
    labels = path / _LABELS if (path / _LABELS).is_dir() else path
    pictures, known = [], set()
    for name in find_pictures(folder):
        label = labels / PurePosixPath(name).with_suffix(".txt")
        known.add(label)
        size_px = read_size_px(folder / name)
        faces = _read_labels(label, size_px, names) if label.is_file() else ()
        pictures.append(LabelledPicture(name, size_px, faces, folder=folder))
    _refuse_lonely(labels, known)
    return Dataset(tuple(pictures))


def _read_classes(path: Path) -> list[str]:
    for name in CLASS_FILES:
        if (path / name).is_file():
            return [line.strip() for line in read_text(path / name).splitlines() if line.strip()]
    raise DataError(
        f"the folder {path} has no {' or '.join(CLASS_FILES)}; it must hold the name of each "
        "class, one per line"
    )


def _refuse_lonely(labels: Path, known: set[Path]) -> None:
    for file in sorted(labels.rglob("*.txt")):
        if file not in known and file.name not in CLASS_FILES:
            raise DataError(f"the label file {file} has no picture; give their folder (--images)")


def _read_labels(
    path: Path, size_px: tuple[int, int], names: Sequence[str]
) -> tuple[LabelledFace, ...]:
    faces = []
    for number, text in enumerate(read_text(path).splitlines(), start=1):
        if text.strip():
            with located_box(path, f"line {number}"):
                faces.append(_read_face(text, size_px, names))
    return tuple(faces)


def _read_face(text: str, size_px: tuple[int, int], names: Sequence[str]) -> LabelledFace:
    first, *rest = text.split()
    values = [float(part) for part in rest]
    if len(values) + 1 not in (_BOX_LINE, _SCORE_LINE, _LANDMARK_LINE):
        raise DataError(
            f"it has {len(values) + 1} numbers; a box has {_BOX_LINE}, {_SCORE_LINE} with a "
            f"score, {_LANDMARK_LINE} with landmarks"
        )
    number = int(first)
    if not 0 <= number < len(names):
        raise DataError(f"class {number} has no name; the file of classes has {len(names)}")
    x, y, width, height = values[:4]
    if not all(abs(value) <= _MAX_SHARE for value in values[:4]):
        raise DataError(f"the box {values[:4]} is not given in fractions of the picture, 0 to 1")
    label, mask = read_class(names[number])
    landmarks, hidden = _read_landmarks(values[4:], size_px)
    across, down = size_px
    box: BoxTuple = (
        (x - width / 2) * across,
        (y - height / 2) * down,
        (x + width / 2) * across,
        (y + height / 2) * down,
    )
    require_inside(box, size_px)
    return LabelledFace(
        box,
        landmarks,
        mask=mask,
        score=values[4] if len(values) + 1 == _SCORE_LINE else None,
        label=label,
        hidden_landmarks=hidden,
    )


def _read_landmarks(
    values: Sequence[float], size_px: tuple[int, int]
) -> tuple[Landmarks | None, frozenset[int]]:
    seen = values[2::3]
    if not seen or _NOT_MARKED in seen:
        return None, frozenset()
    points = zip(values[0::3], values[1::3], strict=True)
    hidden = frozenset(place for place, visible in enumerate(seen) if visible == _HIDDEN)
    return tuple((x * size_px[0], y * size_px[1]) for x, y in points), hidden


def write_yolo(dataset: Dataset, path: Path) -> None:
    """Write ``classes.txt`` and a file for each picture in ``labels`` of a folder.

    If any face has landmarks, every line has them; scores are then left out.

    Parameters
    ----------
    dataset : Dataset
    path : Path
        The folder; it is made.

    Raises
    ------
    DataError
        If the size of a picture is not known, or two pictures differ in their suffix
        alone.
    """
    seen = [face for picture in dataset.pictures for face in _written(picture)]
    names = sorted({class_name(face) for face in seen}) or ["face"]
    numbers = {name: number for number, name in enumerate(names)}
    with_landmarks = any(face.landmarks_px is not None for face in seen)
    for picture, file in label_files(dataset.pictures, path / _LABELS, ".txt"):
        lines = (_line(face, picture, numbers, with_landmarks) for face in _written(picture))
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    path.mkdir(parents=True, exist_ok=True)
    classes = "".join(f"{name}\n" for name in names)
    (path / CLASS_FILES[0]).write_text(classes, encoding="utf-8")


def _written(picture: LabelledPicture) -> list[LabelledFace]:
    """Return what YOLO can say: it knows no regions to ignore."""
    return [face for face in picture.faces if not (face.outside or face.ignored)]


def _line(
    face: LabelledFace, picture: LabelledPicture, numbers: Mapping[str, int], with_landmarks: bool
) -> str:
    across, down = require_size(picture)
    x0, y0, x1, y1 = face.box_xyxy_px
    values = [
        (x0 + x1) / 2 / across,
        (y0 + y1) / 2 / down,
        (x1 - x0) / across,
        (y1 - y0) / down,
    ]
    parts = [str(numbers[class_name(face)]), *map(repr, values)]
    if with_landmarks:
        return " ".join([*parts, *_landmark_parts(face, across, down)])
    return " ".join(parts if face.score is None else [*parts, repr(face.score)])


def _landmark_parts(face: LabelledFace, across: int, down: int) -> list[str]:
    if face.landmarks_px is None:
        return ["0", "0", str(_NOT_MARKED)] * 5
    return [
        part
        for place, (x, y) in enumerate(face.landmarks_px)
        for part in (
            repr(x / across),
            repr(y / down),
            str(_HIDDEN if place in face.hidden_landmarks else _VISIBLE),
        )
    ]

"""MOT Challenge sequences: ground truth, detections and results as text.

A line is ``frame, id, left, top, width, height, conf, class, visibility`` (ground truth,
``gt/gt.txt``) or ``frame, id, left, top, width, height, conf, -1, -1, -1`` (detections,
``det/det.txt``, and results). Frames and pixels count from 1 [1]_; in memory from 0. In
ground truth a ``conf`` of 0 is a face to ignore; in detections it is the score. A
visibility under 1 is a face that something covers, 0 one that is not in view. An id of
-1 is no track.

The layout of a sequence is ``seqinfo.ini``, ``img1/000001.jpg``, ``gt/gt.txt`` with
``gt/labels.txt`` for the names of classes (as CVAT writes it), and ``det/det.txt``.

References
----------
.. [1] https://motchallenge.net/instructions/ and Milan et al., MOT16, arXiv:1603.00831,
   section 3
"""

from __future__ import annotations

import configparser
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from recorder_core.datasets.formats.classes import class_name, read_class
from recorder_core.datasets.formats.damage import (
    located,
    located_box,
    read_text,
    require_frame_count,
)
from recorder_core.datasets.formats.values import format_number
from recorder_core.datasets.model import (
    FACE,
    Dataset,
    LabelledFace,
    LabelledPicture,
)
from recorder_core.datasets.pictures import size_if_there
from recorder_core.errors import DataError

__all__ = ["find_sequences", "read_mot", "write_mot"]

_TRUTH: Final = "gt/gt.txt"
_DETECTIONS: Final = "det/det.txt"
_CLASSES: Final = "gt/labels.txt"
_INFO: Final = "seqinfo.ini"
_MIN_COLUMNS, _MAX_COLUMNS = 7, 10
_NO_TRACK: Final = -1
_VISIBILITY: Final = "visibility"
#: what is written for a face that something covers, if nothing says how much of it
_HALF_VISIBLE: Final = 0.5


@dataclass(frozen=True, slots=True)
class _Sequence:
    name: str
    image_folder: str = "img1"
    image_suffix: str = ".jpg"
    #: 0: not known
    length: int = 0
    size_px: tuple[int, int] | None = None

    def picture_name(self, frame_index: int) -> str:
        return f"{self.image_folder}/{frame_index + 1:06d}{self.image_suffix}"


def find_sequences(folder: Path) -> list[Path]:
    """Return the folders with ground truth or detections: this one, or those in it."""
    candidates = [folder, *sorted(path for path in folder.glob("*") if path.is_dir())]
    return [
        path for path in candidates if (path / _TRUTH).is_file() or (path / _DETECTIONS).is_file()
    ]


def read_mot(path: Path, images: Path | None = None) -> Dataset:
    """Read a sequence, all sequences of a folder, or one text file.

    Parameters
    ----------
    path : Path
        A sequence's folder, the folder above several, or a text file; one that is
        named ``gt.txt`` is ground truth, another detections or results.
    images : Path, optional
        The folder that the pictures' names are relative to; by default the sequence's,
        or the folder above several.

    Returns
    -------
    Dataset
        One segment for each sequence, with all its frames; where ``seqinfo.ini`` is
        missing up to the last one with a face.

    Raises
    ------
    DataError
        If a file is damaged; the message names the line.
    """
    if not path.is_dir():
        top = path.parent.parent if path.parent.name in ("gt", "det") else path.parent
        name = top.name if path.parent.name in ("gt", "det") else path.stem
        return _with_sizes(Dataset(tuple(_read_sequence(path, top, images or top, name))), images)
    sequences = find_sequences(path)
    if not sequences:
        raise DataError(f"the folder {path} holds neither {_TRUTH} nor {_DETECTIONS}")
    pictures: list[LabelledPicture] = []
    for top in sequences:
        file = top / _TRUTH if (top / _TRUTH).is_file() else top / _DETECTIONS
        read = _read_sequence(file, top, images or path, top.name)
        prefix = "" if top == path else f"{top.name}/"
        pictures += [replace(picture, file_name=prefix + picture.file_name) for picture in read]
    return _with_sizes(Dataset(tuple(pictures)), images)


def _with_sizes(dataset: Dataset, images: Path | None) -> Dataset:
    """Ask the pictures, where they are given, for the sizes that no file says."""
    return replace(
        dataset,
        pictures=tuple(
            replace(p, size_px=p.size_px or size_if_there(images, p.file_name))
            for p in dataset.pictures
        ),
    )


def _read_sequence(file: Path, top: Path, images: Path, name: str) -> list[LabelledPicture]:
    sequence = _read_info(top / _INFO, name)
    is_truth = file.name == "gt.txt"
    names = _read_class_names(top / _CLASSES) if is_truth else {}
    faces: dict[int, list[LabelledFace]] = {}
    for number, text in enumerate(read_text(file).splitlines(), start=1):
        if text.strip():
            with located_box(file, f"line {number}"):
                index, face = _read_line(text, is_truth, names)
                if sequence.length and index >= sequence.length:
                    raise DataError(f"frame {index + 1} is beyond the sequence's {sequence.length}")
                faces.setdefault(index, []).append(face)
    with located(file, "its frame numbers"):
        count = require_frame_count(sequence.length or max(faces, default=-1) + 1)
    return [
        LabelledPicture(
            sequence.picture_name(index),
            sequence.size_px,
            tuple(faces.get(index, ())),
            segment=sequence.name,
            frame_index=index,
            folder=images,
        )
        for index in range(count)
    ]


def _read_info(path: Path, name: str) -> _Sequence:
    if not path.is_file():
        return _Sequence(name)
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(read_text(path))
    except configparser.Error as exc:
        raise DataError(f"{path} is damaged: {' '.join(str(exc).split())}") from exc
    with located(path, "section Sequence"):
        section = parser["Sequence"]
        width, height = section.getint("imWidth", 0), section.getint("imHeight", 0)
        return _Sequence(
            section.get("name", name),
            section.get("imDir", "img1"),
            section.get("imExt", ".jpg"),
            section.getint("seqLength", 0),
            (width, height) if width and height else None,
        )


def _read_class_names(path: Path) -> dict[int, str]:
    if not path.is_file():
        return {1: FACE}
    names = [line.strip() for line in read_text(path).splitlines() if line.strip()]
    return dict(enumerate(names, start=1))


def _read_line(text: str, is_truth: bool, names: Mapping[int, str]) -> tuple[int, LabelledFace]:
    values = [float(part) for part in text.split(",")]
    if not _MIN_COLUMNS <= len(values) <= _MAX_COLUMNS:
        raise DataError(
            f"it has {len(values)} columns; a line has {_MIN_COLUMNS} to {_MAX_COLUMNS}"
        )
    frame, track = int(values[0]), int(values[1])
    if frame < 1:
        raise DataError(f"frame {frame} is before the first, which is 1")
    x, y, width, height, conf = values[2:7]
    face = LabelledFace(
        (x - 1, y - 1, x - 1 + width, y - 1 + height),
        track=None if track == _NO_TRACK else track,
    )
    if is_truth:
        return frame - 1, _with_truth(face, conf, values[7:], names)
    return frame - 1, replace(face, score=conf)


def _with_truth(
    face: LabelledFace, conf: float, columns: Sequence[float], names: Mapping[int, str]
) -> LabelledFace:
    number = int(columns[0]) if columns else 1
    label, mask = read_class(names.get(number, FACE if number < 0 else f"class {number}"))
    # the ten-column form of the first challenge has positions in space here, or -1
    visibility = columns[1] if len(columns) == 2 else 1.0
    shown = {_VISIBILITY: visibility} if 0 < visibility < 1 else {}
    return replace(
        face,
        label=label,
        mask=mask,
        ignored=conf == 0,
        occluded=visibility < 1,
        outside=visibility == 0,
        attributes=shown,
    )


def write_mot(dataset: Dataset, path: Path) -> None:
    """Write the sequences of a data set; pictures without a frame number are counted.

    Parameters
    ----------
    dataset : Dataset
        A picture's number is its `frame_index`; where no picture has one, its place.
        Faces with a score become detections, the others ground truth.
    path : Path
        The folder; one sequence is written into it, several into folders of it that
        have the segments' names.

    Raises
    ------
    DataError
        If a segment's name is no name of a folder.
    """
    segments: dict[str, list[LabelledPicture]] = {}
    for picture in dataset.pictures:
        segments.setdefault(picture.segment, []).append(picture)
    for name, pictures in segments.items():
        if name != Path(name).name:
            raise DataError(f"the segment {name!r} cannot be the name of a folder; rename it")
        top = path if len(segments) == 1 else path / (name or "rest")
        _write_sequence(top, name or top.name, _numbered(pictures))


def _numbered(pictures: Sequence[LabelledPicture]) -> dict[int, LabelledPicture]:
    if any(picture.frame_index is None for picture in pictures):
        return dict(enumerate(pictures))
    return {p.frame_index: p for p in pictures if p.frame_index is not None}


def _write_sequence(top: Path, name: str, frames: Mapping[int, LabelledPicture]) -> None:
    faces = [(index, face) for index in sorted(frames) for face in frames[index].faces]
    truth = [(index, face) for index, face in faces if face.score is None]
    found = [(index, face) for index, face in faces if face.score is not None]
    if truth or not found:
        names = sorted({FACE, *(class_name(face) for _, face in truth)} - {FACE})
        numbers = {label: number for number, label in enumerate([FACE, *names], start=1)}
        _write_lines(top / _TRUTH, (_truth_line(i, face, numbers) for i, face in truth))
        _write_lines(top / _CLASSES, numbers)
    if found:
        _write_lines(top / _DETECTIONS, (_detection_line(i, face) for i, face in found))
    sizes = {picture.size_px for picture in frames.values()}
    width, height = sizes.pop() or (0, 0) if len(sizes) == 1 else (0, 0)
    info = {"name": name, "imDir": "img1", "seqLength": max(frames) + 1}
    info |= {"imWidth": width, "imHeight": height, "imExt": ".jpg"}
    lines = (f"{key}={value}" for key, value in info.items())
    _write_lines(top / _INFO, ("[Sequence]", *lines))


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _truth_line(index: int, face: LabelledFace, numbers: Mapping[str, int]) -> str:
    visibility = face.attributes.get(_VISIBILITY, _HALF_VISIBLE if face.occluded else 1)
    shown = 0 if face.outside else visibility
    tail = [str(int(not face.ignored)), str(numbers[class_name(face)])]
    return ",".join([*_head(index, face), *tail, format_number(float(shown))])


def _detection_line(index: int, face: LabelledFace) -> str:
    return ",".join([*_head(index, face), format_number(face.score or 0.0), "-1", "-1", "-1"])


def _head(index: int, face: LabelledFace) -> list[str]:
    x, y = face.box_xyxy_px[:2]
    track = _NO_TRACK if face.track is None else face.track
    numbers = (index + 1, track, x + 1, y + 1, *face.size_px)
    return [format_number(value) for value in numbers]

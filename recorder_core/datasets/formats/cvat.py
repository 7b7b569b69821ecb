"""CVAT's XML 1.1: for video (tracks) read and written, for images read.

A face is a ``<track>`` with a ``<box>`` for each keyframe [1]_; the frames between are
interpolated as `keyframes` says. Boxes that are no keyframe are what CVAT itself
interpolated and are passed over; in a track without any keyframe every box is one. A box
that is turned becomes the upright box around it. The attribute ``mask`` is the mask
state, ``ignored`` and ``difficult`` are flags; faces without a track become tracks of one
frame, as in CVAT's own files.

The file does not name the pictures: frame i is the i-th picture of the folder by name.

References
----------
.. [1] https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from recorder_core.datasets.formats.classes import read_class
from recorder_core.datasets.formats.damage import located, located_box, require_frame_count
from recorder_core.datasets.formats.keyframes import Keyframe, interpolate_track
from recorder_core.datasets.formats.values import parse_flag, parse_value
from recorder_core.datasets.formats.xml_file import XmlElement, read_xml
from recorder_core.datasets.model import (
    AttributeValue,
    BoxTuple,
    Dataset,
    LabelledFace,
    LabelledPicture,
)
from recorder_core.datasets.pictures import find_pictures, read_size_px
from recorder_core.errors import DataError

__all__ = ["CVAT_FILE", "read_cvat"]

#: name of the annotation file in an export
CVAT_FILE: Final = "annotations.xml"
#: name of a frame where no pictures are given, as CVAT exports them
_FRAME_NAME: Final = "frame_{:06d}.png"
_IMAGES: Final = "images"
#: what else a track or picture may hold; none of it is a box
_OTHER_SHAPES: Final = frozenset(
    {"polygon", "polyline", "points", "ellipse", "cuboid", "mask", "skeleton", "tag"}
)


def read_cvat(path: Path, images: Path | None = None) -> Dataset:
    """Read an annotation file of CVAT.

    Parameters
    ----------
    path : Path
        ``annotations.xml``, or the folder of an export.
    images : Path, optional
        The folder of pictures; by default ``images`` beside the file, if there. Of a
        video there must be as many as the file has frames.

    Returns
    -------
    Dataset
        Of a video every frame, as one segment named after the video; of images as the
        file lists them.

    Raises
    ------
    DataError
        If the file is damaged; the message names the line.
    """
    path = path / CVAT_FILE if path.is_dir() else path
    root = read_xml(path)
    if root.tag != "annotations":
        raise DataError(f"{path}, line {root.line}: it begins with <{root.tag}>, not <annotations>")
    if root.find("meta/project") is not None:
        raise DataError(f"{path} is of a whole project; export its tasks one by one")
    beside = path.parent / _IMAGES
    folder = images if images is not None else beside if beside.is_dir() else None
    remarks = tuple(_remarks(path, root))
    if root.find("image") is not None:
        pictures = _read_images(path, root, folder)
    else:
        pictures = _read_video(path, root, folder)
    with located(path, "the whole file"):
        return Dataset(tuple(pictures), remarks)


def _remarks(path: Path, root: XmlElement) -> Iterator[str]:
    for holder in root.children:
        kinds = {child.tag for child in holder.children} & _OTHER_SHAPES
        kinds |= {holder.tag} & _OTHER_SHAPES
        if kinds:
            named = " and ".join(sorted(kinds))
            yield f"{path}, line {holder.line}: only boxes are read; {named} left out"


def _read_images(path: Path, root: XmlElement, folder: Path | None) -> Iterator[LabelledPicture]:
    for element in root.all("image"):
        with located(path, f"line {element.line}"):
            name = element.attribute("name").replace("\\", "/")
            size_px = int(element.attribute("width")), int(element.attribute("height"))
            picture = LabelledPicture(name, size_px, folder=folder)
        faces = []
        for box in element.all("box"):
            with located_box(path, f"line {box.line}", name):
                faces.append(_read_face(box, box.attribute("label"), None))
        yield LabelledPicture(picture.file_name, size_px, tuple(faces), folder=folder)


def _read_video(path: Path, root: XmlElement, folder: Path | None) -> Iterator[LabelledPicture]:
    tracks = [_read_track(path, element) for element in root.all("track")]
    count = _frame_count(path, root, tracks)
    faces: dict[int, list[LabelledFace]] = {}
    for element, keyframes in zip(root.all("track"), tracks, strict=True):
        with located_box(path, f"line {element.line}"):
            for frame, face in interpolate_track(keyframes, count).items():
                faces.setdefault(frame, []).append(face)
    with located(path, "part meta"):
        names, sizes = _frame_names(count, folder), _frame_size(root)
        segment = root.text_of("meta/source", "") or root.text_of("meta/task/name", path.stem)
    for frame, name in enumerate(names):
        size_px = read_size_px(folder / name) if folder is not None else sizes
        marked = tuple(faces.get(frame, ()))
        yield LabelledPicture(
            name, size_px, marked, segment=segment, frame_index=frame, folder=folder
        )


def _read_track(path: Path, element: XmlElement) -> list[Keyframe]:
    with located(path, f"line {element.line}"):
        number, label = int(element.attribute("id")), element.attribute("label")
    boxes = list(element.all("box"))
    chosen = [box for box in boxes if box.attributes.get("keyframe") == "1"] or boxes
    keyframes = []
    for box in chosen:
        with located_box(path, f"line {box.line}"):
            frame = int(box.attribute("frame"))
            if frame < 0:
                raise DataError(f"frame {frame} is before the first, which is 0")
            keyframes.append(Keyframe(frame, _read_face(box, label, number)))
    return keyframes


def _read_face(element: XmlElement, name: str, track: int | None) -> LabelledFace:
    label, mask = read_class(name)
    attributes: dict[str, AttributeValue] = {
        item.attribute("name"): parse_value(item.text.strip()) for item in element.all("attribute")
    }
    return LabelledFace(
        _read_box(element),
        mask=str(attributes.pop("mask", mask)),  # type: ignore[arg-type]  # the face refuses others
        occluded=element.attribute("occluded", "0") == "1",
        outside=element.attribute("outside", "0") == "1",
        ignored=parse_flag(attributes.pop("ignored", False)),
        difficult=parse_flag(attributes.pop("difficult", False)),
        track=track,
        label=label,
        attributes=attributes,
    )


def _read_box(element: XmlElement) -> BoxTuple:
    x0, y0, x1, y1 = (float(element.attribute(name)) for name in ("xtl", "ytl", "xbr", "ybr"))
    turn = math.radians(float(element.attribute("rotation", "0")))
    if not turn:
        return (x0, y0, x1, y1)
    cos, sin = abs(math.cos(turn)), abs(math.sin(turn))
    across = ((x1 - x0) * cos + (y1 - y0) * sin) / 2
    down = ((x1 - x0) * sin + (y1 - y0) * cos) / 2
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    return (x - across, y - down, x + across, y + down)


def _frame_count(path: Path, root: XmlElement, tracks: Iterable[list[Keyframe]]) -> int:
    last = max((keyframe.frame_index for track in tracks for keyframe in track), default=-1)
    with located(path, "part meta"):
        sizes = [root.text_of(f"meta/{part}/size", "") for part in ("task", "job")]
        count = next((int(size) for size in sizes if size), last + 1)
        require_frame_count(count)
        if count <= last:
            raise DataError(f"the task has {count} frames, but a box is in frame {last}")
    return count


def _frame_size(root: XmlElement) -> tuple[int, int] | None:
    for part in ("meta/task/original_size", "meta/job/original_size", "meta/original_size"):
        size = root.find(part)
        if size is not None:
            return int(size.text_of("width")), int(size.text_of("height"))
    return None


def _frame_names(count: int, folder: Path | None) -> list[str]:
    if folder is None:
        return [_FRAME_NAME.format(frame) for frame in range(count)]
    names = find_pictures(folder)
    if len(names) != count:
        raise DataError(
            f"the file has {count} frames, but the folder {folder} has {len(names)} pictures; "
            "export the task with its pictures"
        )
    return names

"""Write CVAT's XML 1.1 for video."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from recorder_core.datasets.formats.keyframes import Keyframe, find_keyframes
from recorder_core.datasets.formats.values import format_number, format_value
from recorder_core.datasets.formats.xml_file import write_xml
from recorder_core.datasets.model import (
    MASK_STATES,
    Attributes,
    AttributeValue,
    Dataset,
    LabelledFace,
    LabelledPicture,
)

__all__ = ["write_cvat"]

#: a track: frame number -> face
_Track = dict[int, LabelledFace]
_FLAGS: Final = ("ignored", "difficult")


def write_cvat(dataset: Dataset, path: Path) -> None:
    """Write an annotation file that CVAT imports as "CVAT 1.1".

    Parameters
    ----------
    dataset : Dataset
        One video, whose frame numbers are kept; or pictures, which CVAT numbers by name.
    path : Path
        The XML file; an old one is replaced.

    Raises
    ------
    DataError
        If a segment has a frame number twice.
    """
    frames = _number_frames(dataset)
    count = max(frames, default=-1) + 1
    tracks = _collect_tracks(frames)
    root = ET.Element("annotations")
    _add(root, "version", "1.1")
    root.append(_meta(dataset, frames, count))
    for number, (label, track) in tracks.items():
        attributes = {"id": str(number), "label": label, "source": "manual"}
        element = ET.SubElement(root, "track", attributes)
        for keyframe in find_keyframes(track, count):
            element.append(_box(keyframe))
    write_xml(path, root)


def _number_frames(dataset: Dataset) -> dict[int, LabelledPicture]:
    videos = dataset.videos()
    if len(videos) == 1 and len(videos[0].frames) == len(dataset):
        return {p.frame_index: p for p in videos[0].frames if p.frame_index is not None}
    return dict(enumerate(sorted(dataset.pictures, key=lambda picture: picture.file_name)))


def _collect_tracks(frames: Mapping[int, LabelledPicture]) -> dict[int, tuple[str, _Track]]:
    """Return number -> label and track; a number that is taken is replaced by a free one."""
    tracks: dict[tuple[str, int, str], _Track] = {}
    single: list[tuple[str, _Track]] = []
    for frame in sorted(frames):
        for marked in frames[frame].faces:
            face = replace(marked, landmarks_px=None, hidden_landmarks=frozenset(), score=None)
            if face.track is None:
                single.append((face.label, {frame: face}))
            else:
                key = (frames[frame].segment, face.track, face.label)
                tracks.setdefault(key, {})[frame] = face
    taken: dict[int, tuple[str, _Track]] = {}
    free = max((number for _, number, _ in tracks), default=-1) + 1
    for (_, wanted, label), track in tracks.items():
        number = wanted
        if wanted in taken:
            number, free = free, free + 1
        taken[number] = (label, track)
    taken.update(enumerate(single, start=free))
    return taken


def _meta(dataset: Dataset, frames: Mapping[int, LabelledPicture], count: int) -> ET.Element:
    segments = {picture.segment for picture in dataset.pictures}
    name = next(iter(segments)) if len(segments) == 1 else ""
    meta = ET.Element("meta")
    task = ET.SubElement(meta, "task")
    _add(task, "name", name)
    _add(task, "size", str(count))
    _add(task, "mode", "interpolation")
    faces = [face for picture in dataset.pictures for face in picture.faces]
    labels = ET.SubElement(task, "labels")
    for label in sorted({face.label for face in faces}):
        labels.append(_label(label, [face for face in faces if face.label == label]))
    sizes = {picture.size_px for picture in frames.values()}
    size_px = sizes.pop() if len(sizes) == 1 else None
    if size_px is not None:
        size = ET.SubElement(task, "original_size")
        for tag, value in zip(("width", "height"), size_px, strict=True):
            _add(size, tag, str(value))
    if name:
        _add(meta, "source", name)
    return meta


def _label(name: str, faces: Sequence[LabelledFace]) -> ET.Element:
    """Describe a label and its attributes, so that a task can be made from the file."""
    element = ET.Element("label")
    _add(element, "name", name)
    attributes = ET.SubElement(element, "attributes")
    attributes.append(_attribute_rule("mask", "select", "unknown", MASK_STATES))
    for flag in _FLAGS:
        attributes.append(_attribute_rule(flag, "checkbox", "false", ()))
    for other in sorted({key for face in faces for key in face.attributes}):
        attributes.append(_attribute_rule(other, "text", "", ()))
    return element


def _attribute_rule(name: str, kind: str, default: str, values: Iterable[str]) -> ET.Element:
    element = ET.Element("attribute")
    for tag, text in (
        ("name", name),
        ("mutable", "True"),
        ("input_type", kind),
        ("default_value", default),
        ("values", "\n".join(values)),
    ):
        _add(element, tag, text)
    return element


def _box(keyframe: Keyframe) -> ET.Element:
    face = keyframe.face
    edges = zip(("xtl", "ytl", "xbr", "ybr"), face.box_xyxy_px, strict=True)
    element = ET.Element(
        "box",
        {
            "frame": str(keyframe.frame_index),
            "keyframe": "1",
            "outside": str(int(face.outside)),
            "occluded": str(int(face.occluded)),
            **{name: format_number(value) for name, value in edges},
            "z_order": "0",
        },
    )
    for name, value in _facts(face).items():
        ET.SubElement(element, "attribute", {"name": name}).text = format_value(value)
    return element


def _facts(face: LabelledFace) -> Attributes:
    facts: dict[str, AttributeValue] = {"mask": face.mask}
    facts.update({flag: bool(getattr(face, flag)) for flag in _FLAGS})
    return {**facts, **face.attributes}


def _add(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = text

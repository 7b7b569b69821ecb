"""Pascal VOC annotation files (XML), one for each picture.

Pixels count from 1 and the last ones belong to the box [1]_: ``xmin`` 1 and ``xmax`` 10
are the ten leftmost pixels, in memory 0 to 10. The class name carries the mask state.
What VOC has no field for stands in ``<attributes>``, as other tools write it too. Faces
that are outside are not written.

References
----------
.. [1] Everingham et al., The PASCAL Visual Object Classes Challenge 2012 Development Kit,
   section 4.1
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Final

from recorder_core.datasets.formats.classes import class_name, read_class
from recorder_core.datasets.formats.damage import located, located_box, require_inside
from recorder_core.datasets.formats.values import (
    format_number,
    format_value,
    parse_flag,
    parse_value,
)
from recorder_core.datasets.formats.xml_file import XmlElement, read_xml, write_xml
from recorder_core.datasets.model import (
    Attributes,
    AttributeValue,
    Dataset,
    LabelledFace,
    LabelledPicture,
)
from recorder_core.datasets.pictures import label_files, require_size
from recorder_core.errors import DataError

__all__ = ["read_voc", "write_voc"]

#: folders of VOC's layout
ANNOTATIONS: Final = "Annotations"
PICTURES: Final = "JPEGImages"
#: facts of an object that VOC has an element for, and ours does not name
_OWN_ELEMENTS: Final = ("pose", "truncated")


def read_voc(path: Path, images: Path | None = None) -> Dataset:
    """Read one annotation file, or all of a folder or of its ``Annotations``.

    Parameters
    ----------
    path : Path
        A file, a folder of files, or the folder above ``Annotations``.
    images : Path, optional
        The folder of pictures; by default ``JPEGImages`` beside ``Annotations``, if there.

    Raises
    ------
    DataError
        If a file is damaged; the message names file and line.
    """
    files = _list_files(path)
    top = path.parent if path.name == ANNOTATIONS or not path.is_dir() else path
    beside = top / PICTURES
    folder = images if images is not None else beside if beside.is_dir() else None
    pictures = tuple(replace(_read_file(file), folder=folder) for file in files)
    with located(path, "all files"):
        return Dataset(pictures)


def _list_files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    folder = path / ANNOTATIONS if (path / ANNOTATIONS).is_dir() else path
    files = sorted(folder.rglob("*.xml"))
    if not files:
        raise DataError(f"the folder {folder} holds no annotation file *.xml")
    return files


def _read_file(path: Path) -> LabelledPicture:
    root = read_xml(path)
    with located(path, f"line {root.line}"):
        if root.tag != "annotation":
            raise DataError(f"it begins with <{root.tag}>, not with <annotation>")
        picture = _read_picture(root)
    faces = []
    for element in root.all("object"):
        with located_box(path, f"line {element.line}"):
            face = _read_face(element)
            require_inside(face.box_xyxy_px, picture.size_px)
            faces.append(face)
    return replace(picture, faces=tuple(faces))


def _read_picture(root: XmlElement) -> LabelledPicture:
    attributes = _read_attributes(root)
    index = attributes.pop("frame_index", None)
    has_size = root.find("size") is not None
    return LabelledPicture(
        root.text_of("filename").replace("\\", "/"),
        (int(root.text_of("size/width")), int(root.text_of("size/height"))) if has_size else None,
        set_name=root.text_of("source/database", ""),
        group=str(attributes.pop("group", "")),
        segment=str(attributes.pop("segment", "")),
        frame_index=None if index is None else int(index),
        attributes=attributes,
    )


def _read_attributes(element: XmlElement) -> dict[str, AttributeValue]:
    found = element.find("attributes")
    return {
        item.text_of("name"): parse_value(item.text_of("value"))
        for item in (found.all("attribute") if found is not None else ())
    }


def _read_face(element: XmlElement) -> LabelledFace:
    left, top, right, bottom = (
        float(element.text_of(f"bndbox/{edge}")) for edge in ("xmin", "ymin", "xmax", "ymax")
    )
    label, mask = read_class(element.text_of("name"))
    attributes = _read_attributes(element)
    for name in _OWN_ELEMENTS:
        if element.find(name) is not None:
            attributes[name] = parse_value(element.text_of(name))
    track, score = attributes.pop("track_id", None), attributes.pop("score", None)
    return LabelledFace(
        (left - 1, top - 1, right, bottom),
        mask=mask,
        occluded=int(element.text_of("occluded", "0")) > 0,
        ignored=parse_flag(attributes.pop("ignored", False)),
        difficult=int(element.text_of("difficult", "0")) > 0,
        track=None if track is None else int(track),
        score=None if score is None else float(score),
        label=label,
        attributes=attributes,
    )


def write_voc(dataset: Dataset, path: Path) -> None:
    """Write one annotation file for each picture, in ``Annotations`` of a folder.

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
    for picture, file in label_files(dataset.pictures, path / ANNOTATIONS, ".xml"):
        write_xml(file, _picture_element(picture))


def _picture_element(picture: LabelledPicture) -> ET.Element:
    root = ET.Element("annotation")
    _add(root, "filename", picture.file_name)
    _add(ET.SubElement(root, "source"), "database", picture.set_name)
    size = ET.SubElement(root, "size")
    for name, value in zip(("width", "height"), require_size(picture), strict=True):
        _add(size, name, str(value))
    _add(size, "depth", "3")
    _add(root, "segmented", "0")
    facts: dict[str, AttributeValue] = dict(picture.attributes)
    for name in ("group", "segment"):
        if getattr(picture, name):
            facts[name] = getattr(picture, name)
    if picture.frame_index is not None:
        facts["frame_index"] = picture.frame_index
    _add_attributes(root, facts)
    for face in picture.faces:
        if not face.outside:
            root.append(_face_element(face))
    return root


def _face_element(face: LabelledFace) -> ET.Element:
    element = ET.Element("object")
    _add(element, "name", class_name(face))
    facts = {name: value for name, value in face.attributes.items() if name not in _OWN_ELEMENTS}
    for name in _OWN_ELEMENTS:
        if name in face.attributes:
            _add(element, name, format_value(face.attributes[name]))
    _add(element, "difficult", str(int(face.difficult)))
    _add(element, "occluded", str(int(face.occluded)))
    x0, y0, x1, y1 = face.box_xyxy_px
    box = ET.SubElement(element, "bndbox")
    for name, value in (("xmin", x0 + 1), ("ymin", y0 + 1), ("xmax", x1), ("ymax", y1)):
        _add(box, name, format_number(value))
    if face.ignored:
        facts["ignored"] = True
    if face.track is not None:
        facts["track_id"] = face.track
    if face.score is not None:
        facts["score"] = face.score
    _add_attributes(element, facts)
    return element


def _add(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = text


def _add_attributes(parent: ET.Element, facts: Attributes) -> None:
    if not facts:
        return
    element = ET.SubElement(parent, "attributes")
    for name, value in facts.items():
        attribute = ET.SubElement(element, "attribute")
        _add(attribute, "name", name)
        _add(attribute, "value", format_value(value))

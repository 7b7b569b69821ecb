"""COCO annotation files (JSON).

Beyond COCO's own fields [1]_ a picture may carry ``set`` (where it comes from), ``group``
(near-duplicates share one), ``segment`` and ``frame_index`` (of a video), ``camera``
(eye_level, from_above) and ``scene`` (both become attributes of the picture) and
``attributes``; an annotation ``attributes.mask`` (with_mask, without_mask, incorrect,
unknown), ``attributes.occluded``, ``difficult``, ``track_id`` and others. Five keypoints are the
landmarks. A crowd is a region that is ignored, and so is a box of the class ``head_back``. Faces
that are outside are not written: other programs would take their boxes for faces.

References
----------
.. [1] Lin et al., Microsoft COCO: Common Objects in Context, ECCV 2014; data format at
   https://cocodataset.org/#format-data
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from recorder_core.datasets.formats.classes import read_class
from recorder_core.datasets.formats.damage import located, located_box, read_text, require_inside
from recorder_core.datasets.formats.values import parse_flag
from recorder_core.datasets.model import (
    FACE,
    Attributes,
    BoxTuple,
    Dataset,
    LabelledFace,
    LabelledPicture,
    Landmarks,
    MaskState,
)
from recorder_core.datasets.pictures import require_size
from recorder_core.errors import DataError
from recorder_core.model.values.json_text import parse_json

__all__ = ["read_coco", "write_coco"]

_KEYPOINTS: Final = ("left_eye", "right_eye", "nose", "left_mouth", "right_mouth")
#: attributes of a picture that stand beside its name, where they are text
_IMAGE_TEXTS: Final = ("camera", "scene")
#: COCO's third number of a keypoint: marked but hidden, marked and visible
_HIDDEN, _VISIBLE = 1, 2


def read_coco(path: Path, images: Path | None = None) -> Dataset:
    """Read a COCO annotation file.

    Parameters
    ----------
    path : Path
        The JSON file.
    images : Path, optional
        Where its pictures are; by default the folder of the same name beside it:
        ``faces/train.json`` describes ``faces/train/*.jpg``.

    Returns
    -------
    Dataset
        In the file's order, pictures without a face included. Whether the pictures
        exist is not asked; see `require_pictures`.

    Raises
    ------
    DataError
        If the file is damaged, or a box is empty or lies outside its picture.
    """
    content = _read_json(path)
    folder = images if images is not None else path.with_suffix("")
    with located(path, "part categories"):
        names = {c["id"]: str(c["name"]) for c in content.get("categories", [])}
    pictures: dict[Any, LabelledPicture] = {}
    for place, image in enumerate(_list_of(content, "images", path), start=1):
        with located(path, f"image {_name_of(image, place)}"):
            if image["id"] in pictures:
                raise DataError("its id occurs twice")
            pictures[image["id"]] = _read_picture(image, folder)
    faces: dict[Any, list[LabelledFace]] = {number: [] for number in pictures}
    for place, annotation in enumerate(_list_of(content, "annotations", path), start=1):
        picture = _picture_of(annotation, pictures)
        with located_box(path, f"annotation {_name_of(annotation, place)}", picture):
            number = annotation["image_id"]
            if number not in pictures:
                raise DataError(f"there is no image {number}")
            faces[number].append(_read_face(annotation, pictures[number].size_px, names))
    with located(path, "part images"):
        return Dataset(
            tuple(replace(picture, faces=tuple(faces[n])) for n, picture in pictures.items())
        )


def _read_json(path: Path) -> dict[str, Any]:
    text = read_text(path)
    if not text.strip():
        raise DataError(f"{path} is empty, not labels in JSON")
    try:
        content = parse_json(text)
    except ValueError as exc:
        line = f", line {exc.lineno}" if isinstance(exc, json.JSONDecodeError) else ""
        raise DataError(f"{path}{line} is damaged: not valid JSON ({exc})") from exc
    if not isinstance(content, dict):
        raise DataError(f"{path} is damaged: it holds no JSON object")
    return content


def _list_of(content: dict[str, Any], part: str, path: Path) -> list[dict[str, Any]]:
    value = content.get(part)
    if not isinstance(value, list):
        raise DataError(f"{path} is damaged: it has no list of {part}")
    return value


def _name_of(element: Any, place: int) -> str:
    """Return an element's id, or its place if it has none."""
    named = isinstance(element, dict) and "id" in element
    return str(element["id"]) if named else f"number {place}"


def _picture_of(annotation: Any, pictures: Mapping[Any, LabelledPicture]) -> str:
    """Return the name of an annotation's picture, "" if it has none."""
    number = annotation.get("image_id") if isinstance(annotation, dict) else None
    known = isinstance(number, int | str) and number in pictures
    return pictures[number].file_name if known else ""


def _read_picture(image: dict[str, Any], folder: Path) -> LabelledPicture:
    index = image.get("frame_index")
    return LabelledPicture(
        str(image["file_name"]).replace("\\", "/"),
        (int(image["width"]), int(image["height"])),
        set_name=str(image.get("set", "")),
        group=str(image.get("group", "")),
        segment=str(image.get("segment", "")),
        frame_index=None if index is None else int(index),
        attributes=_plain(image.get("attributes", {})) | _image_texts(image),
        folder=folder,
    )


def _image_texts(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of `_IMAGE_TEXTS` that are text; other programs may use the names otherwise."""
    found = {name: fields.get(name) for name in _IMAGE_TEXTS}
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _read_face(
    annotation: dict[str, Any], size_px: tuple[int, int] | None, names: Mapping[Any, str]
) -> LabelledFace:
    attributes = _plain(annotation.get("attributes", {}))
    label, mask = read_class(names.get(annotation.get("category_id"), FACE))
    x, y, width, height = (float(value) for value in annotation["bbox"])
    box: BoxTuple = (x, y, x + width, y + height)
    landmarks, hidden = _read_landmarks(annotation.get("keypoints"))
    face = LabelledFace(
        box,
        landmarks,
        mask=_mask_state(attributes.pop("mask", mask)),
        occluded=parse_flag(attributes.pop("occluded", False)),
        ignored=any(parse_flag(annotation.get(name) or 0) for name in ("iscrowd", "ignore")),
        difficult=parse_flag(attributes.pop("difficult", False)),
        track=_optional_int(attributes.pop("track_id", None)),
        score=None if annotation.get("score") is None else float(annotation["score"]),
        label=label,
        attributes=attributes,
        hidden_landmarks=hidden,
    )
    require_inside(box, size_px)
    return face


def _mask_state(value: Any) -> MaskState:
    return str(value)  # type: ignore[return-value]  # the face refuses other states


def _optional_int(value: Any) -> int | None:
    return None if value is None else int(value)


def _plain(attributes: Any) -> dict[str, Any]:
    if not isinstance(attributes, dict):
        raise DataError("its attributes are not an object")
    for name, value in attributes.items():
        if not isinstance(value, str | int | float | bool):
            raise DataError(f"its attribute {name} is neither text, number nor true or false")
    return dict(attributes)


def _read_landmarks(keypoints: Any) -> tuple[Landmarks | None, frozenset[int]]:
    """Return the landmarks and the numbers of the hidden ones; all five or none."""
    if not keypoints or len(keypoints) != 3 * len(_KEYPOINTS):
        return None, frozenset()
    points = [tuple(map(float, keypoints[at : at + 3])) for at in range(0, len(keypoints), 3)]
    if any(visible == 0 for _, _, visible in points):
        return None, frozenset()
    hidden = frozenset(place for place, point in enumerate(points) if point[2] == _HIDDEN)
    return tuple((x, y) for x, y, _ in points), hidden


def write_coco(dataset: Dataset, path: Path) -> None:
    """Write a COCO annotation file; the fields are those of the module's description.

    Parameters
    ----------
    dataset : Dataset
    path : Path
        The JSON file; an old one is replaced.

    Raises
    ------
    DataError
        If the size of a picture is not known.
    """
    labels = sorted({FACE, *(f.label for p in dataset.pictures for f in p.faces)} - {FACE})
    numbers = {label: place for place, label in enumerate([FACE, *labels], start=1)}
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for place, picture in enumerate(dataset.pictures, start=1):
        images.append({"id": place, **_image_fields(picture)})
        for face in (face for face in picture.faces if not face.outside):
            fields = {"id": len(annotations) + 1, "image_id": place}
            annotations.append({**fields, **_annotation_fields(face, numbers)})
    categories = [
        {"id": number, "name": label, "keypoints": list(_KEYPOINTS), "skeleton": []}
        for label, number in numbers.items()
    ]
    content = {"categories": categories, "images": images, "annotations": annotations}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _image_fields(picture: LabelledPicture) -> dict[str, Any]:
    width, height = require_size(picture)
    fields: dict[str, Any] = {"file_name": picture.file_name, "width": width, "height": height}
    if picture.set_name:
        fields["set"] = picture.set_name
    if picture.group:
        fields["group"] = _number_or_text(picture.group)
    if picture.segment:
        fields["segment"] = picture.segment
    if picture.frame_index is not None:
        fields["frame_index"] = picture.frame_index
    texts = _image_texts(picture.attributes)
    others = {name: value for name, value in picture.attributes.items() if name not in texts}
    if others:
        fields["attributes"] = others
    return fields | texts


def _number_or_text(group: str) -> int | str:
    is_number = group.isascii() and group.isdigit() and str(int(group)) == group
    return int(group) if is_number else group


def _annotation_fields(face: LabelledFace, numbers: Mapping[str, int]) -> dict[str, Any]:
    x0, y0, x1, y1 = face.box_xyxy_px
    fields: dict[str, Any] = {
        "category_id": numbers[face.label],
        "bbox": [x0, y0, x1 - x0, y1 - y0],
        "area": (x1 - x0) * (y1 - y0),
        "iscrowd": int(face.ignored),
        "attributes": _face_attributes(face),
    }
    if face.landmarks_px is not None:
        fields["keypoints"] = [
            value
            for place, (x, y) in enumerate(face.landmarks_px)
            for value in (x, y, _HIDDEN if place in face.hidden_landmarks else _VISIBLE)
        ]
        fields["num_keypoints"] = len(face.landmarks_px)
    if face.score is not None:
        fields["score"] = face.score
    return fields


def _face_attributes(face: LabelledFace) -> Attributes:
    flags = {name: True for name in ("occluded", "difficult") if getattr(face, name)}
    track = {} if face.track is None else {"track_id": face.track}
    return {"mask": face.mask, **flags, **track, **face.attributes}

"""Pictures with labelled faces, read from COCO annotation files.

An annotation file names its pictures relative to the folder beside it that has its
name: ``faces/train.json`` describes ``faces/train/*.jpg``. Beyond COCO's own fields a
picture may carry ``set`` (where it comes from) and ``group`` (near-duplicates share
one), an annotation ``attributes.mask`` (with_mask, without_mask, incorrect, unknown).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recorder_core.errors import DataError

__all__ = ["LabelledPicture", "list_pictures", "read_coco", "read_picture_bgr"]


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """One picture file and the faces that people marked in it."""

    path: Path
    #: where the picture comes from, "" if the file does not say
    set_name: str
    #: (M, 4) float32, left, top, right, bottom in the picture's pixels
    boxes_xyxy_px: NDArray[np.float32] = field(repr=False)
    #: M of with_mask, without_mask, incorrect, unknown
    masks: tuple[str, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if self.boxes_xyxy_px.shape != (len(self.masks), 4):
            raise DataError(
                f"{self.boxes_xyxy_px.shape} boxes do not fit {len(self.masks)} mask states"
            )


def read_coco(path: Path) -> list[LabelledPicture]:
    """Read a COCO annotation file; crowd annotations are left out.

    Parameters
    ----------
    path : Path
        The JSON file; its pictures are in the folder of the same name beside it.

    Returns
    -------
    list of LabelledPicture
        In the file's order, pictures without a face included.

    Raises
    ------
    DataError
        If the file is damaged, a box is empty or lies outside its picture, or a
        picture file does not exist.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return _parse_coco(content, path)
    except OSError as exc:
        raise DataError(f"annotation file {path} cannot be read: {exc.strerror}") from exc
    except (json.JSONDecodeError, KeyError, TypeError) as exc:
        raise DataError(f"annotation file {path} is damaged: {exc!r}") from exc


def _parse_coco(content: dict[str, Any], path: Path) -> list[LabelledPicture]:
    boxes: dict[int, list[list[float]]] = {image["id"]: [] for image in content["images"]}
    masks: dict[int, list[str]] = {image["id"]: [] for image in content["images"]}
    sizes = {image["id"]: (image["width"], image["height"]) for image in content["images"]}
    for annotation in content["annotations"]:
        if annotation.get("iscrowd"):
            continue
        number = annotation["image_id"]
        boxes[number].append(_to_xyxy(annotation, sizes[number]))
        masks[number].append(annotation.get("attributes", {}).get("mask", "unknown"))
    return [
        LabelledPicture(
            _existing(path.with_suffix("") / image["file_name"]),
            str(image.get("set", "")),
            np.array(boxes[image["id"]], np.float32).reshape(-1, 4),
            tuple(masks[image["id"]]),
        )
        for image in content["images"]
    ]


def _to_xyxy(annotation: dict[str, Any], size: tuple[int, int]) -> list[float]:
    x, y, width, height = annotation["bbox"]
    inside = x < size[0] and y < size[1] and x + width > 0 and y + height > 0
    if width <= 0 or height <= 0 or not inside:
        raise DataError(
            f"annotation {annotation['id']}: box {annotation['bbox']} is empty or outside "
            f"its picture of {size[0]}x{size[1]}"
        )
    return [x, y, x + width, y + height]


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise DataError(f"picture {path} of the annotation file does not exist")
    return path


def list_pictures(folder: Path) -> list[Path]:
    """Return the ``.jpg`` and ``.png`` files of a folder, sorted by name.

    Raises
    ------
    DataError
        If there is none.
    """
    paths = sorted([*folder.glob("*.jpg"), *folder.glob("*.png")])
    if not paths:
        raise DataError(f"folder {folder} holds no .jpg or .png picture")
    return paths


def read_picture_bgr(path: Path) -> NDArray[np.uint8]:
    """Decode a picture file.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        Blue, green, red.

    Raises
    ------
    DataError
        If the file cannot be decoded.
    """
    import cv2

    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise DataError(f"picture {path} cannot be decoded")
    return np.asarray(picture, np.uint8)

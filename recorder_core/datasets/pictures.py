"""Picture files of data sets: find, measure and decode them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recorder_core.datasets.model import Dataset, LabelledPicture
from recorder_core.errors import DataError
from recorder_core.model import PICTURE_SUFFIXES, Orientation

__all__ = [
    "find_pictures",
    "label_files",
    "list_pictures",
    "open_picture",
    "read_picture_bgr",
    "read_size_px",
    "require_pictures",
    "require_size",
    "size_if_there",
    "with_images",
]


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


def find_pictures(folder: Path) -> list[str]:
    """Return the names of a folder's pictures at any depth, sorted, relative to it.

    Raises
    ------
    DataError
        If there is none.
    """
    names = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file()
    )
    if not names:
        raise DataError(f"folder {folder} holds no picture")
    return names


def read_picture_bgr(path: Path) -> NDArray[np.uint8]:
    """Decode a picture file, turned as its EXIF orientation says.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        Blue, green, red.

    Raises
    ------
    DataError
        If the file cannot be decoded.
    """
    with open_picture(path) as picture:
        orientation = Orientation.of_pillow(picture)
        upright = orientation.show(np.asarray(picture.convert("RGB"), np.uint8))
        return np.ascontiguousarray(upright[:, :, ::-1])


def read_size_px(path: Path) -> tuple[int, int]:
    """Return width and height of a picture file, without decoding its pixels.

    Raises
    ------
    DataError
        If the file is no picture.
    """
    with open_picture(path) as picture:
        width, height = picture.size
        swaps_sides = Orientation.of_pillow(picture).swaps_sides
    return (height, width) if swaps_sides else (width, height)


def size_if_there(folder: Path | None, file_name: str) -> tuple[int, int] | None:
    """Return width and height of a picture of a folder, None if no folder is given.

    Raises
    ------
    DataError
        If the folder does not hold the picture, or the file is no picture.
    """
    return None if folder is None else read_size_px(folder / file_name)


def require_size(picture: LabelledPicture) -> tuple[int, int]:
    """Return width and height of a picture.

    Raises
    ------
    DataError
        If they are not known.
    """
    if picture.size_px is None:
        raise DataError(
            f"the size of the picture {picture.file_name} is not known; give the folder of "
            "pictures with --images"
        )
    return picture.size_px


@contextmanager
def open_picture(path: Path) -> Iterator[Image.Image]:
    """Open a picture file; its pixels are decoded when they are asked for.

    Raises
    ------
    DataError
        If there is no such file, or while it is used turns out to be damaged.
    """
    if path.exists() and not path.is_file():
        # opening a pipe would wait for whoever writes to it
        raise DataError(f"picture {path} is a folder, pipe or device, not a file")
    try:
        with Image.open(path) as picture:
            yield picture
    except FileNotFoundError as exc:
        raise DataError(f"picture {path} does not exist") from exc
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as exc:
        raise DataError(f"picture {path} cannot be decoded: {exc}") from exc


def with_images(dataset: Dataset, folder: Path | None) -> Dataset:
    """Return the data set with the folder of its pictures."""
    pictures = tuple(replace(picture, folder=folder) for picture in dataset.pictures)
    return replace(dataset, pictures=pictures)


def require_pictures(dataset: Dataset) -> Dataset:
    """Return the data set if all its picture files exist.

    Raises
    ------
    DataError
        If one does not exist; the message names it.
    """
    for picture in dataset.pictures:
        if not picture.path.is_file():
            raise DataError(f"picture {picture.path} of the data set does not exist")
    return dataset


def label_files(
    pictures: Iterable[LabelledPicture], folder: Path, suffix: str
) -> Iterator[tuple[LabelledPicture, Path]]:
    """Yield each picture with the file of its own that describes it; its folder is made.

    Raises
    ------
    DataError
        If two pictures differ in their suffix alone.
    """
    given: set[Path] = set()
    for picture in pictures:
        file = folder / PurePosixPath(picture.file_name).with_suffix(suffix)
        if file in given:
            raise DataError(f"two pictures would share the label file {file.name}; rename one")
        given.add(file)
        file.parent.mkdir(parents=True, exist_ok=True)
        yield picture, file

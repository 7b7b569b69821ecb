"""Detections that were made elsewhere: read them, and find each picture's own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from recorder_core.datasets import LabelledPicture
from recorder_core.datasets.formats.counted_list import CountedEntry, read_counted_list
from recorder_core.datasets.formats.damage import located
from recorder_core.detect import ScoredBoxes
from recorder_core.errors import DataError
from recorder_core.tables import read_picture_detections

__all__ = ["name_by_picture", "read_predictions"]

_ROW_LENGTH = 5


def read_predictions(path: Path) -> dict[str, ScoredBoxes]:
    """Read detections in pictures.

    Parameters
    ----------
    path : Path
        One of: a table that ``workbench detect`` wrote (``.parquet``); a folder with a text
        file for each picture, as for WIDER FACE (``0--Parade/name.txt``); one text file
        for all pictures, as for FDDB. In a text file follow each other a picture's name,
        the number of boxes, and for each box a line ``x y width height score``.

    Returns
    -------
    dict of str to ScoredBoxes
        By the picture's name as the table or the file's list gives it, or by the file's
        place in the folder without ``.txt``; boxes in pixels of the picture.

    Raises
    ------
    DataError
        If a file is damaged; the message gives file and line.
    """
    if path.is_dir():
        return _read_folder(path)
    if path.suffix.lower() != ".txt":
        tables = read_picture_detections(path).to_pictures()
        return {name: ScoredBoxes(found.boxes_xyxy_px, found.scores) for name, found in tables}
    entries = read_counted_list(path)
    return {entry.name: _read_boxes(path, entry) for entry in entries}


def _read_folder(folder: Path) -> dict[str, ScoredBoxes]:
    files = sorted(folder.rglob("*.txt"))
    if not files:
        raise DataError(f"the folder {folder} holds no .txt file with detections")
    found = {}
    for file in files:
        entries = list(read_counted_list(file))
        if len(entries) != 1:
            raise DataError(f"{file} should hold the boxes of one picture, not of {len(entries)}")
        found[file.relative_to(folder).with_suffix("").as_posix()] = _read_boxes(file, entries[0])
    return found


def _read_boxes(path: Path, entry: CountedEntry) -> ScoredBoxes:
    rows = []
    for number, text in entry.rows:
        with located(path, f"line {number}"):
            rows.append(_read_row(text))
    table = np.array(rows, np.float32).reshape(-1, _ROW_LENGTH)
    return ScoredBoxes(table[:, :4], table[:, 4])


def _read_row(text: str) -> Sequence[float]:
    values = [float(part) for part in text.split()]
    if len(values) != _ROW_LENGTH or not all(map(math.isfinite, values)):
        raise DataError("it is not the five numbers x, y, width, height and score")
    x, y, width, height, score = values
    return x, y, x + width, y + height, score


def name_by_picture(
    predictions: Mapping[str, ScoredBoxes], pictures: Iterable[LabelledPicture]
) -> dict[str, ScoredBoxes]:
    """Return the detections of those pictures that have any, by the pictures' `file_name`.

    Text files name pictures without a suffix; both spellings are found.
    """
    named = {}
    for picture in pictures:
        plain = PurePosixPath(picture.file_name).with_suffix("").as_posix()
        for name in (picture.file_name, plain):
            if name in predictions:
                named[picture.file_name] = predictions[name]
    return named

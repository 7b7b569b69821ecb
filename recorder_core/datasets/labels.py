"""What the labels of a data set stand for: faces under another name, or something else.

A label tool may call a face "head"; read as it is, such a data set has no face, and a
detector trained with it learns to find none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from recorder_core.datasets.formats.classes import read_class
from recorder_core.datasets.model import FACE, HEAD_BACK, Dataset, LabelledFace
from recorder_core.errors import DataError

__all__ = ["LABEL_OPTION", "LABEL_SETTING", "label_faults", "map_labels", "require_faces"]

#: how a mapping is written after a command, and in a settings file of training
LABEL_OPTION: Final = "--label {name}={label}"
LABEL_SETTING: Final = '[data.labels] "{name}" = "{label}"'


def map_labels(dataset: Dataset, labels: Mapping[str, str]) -> Dataset:
    """Rename labels.

    Parameters
    ----------
    dataset : Dataset
    labels : mapping of str to str
        Label in the file -> class name, such as "face" or "with_mask"; a label that
        stands for itself is kept, and known to be no face.

    Raises
    ------
    DataError
        If the data set has no such label.
    """
    there = {face.label for picture in dataset.pictures for face in picture.faces}
    missing = sorted(set(labels) - there)
    if missing:
        named = ", ".join(sorted(there)) or "none"
        raise DataError(f"no box is labelled {missing[0]!r}; the labels are {named}")
    pictures = tuple(
        replace(picture, faces=tuple(_renamed(face, labels) for face in picture.faces))
        for picture in dataset.pictures
    )
    return Dataset(pictures, dataset.remarks)


def _renamed(face: LabelledFace, labels: Mapping[str, str]) -> LabelledFace:
    if face.label not in labels:
        return face
    label, mask = read_class(labels[face.label])
    return replace(face, label=label, mask=mask if mask != "unknown" else face.mask)


def label_faults(
    dataset: Dataset, labels: Mapping[str, str], advice: str = LABEL_OPTION
) -> list[str]:
    """Return what makes a data set useless for faces: one sentence for each fault.

    Parameters
    ----------
    dataset : Dataset
        After `map_labels`.
    labels : mapping of str to str
        What `map_labels` was given.
    advice : str
        How the user writes what a label stands for.
    """
    faces = [face for picture in dataset.pictures for face in picture.faces]
    known = {FACE, HEAD_BACK, *labels.values()}
    strange = Counter(face.label for face in faces if face.label not in known)
    faults = [
        f"{count} boxes are labelled {name!r}, which is not known: say whether they are faces "
        f"({advice.format(name=name, label=FACE)}) or not "
        f"({advice.format(name=name, label=name)})"
        for name, count in sorted(strange.items())
    ]
    if not any(face.is_judged for face in faces):
        faults.append(f"none of the {len(faces)} boxes is labelled as a face")
    return faults


def require_faces(
    dataset: Dataset, labels: Mapping[str, str], path: Path, advice: str = LABEL_OPTION
) -> Dataset:
    """Return a data set that has faces and no label that is not known.

    Raises
    ------
    DataError
        With the first of `label_faults`.
    """
    faults = label_faults(dataset, labels, advice)
    if faults:
        raise DataError(f"{path}: {faults[0]}")
    return dataset

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from recorder_core.datasets import (
    LABEL_SETTING,
    Dataset,
    LabelledFace,
    LabelledPicture,
    label_faults,
    map_labels,
    require_faces,
)
from recorder_core.errors import DataError

HEADS = Dataset(
    (
        LabelledPicture(
            "a.png",
            (100, 100),
            (
                LabelledFace((0, 0, 20, 20), label="head"),
                LabelledFace((30, 0, 50, 20), label="head", mask="with_mask"),
                LabelledFace((60, 0, 80, 20), label="lamp"),
                LabelledFace((80, 0, 99, 20), label="head_back"),
            ),
        ),
    )
)


def test_a_label_that_is_not_known_is_a_fault_and_so_is_no_face() -> None:
    assert label_faults(HEADS, {}) == [
        "2 boxes are labelled 'head', which is not known: say whether they are faces "
        "(--label head=face) or not (--label head=head)",
        "1 boxes are labelled 'lamp', which is not known: say whether they are faces "
        "(--label lamp=face) or not (--label lamp=lamp)",
        "none of the 4 boxes is labelled as a face",
    ]
    with pytest.raises(DataError, match=r"a\.xml: 2 boxes are labelled 'head'"):
        require_faces(HEADS, {}, Path("a.xml"))


def test_the_advice_is_what_a_settings_file_takes() -> None:
    said = label_faults(HEADS, {}, LABEL_SETTING)[0]
    for line in ('[data.labels] "head" = "face"', '[data.labels] "head" = "head"'):
        assert f"({line})" in said
        assert tomllib.loads(line.replace("] ", "]\n"))["data"]["labels"].keys() == {"head"}


def test_labels_become_faces_and_what_is_no_face_is_kept() -> None:
    labels = {"head": "face", "lamp": "lamp"}
    mapped = map_labels(HEADS, labels)
    faces = mapped.pictures[0].faces
    assert [face.label for face in faces] == ["face", "face", "lamp", "head_back"]
    assert [face.mask for face in faces] == ["unknown", "with_mask", "unknown", "unknown"]
    assert len(mapped.pictures[0].judged_faces) == 2
    assert require_faces(mapped, labels, Path("a.xml")) is mapped


def test_a_class_says_how_the_mask_is_worn() -> None:
    mapped = map_labels(HEADS, {"lamp": "no_mask"})
    assert mapped.pictures[0].faces[2].mask == "without_mask"


def test_a_label_that_no_box_has_is_refused() -> None:
    with pytest.raises(
        DataError, match="no box is labelled 'haed'; the labels are head, head_back, lamp"
    ):
        map_labels(HEADS, {"haed": "face"})

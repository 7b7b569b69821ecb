from __future__ import annotations

import numpy as np
import pytest

from recorder_core.datasets import Dataset, LabelledFace, LabelledPicture
from recorder_core.datasets.formats.fddb import read_fddb, write_fddb
from recorder_core.datasets.formats.wider import (
    read_wider,
    read_wider_landmarks,
    write_wider,
    write_wider_landmarks,
)
from recorder_core.errors import DataError

LIST = """0--Parade/0_Parade_1.jpg
2
449 330 122 149 0 0 0 0 0 0
10 20 30 40 2 1 1 1 2 1
1--Nobody/1_Nobody_2.jpg
0
0 0 0 0 0 0 0 0 0 0
1--Nobody/1_Nobody_3.jpg
1
1 2 3 4 1 0 0 0 1 0
"""
LANDMARKS = """# 0--Parade/1.jpg
449 330 122 149 488.9 373.6 0.0 542.1 376.4 0.0 515.0 412.8 1.0 485.2 425.9 0.0 538.4 431.5 0.0 0.82
10 20 30 40 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 0.2
# 0--Parade/2.jpg
# 0--Parade/3.jpg
1 2 3 4
"""


def _written(folder, text):
    path = folder / "list.txt"
    path.write_text(text)
    return path


def test_a_list_is_read(tmp_path):
    first, nobody, last = read_wider(_written(tmp_path, LIST)).pictures
    assert first.file_name == "0--Parade/0_Parade_1.jpg"
    assert [face.box_xyxy_px for face in first.faces] == [(449, 330, 571, 479), (10, 20, 40, 60)]
    assert [face.ignored for face in first.faces] == [False, True]
    assert [face.occluded for face in first.faces] == [False, True]
    assert first.faces[1].attributes == {
        "blur": 2,
        "expression": 1,
        "illumination": 1,
        "occlusion": 2,
        "pose": 1,
    }
    assert (nobody.faces, nobody.size_px) == ((), None)
    assert last.faces[0].box_xyxy_px == (1, 2, 4, 6)


def test_a_list_is_written_as_it_was(tmp_path):
    write_wider(read_wider(_written(tmp_path, LIST)), tmp_path / "again.txt")
    assert (tmp_path / "again.txt").read_text() == LIST


def test_what_is_no_face_never_becomes_one(tmp_path):
    faces = [
        LabelledFace((0, 0, 9, 9)),
        LabelledFace((10, 0, 19, 9), label="head_back"),
        LabelledFace((20, 0, 29, 9), label="lamp"),
    ]
    dataset = Dataset((LabelledPicture("1.jpg", (99, 99), tuple(faces)),))
    write_wider(dataset, tmp_path / "wider.txt")
    (again,) = read_wider(tmp_path / "wider.txt").pictures
    assert [face.box_xyxy_px[0] for face in again.judged_faces] == [0]
    assert again.ignored_xyxy_px.tolist() == [[10, 0, 19, 9]]
    for write, read in ((write_wider_landmarks, read_wider_landmarks), (write_fddb, read_fddb)):
        write(dataset, tmp_path / write.__name__)
        (again,) = read(tmp_path / write.__name__).pictures
        assert again.boxes_xyxy_px == pytest.approx(np.array([[0, 0, 9, 9]]), abs=1e-3)


def test_boxes_without_an_area_are_left_out_and_named(tmp_path):
    text = LIST.replace("10 20 30 40", "10 20 0 40")
    dataset = read_wider(_written(tmp_path, text))
    assert len(dataset.pictures[0].faces) == 1
    assert [remark.partition("list.txt")[2] for remark in dataset.remarks] == [
        ", line 4: a box without area is left out"
    ]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("1.jpg\n2\n", "1.jpg\n", "line 2: after the picture 0--Parade/.* comes '449"),
        ("3.jpg\n1\n", "3.jpg\n2\n", "line 8: the picture .* should have 2 faces, but .* after 1"),
        ("449 330 122", "449 330", "line 3: it has 9 numbers"),
        ("449 330 122", "449 x 122", "line 3 is damaged: .*'x'"),
        ("1 2 3 4 1 0", "1 2 3 4 5 0", "line 10: blur is 5; it must be 0 to 2"),
        ("1 2 3 4 1 0", "nan 2 3 4 1 0", "line 10: .* in no picture"),
        ("1_Nobody_3", "1_Nobody_2", "1_Nobody_2.jpg is in the data set twice"),
        ("0--Parade/0", "/0--Parade/0", "line 1: .* must lie inside the folder"),
    ],
)
def test_damage_is_named(tmp_path, old, new, sentence):
    assert old in LIST
    with pytest.raises(DataError, match=sentence) as caught:
        read_wider(_written(tmp_path, LIST.replace(old, new)))
    assert "list.txt" in str(caught.value)


def test_a_list_that_is_cut_off_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"line 8: .* should have 1 faces, .* ends after 0"):
        read_wider(_written(tmp_path, LIST.rpartition("1 2 3 4")[0]))


def test_landmarks_are_read(tmp_path):
    first, empty, plain = read_wider_landmarks(_written(tmp_path, LANDMARKS)).pictures
    face, far = first.faces
    assert face.landmarks_px is not None
    assert face.landmarks_px[0] == (488.9, 373.6)
    assert face.landmarks_px[4] == (538.4, 431.5)
    assert face.hidden_landmarks == {2}
    assert face.attributes == {"sharpness": 0.82}
    assert (far.landmarks_px, far.attributes) == (None, {"sharpness": 0.2})
    assert empty.faces == ()
    assert plain.faces[0].box_xyxy_px == (1, 2, 4, 6)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("# 0--Parade/1.jpg", "0--Parade/1.jpg", "line 1: it must be '#'"),
        ("0.82", "", "line 2: it has 19 numbers"),
        ("1 2 3 4", "1 2 3 y", "line 6 is damaged"),
        ("# 0--Parade/2.jpg", "#", "line 4: .* must lie inside"),
        ("1 2 3 4", "1 2 3 inf", "line 6: .* in no picture"),
    ],
)
def test_damage_of_landmark_lists_is_named(tmp_path, old, new, sentence):
    assert old in LANDMARKS
    with pytest.raises(DataError, match=sentence):
        read_wider_landmarks(_written(tmp_path, LANDMARKS.replace(old, new)))

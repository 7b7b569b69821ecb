from __future__ import annotations

import math
from dataclasses import FrozenInstanceError

import pytest

from recorder_core.datasets import Dataset, LabelledFace, LabelledPicture
from recorder_core.datasets.formats.classes import class_name, read_class
from recorder_core.errors import DataError

FACE = LabelledFace((1, 2, 3, 5))


@pytest.mark.parametrize(
    "box",
    [
        (1, 2, 1, 5),
        (3, 2, 1, 5),
        (1, 5, 3, 2),
        (math.nan, 2, 3, 5),
        (1, 2, math.inf, 5),
        (1e9, 2, 2e9, 5),
        (1, 2, 1.01, 5),
    ],
)
def test_a_box_must_have_an_area(box):
    with pytest.raises(DataError, match="empty or in no picture"):
        LabelledFace(box)


@pytest.mark.parametrize("points", [(), ((1, 2),) * 4, ((1, 2),) * 4 + ((1, math.nan),)])
def test_landmarks_are_five_points(points):
    with pytest.raises(DataError, match="not five points"):
        LabelledFace((1, 2, 3, 5), points)


def test_a_mask_state_must_be_known():
    with pytest.raises(DataError, match="'half' is not one of with_mask"):
        LabelledFace((1, 2, 3, 5), mask="half")


@pytest.mark.parametrize(
    ("fields", "is_judged"),
    [
        ({}, True),
        ({"occluded": True}, True),
        ({"difficult": True}, True),
        ({"ignored": True}, False),
        ({"outside": True}, False),
        ({"label": "lamp"}, False),
    ],
)
def test_faces_in_view_are_judged(fields, is_judged):
    face = LabelledFace((1, 2, 3, 5), **fields)
    assert face.is_judged == is_judged
    assert LabelledPicture("1.jpg", faces=(face,)).boxes_xyxy_px.shape == (int(is_judged), 4)


def test_arrays_of_a_picture_belong_together():
    points = tuple((float(n), 2.0) for n in range(5))
    faces = (
        FACE,
        LabelledFace((0, 0, 9, 9), ignored=True),
        LabelledFace((5, 5, 8, 9), points, mask="with_mask"),
        LabelledFace((6, 6, 7, 7), ignored=True, outside=True),
        LabelledFace((3, 0, 9, 9), label="head_back"),
        LabelledFace((4, 0, 9, 9), label="head_back", outside=True),
        LabelledFace((0, 0, 5, 5), label="lamp"),
    )
    picture = LabelledPicture("1.jpg", faces=faces)
    assert picture.boxes_xyxy_px.tolist() == [[1, 2, 3, 5], [5, 5, 8, 9]]
    assert picture.masks == ("unknown", "with_mask")
    assert math.isnan(picture.landmarks_px[0].sum())
    assert picture.landmarks_px[1].tolist() == [list(point) for point in points]
    assert picture.ignored_xyxy_px.tolist() == [[0, 0, 9, 9], [3, 0, 9, 9]]
    assert faces[2].size_px == (3, 4)


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../x.jpg", "a/../../x.jpg"])
def test_pictures_lie_inside_their_folder(name):
    with pytest.raises(DataError, match="must lie inside"):
        LabelledPicture(name)


def test_the_folder_must_be_known_to_find_a_picture(tmp_path):
    assert LabelledPicture("a/1.jpg", folder=tmp_path).path == tmp_path / "a" / "1.jpg"
    with pytest.raises(DataError, match="name it with --images"):
        _ = LabelledPicture("a/1.jpg").path


def test_labels_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        FACE.mask = "with_mask"


def test_a_picture_is_there_once():
    with pytest.raises(DataError, match=r"1\.jpg is in the data set twice"):
        Dataset((LabelledPicture("1.jpg"), LabelledPicture("1.jpg")))


def _frame(name, segment, index, *faces):
    return LabelledPicture(name, faces=faces, segment=segment, frame_index=index)


def test_videos_are_the_numbered_frames_of_a_segment_in_order():
    one, two = LabelledFace((1, 2, 3, 5), track=4), LabelledFace((2, 2, 4, 5), track=4)
    dataset = Dataset(
        (
            _frame("b", "s", 5, two, FACE),
            LabelledPicture("x"),
            _frame("a", "s", 2, one),
            _frame("c", "t", 2),
        )
    )
    first, second = dataset.videos()
    assert [frame.file_name for frame in first.frames] == ["a", "b"]
    assert first.tracks() == {4: {2: one, 5: two}}
    assert (second.name, second.tracks()) == ("t", {})


def test_a_frame_number_is_there_once():
    with pytest.raises(DataError, match="segment 's' has frame 2 twice"):
        Dataset((_frame("a", "s", 2), _frame("b", "s", 2))).videos()


@pytest.mark.parametrize(
    ("name", "label", "mask"),
    [
        ("Face", "face", "unknown"),
        ("with_mask", "face", "with_mask"),
        ("No-Mask", "face", "without_mask"),
        ("mask_weared_incorrect", "face", "incorrect"),
        (" lamp ", "lamp", "unknown"),
        ("unknown", "unknown", "unknown"),
    ],
)
def test_class_names_say_what_is_marked(name, label, mask):
    assert read_class(name) == (label, mask)


def test_a_class_name_comes_back():
    for face in (FACE, LabelledFace((1, 2, 3, 5), mask="incorrect")):
        assert read_class(class_name(face)) == (face.label, face.mask)

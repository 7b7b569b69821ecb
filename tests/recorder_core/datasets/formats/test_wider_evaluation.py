from __future__ import annotations

import numpy as np
import pytest
import scipy.io

from recorder_core.datasets import collect_box_faults
from recorder_core.datasets.formats.wider_evaluation import read_wider_evaluation
from recorder_core.errors import DataError

COLUMNS = ("blur", "expression", "illumination", "invalid", "occlusion", "pose")


def _cells(values):
    column = np.empty((len(values), 1), object)
    for place, value in enumerate(values):
        column[place, 0] = value
    return column


def _content():
    """Two events with one and two pictures, laid out as the published lists are."""
    boxes = [[[[1, 2, 30, 40], [5, 6, 7, 8], [9, 9, 0, 4]]], [[[3, 3, 9, 9]], np.zeros((0, 4))]]
    content = {
        "event_list": _cells(["0--Parade", "1--Two"]),
        "file_list": _cells([_cells(["0_a"]), _cells(["1_b", "1_c"])]),
        "face_bbx_list": _cells([_cells([np.array(b, np.int32) for b in e]) for e in boxes]),
        "gt_list": _cells([_cells([np.array([[1]])]), _cells([np.array([[1]]), np.zeros((0, 1))])]),
    }
    for name in COLUMNS:
        content[f"{name}_label_list"] = _cells(
            [_cells([np.zeros((len(b), 1), np.uint8) for b in event]) for event in boxes]
        )
    content["occlusion_label_list"][0, 0][0, 0][1, 0] = 2
    return content


def _saved(folder, content):
    path = folder / "wider_easy_val.mat"
    scipy.io.savemat(path, content)
    return path


def test_counted_faces_are_judged_and_others_ignored(tmp_path):
    dataset = read_wider_evaluation(_saved(tmp_path, _content()))
    assert [p.file_name for p in dataset.pictures] == [
        "0--Parade/0_a.jpg",
        "1--Two/1_b.jpg",
        "1--Two/1_c.jpg",
    ]
    first = dataset.pictures[0]
    assert first.boxes_xyxy_px.tolist() == [[1, 2, 31, 42]]
    assert first.ignored_xyxy_px.tolist() == [[5, 6, 12, 14]]
    assert first.faces[1].attributes["occlusion"] == 2
    assert len(dataset.remarks) == 1
    assert "picture 0--Parade/0_a: 1 boxes without area" in dataset.remarks[0]


def test_the_list_of_all_faces_counts_all(tmp_path):
    content = _content()
    del content["gt_list"]
    dataset = read_wider_evaluation(_saved(tmp_path, content))
    assert [len(p.judged_faces) for p in dataset.pictures] == [2, 1, 0]


def _break(content, part, event, number, value):
    content[part][event, 0][number, 0] = value


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda c: c.pop("file_list"), "has no file_list"),
        (lambda c: _break(c, "gt_list", 1, 0, np.array([[2]])), "1--Two/1_b: gt_list names face 2"),
        (lambda c: _break(c, "gt_list", 1, 0, np.array([[0]])), "1--Two/1_b: gt_list names face 0"),
        (lambda c: _break(c, "face_bbx_list", 1, 0, np.zeros((1, 3))), "picture 1--Two/1_b is dam"),
        (lambda c: _break(c, "blur_label_list", 0, 0, np.zeros((1, 1))), "picture 0--Parade/0_a"),
        (lambda c: _break(c, "pose_label_list", 1, 0, np.array([[9]])), "pose is 9"),
        (lambda c: c.update(face_bbx_list=_cells([1])), "0--Parade/0_a is damaged"),
    ],
)
def test_damage_is_named(tmp_path, change, sentence):
    content = _content()
    change(content)
    with pytest.raises(DataError, match=sentence) as caught:
        read_wider_evaluation(_saved(tmp_path, content))
    assert "wider_easy_val.mat" in str(caught.value)


def test_every_bad_box_is_collected_and_the_good_ones_are_read(tmp_path):
    content = _content()
    boxes = content["face_bbx_list"][0, 0][0, 0].astype(float)
    boxes[0, 2], boxes[2, 2] = np.nan, 4
    _break(content, "face_bbx_list", 0, 0, boxes)
    poses = np.zeros((len(boxes), 1))
    poses[2] = 9
    _break(content, "pose_label_list", 0, 0, poses)
    _break(content, "gt_list", 1, 0, np.array([[2]]))
    path = _saved(tmp_path, content)
    with collect_box_faults() as faults:
        dataset = read_wider_evaluation(path)
    assert [fault.partition(", ")[2].partition(": ")[0] for fault in faults] == [
        "picture 0--Parade/0_a, face 1",
        "picture 0--Parade/0_a, face 3",
        "picture 1--Two/1_b",
    ]
    assert "pose is 9" in faults[1]
    assert [len(picture.faces) for picture in dataset.pictures] == [1, 0, 0]


@pytest.mark.parametrize("content", [b"", b"no matlab file", b"MATLAB 5.0 MAT-file" + bytes(500)])
def test_another_file_is_refused(tmp_path, content):
    (tmp_path / "x.mat").write_bytes(content)
    with pytest.raises(DataError, match=r"x\.mat"):
        read_wider_evaluation(tmp_path / "x.mat")


def test_a_file_that_is_cut_off_is_refused(tmp_path):
    path = _saved(tmp_path, _content())
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(DataError, match="is damaged"):
        read_wider_evaluation(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_wider_evaluation(tmp_path / "none.mat")

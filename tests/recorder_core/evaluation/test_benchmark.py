from __future__ import annotations

import json
import math

import numpy as np
import pytest
import scipy.io

from recorder_core.errors import DataError, SettingsError
from recorder_core.evaluation import ALL_SETS, EvaluationSettings, name_by_picture, read_benchmark

ORIGINAL = EvaluationSettings(scale="original")
BIG, SMALL = (0, 0, 99, 99), (300, 0, 9, 9)


def _cell(*values):
    column = np.empty((len(values), 1), object)
    for place, value in enumerate(values):
        column[place, 0] = value
    return column


def _write_lists(folder, counted, names=("first", "second")):
    """Write lists of one event with two pictures; `counted` names the faces of the first."""
    folder.mkdir()
    boxes = np.array([BIG, SMALL], np.int32)
    for difficulty, numbers in counted.items():
        content = {
            "event_list": _cell("0--Parade"),
            "file_list": _cell(_cell(*names)),
            "face_bbx_list": _cell(_cell(boxes, boxes[:1])),
            "gt_list": _cell(
                _cell(np.array(numbers, np.uint8)[:, None], np.array([], np.uint8).reshape(0, 1))
            ),
        }
        scipy.io.savemat(folder / f"wider_{difficulty}_val.mat", content)
    return folder


def test_wider_lists_by_hand(tmp_path, boxes):
    lists = _write_lists(tmp_path / "lists", {"easy": [1], "medium": [1, 2], "hard": [1, 2]})
    benchmark = read_benchmark(lists)
    assert [p.file_name for p in benchmark.dataset.pictures] == [
        "0--Parade/first.jpg",
        "0--Parade/second.jpg",
    ]
    # wrong, small, big; on the second picture only the face that nobody counts
    predictions = {
        "0--Parade/first": boxes(
            (600, 600, 700, 700, 0.9), (300, 0, 309, 9, 0.8), (0, 0, 99, 99, 0.7)
        ),
        "0--Parade/second": boxes((0, 0, 99, 99, 0.1)),
    }
    named = name_by_picture(predictions, benchmark.dataset.pictures)
    measured = benchmark.measure(named, ORIGINAL)
    assert measured.wider == {
        "easy": pytest.approx(1 / 2),
        "medium": pytest.approx(2 / 3),
        "hard": pytest.approx(2 / 3),
    }
    # the other measures are those of the hard list
    assert measured.sets[ALL_SETS].faces == 2
    assert measured.fddb is None
    content = measured.to_dict()
    assert content["wider_average_precision"]["hard"] == 0.6667
    assert json.loads(json.dumps(content, allow_nan=False)) == content


def test_fddb_lists_by_hand(tmp_path, boxes):
    for fold, name in (("01", "2002/a"), ("02", "2002/b")):
        (tmp_path / f"FDDB-fold-{fold}-ellipseList.txt").write_text(
            f"{name}\n1\n10 10 0 50 50 1\n", encoding="utf-8"
        )
    benchmark = read_benchmark(tmp_path)
    predictions = {
        "2002/a.jpg": boxes((40, 40, 60, 60, 0.9)),
        "2002/b.jpg": boxes((90, 90, 95, 95, 0.5)),
    }
    measured = benchmark.measure(predictions, ORIGINAL)
    first = measured.fddb[0]
    assert first.false_positives == 100
    assert (first.discrete, first.continuous) == (0.5, pytest.approx(math.pi / 8, abs=1e-3))
    assert list(measured.sets) == ["FDDB-fold-01", "FDDB-fold-02", ALL_SETS]
    assert measured.sets[ALL_SETS].voc == pytest.approx(0.5)
    assert measured.to_dict()["fddb"][0] == {
        "false_positives": 100,
        "discrete": 0.5,
        "continuous": pytest.approx(0.3927, abs=1e-3),
    }
    one = read_benchmark(tmp_path / "FDDB-fold-01-ellipseList.txt")
    assert len(one.dataset) == 1


def test_coco_files(tmp_path, boxes):
    path = tmp_path / "val.json"
    image = {"id": 1, "file_name": "a.jpg", "width": 640, "height": 480, "set": "x"}
    face = {"id": 1, "image_id": 1, "bbox": [0, 0, 20, 20], "iscrowd": 0}
    path.write_text(json.dumps({"images": [image], "annotations": [face]}))
    benchmark = read_benchmark(path)
    assert benchmark.dataset.pictures[0].path == tmp_path / "val" / "a.jpg"
    elsewhere = read_benchmark(path, tmp_path / "pictures")
    assert elsewhere.dataset.pictures[0].path == tmp_path / "pictures" / "a.jpg"
    measured = benchmark.measure({"a.jpg": boxes((0, 0, 20, 20, 0.5))}, ORIGINAL)
    assert (measured.wider, measured.fddb) == (None, None)
    assert measured.sets["x"].voc == 1.0


def test_the_format_may_be_named(tmp_path, boxes):
    path = tmp_path / "faces.list"
    path.write_text("2002/a\n1\n10 10 0 50 50 1\n")
    benchmark = read_benchmark(path, format_name="fddb")
    found = {"2002/a.jpg": boxes((40, 40, 60, 60, 0.9))}
    assert benchmark.measure(found, ORIGINAL).fddb[0].discrete == 1.0


def test_what_is_no_data_set(tmp_path):
    with pytest.raises(DataError, match="not recognised"):
        read_benchmark(tmp_path)
    with pytest.raises(DataError, match="cannot be read"):
        read_benchmark(tmp_path / "missing.json")
    with pytest.raises(SettingsError, match="no format 'hdf5'"):
        read_benchmark(tmp_path, format_name="hdf5")


def test_a_data_set_without_pictures(tmp_path):
    path = tmp_path / "val.json"
    path.write_text(json.dumps({"images": [], "annotations": []}))
    with pytest.raises(DataError, match="names no picture"):
        read_benchmark(path)


def test_lists_of_other_pictures_are_refused(tmp_path):
    lists = _write_lists(tmp_path / "lists", {"easy": [1], "medium": [1]})
    other = _write_lists(tmp_path / "other", {"hard": [1]}, names=("first", "another"))
    (other / "wider_hard_val.mat").rename(lists / "wider_hard_val.mat")
    with pytest.raises(DataError, match="differ in the picture 0--Parade/second"):
        read_benchmark(lists)

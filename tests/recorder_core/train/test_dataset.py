from __future__ import annotations

import json

import numpy as np
import pytest

from recorder_core.errors import DataError
from recorder_core.train.dataset import list_pictures, read_coco, read_picture_bgr


def _changed(made_set, tmp_path, change):
    content = json.loads(made_set.read_text())
    change(content)
    path = tmp_path / "train.json"
    path.write_text(json.dumps(content))
    (tmp_path / "train").symlink_to(made_set.with_suffix(""))
    return path


def test_pictures_and_faces_are_read(made_set):
    pictures = read_coco(made_set)
    assert len(pictures) == 8
    assert sum(len(p.masks) for p in pictures) == 12
    assert [p.set_name for p in pictures[:2]] == ["a", "b"]
    first = json.loads(made_set.read_text())["annotations"][0]["bbox"]
    x, y, width, height = first
    assert pictures[0].boxes_xyxy_px.tolist() == [[x, y, x + width, y + height]]
    assert pictures[0].boxes_xyxy_px.dtype == np.float32
    assert pictures[1].masks == ("without_mask", "with_mask")


def test_a_picture_without_a_face_stays(made_set, tmp_path):
    path = _changed(made_set, tmp_path, lambda c: c.update(annotations=[]))
    assert all(p.boxes_xyxy_px.shape == (0, 4) for p in read_coco(path))


def test_crowds_are_left_out(made_set, tmp_path):
    path = _changed(made_set, tmp_path, lambda c: c["annotations"][0].update(iscrowd=1))
    assert sum(len(p.masks) for p in read_coco(path)) == 11


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda c: c["annotations"][0].update(bbox=[1, 1, 0, 5]), "annotation 1: box"),
        (lambda c: c["annotations"][0].update(bbox=[200, 1, 9, 9]), "outside"),
        (lambda c: c["images"][3].update(file_name="none.png"), r"none.png .* does not exist"),
        (lambda c: c["images"][3].pop("width"), "damaged"),
        (lambda c: c["annotations"][3].update(image_id=77), "damaged"),
        (lambda c: c.pop("images"), "damaged"),
    ],
)
def test_damage_is_named(made_set, tmp_path, change, sentence):
    with pytest.raises(DataError, match=sentence):
        read_coco(_changed(made_set, tmp_path, change))


def test_a_file_that_is_no_json_is_refused(tmp_path):
    (tmp_path / "train.json").write_text("{")
    with pytest.raises(DataError, match="damaged"):
        read_coco(tmp_path / "train.json")
    with pytest.raises(DataError, match="cannot be read"):
        read_coco(tmp_path / "other.json")


def test_pictures_of_a_folder(made_set, tmp_path):
    paths = list_pictures(made_set.with_suffix(""))
    assert [p.name for p in paths] == [f"{i}.png" for i in range(8)]
    assert read_picture_bgr(paths[0]).shape == (120, 160, 3)
    with pytest.raises(DataError, match="holds no"):
        list_pictures(tmp_path)


def test_a_damaged_picture_is_refused(tmp_path):
    (tmp_path / "1.png").write_bytes(b"\x89PNG nothing")
    with pytest.raises(DataError, match="cannot be decoded"):
        read_picture_bgr(tmp_path / "1.png")

from __future__ import annotations

import json

import pytest

from recorder_core.datasets import read_coco, write_coco
from recorder_core.errors import DataError


@pytest.fixture
def content():
    """Two pictures, three faces, in COCO's words."""
    return {
        "images": [
            {"id": 7, "file_name": "b/1.png", "width": 160, "height": 120, "set": "a", "group": 12},
            {"id": 8, "file_name": "2.png", "width": 100, "height": 90, "set": "b"},
        ],
        "categories": [{"id": 1, "name": "face"}],
        "annotations": [
            {
                "id": 1,
                "image_id": 8,
                "category_id": 1,
                "bbox": [10, 20, 30.5, 40],
                "iscrowd": 0,
                "attributes": {"mask": "with_mask", "occluded": True, "track_id": 3, "blur": 2},
                "keypoints": [11, 21, 2, 30, 21, 2, 20, 30, 2, 12, 50, 1, 30, 50, 2],
            },
            {"id": 2, "image_id": 8, "category_id": 1, "bbox": [1, 1, 5, 5], "iscrowd": 1},
            {"id": 3, "image_id": 7, "category_id": 1, "bbox": [-3, 1, 9, 5]},
        ],
    }


def _write(folder, content):
    path = folder / "made.json"
    path.write_text(json.dumps(content, indent=1))
    return path


def test_pictures_and_faces_are_read(tmp_path, content):
    first, second = read_coco(_write(tmp_path, content)).pictures
    assert (first.file_name, first.size_px, first.set_name, first.group) == (
        "b/1.png",
        (160, 120),
        "a",
        "12",
    )
    assert first.path == tmp_path / "made" / "b" / "1.png"
    assert first.boxes_xyxy_px.tolist() == [[-3, 1, 6, 6]]
    assert first.masks == ("unknown",)
    face = second.faces[0]
    assert face.box_xyxy_px == (10, 20, 40.5, 60)
    assert (face.mask, face.occluded, face.track) == ("with_mask", True, 3)
    assert face.attributes == {"blur": 2}
    assert face.landmarks_px == ((11, 21), (30, 21), (20, 30), (12, 50), (30, 50))


def test_crowds_are_regions_that_are_not_judged(tmp_path, content):
    second = read_coco(_write(tmp_path, content)).pictures[1]
    assert second.boxes_xyxy_px.shape == (1, 4)
    assert second.ignored_xyxy_px.tolist() == [[1, 1, 6, 6]]


def test_a_picture_without_a_face_stays(tmp_path, content):
    content["annotations"] = []
    dataset = read_coco(_write(tmp_path, content))
    assert [p.boxes_xyxy_px.shape for p in dataset.pictures] == [(0, 4), (0, 4)]


def test_other_classes_are_kept_and_not_judged(tmp_path, content):
    content["categories"] = [{"id": 1, "name": "lamp"}]
    picture = read_coco(_write(tmp_path, content)).pictures[0]
    assert [f.label for f in picture.faces] == ["lamp"]
    assert picture.masks == ()


def test_a_head_from_behind_is_not_judged(tmp_path, content):
    content["categories"].append({"id": 2, "name": "head_back"})
    content["annotations"][2] |= {"category_id": 2}
    picture = read_coco(_write(tmp_path, content)).pictures[0]
    assert picture.judged_faces == ()
    assert picture.ignored_xyxy_px.tolist() == [[-3, 1, 6, 6]]


def test_flags_may_be_text(tmp_path, content):
    content["annotations"][0] |= {"iscrowd": "0", "ignore": None}
    content["annotations"][0]["attributes"] = {"difficult": "False", "occluded": "no"}
    content["annotations"][2]["attributes"] = {"difficult": "true"}
    first, second = read_coco(_write(tmp_path, content)).pictures
    face = second.faces[0]
    assert (face.difficult, face.occluded, face.ignored) == (False, False, False)
    assert first.faces[0].difficult is True


def test_camera_and_scene_are_attributes_of_the_picture(tmp_path, content):
    content["images"][0] |= {"camera": "from_above", "scene": "or", "attributes": {"light": "dim"}}
    content["images"][1] |= {"camera": {"fx": 1.0}, "scene": None}
    dataset = read_coco(_write(tmp_path, content))
    first, second = (picture.attributes for picture in dataset.pictures)
    assert (first, second) == ({"light": "dim", "camera": "from_above", "scene": "or"}, {})
    write_coco(dataset, tmp_path / "again.json")
    assert read_coco(tmp_path / "again.json") == dataset
    image = json.loads((tmp_path / "again.json").read_text())["images"][0]
    assert (image["camera"], image["scene"], image["attributes"]) == (
        "from_above",
        "or",
        {"light": "dim"},
    )


def test_a_class_may_name_the_mask_state(tmp_path, content):
    content["categories"] = [{"id": 1, "name": "mask_weared_incorrect"}]
    assert read_coco(_write(tmp_path, content)).pictures[0].masks == ("incorrect",)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda c: c["annotations"][0].update(bbox=[1, 1, 0, 5]), "annotation 1: the box .* empty"),
        (lambda c: c["annotations"][0].update(bbox=[1, 1, 5]), "annotation 1 is damaged"),
        (lambda c: c["annotations"][0].update(bbox=["x", 1, 5, 5]), "annotation 1 is damaged"),
        (lambda c: c["annotations"][0].update(bbox=[200, 1, 9, 9]), "annotation 1: .* outside"),
        (lambda c: c["annotations"][0].update(bbox=[float("nan"), 1, 9, 9]), "in no picture"),
        (lambda c: c["annotations"][1].pop("bbox"), "annotation 2: 'bbox' is missing"),
        (lambda c: c["annotations"][2].update(image_id=77), "annotation 3: there is no image 77"),
        (lambda c: c["annotations"][2].update(attributes={"mask": "half"}), "'half' is not one of"),
        (lambda c: c["annotations"][2].update(attributes={"difficult": "x"}), "true nor false"),
        (lambda c: c["annotations"][2].update(attributes=[1]), "attributes are not an object"),
        (lambda c: c["annotations"][2].update(attributes={"a": [1]}), "attribute a is neither"),
        (lambda c: c["annotations"].append(5), "annotation number 4 is damaged"),
        (lambda c: c["images"][1].pop("width"), "image 8: 'width' is missing"),
        (lambda c: c["images"][1].update(width=0), "image 8: .*size"),
        (lambda c: c["images"][1].update(id=7), "image 7: its id occurs twice"),
        (lambda c: c["images"][1].update(file_name="../x.png"), "must lie inside"),
        (lambda c: c["images"][1].update(file_name="b/1.png"), "1.png is in the data set twice"),
        (lambda c: c.pop("images"), "no list of images"),
    ],
)
def test_damage_is_named(tmp_path, content, change, sentence):
    change(content)
    with pytest.raises(DataError, match=sentence) as caught:
        read_coco(_write(tmp_path, content))
    assert "made.json" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"images": [\n}', "line 2 is damaged: not valid JSON"),
        ("[1]", "no JSON object"),
        ("[" * 100_000, "not valid JSON"),
    ],
)
def test_a_file_that_is_no_annotation_file_is_refused(tmp_path, text, sentence):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(DataError, match=sentence):
        read_coco(tmp_path / "x.json")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_coco(tmp_path / "none.json")


def test_a_file_in_another_encoding_is_refused(tmp_path):
    (tmp_path / "x.json").write_bytes(b'{"a":\n"\xff"}')
    with pytest.raises(DataError, match="line 2 is not UTF-8"):
        read_coco(tmp_path / "x.json")


def test_what_is_written_is_what_was_read(tmp_path, content):
    dataset = read_coco(_write(tmp_path, content))
    write_coco(dataset, tmp_path / "again.json")
    assert read_coco(tmp_path / "again.json") == dataset
    assert json.loads((tmp_path / "again.json").read_text())["images"][0]["group"] == 12

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from recorder_core.datasets import Dataset, LabelledFace, LabelledPicture
from recorder_core.datasets.formats.yolo import read_yolo, write_yolo
from recorder_core.errors import DataError


@pytest.fixture
def folder(tmp_path):
    """Two pictures of 200x100; the second has no label file."""
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
    for name in ("1.jpg", "2.png"):
        picture = Image.fromarray(np.zeros((100, 200, 3), np.uint8))
        picture.save(tmp_path / "images" / name)
    (tmp_path / "classes.txt").write_text("with_mask\nface\nlamp\n")
    (tmp_path / "labels" / "1.txt").write_text(
        "0 0.5 0.5 0.1 0.2\n1 0.25 0.25 0.1 0.2 0.75\n2 0.1 0.1 0.1 0.1\n"
    )
    return tmp_path


def test_a_folder_is_read(folder):
    first, second = read_yolo(folder).pictures
    assert (first.file_name, first.size_px) == ("1.jpg", (200, 100))
    masked, found, lamp = first.faces
    assert masked.box_xyxy_px == pytest.approx((90, 40, 110, 60))
    assert (masked.mask, masked.score) == ("with_mask", None)
    assert (found.mask, found.score) == ("unknown", 0.75)
    assert lamp.label == "lamp"
    assert (second.file_name, second.faces) == ("2.png", ())


def test_labels_may_lie_beside_their_pictures(folder, tmp_path):
    for path in [*folder.glob("images/*"), *folder.glob("labels/*")]:
        path.rename(tmp_path / path.name)
    for name in ("images", "labels"):
        (tmp_path / name).rmdir()
    (tmp_path / "classes.txt").rename(tmp_path / "obj.names")
    assert [len(p.faces) for p in read_yolo(tmp_path).pictures] == [3, 0]


def test_landmarks_are_read(folder):
    points = " ".join(f"{n / 10} 0.5 {1 + n % 2}" for n in range(5))
    line = f"1 0.5 0.5 0.1 0.2 {points}\n"
    none = "1 0.5 0.5 0.1 0.2" + " 0 0 0" * 5 + "\n"
    (folder / "labels" / "1.txt").write_text(line + none)
    face, without = read_yolo(folder).pictures[0].faces
    assert face.landmarks_px == tuple((20 * n, 50) for n in range(5))
    assert face.hidden_landmarks == {0, 2, 4}
    assert without.landmarks_px is None


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("0 0.5 0.5 0.1", "line 2: it has 4 numbers"),
        ("0 0.5 0.5 0.1 x", "line 2 is damaged"),
        ("0.5 0.5 0.5 0.1 0.1", "line 2 is damaged"),
        ("3 0.5 0.5 0.1 0.1", "line 2: class 3 has no name; the file of classes has 3"),
        ("-1 0.5 0.5 0.1 0.1", "line 2: class -1 has no name"),
        ("0 120 50 20 10", "line 2: .* is not given in fractions"),
        ("0 nan 0.5 0.1 0.1", "line 2: .* is not given in fractions"),
        ("0 0.5 0.5 0 0.1", "line 2: .* empty"),
        ("0 1.5 0.5 0.1 0.1", "line 2: .* outside its picture of 200x100"),
    ],
)
def test_damage_is_named(folder, line, sentence):
    (folder / "labels" / "1.txt").write_text(f"0 0.5 0.5 0.1 0.2\n{line}\n")
    with pytest.raises(DataError, match=sentence) as caught:
        read_yolo(folder)
    assert "1.txt" in str(caught.value)


def test_classes_must_have_names(folder):
    (folder / "classes.txt").unlink()
    with pytest.raises(DataError, match=r"has no classes\.txt or obj\.names"):
        read_yolo(folder)


def test_a_label_file_without_its_picture_is_refused(folder):
    (folder / "labels" / "3.txt").write_text("")
    with pytest.raises(DataError, match=r"3\.txt has no picture"):
        read_yolo(folder)


def test_what_yolo_cannot_say_is_left_out(folder, tmp_path):
    faces = (LabelledFace((10, 20, 30, 40), score=0.5), LabelledFace((0, 0, 9, 9), ignored=True))
    dataset = Dataset((LabelledPicture("1.jpg", (200, 100), faces), LabelledPicture("2.png")))
    write_yolo(dataset, tmp_path / "new")
    assert (tmp_path / "new" / "labels" / "1.txt").read_text() == "0 0.1 0.3 0.1 0.2 0.5\n"
    assert (tmp_path / "new" / "labels" / "2.txt").read_text() == ""
    assert (tmp_path / "new" / "classes.txt").read_text() == "face\n"

from __future__ import annotations

import pytest

from recorder_core.datasets import (
    Dataset,
    LabelledFace,
    LabelledPicture,
    detect_format,
    read_dataset,
    write_dataset,
)
from recorder_core.errors import DataError, SettingsError

PICTURE = LabelledPicture("1.jpg", (64, 36), (LabelledFace((1, 2, 3, 4)),))


def _put(folder, name, text=""):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return folder / name.partition("/")[0]


@pytest.mark.parametrize(
    ("name", "text", "format_name"),
    [
        ("a.json", "", "coco"),
        ("a.mat", "", "wider-mat"),
        ("a.xml", "<annotations/>", "cvat"),
        ("a.xml", "<annotation/>", "voc"),
        ("a.txt", "0--Parade/1.jpg\n0\n", "wider"),
        ("a.txt", "2002/08/11/big/img_591\n1\n", "fddb"),
        ("a.txt", "# 0--Parade/1.jpg\n", "wider-landmarks"),
        ("a.txt", "1,-1,1,1,5,5,0.5,-1,-1,-1\n", "mot"),
        ("d/gt/gt.txt", "", "mot"),
        ("d/room/det/det.txt", "", "mot"),
        ("d/classes.txt", "face", "yolo"),
        ("d/obj.names", "face", "yolo"),
        ("d/FDDB-fold-01-ellipseList.txt", "", "fddb"),
        ("d/annotations.xml", "<annotations/>", "cvat"),
        ("d/Annotations/1.xml", "<annotation/>", "voc"),
        ("d/1.xml", "<annotation/>", "voc"),
    ],
)
def test_formats_are_recognised(tmp_path, name, text, format_name):
    assert detect_format(_put(tmp_path, name, text)) == format_name


@pytest.mark.parametrize(
    ("name", "text"), [("a.txt", "hello\nworld"), ("a.txt", ""), ("a.xml", "<a/>"), ("d/x.bin", "")]
)
def test_what_is_not_recognised_must_be_named(tmp_path, name, text):
    with pytest.raises(DataError, match="is not recognised; name it, one of coco, wider"):
        detect_format(_put(tmp_path, name, text))


def test_a_format_can_be_named(tmp_path):
    path = tmp_path / "list"
    write_dataset(Dataset((PICTURE,)), path, "wider")
    assert read_dataset(path, name="wider").pictures[0].faces[0].box_xyxy_px == (1, 2, 3, 4)
    with pytest.raises(DataError, match="line 1: it must be '#'"):
        read_dataset(path, name="wider-landmarks")


def test_a_format_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="there is no format 'word'"):
        read_dataset(tmp_path, name="word")
    with pytest.raises(SettingsError, match="can only be read"):
        write_dataset(Dataset((PICTURE,)), tmp_path / "x.mat", "wider-mat")


def test_a_folder_that_is_not_empty_is_not_written_to(tmp_path):
    (tmp_path / "x").touch()
    with pytest.raises(SettingsError, match="is not empty"):
        write_dataset(Dataset((PICTURE,)), tmp_path, "yolo")
    with pytest.raises(SettingsError, match="needs a folder"):
        write_dataset(Dataset((PICTURE,)), tmp_path / "x", "yolo")


@pytest.mark.parametrize("name", ["coco", "wider", "wider-landmarks", "fddb", "voc"])
def test_faces_that_are_outside_are_not_written_as_faces(tmp_path, name):
    gone = LabelledFace((5, 6, 7, 8), outside=True)
    dataset = Dataset((LabelledPicture("1.jpg", (64, 36), (*PICTURE.faces, gone)),))
    path = tmp_path / ("made" if name == "voc" else "made.txt")
    write_dataset(dataset, path, name)
    (face,) = read_dataset(path, name=name).pictures[0].faces
    assert face.box_xyxy_px == pytest.approx((1, 2, 3, 4))

from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image

from recorder_core.datasets import (
    Dataset,
    LabelledPicture,
    list_pictures,
    read_picture_bgr,
    read_size_px,
    require_pictures,
    with_images,
)
from recorder_core.errors import DataError


def _save(path, width=6, height=4, **options):
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, :, 0] = 200  # red
    Image.fromarray(pixels).save(path, **options)


def test_pictures_of_a_folder_are_listed_by_name(tmp_path):
    for name in ("b.png", "a.jpg", "c.txt"):
        (tmp_path / name).touch()
    assert [p.name for p in list_pictures(tmp_path)] == ["a.jpg", "b.png"]
    with pytest.raises(DataError, match="holds no"):
        list_pictures(tmp_path / "none")


def test_colours_are_blue_green_red(tmp_path):
    _save(tmp_path / "1.png")
    picture = read_picture_bgr(tmp_path / "1.png")
    assert picture.shape == (4, 6, 3)
    assert picture[0, 0].tolist() == [0, 0, 200]


def test_a_picture_on_its_side_is_turned(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    _save(tmp_path / "1.jpg", exif=exif)
    assert read_size_px(tmp_path / "1.jpg") == (4, 6)
    assert read_picture_bgr(tmp_path / "1.jpg").shape == (6, 4, 3)


@pytest.mark.parametrize("read", [read_picture_bgr, read_size_px])
def test_a_damaged_picture_is_refused(tmp_path, read):
    (tmp_path / "1.png").write_bytes(b"\x89PNG nothing")
    with pytest.raises(DataError, match=r"1\.png cannot be decoded"):
        read(tmp_path / "1.png")
    with pytest.raises(DataError, match=r"2\.png does not exist"):
        read(tmp_path / "2.png")


def test_a_picture_that_is_cut_off_is_refused(tmp_path):
    _save(tmp_path / "1.jpg", 64, 64)
    (tmp_path / "1.jpg").write_bytes((tmp_path / "1.jpg").read_bytes()[:-200])
    with pytest.raises(DataError, match="cannot be decoded"):
        read_picture_bgr(tmp_path / "1.jpg")


def test_pictures_that_do_not_exist_are_named(tmp_path):
    _save(tmp_path / "1.png")
    dataset = with_images(Dataset((LabelledPicture("1.png"),)), tmp_path)
    assert require_pictures(dataset) is dataset
    more = with_images(Dataset((*dataset.pictures, LabelledPicture("2.png"))), tmp_path)
    with pytest.raises(DataError, match=r"2\.png .* does not exist"):
        require_pictures(more)


def test_a_pipe_is_no_picture(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"a\.png is a folder, pipe or device, not a file"):
        read_size_px(tmp_path / "a.png")

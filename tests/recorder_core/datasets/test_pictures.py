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
from recorder_core.media import read_picture
from recorder_core.media.pictures.picture_file import read_picture_file


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


#: value of EXIF's orientation -> where the stored corner at the top left is shown (x, y)
CORNERS = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1)}


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
@pytest.mark.parametrize("value", CORNERS)
def test_every_reader_turns_a_picture_alike(tmp_path, suffix, value):
    exif, path = Image.Exif(), tmp_path / f"1{suffix}"
    exif[0x0112] = value
    pixels = np.zeros((32, 48, 3), np.uint8)
    pixels[:16, :24] = 255
    Image.fromarray(pixels).save(path, exif=exif)
    width, height = (32, 48) if value > 4 else (48, 32)
    x, y = CORNERS[value]
    rows = slice(y * height // 2, (y + 1) * height // 2)
    columns = slice(x * width // 2, (x + 1) * width // 2)
    assert read_size_px(path) == (width, height)
    for shown in (
        read_picture_bgr(path)[:, :, 1],
        read_picture_file(path).rgb[:, :, 1],
        read_picture(path).y,
    ):
        assert shown.shape == (height, width)
        assert shown[rows, columns].mean() > 230
        assert shown.mean() == pytest.approx(shown[rows, columns].mean() / 4, abs=8)


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

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from recorder_core.datasets import LabelledPicture
from recorder_core.datasets.splitting.likeness import (
    MAX_BITS,
    PictureMeasure,
    find_likes,
    join_pictures,
    measure_picture,
)
from recorder_core.errors import DataError


def _draw(seed):
    """A scene of coarse shapes, like no other seed's."""
    rng = np.random.default_rng(seed)
    picture = Image.new("RGB", (320, 240), tuple(rng.integers(0, 255, 3).tolist()))
    pen = ImageDraw.Draw(picture)
    for _ in range(12):
        x, y = rng.integers(0, 300), rng.integers(0, 220)
        size = rng.integers(20, 120, 2)
        colour = tuple(rng.integers(0, 255, 3).tolist())
        pen.ellipse([int(x), int(y), int(x + size[0]), int(y + size[1])], fill=colour)
    return picture


def _look(folder, picture, name="1.png", **options):
    picture.save(folder / name, **options)
    return measure_picture(folder / name)


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p.resize((211, 157)),
        lambda p: p.point(lambda value: min(255, value + 15)),
        lambda p: p.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    ],
)
def test_a_changed_picture_is_a_near_duplicate(tmp_path, change):
    for seed in range(8):
        picture = _draw(seed)
        measures = [_look(tmp_path, picture), _look(tmp_path, change(picture))]
        assert find_likes(measures) == [(0, 1)]


def test_compression_leaves_a_near_duplicate(tmp_path):
    picture = _draw(3)
    measures = [_look(tmp_path, picture), _look(tmp_path, picture, "1.jpg", quality=25)]
    assert find_likes(measures) == [(0, 1)]


def test_different_pictures_are_not_near_duplicates(tmp_path):
    assert find_likes([_look(tmp_path, _draw(seed)) for seed in range(60)]) == []


def test_pictures_of_one_colour_are_never_near_duplicates(tmp_path):
    black = Image.new("RGB", (64, 48))
    measures = [_look(tmp_path, black)] * 2
    assert measures[0] == PictureMeasure(0.0, None)
    assert find_likes(measures) == []


def test_the_light_is_measured(tmp_path):
    assert _look(tmp_path, Image.new("RGB", (64, 48), (200, 200, 200))).light == 200


def test_a_damaged_picture_is_refused(tmp_path):
    (tmp_path / "1.jpg").write_bytes(b"\xff\xd8\xff nothing")
    with pytest.raises(DataError, match="cannot be decoded"):
        measure_picture(tmp_path / "1.jpg")


def test_the_number_of_bits_decides():
    measures = [
        PictureMeasure(0.0, (bits, 2**63 - 1))
        for bits in (0, 2**MAX_BITS - 1, 2 ** (MAX_BITS + 1) - 1)
    ]
    assert find_likes(measures) == [(0, 1), (1, 2)]
    assert find_likes(measures, 1) == [(1, 2)]


def test_pictures_of_a_segment_or_group_and_near_duplicates_stay_together():
    pictures = [
        LabelledPicture("0", segment="s"),
        LabelledPicture("1", group="g"),
        LabelledPicture("2"),
        LabelledPicture("3", segment="s", group="g"),
        LabelledPicture("4", segment="g"),
        LabelledPicture("5"),
    ]
    assert join_pictures(pictures) == [[0, 1, 3], [2], [4], [5]]
    assert join_pictures(pictures, [(2, 5), (4, 5)]) == [[0, 1, 3], [2, 4, 5]]

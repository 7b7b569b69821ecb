from __future__ import annotations

import cv2
import numpy as np
import pytest

from recorder_core.errors import EncodeError
from recorder_core.media import compress_as_video


@pytest.fixture(scope="module")
def picture():
    # grey: colours are kept for every second row and column only
    grey = np.random.default_rng(1).integers(30, 226, (12, 16, 1)).astype(np.uint8)
    coarse = np.repeat(grey, 3, axis=2)
    return cv2.resize(coarse, (128, 96), interpolation=cv2.INTER_CUBIC)


def _difference(a, b):
    return np.abs(a.astype(int) - b).mean()


def test_a_worse_rate_factor_loses_more(picture):
    before = np.roll(picture, 3, axis=1)
    fine, coarse = (compress_as_video(before, picture, crf) for crf in (15, 45))
    assert fine.shape == picture.shape
    assert fine.dtype == np.uint8
    assert _difference(fine, picture) < 6
    assert _difference(coarse, picture) > 2 * _difference(fine, picture)
    # it is the second picture that comes back
    assert _difference(fine, picture) < _difference(fine, before) / 3


def test_the_same_pictures_give_the_same(picture):
    first, again = (compress_as_video(picture, picture, 35) for _ in range(2))
    assert np.array_equal(first, again)


def test_pictures_that_cannot_be_encoded_are_an_error(picture):
    with pytest.raises(EncodeError):
        compress_as_video(picture[:95], picture[:95], 30)

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from recorder_core.errors import DataError
from recorder_core.model import FrameTimes

PTS = np.array([90, 100, 130], np.int64)


def test_they_reach_to_the_end_of_the_last_frame_where_it_is_known() -> None:
    assert FrameTimes(Fraction(1, 10), PTS, 140).seconds == 5.0
    assert FrameTimes(Fraction(1, 10), PTS).seconds == 4.0
    assert len(FrameTimes(Fraction(1, 10), PTS)) == 3


def test_without_frames_they_take_no_time() -> None:
    assert FrameTimes(Fraction(1, 10), PTS[:0], 140).seconds == 0.0


@pytest.mark.parametrize("pts", [np.zeros((2, 2), np.int64), np.zeros(2, np.int32)])
def test_pts_of_another_shape_or_type_are_refused(pts: Any) -> None:
    with pytest.raises(DataError, match=r"\(N,\) int64"):
        FrameTimes(Fraction(1, 30), pts)

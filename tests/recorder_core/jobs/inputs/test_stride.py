from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from fractions import Fraction

import numpy as np
import pytest

from recorder_core.errors import SettingsError
from recorder_core.jobs.inputs.stride import DetectionSchedule, DetectionStride


def _chosen(seconds: Iterable[float], unit: Fraction, stride: DetectionStride) -> list[int]:
    pts = np.array([round(each / unit) for each in seconds], np.int64)
    return [int(place) for place in np.flatnonzero(stride.detection_frames(pts, unit))]


@pytest.mark.parametrize("unit", [Fraction(1, 90_000), Fraction(1, 1000)])
@pytest.mark.parametrize(
    ("rate", "every"), [(5, 1), (25, 2), (30, 3), (Fraction(30000, 1001), 3), (60, 6), (240, 6)]
)
def test_detection_frames_are_at_most_a_tenth_of_a_second_apart(
    rate: int | Fraction, every: int, unit: Fraction
) -> None:
    seconds = [float(index / Fraction(rate)) for index in range(100)]
    expected = sorted({*range(0, 100, every), 99})
    assert _chosen(seconds, unit, DetectionStride()) == expected
    assert _chosen(seconds, unit, DetectionStride(7)) == list(range(0, 100, 7))


@pytest.mark.parametrize("unit", [Fraction(1, 90_000), Fraction(1, 1000)])
def test_what_is_chosen_keeps_the_promised_interval(unit: Fraction) -> None:
    promised = DetectionStride().max_interval_seconds
    assert promised is not None
    for rate in (24, 25, Fraction(30000, 1001), 50, Fraction(60000, 1001), 120):
        pts = np.array([round(index / rate / unit) for index in range(300)], np.int64)
        chosen = np.flatnonzero(DetectionStride().detection_frames(pts, unit))
        assert max(np.diff(pts[chosen]).tolist()) * unit <= promised
    assert DetectionStride(every=3).max_interval_seconds is None


def test_every_frame_of_a_sparse_video_is_a_detection_frame() -> None:
    assert _chosen([0, 0.5, 1, 30, 30.11], Fraction(1, 1000), DetectionStride()) == [0, 1, 2, 3, 4]


def test_frames_on_both_sides_of_a_pause_are_detection_frames() -> None:
    seconds = [*(index / 100 for index in range(25)), *(60 + index / 100 for index in range(25))]
    chosen = _chosen(seconds, Fraction(1, 90_000), DetectionStride())
    assert chosen == [0, 6, 12, 18, 24, 25, 31, 37, 43, 49]


def test_a_clock_that_starts_late_changes_no_detection_frame() -> None:
    seconds = [index / 60 for index in range(100)]
    late = [each + 40_000 for each in seconds]
    unit = Fraction(1, 90_000)
    assert _chosen(late, unit, DetectionStride()) == _chosen(seconds, unit, DetectionStride())


def test_two_rates_in_one_video_keep_the_interval() -> None:
    numbers = random.Random(1)
    steps = [numbers.choice([1 / 240, 1 / 30, 1 / 30, 1 / 5, 2]) for _ in range(500)]
    seconds = np.cumsum(steps).tolist()
    chosen = _chosen(seconds, Fraction(1, 90_000), DetectionStride())
    for place, after in itertools.pairwise(chosen):
        assert after == place + 1 or seconds[after] - seconds[place] < 0.1011
        # no frame is chosen that another already covers; at 1/30 s, four frames are the most
        later = min(after + 1, len(seconds) - 1)
        is_far = after - place == 4 or seconds[later] - seconds[place] > 0.1
        assert is_far or after == len(seconds) - 1


@pytest.mark.parametrize("unit", [Fraction(1, 90_000), Fraction(1, 1000)])
def test_a_burst_is_looked_at_by_its_frames(unit: Fraction) -> None:
    """People move as far from frame to frame as before it, though its time stamps are close."""
    seconds = np.cumsum([*[1 / 30] * 90, *[1 / 240] * 120, *[1 / 30] * 90]).tolist()
    chosen = _chosen(seconds, unit, DetectionStride())
    assert max(np.diff(chosen)) == 4
    assert len([place for place in chosen if 90 <= place < 210]) == 30
    # where most frames are that close, they are searched as at 60 a second: a header may be wrong
    slow = np.cumsum([*[1 / 30] * 9, *[1 / 240] * 120]).tolist()
    assert max(np.diff(_chosen(slow, unit, DetectionStride()))) == 6


def test_a_live_source_that_knows_its_frame_rate_is_searched_as_its_file_is() -> None:
    """Frame by frame, with nothing known but how long this one lasts."""
    unit, duration = Fraction(1, 90_000), 3000
    live = DetectionSchedule(DetectionStride(), unit, duration)
    times = [index * duration for index in range(91)]
    due = [live.is_due(pts, pts + duration) for pts in times]
    assert list(np.flatnonzero(due)) == _chosen(
        [each * unit for each in times], unit, DetectionStride()
    )


@pytest.mark.parametrize(("every", "batch_size"), [(0, 1), (-1, 1), (None, 0)])
def test_an_impossible_stride_is_refused(every: int | None, batch_size: int) -> None:
    with pytest.raises(SettingsError, match="at least 1"):
        DetectionStride(every, batch_size)

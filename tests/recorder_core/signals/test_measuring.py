from __future__ import annotations

import numpy as np
import pytest

from recorder_core.errors import DataError
from recorder_core.signals import find_gaps, measure_span, usual_interval

#: a value a second; none at second 2, and nothing between 3 and 9
SECONDS = np.array([0.0, 1.0, 2.0, 3.0, 9.0])
VALUES = np.array([30.0, 50.0, np.nan, 70.0, 60.0])


def test_a_value_holds_until_the_next_and_after_a_gap_no_longer_than_usual() -> None:
    found = measure_span(SECONDS, VALUES, (0, 10), (40, 60))
    assert (found.below_seconds, found.inside_seconds, found.above_seconds) == (1, 2, 1)
    # second 2 without a value, and 5 of the 6 after second 3
    assert (found.unknown_seconds, found.unknown_share, found.seconds) == (6, 0.6, 10)
    assert (found.mean, found.min, found.max) == (52.5, 30, 70)


def test_a_span_may_cut_a_value() -> None:
    found = measure_span(SECONDS, VALUES, (0.75, 1.25), (40, 60))
    assert (found.below_seconds, found.inside_seconds, found.mean) == (0.25, 0.25, 40)
    assert found.unknown_seconds == 0


def test_a_mean_is_over_time_and_not_over_values() -> None:
    times, values = np.array([0.0, 1.0, 3.0]), np.array([40.0, 70.0, 70.0])
    assert measure_span(times, values, (0, 3)).mean == pytest.approx((40 + 2 * 70) / 3)


@pytest.mark.parametrize(
    ("times", "values"),
    [([], []), ([0.0, 1.0], [np.nan, np.nan]), ([50.0, 51.0], [45.0, 45.0]), ([5.0], [45.0])],
)
def test_where_nothing_is_known_there_is_no_mean(times: list[float], values: list[float]) -> None:
    found = measure_span(np.array(times), np.array(values), (0, 20))
    assert np.isnan([found.mean, found.min, found.max]).all()
    assert (found.known_seconds, found.unknown_share) == (0, 1)


def test_both_ends_of_a_range_are_in_it() -> None:
    found = measure_span(np.arange(4.0), np.array([40.0, 60.0, 39.9, 60.1]), (0, 4), (40, 60))
    assert (found.below_seconds, found.inside_seconds, found.above_seconds) == (1, 2, 1)


def test_gaps_are_pauses_of_more_than_three_usual_intervals() -> None:
    assert usual_interval(SECONDS) == 1
    assert find_gaps(SECONDS) == [(3, 9)]
    assert find_gaps(np.array([0.0, 1.0, 2.0, 5.0])) == []
    assert find_gaps(SECONDS[:2]) == []


def test_a_span_and_a_range_have_their_lower_end_first() -> None:
    with pytest.raises(DataError, match="not from 3 to 3 s"):
        measure_span(SECONDS, VALUES, (3, 3))
    with pytest.raises(DataError, match="not 60 to 40"):
        measure_span(SECONDS, VALUES, (0, 3), (60, 40))

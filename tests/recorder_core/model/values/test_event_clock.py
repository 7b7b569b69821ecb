from __future__ import annotations

import math
import time
from datetime import UTC, datetime, timedelta

import pytest

from recorder_core.errors import SettingsError
from recorder_core.model import EventClock

ZERO = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)


def test_seconds_count_from_its_zero_by_the_monotonic_clock() -> None:
    clock = EventClock(1000.25, ZERO)
    assert clock.seconds(1000.25) == 0.0
    assert clock.seconds(1063.75) == 63.5
    assert clock.seconds(999.25) == -1.0
    assert clock.utc(63.5) == ZERO + timedelta(seconds=63.5)


def test_one_that_is_made_now_has_the_time_of_both_clocks() -> None:
    before = time.clock_gettime(time.CLOCK_MONOTONIC)
    clock = EventClock.now(lambda: ZERO)
    after = time.clock_gettime(time.CLOCK_MONOTONIC)
    assert before <= clock.zero_monotonic_seconds <= after
    assert clock.zero_utc == ZERO
    assert EventClock.now().zero_utc.tzinfo is UTC


@pytest.mark.parametrize(
    ("zero", "utc", "match"),
    [
        (math.nan, ZERO, "cannot begin at nan s"),
        (math.inf, ZERO, "cannot begin at inf s"),
        (0.0, ZERO.replace(tzinfo=None), "no time zone; give it in UTC"),
    ],
)
def test_what_is_no_instant_is_refused(zero: float, utc: datetime, match: str) -> None:
    with pytest.raises(SettingsError, match=match):
        EventClock(zero, utc)

"""When the clock is doubted, and when no more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from recorder_core.catalog.audit.chain import ACCEPT_BREAK
from recorder_core.catalog.audit.leaps import CLOCK_CONFIRMED, TimedRow, find_leap
from recorder_core.catalog.model.codes import utc_text

_START = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
_YEAR = 365


def _leap_of(days: list[float], now: float, *, accepted: int = -1, confirmed: int = -1) -> object:
    """Return the days around the leap of a log whose rows are of these days."""

    def row(number: int, day: float) -> TimedRow:
        action = ACCEPT_BREAK if number == accepted else "sign_in"
        detail = CLOCK_CONFIRMED if number == confirmed else ""
        return utc_text(_START + timedelta(days=day)), action, detail

    rows = [row(number, day) for number, day in enumerate(days)]
    leap = find_leap(rows, _START + timedelta(days=now))
    return leap and tuple((each - _START).days for each in (leap.before, leap.after))


@pytest.mark.parametrize(
    ("days", "now", "leap"),
    [
        ([], 9000, None),
        ([0, 15, 30], 45, None),
        ([0, 15], 30.1, (15, 30)),
        ([0, _YEAR, _YEAR + 1], _YEAR + 1, (0, _YEAR)),
        # behind for a while: not ahead of what was known
        ([0, 5, -9000, 6], 7, None),
        # a clock that was corrected is doubted until that is accepted
        ([0, _YEAR, 1], 1, (0, _YEAR)),
    ],
)
def test_a_silence_is_a_leap(days: list[float], now: float, leap: tuple[int, int] | None) -> None:
    assert _leap_of(days, now) == leap


def test_a_person_explains_a_leap_once() -> None:
    assert _leap_of([0, 60, 60], 60, confirmed=2) is None
    assert _leap_of([0, 60, 60, 300], 300, confirmed=2) == (60, 300)


def test_what_is_accepted_is_that_the_clock_went_back() -> None:
    assert _leap_of([0, 9000, 1], 2, accepted=2) is None
    assert _leap_of([0, 9000, 1, 40], 40, accepted=2) == (1, 40)
    # a break that is accepted while the clock is ahead says nothing of the clock
    assert _leap_of([0, _YEAR, _YEAR], _YEAR, accepted=2) == (0, _YEAR)


def test_a_damaged_time_is_no_time() -> None:
    rows = [(utc_text(_START), "sign_in", ""), ("2400", "sign_in", "")]
    assert find_leap(rows, _START) is None

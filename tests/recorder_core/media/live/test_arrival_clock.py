from __future__ import annotations

import numpy as np
import pytest

from recorder_core.media.live.arrival_clock import ArrivalClock

PERIOD = 1 / 30
#: the clock of the source began long before, or after, that of this machine
ORIGIN = 5000.0


def _stamps(delays: list[float], rate_error: float = 0.0) -> tuple[list[float], list[float]]:
    """Return the stamps of frames that arrive with delays, and when each was seen."""
    clock, stamps, seen = ArrivalClock(), [], []
    for number, delay in enumerate(delays):
        truth = number * PERIOD
        pts = ORIGIN + truth * (1 + rate_error)
        arrived = max(truth + delay, seen[-1] if seen else 0.0)
        seen.append(arrived)
        clock.observe(pts, arrived)
        stamps.append(clock.stamp(pts, arrived))
    return stamps, seen


@pytest.mark.parametrize("rate_error", [-3e-4, 0.0, 3e-4])
def test_jitter_is_taken_away_whatever_the_sources_clock(rate_error: float) -> None:
    rng = np.random.default_rng(1)
    delays = list(0.05 + rng.exponential(0.008, 30 * 120))
    stamps, seen = _stamps(delays, rate_error)
    truth = np.arange(len(stamps)) * PERIOD
    errors = np.array(stamps) - truth - 0.05
    settled = errors[60:]
    assert settled.min() > -0.004
    assert settled.max() < 0.006
    assert np.diff(stamps)[60:].std() < 0.0005 < 0.005 < np.diff(seen)[60:].std()


def test_stamps_are_never_later_than_the_arrival_and_rise() -> None:
    rng = np.random.default_rng(2)
    stamps, seen = _stamps(list(rng.exponential(0.05, 2000)))
    assert all(stamp <= at + 1e-2 for stamp, at in zip(stamps, seen, strict=True))
    assert all(np.diff(stamps) > 0)


def test_a_burst_after_a_stall_keeps_the_moments_of_its_frames() -> None:
    delays = [0.05] * 300 + [0.05 + (60 - n) * PERIOD for n in range(60)] + [0.05] * 300
    stamps, _ = _stamps(delays)
    assert np.allclose(np.diff(stamps), PERIOD, atol=1e-3)


def test_a_source_whose_clock_is_set_back_is_followed() -> None:
    clock = ArrivalClock()
    for number in range(300):
        clock.observe(number * PERIOD, number * PERIOD)
    stamps = []
    for number in range(300, 600):
        pts, arrived = (number - 250) * PERIOD, number * PERIOD
        clock.observe(pts, arrived)
        stamps.append(clock.stamp(pts, arrived))
    assert stamps[-1] == pytest.approx(599 * PERIOD, abs=0.01)


def test_a_source_whose_clock_is_set_on_is_followed_at_once() -> None:
    clock = ArrivalClock()
    clock.observe(1.0, 1.0)
    clock.observe(100.0, 1.1)
    assert clock.stamp(100.0, 1.1) == pytest.approx(1.1)


def test_what_has_no_time_stamp_counts_when_it_arrives() -> None:
    clock = ArrivalClock()
    assert clock.stamp(None, 3.0) == 3.0
    assert clock.stamp(None, 3.0) == pytest.approx(3.0)
    assert clock.stamp(7.0, 4.0) == 4.0

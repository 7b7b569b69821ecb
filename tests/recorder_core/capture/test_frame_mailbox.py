from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from recorder_core.capture.frame_mailbox import FrameMailbox
from recorder_core.capture.source import LiveFrame
from recorder_core.media import Frame
from recorder_core.model import FrameFormat

FORMAT = FrameFormat(width=16, height=16, pixel_format="yuv420p", time_base=Fraction(1, 1000))
ONE = Frame.black(FORMAT, frame_index=0, pts=0, duration=1)
#: how far a composer is behind
DELAY = 0.2


def _compose(
    moments: list[float], rate: float, tick_rate: float, seconds: float, delays: list[float]
) -> tuple[FrameMailbox, list[float]]:
    """Return a mailbox that a composer used, and the moment of the frame that each tick took."""
    mailbox = FrameMailbox()
    mailbox.set_rate(rate)
    came = np.maximum.accumulate(np.array(moments) + np.array(delays))
    arrivals = list(zip(came.tolist(), moments, strict=True))
    taken, place = [], 0
    for tick in np.arange(1.0, seconds, 1 / tick_rate).tolist():
        while place < len(arrivals) and arrivals[place][0] <= tick + DELAY:
            mailbox.put(LiveFrame(ONE, arrivals[place][1]))
            place += 1
        frame = mailbox.take(tick)
        assert frame is not None
        taken.append(frame.seconds)
    return mailbox, taken


@pytest.mark.parametrize("error_ppm", [-300, 0, 300])
@pytest.mark.parametrize("phase", [0.0, 0.008, 0.025])
def test_a_source_of_the_composites_rate_is_used_frame_by_frame(
    error_ppm: int, phase: float
) -> None:
    rng = np.random.default_rng(error_ppm + 1000)
    count = 30 * 120
    exact = np.arange(count) / 30 * (1 + error_ppm * 1e-6) + phase
    moments = list(np.sort(exact + rng.normal(0, 0.001, count)))
    delays = list(0.03 + rng.exponential(0.01, count))
    mailbox, taken = _compose(moments, 30.0, 30.0, 120.0, delays)
    counters = mailbox.counters
    slipped = abs(error_ppm) * 1e-6 * 120 * 30 + 1
    assert counters.dropped - 30 <= slipped
    assert counters.repeated <= slipped
    ticks = np.arange(1.0, 120.0, 1 / 30)
    ages = ticks - np.array(taken)
    assert ages.min() > -0.5 / 30 - 1e-9
    assert ages.max() < 1.1 / 30  # with a jitter of a millisecond


@pytest.mark.parametrize(("rate", "tick_rate"), [(25.0, 30.0), (60.0, 30.0), (30.0, 60.0)])
def test_other_rates_are_repeated_and_dropped_and_all_is_counted(
    rate: float, tick_rate: float
) -> None:
    moments = [n / rate for n in range(int(60 * rate))]
    mailbox, taken = _compose(moments, rate, tick_rate, 59.0, [0.01] * len(moments))
    counters = mailbox.counters
    ticks = len(np.arange(1.0, 59.0, 1 / tick_rate))
    assert counters.used + counters.repeated == ticks
    assert counters.used == pytest.approx(58 * min(rate, tick_rate), abs=3)
    assert counters.received - counters.used - counters.dropped <= 2 * DELAY * rate
    assert all(np.diff(taken) >= 0)
    assert counters.late == 0


def test_the_newest_frame_that_is_not_newer_is_taken() -> None:
    mailbox = FrameMailbox()
    mailbox.set_rate(10.0)
    for moment in (1.0, 1.1, 1.2, 1.3):
        mailbox.put(LiveFrame(ONE, moment))
    taken = [mailbox.take(tick) for tick in (0.5, 1.14, 1.14, 1.34)]
    assert [each and each.seconds for each in taken] == [None, 1.1, 1.1, 1.3]
    assert mailbox.peek().seconds == 1.3  # type: ignore[union-attr]
    counters = mailbox.counters
    assert (counters.received, counters.used, counters.repeated, counters.dropped) == (4, 2, 1, 2)


def test_what_arrives_after_its_tick_is_late_when_it_is_dropped() -> None:
    mailbox = FrameMailbox()
    mailbox.take(2.0)
    mailbox.put(LiveFrame(ONE, 1.9))
    mailbox.put(LiveFrame(ONE, 2.1))
    assert mailbox.take(2.15).seconds == 2.1  # type: ignore[union-attr]
    assert (mailbox.counters.dropped, mailbox.counters.late) == (1, 1)


def test_it_keeps_a_second_and_forgets_all_when_the_signal_is_lost() -> None:
    mailbox = FrameMailbox()
    mailbox.set_rate(50.0)
    for number in range(200):
        mailbox.put(LiveFrame(ONE, number / 50))
    assert mailbox.counters.dropped == 150
    mailbox.clear()
    assert mailbox.counters.dropped == 200
    assert mailbox.take(10.0) is None
    assert mailbox.peek() is None
    assert mailbox.counters.repeated == 0

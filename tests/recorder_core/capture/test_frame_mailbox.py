from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from recorder_core.capture import frame_mailbox
from recorder_core.capture.frame_mailbox import FrameMailbox
from recorder_core.capture.source import LiveFrame
from recorder_core.media import Frame
from recorder_core.model import FrameFormat

FORMAT = FrameFormat(width=16, height=16, pixel_format="yuv420p", time_base=Fraction(1, 1000))
ONE = Frame.black(FORMAT, frame_index=0, pts=0, duration=1)
#: how far a composer is behind
DELAY = 0.2


def _compose(
    moments: list[float],
    rate: float,
    tick_rate: float,
    seconds: float,
    delays: list[float],
    behind: float = DELAY,
) -> tuple[FrameMailbox, list[float]]:
    """Return a mailbox that a composer used, and the moment of the frame that each tick took."""
    mailbox = FrameMailbox(behind)
    mailbox.set_rate(rate, 0.5)
    came = np.maximum.accumulate(np.array(moments) + np.array(delays))
    arrivals = list(zip(came.tolist(), moments, strict=True))
    taken, place = [], 0
    for tick in np.arange(1.0, seconds, 1 / tick_rate).tolist():
        while place < len(arrivals) and arrivals[place][0] <= tick + behind:
            mailbox.put(LiveFrame(ONE, arrivals[place][1]))
            place += 1
        frame = mailbox.take(tick)
        assert frame is not None
        taken.append(frame.seconds)
    return mailbox, taken


@pytest.mark.parametrize("error_ppm", [-300, 0, 300])
@pytest.mark.parametrize(("phase", "behind"), [(0.0, 0.2), (0.008, 5.0), (0.025, 0.2)])
def test_a_source_of_the_composites_rate_is_used_frame_by_frame_however_far_behind(
    error_ppm: int, phase: float, behind: float
) -> None:
    rng = np.random.default_rng(error_ppm + 1000)
    count = 30 * 120
    exact = np.arange(count) / 30 * (1 + error_ppm * 1e-6) + phase
    moments = list(np.sort(exact + rng.normal(0, 0.001, count)))
    delays = list(0.03 + rng.exponential(0.01, count))
    mailbox, taken = _compose(moments, 30.0, 30.0, 120.0 - behind, delays, behind)
    counters = mailbox.counters
    slipped = abs(error_ppm) * 1e-6 * 120 * 30 + 1
    assert counters.dropped - 30 <= slipped
    assert counters.repeated <= slipped
    ticks = np.arange(1.0, 120.0 - behind, 1 / 30)
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


def test_it_keeps_what_who_composes_is_behind_and_a_little_more() -> None:
    for behind, kept in ((0.2, 50), (3.2, 200)):
        mailbox = FrameMailbox(behind)
        mailbox.set_rate(50.0)
        for number in range(400):
            mailbox.put(LiveFrame(ONE, number / 50))
        assert mailbox.counters.dropped == 400 - kept


def test_where_memory_is_too_small_frames_are_fewer_and_still_of_their_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(frame_mailbox, "_MAX_BYTES", 32 * 16 * 16 * 1.5)
    moments = [n / 30 for n in range(30 * 20)]
    mailbox, taken = _compose(moments, 30.0, 30.0, 16.0, [0.01] * len(moments), 3.0)
    ages = np.arange(1.0, 16.0, 1 / 30) - np.array(taken)
    # 32 of the 90 frames of three seconds fit: every third
    assert set(np.round(np.diff(taken) * 30).astype(int)) == {0, 3}
    assert ages.min() > -0.5 / 30 - 1e-9
    assert ages.max() < 3.1 / 30
    assert mailbox.counters.received - mailbox.counters.dropped - mailbox.counters.used <= 32


def test_a_loss_is_one_of_the_moment_and_takes_nothing_from_what_was_before_and_after() -> None:
    mailbox = FrameMailbox(3.0)
    mailbox.set_rate(10.0, 0.45)
    before, after = [1.0, 1.1, 1.2], [2.0, 2.1]
    for moment in before:
        mailbox.put(LiveFrame(ONE, moment))

    def taken(seconds: float, *, is_present: bool) -> float | None:
        frame = mailbox.take(seconds, is_present=is_present)
        return frame and frame.seconds

    # nothing arrives any more, and who composes is behind that
    assert [taken(each, is_present=False) for each in before] == before
    assert taken(1.6, is_present=False) == 1.2
    assert taken(1.7, is_present=False) is None
    for moment in after:
        mailbox.put(LiveFrame(ONE, moment))
    assert taken(1.9, is_present=True) is None
    assert [taken(each, is_present=True) for each in after] == after
    # a source whose latency is longer than that shows its newest frame
    assert taken(3.0, is_present=True) == 2.1
    assert (mailbox.counters.used, mailbox.counters.dropped) == (5, 0)


def test_a_gap_that_is_over_before_its_moment_is_one() -> None:
    mailbox = FrameMailbox(3.0)
    mailbox.set_rate(10.0, 0.45)
    for moment in (1.0, 2.0):
        mailbox.put(LiveFrame(ONE, moment))
    taken = [mailbox.take(each) for each in (1.0, 1.4, 1.5, 2.0)]
    assert [each and each.seconds for each in taken] == [1.0, 1.0, None, 2.0]

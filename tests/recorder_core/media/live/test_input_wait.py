"""How long an input is waited for, as who watches its thread sees it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

from recorder_core.media import InputWait, SourceSettings
from recorder_core.media.live.generated import open_generated
from tests.recorder_core.media.live.clocks import FakeClock


class _Packet:
    """What drivers take back."""


def test_what_each_item_takes_to_come_is_waited_for_and_what_is_done_with_it_is_not() -> None:
    clock, seen = FakeClock(), []
    wait = InputWait(clock)

    def come() -> Iterator[_Packet]:
        for _ in range(3):
            clock.pause(2.0)
            seen.append(wait.seconds(clock()))
            yield _Packet()

    for packet in wait.each(come()):
        kept = weakref.ref(packet)
        del packet
        gc.collect()
        assert kept() is None
        clock.pause(5.0)
    assert seen == [2.0, 4.0, 6.0]  # asked while it waits, too
    assert wait.seconds(clock() + 9.0) == 6.0
    with wait.waiting():
        clock.pause(3.0)
    assert wait.last_seconds == 3.0


def test_a_test_picture_that_is_late_waits_for_nothing() -> None:
    clock = FakeClock()
    settings = SourceSettings(kind="pattern", size=(32, 32), rate=25.0)
    with open_generated(settings, frames=True, audio=False, pause=clock.pause, clock=clock) as live:
        assert live.wait is not None
        next(live.arrivals)
        waited = live.wait.seconds(clock())
        clock.pause(0.5)  # as long as who fetches them does something else
        next(live.arrivals)
        assert live.wait.seconds(clock()) == waited

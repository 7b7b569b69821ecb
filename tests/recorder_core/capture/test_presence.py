from __future__ import annotations

from recorder_core.capture.presence import Presence


def test_a_source_is_absent_before_the_first_and_after_too_long_without() -> None:
    presence = Presence(lost_after_seconds=0.5, began_seconds=10.0)
    assert not presence.is_present(10.0)
    assert presence.since(20.0) == 10.0
    presence.arrive(21.0, 0.0)
    presence.arrive(21.4, 0.0)
    assert presence.is_present(21.9)
    assert presence.since(21.9) == 21.0
    assert not presence.is_present(22.0)
    assert presence.since(22.0) == 21.4
    presence.arrive(23.0, 0.0)
    assert presence.since(23.1) == 23.0


def test_a_gap_that_nobody_asked_about_is_one() -> None:
    presence = Presence(lost_after_seconds=0.5, began_seconds=0.0)
    presence.arrive(1.0, 0.0)
    presence.arrive(2.0, 0.0)
    assert presence.since(2.1) == 2.0

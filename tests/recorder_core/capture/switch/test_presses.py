from __future__ import annotations

import pytest

from recorder_core.capture.switch import PressDetector, SwitchPress

#: seconds of a change: closed where positive
Script = list[float]


def _presses(script: Script, tick_seconds: float | None, end: float = 10.0) -> list[SwitchPress]:
    detector, found, now = PressDetector(0.25, 1.0), [], 0.0
    for change in script:
        at = abs(change)
        while tick_seconds is not None and now + tick_seconds < at:
            now += tick_seconds
            found += detector.tick(now)
        found += detector.change(change > 0, at)
    return found + detector.tick(end)


@pytest.mark.parametrize("tick_seconds", [None, 0.01, 0.7])
@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ([1.0, -1.2], [(1.0, False)]),
        ([1.0, -1.99], [(1.0, False)]),
        ([1.0, -2.0], [(1.0, True)]),
        ([1.0, -3.5, 4.0, -4.1], [(1.0, True), (4.0, False)]),
        # bounces as it closes, and as it opens
        ([1.0, -1.002, 1.004, -1.3, 1.31, -1.315], [(1.0, False)]),
        ([1.0, -1.002, 1.004, -2.5], [(1.0, True)]),
        # somebody who presses twice at once means one
        ([1.0, -1.1, 1.2, -1.24], [(1.0, False)]),
        ([1.0, -1.1, 1.26, -1.3], [(1.0, False), (1.26, False)]),
        # released, though it was never pressed
        ([-1.0, 2.0, -2.1], [(2.0, False)]),
        # pressed twice, though it was never released
        ([1.0, 1.5, -1.6], [(1.0, False)]),
    ],
)
def test_a_press_is_found_once(
    script: Script, expected: list[tuple[float, bool]], tick_seconds: float | None
) -> None:
    assert _presses(script, tick_seconds) == expected


def test_a_long_press_is_known_while_it_lasts() -> None:
    detector = PressDetector(0.25, 1.0)
    detector.change(True, 5.0)
    assert detector.tick(5.9) == []
    assert detector.tick(6.0) == [SwitchPress(5.0, True)]
    assert detector.tick(7.0) == []
    assert detector.change(False, 8.0) + detector.tick(9.0) + detector.end() == []


def test_a_press_that_an_unplugged_switch_does_not_end_counts() -> None:
    detector = PressDetector(0.25, 1.0)
    detector.change(True, 5.0)
    assert detector.end() == [SwitchPress(5.0, False)]
    assert detector.end() == []

"""The newest values of signals: stale ones, invalid ones, and those of a while ago."""

from __future__ import annotations

import math

from recorder_core.composite import Reading, SignalBoard
from tests.recorder_core.composite.scenes import rows_of


def test_the_newest_value_holds_until_it_is_stale() -> None:
    board = SignalBoard()
    board.add(rows_of(5.0, bis=41.0, emg=27.0))
    assert board.newest("bis", 5.0, 10.0) == Reading(41.0, "", 5.0)
    assert board.newest("emg", 15.0, 10.0) == Reading(27.0, "dB", 5.0)
    assert board.newest("emg", 15.1, 10.0) == Reading(None, "dB", 5.0)
    assert board.newest("sqi", 5.0, 10.0) == Reading(None, "", None)


def test_an_invalid_value_is_none_at_once() -> None:
    board = SignalBoard()
    board.add(rows_of(5.0, bis=41.0))
    board.add(rows_of(10.0, bis=math.nan))
    assert board.newest("bis", 10.0, 10.0) == Reading(None, "", 5.0)
    seconds, values = board.since("bis", 0.0)
    assert seconds.tolist() == [5.0, 10.0]
    assert math.isnan(values[1])


def test_values_of_more_than_an_hour_ago_are_forgotten() -> None:
    board = SignalBoard()
    for minute in range(200):
        board.add(rows_of(60.0 * minute, bis=float(minute)))
    seconds, values = board.since("bis", 0.0)
    assert (seconds[0], len(seconds)) == (60.0 * 139, 61)
    assert values[-1] == 199.0
    assert board.since("emg", 0.0)[0].shape == (0,)

from __future__ import annotations

import numpy as np

from recorder_core.capture.audio_buffer import AudioBuffer
from recorder_core.capture.source import AudioBlock


def _block(number: int) -> AudioBlock:
    return AudioBlock(np.full((4800, 1), number, np.float32), 48_000, number / 10, number > 0)


def test_blocks_are_taken_in_order_and_once() -> None:
    buffer = AudioBuffer()
    for number in range(5):
        buffer.put(_block(number))
    assert [each.samples[0, 0] for each in buffer.take()] == [0, 1, 2, 3, 4]
    assert buffer.take() == []
    buffer.put_invalid()
    counters = buffer.counters
    assert (counters.received, counters.used, counters.dropped, counters.invalid) == (5, 5, 0, 1)


def test_what_waits_too_long_is_dropped_and_the_cut_is_said() -> None:
    buffer = AudioBuffer()
    for number in range(150):
        buffer.put(_block(number))
    blocks = buffer.take()
    assert len(blocks) == 100
    assert blocks[0].seconds == 5.0
    assert [each.is_joined for each in blocks] == [False] + [True] * 99
    assert buffer.counters.dropped == 50

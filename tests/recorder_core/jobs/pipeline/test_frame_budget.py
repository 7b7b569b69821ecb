from __future__ import annotations

import threading
import time

import pytest

from recorder_core.errors import Cancelled
from recorder_core.jobs.pipeline.frame_budget import ClosableQueue, FrameBudget


def _waits(call: threading.Thread) -> bool:
    call.start()
    call.join(0.1)
    return call.is_alive()


@pytest.mark.parametrize(("max_frames", "max_bytes"), [(2, 1000), (100, 20)])
def test_reader_halts_when_frames_or_bytes_are_used_up(max_frames: int, max_bytes: int) -> None:
    budget = FrameBudget(max_frames, max_bytes)
    budget.acquire(10)
    budget.acquire(10)
    reader = threading.Thread(target=budget.acquire, args=(10,))
    assert _waits(reader)
    budget.release(10)
    reader.join(2)
    assert not reader.is_alive()


def test_one_frame_larger_than_the_budget_still_passes() -> None:
    FrameBudget(500, 10).acquire(1000)


def test_stop_wakes_a_waiting_reader() -> None:
    budget = FrameBudget(1, 1000)
    budget.acquire(1)
    raised: list[BaseException] = []

    def acquire() -> None:
        try:
            budget.acquire(1)
        except Cancelled as error:
            raised.append(error)

    reader = threading.Thread(target=acquire)
    assert _waits(reader)
    budget.stop()
    reader.join(2)
    assert len(raised) == 1


def test_items_come_in_order_and_none_follows_the_last() -> None:
    queue: ClosableQueue[int] = ClosableQueue()
    for item in range(3):
        queue.put(item)
    queue.close()
    assert [queue.get() for _ in range(4)] == [0, 1, 2, None]


def test_consumer_gets_the_producers_error_at_once() -> None:
    queue: ClosableQueue[int] = ClosableQueue()
    queue.put(1)
    queue.close(ValueError("broken"))
    with pytest.raises(ValueError, match="broken"):
        queue.get()


def test_consumer_waits_for_a_slow_producer() -> None:
    queue: ClosableQueue[int] = ClosableQueue()

    def produce() -> None:
        time.sleep(0.05)
        queue.put(7)

    threading.Thread(target=produce).start()
    assert queue.get() == 7

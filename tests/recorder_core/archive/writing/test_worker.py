"""Tasks in order, a bounded queue, and an end at the first error."""

from __future__ import annotations

import threading

import pytest

from recorder_core.archive.writing.blocks import BATCH_BYTES, BlockPool
from recorder_core.archive.writing.worker import OrderedWorker


@pytest.fixture
def errors():
    return []


@pytest.fixture
def worker(errors):
    worker = OrderedWorker("test", 1000, errors.append)
    yield worker
    assert worker.stop(60)


def test_jobs_run_in_order(worker):
    done = []
    for number in range(200):
        worker.submit(lambda number=number: done.append(number), 1)
    assert worker.wait_idle(60)
    assert done == list(range(200))


def test_the_queue_is_bounded(worker):
    go_on = threading.Event()
    worker.submit(go_on.wait, 600)
    assert worker.submit(lambda: None, 600, 0.05)
    assert not worker.submit(lambda: None, 1, 0.05)
    assert not worker.wait_idle(0.05)
    go_on.set()
    assert worker.wait_idle(60)
    assert worker.submit(lambda: None, 1, 0.05)


def test_an_error_ends_it_once(worker, errors):
    def fail():
        raise OSError(5, "Input/output error")

    done = []
    worker.submit(fail, 1)
    assert worker.wait_idle(60)
    for _ in range(3):
        assert worker.submit(lambda: done.append(1), 10_000)
    worker.fail(OSError("later"))
    assert done == []
    assert [error.errno for error in errors] == [5]
    assert worker.error is errors[0]


def test_blocks_are_used_again():
    pool = BlockPool(65536)
    single, batch = pool.take(100, 0), pool.take(10**9, 40)
    assert single.capacity_bytes == 65536
    assert batch.capacity_bytes == BATCH_BYTES
    batch.fill = 70000
    assert len(batch.sealed()) == 70000
    batch.hand_over(2)
    batch.done()
    assert pool.take(10**9, 0) is not batch
    batch.done()
    again = pool.take(10**9, 7)
    assert again is batch
    assert (again.fill, again.offset) == (0, 7)

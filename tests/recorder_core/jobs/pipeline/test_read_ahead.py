from __future__ import annotations

import threading

import pytest

from recorder_core.jobs.pipeline.read_ahead import read_ahead


def test_everything_is_prepared_in_order_in_one_other_thread() -> None:
    threads = set()

    def prepare(item: int) -> int:
        threads.add(threading.get_ident())
        return item * item

    assert list(read_ahead(prepare, range(10), 3)) == [each * each for each in range(10)]
    assert len(threads) == 1
    assert threading.get_ident() not in threads
    assert list(read_ahead(prepare, [], 3)) == []


def test_no_more_is_prepared_than_may_wait() -> None:
    prepared: list[int] = []
    work = read_ahead(prepared.append, range(10), 3)
    for taken in range(1, 5):
        next(work)
        assert len(prepared) <= taken + 3
    work.close()
    assert len(prepared) <= 7


def test_an_error_comes_in_its_turn() -> None:
    def prepare(item: int) -> int:
        if item == 2:
            raise ValueError(item)
        return item

    work = read_ahead(prepare, range(5), 4)
    assert [next(work), next(work)] == [0, 1]
    with pytest.raises(ValueError, match="2"):
        next(work)
    assert list(work) == []

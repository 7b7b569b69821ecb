"""A start of a room that is held is answered with what came of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from recorder_core.errors import ArchiveError, NotAllowed, WrongState
from recorder_core.jobs.archive.queue.commanding import JobCommand
from recorder_core.jobs.record import ReadyRoom, RecordRequest
from recorder_core.jobs.worker.holding import wait_for_start
from recorder_core.jobs.worker.running_job import RunningJob
from tests.recorder_core.jobs.record.fakes import room

FULL = ArchiveError("there is no space")


@dataclass
class _Room:
    """A room that is held, of which each start takes the next error, or None."""

    begins: list[Exception | None]
    seconds: float = 0.0
    shown_seconds: float | None = None
    began: list[Any] = field(default_factory=list)

    def wait(self, seconds: float) -> None:
        self.seconds += seconds
        if self.begins:
            threading.Event().wait(0.001)

    def preview(self) -> None:
        """Give none."""

    @contextmanager
    def begin(self, **arguments: Any) -> Iterator[str]:
        error = self.begins.pop(0)
        if error is not None:
            raise error
        self.began.append(arguments)
        yield "recorder"


class _Running:
    """A job of which nobody sees anything, and that starts are sent to one after another."""

    def __init__(self, starts: int) -> None:
        self.has_watchers = self.is_stop_requested = False
        self.answers: list[Future[Any]] = []
        self._starts = starts
        self.archive, self.commands = None, self

    def show(self, **_shown: Any) -> None:
        """Show nothing."""

    @contextmanager
    def answering(self, answer: Callable[[JobCommand], Any]) -> Iterator[None]:
        command = JobCommand("start", {"procedure_code": "hernia"}, "u", 0.0)
        with ThreadPoolExecutor(1) as pool:
            self.answers = [pool.submit(answer, command) for _ in range(self._starts)]
            yield


def _held(running: _Running, ready: _Room) -> Any:
    request = RecordRequest(room=room(pre_record_seconds=1.0))
    job, room_held = cast(RunningJob, running), cast(ReadyRoom, ready)
    return wait_for_start(job, room_held, request, clock=lambda: ready.seconds)


@pytest.fixture(autouse=True)
def _shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recorder_core.jobs.worker.holding.held_state", lambda _room: {})
    session = SimpleNamespace(check_person=lambda: None)
    monkeypatch.setattr("recorder_core.jobs.worker.holding.session_of", lambda _archive: session)


def test_a_start_that_fails_says_why_and_the_next_one_begins_with_what_is_held() -> None:
    running, ready = _Running(starts=2), _Room([FULL, None])
    with _held(running, ready) as recorder:
        assert recorder == "recorder"
    refused, begun = running.answers
    assert refused.exception() is FULL
    assert begun.result() is None
    assert ready.began == [{"procedure_code": "hernia"}]


def test_no_start_is_answered_with_success_that_does_not_begin() -> None:
    running, ready = _Running(starts=1), _Room([NotAllowed("disabled")])
    with pytest.raises(NotAllowed, match="open the room anew"), _held(running, ready):
        pass
    assert isinstance(running.answers[0].exception(), NotAllowed)
    assert ready.began == []
    running = _Running(starts=1)
    running.is_stop_requested = True
    with _held(running, _Room([])) as recorder:
        assert recorder is None
    assert isinstance(running.answers[0].exception(), WrongState)


def test_a_start_that_is_taken_back_at_once_begins_nothing() -> None:
    running = _Running(starts=1)

    class Stopping(_Room):
        def wait(self, seconds: float) -> None:
            super().wait(seconds)
            running.is_stop_requested = bool(running.answers)

    ready = Stopping([None])
    with _held(running, ready) as recorder:
        assert recorder is None
    assert ready.began == []
    assert isinstance(running.answers[0].exception(), WrongState)


@pytest.mark.parametrize(("shown_seconds", "minutes"), [(None, 15), (1.0, 3)])
def test_a_room_that_nobody_watches_is_held_for_a_quarter_of_an_hour_and_shown_for_minutes(
    shown_seconds: float | None, minutes: int
) -> None:
    class Watched(_Running):
        @property
        def has_watchers(self) -> bool:
            return 100 < ready.seconds < 200 or 350 < ready.seconds < 400

        @has_watchers.setter
        def has_watchers(self, _value: bool) -> None:
            """Follow the clock alone."""

    ready = _Room([], shown_seconds=shown_seconds)
    with _held(Watched(starts=0), ready) as recorder:
        assert recorder is None
    assert ready.seconds == pytest.approx(400 + minutes * 60, abs=1)

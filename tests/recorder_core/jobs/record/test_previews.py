"""Previews come at their rate, and also from a computer that does not keep up."""

from __future__ import annotations

import io
from concurrent.futures import Future
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from recorder_core.jobs.archive.queue.pieces import MAX_PREVIEW_BYTES
from recorder_core.jobs.record import previews
from recorder_core.jobs.record.composer import ComposedFrame
from recorder_core.jobs.record.previews import Previews
from recorder_core.media import Frame
from tests.recorder_core.jobs.record.fakes import FORMAT

POLL_SECONDS = 0.05


class _Composer:
    """Composes at once what is asked for, unless it `has_stalled`."""

    def __init__(self, *, is_behind: bool = False) -> None:
        self.is_behind, self.has_stalled = is_behind, False
        self.asked: list[float] = []

    def frame_at(self, seconds: float) -> Future[ComposedFrame]:
        self.asked.append(seconds)
        found = Future[ComposedFrame]()
        if not self.has_stalled:
            frame = Frame.black(FORMAT, frame_index=0, pts=0, duration=1)
            found.set_result(ComposedFrame(frame, seconds, {}))
        return found


class _Watched:
    """Previews that are polled by a clock of their own."""

    def __init__(self, composer: _Composer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self._previews = 0.0, Previews(cast("Any", composer))
        monkeypatch.setattr(previews, "time", SimpleNamespace(monotonic=lambda: self.now))

    def shown(self, seconds: float) -> int:
        """Return how many pictures come in some seconds."""
        found = 0
        for _ in range(round(seconds / POLL_SECONDS)):
            self.now += POLL_SECONDS
            found += self._previews.newest() is not None
        return found


@pytest.mark.parametrize(("is_behind", "count"), [(False, 30), (True, 9)])
def test_they_come_also_while_the_encoder_is_behind(
    monkeypatch: pytest.MonkeyPatch, is_behind: bool, count: int
) -> None:
    watched = _Watched(_Composer(is_behind=is_behind), monkeypatch)
    # polls are 0.05 seconds apart: a picture is asked for at one and taken at the next
    assert watched.shown(10.0) == pytest.approx(count, abs=4)


def test_who_begins_to_watch_gets_no_picture_of_when_somebody_else_did(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    composer = _Composer()
    watched = _Watched(composer, monkeypatch)
    assert watched.shown(POLL_SECONDS) == 0
    watched.now += 3600.0
    assert watched.shown(2 * POLL_SECONDS) == 1
    assert composer.asked[-1] > 3600.0
    composer.has_stalled = True
    assert watched.shown(10.0) == 0


@pytest.mark.parametrize("size_px", [(3840, 2160), (2560, 1440), (1920, 1080), (720, 576)])
def test_a_preview_of_any_picture_can_be_sent(
    monkeypatch: pytest.MonkeyPatch, size_px: tuple[int, int]
) -> None:
    width, height = size_px
    frame_format = replace(FORMAT, width=width, height=height)
    frame = Frame.black(frame_format, frame_index=0, pts=0, duration=1)
    # nothing compresses worse
    random = np.random.default_rng(1)
    for plane in (frame.writable().y, frame.writable().u, frame.writable().v):
        plane[:] = random.integers(0, 256, plane.shape, np.uint8)
    found = Future[ComposedFrame]()
    found.set_result(ComposedFrame(frame, 0.0, {}))
    composer: Any = SimpleNamespace(is_behind=False, frame_at=lambda _: found)
    previewed = Previews(composer)
    assert previewed.newest() is None
    picture = previewed.newest()
    assert picture is not None
    assert len(picture) < MAX_PREVIEW_BYTES
    shown = Image.open(io.BytesIO(picture))
    assert 640 <= shown.width <= 960
    assert shown.width / shown.height == pytest.approx(width / height, rel=0.01)

"""The view of the room is de-identified while it is recorded, and hidden where that is too slow."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from recorder_core.capture.source import LiveFrame
from recorder_core.composite import CompositeLayout, LayoutView
from recorder_core.detect import ScoredBoxes
from recorder_core.errors import ArchiveError, NotAllowed, RecorderError, SettingsError
from recorder_core.jobs.archive import export_event
from recorder_core.jobs.record import RecordRequest, RoomSources, record_room
from recorder_core.jobs.record.live.assembling import load_finder
from recorder_core.jobs.record.live.face_search import FaceSearch
from recorder_core.jobs.record.room.deidentification import LiveSettings
from recorder_core.media import Frame, open_video
from recorder_core.model import Planes, View
from recorder_core.simulate import SimulationSettings, simulate_sources, truth_in_composite
from recorder_core.tables import read_truth
from tests.recorder_core.jobs.record.fakes import FORMAT, RATE, FakeFrames, room
from tests.waiting import wait_until

SIZE = 640, 360
SECONDS = 4.0
#: a face of which less is seen, or that is smaller, is nobody's
MIN_VISIBLE, MIN_HEIGHT_PX = 0.5, 16.0
#: likeness in detail above which a face is as it was
BARE = 0.6


class _NoFaces:
    """Finds nothing, once it is allowed to."""

    def __init__(self) -> None:
        self.is_allowed = threading.Event()
        self.seen: list[int] = []

    def detect(self, planes: Planes) -> ScoredBoxes:
        self.is_allowed.wait(60)
        self.seen.append(int(planes.y[0, 0]))
        return ScoredBoxes(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))


class _Slow(_NoFaces):
    """Finds nothing, and takes long for it."""

    def detect(self, planes: Planes) -> ScoredBoxes:
        time.sleep(0.5)
        return ScoredBoxes(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))


class _Known:
    """Knows what the usual detector finds in the frames of a film; a busy machine needs no time."""

    def __init__(self, film: _Film) -> None:
        self._detector = load_finder(View(0, 0, *SIZE))
        self._found = {
            frame.planes.y.tobytes(): self._detector.detect(frame.planes) for frame in film.frames
        }

    def detect(self, planes: Planes) -> ScoredBoxes:
        found = self._found.get(planes.y.tobytes())
        return self._detector.detect(planes) if found is None else found


class _Film(FakeFrames):
    """The frames of a video, one after another by the time alone."""

    def __init__(self, name: str, path: Path) -> None:
        super().__init__(name)
        with open_video(path) as video:
            self.frames = list(video.decode())

    def index_at(self, seconds: float) -> int:
        return max(0, int((seconds - self._began) * RATE + 1e-6)) % len(self.frames)

    def take(self, seconds: float) -> LiveFrame | None:
        frame = self.frames[self.index_at(seconds)]
        if self._shown is None or self._shown.frame is not frame:
            self._shown = LiveFrame(frame, seconds)
        return self._shown


def _numbered(number: int) -> Frame:
    frame = Frame.black(FORMAT, frame_index=number, pts=number, duration=1)
    frame.writable().y[:] = number
    return frame


def _search(finder: Any, should_yield: Callable[[], bool] = lambda: False) -> FaceSearch:
    search = FaceSearch(finder, LiveSettings(), View(0, 0, 320, 180), Fraction(RATE), should_yield)
    search.start()
    return search


def test_a_detector_that_keeps_up_looks_every_tenth_of_a_second_and_all_is_final() -> None:
    finder = _NoFaces()
    finder.is_allowed.set()
    search = _search(finder)
    for number in range(64):
        search.add(_numbered(number))
        if number % 3 == 0:
            wait_until(lambda number=number: finder.seen and finder.seen[-1] >= number)
    search.close()
    known = [search.pop(number) for number in range(64)]
    assert finder.seen == list(range(0, 64, 3))
    assert [each.detections is not None for each in known[:7]] == [True, False, False] * 2 + [True]
    assert all(each.redactions == [] for each in known[: 63 - RATE])
    assert known[63].redactions is None  # nobody knows its future


def test_a_detector_makes_way_for_the_encoder_as_far_as_the_settings_allow() -> None:
    finder, needed = _NoFaces(), threading.Event()
    finder.is_allowed.set()
    search = _search(finder, needed.is_set)
    for number in range(64):
        if number == 21:
            needed.set()
        search.add(_numbered(number))
        while number in {*range(0, 21, 3), *range(24, 64, 6)} and number not in finder.seen:
            pass
    search.close()
    assert finder.seen == [*range(0, 21, 3), *range(24, 64, 6)]
    assert all(search.pop(number).redactions == [] for number in range(60 - RATE))


def test_a_detector_that_is_behind_looks_more_seldom_then_leaves_frames_out() -> None:
    finder = _NoFaces()
    search = _search(finder)
    for number in range(10):  # a third of a second
        search.add(_numbered(number))
    assert search.pop(0).redactions is None
    finder.is_allowed.set()
    wait_until(lambda: len(finder.seen) >= 2)
    assert finder.seen[1] in {3, 6}
    search.close()
    behind = _NoFaces()
    search = _search(behind)
    for number in range(90):
        search.add(_numbered(number))
    behind.is_allowed.set()
    wait_until(lambda: len(behind.seen) >= 2)
    assert behind.seen[1] > 80
    for number in range(90, 150):
        search.add(_numbered(number))
        if number % 3 == 2:
            wait_until(lambda number=number: behind.seen[-1] >= number - 3)
    search.close()
    assert all(search.pop(number).redactions is None for number in range(80))


def test_frames_that_wait_for_a_detector_that_hangs_have_a_bound_and_are_never_final() -> None:
    finder = _NoFaces()
    search = _search(finder)
    search.add(_numbered(0))
    wait_until(lambda: not search._waiting)  # it looks at the first, and hangs
    for number in range(1, 180):
        search.add(_numbered(number))
        assert len(search._waiting) <= 3 * RATE
    finder.is_allowed.set()
    wait_until(lambda: len(finder.seen) >= 2)
    assert finder.seen[1] > 170
    for number in range(180, 250):
        search.add(_numbered(number))
        if number % 3 == 2:
            wait_until(lambda number=number: finder.seen[-1] >= number - 3)
    search.close()
    assert search.error is None
    assert all(search.pop(number).redactions is None for number in range(finder.seen[1]))
    assert all(search.pop(number).redactions == [] for number in range(185, 200))


def _flash(number: int) -> Frame:
    """Return a frame of a room, of which the 7th, the 8th, and the 20th show another picture."""
    frame = _numbered(number)
    if number in {7, 8, 20}:
        frame.writable().y[:] = 200
    return frame


def test_where_the_picture_jumps_the_detector_looks_at_once() -> None:
    finder = _NoFaces()
    finder.is_allowed.set()
    search = _search(finder)
    looks = [0, 3, 6, 200, 200, 9, 12, 15, 18, 19, 200, *range(21, 60, 3)]
    due = [0, 3, 6, 7, 9, 9, 12, 15, 18, 20, 20, *range(21, 60, 3)]
    for number in range(60):
        search.add(_flash(number))
        expected = sum(each <= number for each in due)
        wait_until(lambda expected=expected: len(finder.seen) >= expected)
    search.close()
    assert finder.seen == looks
    assert all(search.pop(number).redactions == [] for number in range(25))


def test_a_search_that_fails_says_so_and_nothing_is_final() -> None:
    class Broken:
        def detect(self, planes: Planes) -> ScoredBoxes:
            raise ValueError

    search = _search(Broken())
    search.add(_numbered(0))
    search._thread.join()
    search.add(_numbered(1))
    assert isinstance(search.error, ValueError)
    assert search.pop(0).redactions is None
    search.close()


def _luma(path: Path, width: int, height: int) -> Any:
    """Return the luma of each frame, as FFmpeg's own tools say."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "gray"]
    command += ["-fps_mode", "passthrough", "-"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width)


def test_where_the_detector_is_too_slow_all_of_the_room_is_hidden(
    site: Any, tmp_path: Path
) -> None:
    class Board(FakeFrames):
        def take(self, seconds: float) -> LiveFrame | None:
            taken = super().take(seconds)
            if taken is not None:
                taken.frame.writable().y[:] = (
                    np.kron(np.indices((45, 80)).sum(0) % 2, np.ones((4, 4))) * 200
                )
            return taken

    sources = RoomSources({"laparoscope": Board("laparoscope"), "room": Board("room")})
    request = RecordRequest(room=room(deidentify="only"), duration_seconds=1.0)
    with (
        site.opened("olga") as archive,
        record_room(archive, request, sources, _Slow()) as recorder,
    ):
        shot = recorder.take_screenshot(asked_seconds=recorder.clock.zero_monotonic_seconds)
        preview = None
        while recorder.wait(0.05):
            preview = recorder.preview() or preview
        summary = recorder.finish()
        assert shot.result(0).event_id == summary.event_id
    with site.opened("rita") as archive:
        export_event(archive, summary.event_id, tmp_path, ["original"])
        event = archive.event(summary.event_id)
        marks = event.markers()
        with pytest.raises(RecorderError):
            export_event(archive, summary.event_id, tmp_path, ["room"])
    luma = _luma(tmp_path / f"{summary.event_id}.original.mp4", 640, 180).astype(int)
    assert np.abs(np.diff(luma[:, 8:-8, 8:312], axis=2)).mean() > 20
    assert np.abs(np.diff(luma[:, :, 322:638], axis=2)).max() < 30
    assert summary.live is not None
    assert summary.live.hidden_frames == summary.frame_count
    [kind] = marks["kind"]
    assert (kind, marks["start_seconds"][0], marks["stop_seconds"][0]) == ("room-hidden", 0.0, 1.0)
    assert any("because the machine did not keep up" in each for each in summary.sentences)


def _likeness(shown: Any, true: Any) -> float:
    """Return how much of the detail of a face is as it was."""
    details = []
    for picture in (shown, true):
        face = picture.astype(np.float32)
        detail = face - cv2.GaussianBlur(face, (0, 0), 3)
        details.append((detail - detail.mean()).ravel())
    one, other = details
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other) + 1e-6))


def _bare_runs(luma: Any, film: _Film, truth: Any, indices: list[int]) -> tuple[int, int, int]:
    """Return the longest run of frames with a bare face, how many are bare, and of how many."""
    longest, bare, count, runs = 0, 0, 0, {}
    by_frame: dict[int, list[Any]] = {}
    for face in truth.faces:
        by_frame.setdefault(face.frame_index, []).append(face)
    for number, index in enumerate(indices):
        seen = {}
        for face in by_frame.get(number, []):
            x0, y0, x1, y1 = (round(each) for each in face.box_xyxy_px)
            if face.visible < MIN_VISIBLE or y1 - y0 < MIN_HEIGHT_PX or x1 - x0 < 8:
                continue
            area = np.s_[y0:y1, x0:x1]
            is_bare = _likeness(luma[number][area], film.frames[index].planes.y[area]) > BARE
            count, bare = count + 1, bare + is_bare
            if is_bare:
                seen[face.face_id] = runs.get(face.face_id, 0) + 1
        runs = seen
        longest = max([longest, *runs.values()])
    return longest, bare, count


def test_no_true_face_is_bare_and_the_untouched_room_is_a_video_of_its_own(
    site: Any, tmp_path: Path
) -> None:
    made = simulate_sources(
        tmp_path, SimulationSettings(duration_seconds=SECONDS, width=SIZE[0], height=SIZE[1])
    )
    layout = CompositeLayout(
        width=640,
        height=540,
        views=(
            LayoutView(name="room", source="room", rectangle=View(0, 0, *SIZE)),
            LayoutView(name="laparoscope", source="laparoscope", rectangle=View(0, 360, 320, 180)),
        ),
    )
    film = _Film("room", made.videos["room"])
    sources = RoomSources({"laparoscope": FakeFrames("laparoscope"), "room": film})
    request = RecordRequest(room=room(layout=layout, deidentify="both"), duration_seconds=3.0)
    finder = _Known(film)
    with (
        site.opened("olga") as archive,
        record_room(archive, request, sources, finder) as recorder,
    ):
        while recorder.wait(0.1):
            pass
        zero = recorder.clock.zero_monotonic_seconds
        summary = recorder.finish()
        with pytest.raises(NotAllowed):
            export_event(archive, summary.event_id, tmp_path, ["room"])
    assert summary.faults == ()
    with site.opened("rita") as archive:
        export_event(archive, summary.event_id, tmp_path, ["original", "room"])
        searched = archive.event(summary.event_id).detections()
        pts = archive.event(summary.event_id).frames()["pts"].tolist()
    indices = [film.index_at(zero + each / RATE) for each in pts]
    truth = truth_in_composite(
        read_truth(made.truth),
        layout,
        SIZE,
        [(n, p, i) for n, (p, i) in enumerate(zip(pts, indices, strict=True))],
    )
    beside = str(tmp_path / summary.event_id)
    longest, _, count = _bare_runs(
        _luma(Path(f"{beside}.original.mp4"), 640, 540), film, truth, indices
    )
    assert count > 50
    assert longest <= 0.1 * RATE
    assert summary.live.hidden_frames < summary.frame_count  # and most of the room is seen
    untouched = _luma(Path(f"{beside}.room.mp4"), *SIZE)
    assert len(untouched) + summary.live.dropped_frames == len(pts)
    if not summary.live.dropped_frames:  # what is measured sees a face that is as it was
        _, bare, count = _bare_runs(untouched, film, truth, indices)
        assert bare > 0.9 * count
    assert set(searched["frame"]) <= set(range(len(pts)))


def test_a_room_that_another_view_shows_too_cannot_be_deidentified() -> None:
    layout = CompositeLayout(
        width=640,
        height=180,
        views=(
            LayoutView(name="zoom", source="room", rectangle=View(0, 0, 320, 180)),
            LayoutView(name="room", source="room", rectangle=View(320, 0, 320, 180)),
        ),
    )
    with pytest.raises(SettingsError, match="the view zoom shows the source room, too"):
        room(layout=layout, sources={"room": room().sources["room"]}, deidentify="only")
    LiveSettings(look_ahead_seconds=2.0)
    with pytest.raises(SettingsError, match="look_ahead_seconds must be 1 to 3"):
        LiveSettings(look_ahead_seconds=0.5)


def test_a_journal_and_detections_that_cannot_be_written_do_not_end_it(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise ArchiveError("no root can be written any more")

    sources = RoomSources({each: FakeFrames(each) for each in ("laparoscope", "room")})
    request = RecordRequest(room=room(deidentify="only"), duration_seconds=1.0)
    with (
        site.opened("olga") as archive,
        record_room(archive, request, sources, _Slow()) as recorder,
    ):
        monkeypatch.setattr(recorder._recording.journal, "mark", refuse)
        live = recorder._parts.live
        assert live is not None
        monkeypatch.setattr(live._detections, "append", refuse)
        while recorder.wait(0.05):
            pass
        summary = recorder.finish()
        assert archive.event(summary.event_id).row.is_complete
    said = "no root can be written any more"
    assert f"no more detections of faces are recorded: {said}" in summary.faults
    assert f"the marker room-hidden at 0.0 s is missing: {said}" in summary.faults

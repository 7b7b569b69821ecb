"""The view of the room that was kept as it was seen comes back where the video hides it."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recorder_core.capture.source import LiveFrame
from recorder_core.composite import CompositeLayout, LayoutView
from recorder_core.detect import ScoredBoxes
from recorder_core.errors import WrongState
from recorder_core.jobs.archive import (
    EventDeidentifyRequest,
    EventRerenderRequest,
    correct_event,
    deidentify_event,
    export_event,
    rerender_event,
    set_room_view,
    sign_off,
)
from recorder_core.jobs.record import RecordRequest, RoomSources, record_room
from recorder_core.jobs.verification.allowed import Allowed
from recorder_core.media import Frame
from recorder_core.model import CorrectionKeyframe, FrameFormat, Planes, View
from tests.conftest import DrawnJob, drawn_planes
from tests.recorder_core.jobs.record.fakes import RATE, FakeFrames, room

#: three faces, and below them a number of eight bits
WIDTH, FACES, HEIGHT = 384, 192, 224
BIT_PX, FIRST_BIT = 32, 64
FORMAT = FrameFormat(
    width=WIDTH, height=HEIGHT, pixel_format="yuv420p", time_base=Fraction(1, RATE), color_range=1
)
LAYOUT = CompositeLayout(
    width=2 * WIDTH,
    height=HEIGHT,
    views=(
        LayoutView(name="laparoscope", source="laparoscope", rectangle=View(0, 0, WIDTH, HEIGHT)),
        LayoutView(name="room", source="room", rectangle=View(WIDTH, 0, WIDTH, HEIGHT)),
    ),
)
NUMBERS = 256
SECONDS = 3.0


class _Numbered(FakeFrames):
    """Frames with the number of their tick, with or without faces."""

    def __init__(self, name: str, *, has_faces: bool) -> None:
        super().__init__(name)
        self._has_faces = has_faces

    def take(self, seconds: float) -> LiveFrame | None:
        number = round(seconds * RATE)
        frame = Frame.black(FORMAT, frame_index=number, pts=number, duration=1)
        planes = frame.writable()
        if self._has_faces:
            drawn = drawn_planes(0)
            planes.y[:FACES], planes.u[: FACES // 2], planes.v[: FACES // 2] = (
                drawn.y,
                drawn.u,
                drawn.v,
            )
        for bit in range(8):
            left = FIRST_BIT + bit * BIT_PX
            planes.y[FACES:, left : left + BIT_PX] = 235 if number >> bit & 1 else 16
        return LiveFrame(frame, seconds)


class _AllOver:
    """Finds one face that is as large as the number and the faces above it."""

    def detect(self, planes: Planes) -> ScoredBoxes:
        box = np.array([[FIRST_BIT, 8, FIRST_BIT + 8 * BIT_PX, HEIGHT]], np.float32)
        return ScoredBoxes(box, np.array([0.9], np.float32))


def _luma(path: Path, width: int) -> Any:
    """Return the luma of each frame, as FFmpeg's own tools say."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "gray"]
    command += ["-fps_mode", "passthrough", "-"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, HEIGHT, width)


def _numbers(luma: Any) -> Any:
    """Return the number of each frame; -1 where a bit is neither black nor white."""
    middle = luma[:, FACES + 12 : HEIGHT - 12]
    found = np.zeros(len(luma), int)
    for bit in range(8):
        left = FIRST_BIT + bit * BIT_PX
        level = middle[:, :, left + 12 : left + BIT_PX - 12].mean(axis=(1, 2))
        found += (level > 128) << bit
        found[(level > 60) & (level < 190)] = -NUMBERS
    return np.where(found < 0, -1, found)


@pytest.fixture
def recorded(site: Any) -> str:
    """An event whose room was de-identified while it was recorded, and kept as it was, too."""
    sources = RoomSources(
        {
            "laparoscope": _Numbered("laparoscope", has_faces=False),
            "room": _Numbered("room", has_faces=True),
        }
    )
    request = RecordRequest(room=room(layout=LAYOUT, deidentify="both"), duration_seconds=SECONDS)
    with (
        site.opened("olga") as archive,
        record_room(archive, request, sources, _AllOver()) as recorder,
    ):
        while recorder.wait(0.1):
            pass
        summary = recorder.finish()
    assert summary.faults == ()
    return summary.event_id


def _both(luma: Any) -> tuple[Any, Any]:
    return _numbers(luma[:, :, :WIDTH]), _numbers(luma[:, :, WIDTH:])


def _exported(site: Any, event_id: str, folder: Path, role: str) -> Any:
    with site.opened("rita") as archive:
        export_event(archive, event_id, folder, [role], overwrite=True)
    width = WIDTH if role == "room" else 2 * WIDTH
    return _luma(folder / f"{event_id}.{role}.mp4", width)


def _copy_luma(site: Any, event_id: str) -> Any:
    """Return the luma of the copy, which nobody may take out before it is released."""
    with site.opened("rita") as archive, archive.event(event_id).video("deidentified") as file:
        content = file.read()
    command = ["ffmpeg", "-v", "error", "-i", "pipe:0", "-f", "rawvideo", "-pix_fmt", "gray"]
    command += ["-fps_mode", "passthrough", "-"]
    raw = subprocess.run(command, check=True, capture_output=True, input=content).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, HEIGHT, 2 * WIDTH)


def test_corrections_of_a_copy_show_what_was_there_and_hide_what_is_new(
    site: Any, recorded: str, drawn: DrawnJob, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    untouched = _exported(site, recorded, tmp_path, "room")
    original = _exported(site, recorded, tmp_path, "original")
    beside, hidden = _both(original)
    # while it was recorded the number of the room was hidden with its faces
    assert (beside >= 0).all()
    assert np.mean(beside == hidden) < 0.1
    with site.opened("rita") as archive:
        request = EventDeidentifyRequest(options=drawn.options, work=work)
        event = deidentify_event(archive, recorded, request)
        rows, source = event.redactions(), event.copy_report()["source"]
    assert set(rows["frame"]) == set(range(len(original)))
    assert len(source["room_sha256"]) == 64
    beside, shown = _both(_copy_luma(site, recorded))
    # the search finds the faces alone: what was hidden with them still is
    assert (beside >= 0).all()
    assert np.mean(beside == shown) < 0.1
    is_all = rows["y1"] > FACES
    assert set(rows[is_all]["frame"]) == set(range(len(original)))
    _check_lifted(site, recorded, work, rows[is_all], len(untouched))
    rows = rows[~is_all]
    _check_corrected(site, recorded, work, rows, untouched)
    with site.opened("rita") as archive, pytest.raises(WrongState, match="cannot be moved"):
        set_room_view(archive, recorded, "0,0,384,192")


def _box(row: Any) -> tuple[float, ...]:
    return tuple(float(row[name]) for name in ("x0", "y0", "x1", "y1"))


def _check_lifted(site: Any, event_id: str, work: Path, rows: Any, frames: int) -> None:
    """Lift what was hidden while it was recorded, and look at what it was."""
    first = rows.iloc[0]
    [track] = set(rows["track"])
    lift = [
        CorrectionKeyframe("all", "remove", frame, _box(first), int(track), "", "", "")
        for frame in (0, int(rows["frame"].max()))
    ]
    with site.opened("rita") as archive:
        correct_event(archive, event_id, lift)
        rerender_event(archive, event_id, EventRerenderRequest(work=work))
    beside, shown = _both(_copy_luma(site, event_id))
    assert np.array_equal(beside, shown)
    assert len(shown) == frames


def _check_corrected(site: Any, event_id: str, work: Path, rows: Any, untouched: Any) -> None:
    """Lift a face that is none, hide the number, and look at both."""
    first = rows[rows["frame"] == 0].iloc[0]
    box = _box(first)
    area = np.s_[:, int(box[1]) + 4 : int(box[3]) - 4, int(box[0]) + 4 : int(box[2]) - 4]
    of_room = np.s_[area[0], area[1], area[2].start - WIDTH : area[2].stop - WIDTH]
    before = _copy_luma(site, event_id)
    assert np.abs(before[area].astype(int) - untouched[of_room]).mean() > 20
    last, track = int(rows["frame"].max()), int(first["track"])
    lift = CorrectionKeyframe("lift", "remove", 0, box, track, "", "", "")
    strip = (WIDTH + 20.0, FACES + 0.0, 2 * WIDTH - 20.0, HEIGHT + 0.0)
    new = [CorrectionKeyframe("new", "add", frame, strip, -1, "", "", "") for frame in (0, last)]
    with site.opened("rita") as archive:
        lifted = [lift, CorrectionKeyframe("lift", "remove", last, box, track, "", "", "")]
        correct_event(archive, event_id, [*lifted, *new])
        rerender_event(archive, event_id, EventRerenderRequest(work=work))
    after = _copy_luma(site, event_id)
    assert np.abs(after[area].astype(int) - untouched[of_room]).mean() < 4
    beside, shown = _both(after)
    assert (beside >= 0).all()
    assert np.mean(beside == shown) < 0.1


def test_elsewhere_than_where_faces_are_searched_the_room_stays_hidden(
    site: Any, recorded: str, drawn: DrawnJob, tmp_path: Path
) -> None:
    options = replace(drawn.options, view=f"0,0,{WIDTH},{HEIGHT}")
    request = EventDeidentifyRequest(options=options, work=tmp_path, allowed=Allowed(no_faces=True))
    with site.opened("rita") as archive:
        event = deidentify_event(archive, recorded, request)
        assert "room_sha256" not in event.copy_report()["source"]
        archive.event(recorded).video("deidentified").close()
        sign_off(archive, recorded)
    beside, shown = _both(_copy_luma(site, recorded))
    assert (beside >= 0).all()
    assert np.mean(beside == shown) < 0.1


def test_a_copy_is_made_of_the_original_where_the_room_as_it_was_is_damaged(
    site: Any, recorded: str, drawn: DrawnJob, tmp_path: Path
) -> None:
    with site.opened("rita") as archive:
        name = archive.event(recorded).file("room").file_id
    roots = (site.path / "events", site.mirror / "events")
    files = [path for root in roots for path in root.glob(f"{name}.*") if path.suffix != ".key"]
    assert len(files) == 2
    for path in files:
        content = bytearray(path.read_bytes())
        content[-20] ^= 1
        path.write_bytes(content)
    said: list[str] = []
    allowed = Allowed(no_faces=True)
    request = EventDeidentifyRequest(
        options=drawn.options, work=tmp_path, allowed=allowed, say=said.append
    )
    with site.opened("rita") as archive:
        event = deidentify_event(archive, recorded, request)
        assert "room_sha256" not in event.copy_report()["source"]
    [sentence] = [each for each in said if "cannot be put back" in each]
    assert sentence.endswith("in which the room was de-identified while it was recorded")
    beside, shown = _both(_copy_luma(site, recorded))
    assert (beside >= 0).all()
    assert np.mean(beside == shown) < 0.1

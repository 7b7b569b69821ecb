"""A finished recording becomes a seekable file, or stays whole as it was recorded."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from profiling.benches.long_videos import LongVideo
from recorder_core.archive import Password
from recorder_core.catalog import EventState, Profile
from recorder_core.errors import ArchiveError, DecodeError, EncodeError, WrongState
from recorder_core.jobs.archive import (
    EventRecording,
    RecordingRequest,
    add_user,
    check_copies,
    delete_event,
    export_event,
    finalise_event,
    grant,
    record_event,
    repair_copies,
    verify_audit,
)
from recorder_core.jobs.archive.recording import seekable
from recorder_core.model import FrameTimes
from tests.recorder_core.jobs.archive.conftest import PASSWORD

REQUEST = RecordingRequest(procedure_code="lap-chole")
TIMES = FrameTimes(Fraction(1, 20), np.arange(60))
_Usage = namedtuple("_Usage", "total used free")


def _record(
    site: Any,
    content: bytes,
    index: FrameTimes | None = None,
    at_end: Callable[[EventRecording], object] = lambda begun: None,
) -> EventRecording:
    """Record a video of the composite and one of the room."""
    with site.opened("olga") as archive, record_event(archive, REQUEST) as begun:
        room = begun.open_stream("room")
        for place in range(0, len(content), 50_000):
            begun.sink.write(content[place : place + 50_000])
            room.sink.write(content[place : place + 50_000])
        begun.finish(3.0, index)
        at_end(begun)
    return begun


def _stored(site: Any, event_id: str, suffix: str = "key") -> list[set[str]]:
    """Return which videos lie on each root."""
    return [
        {path.stem for path in (root / "events" / event_id).glob(f"*.{suffix}")}
        for root in (site.path, site.mirror)
    ]


def _exported(site: Any, event_id: str, folder: Path, role: str = "original") -> Path:
    with site.opened("rita") as archive:
        [file] = export_event(archive, event_id, folder, [role]).files
    return folder / str(file.name)


def _boxes(content: bytes) -> list[bytes]:
    """Return the kinds of the top-level boxes of an MP4 file."""
    kinds, place = [], 0
    while place < len(content):
        size = int.from_bytes(content[place : place + 4], "big")
        kinds.append(content[place + 4 : place + 8])
        if size == 1:
            size = int.from_bytes(content[place + 8 : place + 16], "big")
        place += size
    return kinds


def _hashes(path: Path, *options: str) -> list[tuple[str, ...]]:
    """Return stream and hash of each packet or frame, as FFmpeg's own tool has them."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), *options, "-f", "framemd5", "-"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = [line.split(",") for line in said.splitlines() if not line.startswith("#")]
    return [(row[0].strip(), row[-1].strip()) for row in rows]


def _assert_same(old: Path, new: Path) -> None:
    """Compare decoded frames, and the packets of the audio."""
    frames = ("-map", "0:v", "-fps_mode", "passthrough")
    assert _hashes(new, *frames) == _hashes(old, *frames)
    audio = ("-map", "0:a", "-c", "copy")
    assert _hashes(new, *audio) == _hashes(old, *audio)


def test_recordings_of_minutes_become_seekable_and_lose_nothing(
    site: Any, minutes_recorded: bytes, minutes: LongVideo, tmp_path: Path
) -> None:
    recorded = tmp_path / "recorded.mp4"
    recorded.write_bytes(minutes_recorded)
    assert b"moof" in _boxes(minutes_recorded)
    begun = _record(site, minutes_recorded)
    assert begun.fragmented == ()
    assert _stored(site, begun.event_id) == [{"original.2", "room.2"}] * 2
    assert _stored(site, begun.event_id, "sealed") == [{"original.2", "room.2"}] * 2
    for role in ("original", "room"):
        exported = _exported(site, begun.event_id, tmp_path / role, role)
        kinds = _boxes(exported.read_bytes())
        assert kinds.count(b"moov") == 1
        assert b"moof" not in kinds
        _assert_same(recorded, exported)
    with site.opened("rita") as archive:
        assert len(archive.event(begun.event_id).frames()) == minutes.frame_count
        with pytest.raises(WrongState, match="needs no finalising"):
            finalise_event(archive, begun.event_id)
    with site.opened("adam") as archive:
        assert check_copies(archive, read_all=True).findings == ()
        assert verify_audit(archive).is_sound


def test_the_recording_has_its_end_first(
    site: Any, fragmented: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[EventState, list[tuple[str, str]]]] = []
    seal = seekable._seal

    def look(*given: Any) -> Any:
        event_id = given[1].identity.event_id
        with site.opened("adam") as archive:
            rows = archive._session.catalog.audit.rows(event_id=event_id)
            ended = [(row.action, row.outcome) for row in rows if row.outcome == "done"]
            seen.append((archive.event(event_id).row.state, ended))
        return seal(*given)

    monkeypatch.setattr(seekable, "_seal", look)
    _record(site, fragmented, at_end=lambda begun: seen.clear())
    assert seen == [(EventState.RECORDED, [("record", "done")])] * 2


def test_what_is_sealed_later_is_whole_until_then_and_gives_way_to_others(
    site: Any, fragmented: bytes, tmp_path: Path
) -> None:
    paces: list[int] = []
    with site.opened("olga") as archive:
        with record_event(archive, REQUEST, seals_later=True) as begun:
            begun.sink.write(fragmented)
            begun.finish(3.0, TIMES)
        assert _stored(site, begun.event_id) == [{"original.1"}] * 2
        exported = _exported(site, begun.event_id, tmp_path / "before")
        assert b"moof" in _boxes(exported.read_bytes())
        begun.make_seekable(lambda: paces.append(0))
        assert begun.fragmented == ()
        assert len(paces) > 1
        with record_event(archive, REQUEST, seals_later=True) as deleted:
            deleted.sink.write(fragmented)
            deleted.finish(3.0, TIMES)
        with site.opened("adam") as administrator:
            delete_event(administrator, deleted.event_id, "duplicate")
        deleted.make_seekable()
        [sentence] = deleted.fragmented
        assert "the event is deleted; nothing of them is lost" in sentence
    assert _stored(site, begun.event_id) == [{"original.2"}] * 2
    assert b"moof" not in _boxes(_exported(site, begun.event_id, tmp_path).read_bytes())
    with site.opened("adam") as archive:
        assert check_copies(archive, read_all=True).findings == ()
        assert verify_audit(archive).is_sound


def test_who_was_granted_the_recording_meanwhile_opens_the_seekable_file(
    site: Any, fragmented: bytes
) -> None:
    def give(begun: EventRecording) -> None:
        with site.opened("adam") as archive:
            add_user(archive, "rolf", Profile.REVIEWER, Password(PASSWORD))
        with site.opened("rita") as archive:
            grant(archive, begun.event_id, "rolf")

    begun = _record(site, fragmented, TIMES, at_end=give)
    assert begun.fragmented == ()
    for user in ("rita", "rolf"):
        with site.opened(user) as archive, archive.event(begun.event_id).video() as file:
            assert b"moof" not in _boxes(file.read())


def test_a_grant_while_it_is_made_seekable_counts(
    site: Any, fragmented: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = seekable._check
    given: list[str] = []

    def give(*arguments: Any) -> None:
        check(*arguments)
        event_id = arguments[0].identity.event_id
        if not given:
            with site.opened("adam") as archive:
                add_user(archive, "rudi", Profile.REVIEWER, Password(PASSWORD))
            with site.opened("rita") as archive:
                given.extend(grant(archive, event_id, "rudi", ["original"]))

    monkeypatch.setattr(seekable, "_check", give)
    begun = _record(site, fragmented, TIMES)
    [said] = begun.fragmented
    assert "original stays fragmented MP4" in said
    assert "who can open it was changed meanwhile" in said
    assert _stored(site, begun.event_id) == [{"original.1", "room.2"}] * 2
    with site.opened("rudi") as archive, archive.event(begun.event_id).video() as file:
        assert file.read() == fragmented


def _no_space(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def usage(path: Path) -> Any:
        return _Usage(10**9, 10**9, 10**6 if Path(path) == site.mirror else 10**9)

    monkeypatch.setattr(shutil, "disk_usage", usage)


def _unreadable(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def remux(source: Any, writer: Any, _: Any) -> None:
        writer.write(source.read(100_000))
        raise DecodeError("a packet is not whole")

    monkeypatch.setattr(seekable, "remux_whole", remux)


def _full(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def remux(source: Any, writer: Any, _: Any) -> None:
        writer.write(source.read(100_000))
        raise ArchiveError("no space left on device")

    monkeypatch.setattr(seekable, "remux_whole", remux)


@pytest.mark.parametrize(
    ("fail", "why"),
    [
        (_no_space, "MB of space for it"),
        (_unreadable, "a packet is not whole"),
        (_full, "no space left"),
    ],
)
def test_what_cannot_be_made_seekable_stays_and_is_finalised_later(
    site: Any,
    fragmented: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fail: Callable[[Any, pytest.MonkeyPatch], None],
    why: str,
) -> None:
    recorded = tmp_path / "recorded.mp4"
    recorded.write_bytes(fragmented)
    with monkeypatch.context() as failing:
        fail(site, failing)
        begun = _record(site, fragmented, TIMES)
    assert len(begun.fragmented) == 2
    assert all(why in said and "workbench event finalise" in said for said in begun.fragmented)
    assert _stored(site, begun.event_id) == [{"original.1", "room.1"}] * 2
    assert _stored(site, begun.event_id, "sealed") == [{"original.1", "room.1"}] * 2
    assert _exported(site, begun.event_id, tmp_path / "before").read_bytes() == fragmented
    with site.opened("rita") as archive:
        result = finalise_event(archive, begun.event_id)
        assert (result.event.row.state, result.frame_count) == (EventState.RECORDED, 60)
        assert [file.was_whole for file in result.files] == [True, True]
        assert len(result.event.frames()) == 60
    assert _stored(site, begun.event_id) == [{"original.2", "room.2"}] * 2
    _assert_same(recorded, _exported(site, begun.event_id, tmp_path / "after"))
    with site.opened("adam") as archive:
        assert check_copies(archive, read_all=True).findings == ()
        assert verify_audit(archive).is_sound


def test_a_recording_whose_mirror_goes_away_stays_as_it_is(site: Any, fragmented: bytes) -> None:
    away = site.mirror.with_name("away")
    begun = _record(site, fragmented, at_end=lambda begun: shutil.move(site.mirror, away))
    shutil.rmtree(site.mirror, ignore_errors=True)
    shutil.move(away, site.mirror)
    assert len(begun.fragmented) == 2
    assert _stored(site, begun.event_id, "sealed") == [{"original.1", "room.1"}] * 2
    with site.opened("rita") as archive, archive.event(begun.event_id).video() as file:
        assert file.read() == fragmented


@pytest.mark.parametrize("content", [b"", b"v" * 300_000])
def test_another_container_stays_and_nothing_is_said(site: Any, content: bytes) -> None:
    begun = _record(site, content)
    assert begun.fragmented == ()
    assert _stored(site, begun.event_id) == [{"original.1", "room.1"}] * 2
    with site.opened("rita") as archive:
        with archive.event(begun.event_id).video() as file:
            assert file.read() == content
        with pytest.raises(WrongState, match="needs no finalising"):
            finalise_event(archive, begun.event_id)


def test_a_recording_with_other_frames_than_were_counted_stays(
    site: Any, fragmented: bytes
) -> None:
    begun = _record(site, fragmented, FrameTimes(Fraction(1, 20), np.arange(61)))
    [said] = begun.fragmented
    assert "60 frames can be read in it, and 61 were said to be recorded" in said
    assert _stored(site, begun.event_id) == [{"original.1", "room.2"}] * 2
    with site.opened("rita") as archive:
        with pytest.raises(EncodeError, match="60 frames can be read"):
            finalise_event(archive, begun.event_id)
        assert len(archive.event(begun.event_id).frames()) == 61


_RECORDER = """
import sys
from pathlib import Path
from recorder_core.archive import Password
from recorder_core.jobs.archive import Credentials, RecordingRequest, open_archive, record_event
content = Path(sys.argv[2]).read_bytes()
with open_archive(Path(sys.argv[1]), Credentials("olga", Password(sys.argv[3]))) as archive:
    with record_event(archive, RecordingRequest(procedure_code="demo")) as recording:
        recording.sink.write(content)
        recording.finish(240.0)
        print(recording.event_id, flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("kill", range(5))
def test_a_kill_leaves_one_of_the_two_files_whole(
    site: Any, minutes_recorded: bytes, tmp_path: Path, kill: int
) -> None:
    recorded = tmp_path / "recorded.mp4"
    recorded.write_bytes(minutes_recorded)
    command = [sys.executable, "-c", _RECORDER, str(site.path), str(recorded), PASSWORD]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        event_id = worker.stdout.readline().strip()
        time.sleep(random.Random(kill).uniform(0.0, 1.0))
        worker.kill()
    with site.opened("rita") as archive:
        assert archive.event(event_id).row.state is EventState.RECORDED
        with archive.event(event_id).video() as file:
            content = file.read()
        if b"moof" in _boxes(content):
            assert content == minutes_recorded
            finalise_event(archive, event_id)
    _assert_same(recorded, _exported(site, event_id, tmp_path / "usb"))
    with site.opened("adam") as archive:
        assert {each.part for each in check_copies(archive, read_all=True).findings} <= {"leftover"}
        assert repair_copies(archive).is_sound
        assert check_copies(archive, read_all=True).findings == ()
        assert verify_audit(archive).is_sound

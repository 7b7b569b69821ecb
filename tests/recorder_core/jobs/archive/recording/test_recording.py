"""Recording into the archive, and what a crash leaves of it."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from recorder_core.archive import Password, SealedReader
from recorder_core.catalog import EventState
from recorder_core.errors import (
    ArchiveTruncated,
    NoKeyMatches,
    NotAllowed,
    NotInCatalog,
    PayloadDamaged,
    SettingsError,
    WrongCopy,
    WrongState,
)
from recorder_core.jobs.archive import (
    Credentials,
    EventNames,
    EventRecording,
    RecordingRequest,
    archive_status,
    check_copies,
    delete_event,
    disable_user,
    finalise_event,
    grant,
    mark_event,
    open_archive,
    open_copy,
    record_event,
    repair_copies,
    sign_off,
    verify_audit,
)
from recorder_core.model import EventClock, FrameTimes
from recorder_core.model.values import event_clock
from tests.integration.documents.blocks import ROOT, programs_of
from tests.recorder_core.jobs.archive.conftest import PASSWORD

REQUEST = RecordingRequest(
    procedure_code="lap-chole", names=EventNames(patient_name="Zephyrina Ångström-Qux")
)


@contextmanager
def recording(site: Any) -> Iterator[EventRecording]:
    with site.opened("olga") as archive, record_event(archive, REQUEST) as begun:
        yield begun


def cut_off(site: Any, content: bytes) -> str:
    """Record a while and stop without an end, as a crash would."""
    with recording(site) as begun:
        begun.sink.write(content)
    return begun.event_id


def shown(file: Any) -> list[int]:
    """Return the times of the frames up to the one on which the cut fell."""
    times = []
    with av.open(file) as container, suppress(av.error.InvalidDataError):
        for frame in container.decode(video=0):
            times.append(frame.pts)
    return times


def frames(file: Any) -> int:
    with av.open(file) as container:
        return sum(1 for _ in container.decode(video=0))


def test_a_recording_is_an_event_from_its_first_moment_on(site: Any, fragmented: bytes) -> None:
    index = FrameTimes(Fraction(1, 20), np.arange(60))
    with site.opened("olga") as olga, record_event(olga, REQUEST) as begun:
        begun.sink.write(fragmented[:1000])
        assert begun.event.row.state is EventState.RECORDING
        mark_event(olga, begun.event.event_id, "incision", start_seconds=1.0)
        begun.sink.write(fragmented[1000:])
        event = begun.finish(3.0, index)
        assert (event.row.state, event.row.is_complete) == (EventState.RECORDED, True)
    with site.opened("rita") as archive:
        event = archive.event(event.event_id)
        assert event.incomplete() is None
        assert event.names().patient_name == "Zephyrina Ångström-Qux"
        assert event.markers()["kind"].tolist() == ["incision"]
        assert len(event.frames()) == 60
        with event.video() as file:
            assert shown(file) == shown(io.BytesIO(fragmented))
    with site.opened("adam") as archive:
        assert check_copies(archive, read_all=True).findings == ()
        assert verify_audit(archive).remarks == ()


def test_while_it_runs_it_can_be_watched_and_granted_but_not_finalised(
    site: Any, fragmented: bytes
) -> None:
    with recording(site) as begun:
        begun.sink.write(fragmented)
        begun.sink.sync()
        with site.opened("rita") as archive:
            event = archive.event(begun.event_id)
            found = event.incomplete()
            assert found is not None
            assert (found.is_running, found.seconds) == (True, pytest.approx(3.0))
            assert found.sentence == "being recorded now, 3.0 seconds authentic"
            with event.video(incomplete=True) as file:
                assert frames(file) == 60
            with pytest.raises(ArchiveTruncated, match="incomplete=True"):
                event.video()
            with pytest.raises(WrongState, match="at this moment"):
                finalise_event(archive, begun.event_id)
            assert grant(archive, begun.event_id, "rita") == ["original", "journal", "identity"]
        with site.opened("adam") as archive:
            with pytest.raises(WrongState, match="at this moment"):
                delete_event(archive, begun.event_id, "duplicate")
            assert "being recorded now" in " ".join(archive_status(archive).notices)
            assert repair_copies(archive).is_sound
        begun.finish(3.0)


@pytest.mark.parametrize("share", [0.99, 0.5])
def test_a_cut_off_recording_plays_and_is_finalised(
    site: Any, fragmented: bytes, share: float
) -> None:
    event_id = cut_off(site, fragmented[: int(len(fragmented) * share)])
    with site.opened("rita") as archive:
        event = archive.event(event_id)
        found = event.incomplete()
        assert found is not None
        assert not found.is_running
        assert found.seconds is not None
        assert found.sentence == f"incomplete, {found.seconds:.1f} seconds authentic"
        with event.video(incomplete=True) as file:
            played = shown(file)
        result = finalise_event(archive, event_id)
        assert result.is_playable
        assert result.seconds == pytest.approx(found.seconds)
        assert result.event.row.state is EventState.RECORDED
        assert not result.event.row.is_complete
        assert result.event.row.duration_seconds == pytest.approx(found.seconds)
        frames = result.event.frames()
        assert len(frames) == result.frame_count
        assert played == frames["pts"].tolist()[: len(played)]
        assert len(played) >= result.frame_count - 2  # two wait for a later one in the decoder
        with result.event.video() as file, av.open(file) as container:
            container.seek(int(found.seconds * 500_000))
            decoded = [frame.pts for frame in container.decode(video=0)]
            assert decoded[-1] == frames["pts"].iloc[-1]
        with pytest.raises(WrongState, match="needs no finalising"):
            finalise_event(archive, event_id)
    with site.opened("adam") as archive:
        assert check_copies(archive, read_all=True).findings == ()
        [done] = [
            row
            for row in archive._session.catalog.audit.rows(event_id=event_id)
            if (row.action, row.outcome) == ("finalise_event", "done")
        ]
        assert done.who == "rita"
    for root in (site.path, site.mirror):
        left = {path.name for path in (root / "events" / event_id).iterdir()}
        assert left == {"original.2.key", "original.2.sealed"}


def test_who_cannot_open_it_is_told_that_it_is_incomplete(site: Any, fragmented: bytes) -> None:
    event_id = cut_off(site, fragmented)
    for user in ("olga", "adam", "rosa"):
        with site.opened(user) as archive:
            found = archive.event(event_id).incomplete()
            assert found is not None
            assert found.seconds is None
            assert found.sentence == "incomplete"
            with pytest.raises(NotAllowed):
                archive.event(event_id).video(incomplete=True)
    with site.opened("adam") as archive:
        assert f"workbench event finalise {event_id}" in " ".join(archive_status(archive).faults)
        with pytest.raises(NoKeyMatches):
            finalise_event(archive, event_id)
    with open_archive(site.path, Credentials("adam", Password("correct horse"), site.words)) as all:
        assert finalise_event(all, event_id).frame_count == 60
    with site.opened("rita") as archive, archive.event(event_id).video() as file:
        assert frames(file) == 60


def test_repair_leaves_a_cut_off_recording_alone(site: Any, fragmented: bytes) -> None:
    event_id = cut_off(site, fragmented)
    with site.opened("adam") as archive:
        assert check_copies(archive, read_all=True).findings == ()
        assert repair_copies(archive).is_sound
    with site.opened("rita") as archive:
        assert finalise_event(archive, event_id).frame_count == 60


def test_each_copy_of_a_cut_off_recording_covers_the_other(site: Any, fragmented: bytes) -> None:
    event_id = cut_off(site, fragmented)
    tail = site.path / "events" / event_id / "original.1.tail"
    tail.write_bytes(tail.read_bytes()[:100])
    with site.opened("rita") as archive:
        assert finalise_event(archive, event_id).frame_count == 60


def test_damage_on_every_copy_stops_the_finalising_and_nothing_is_lost(
    site: Any, fragmented: bytes
) -> None:
    with recording(site) as begun:
        for _ in range(3):  # several segments; what follows the first video is no video
            begun.sink.write(fragmented)
    event_id = begun.event_id
    for root in (site.path, site.mirror):
        stream = root / "events" / event_id / "original.1.sealed"
        content = bytearray(stream.read_bytes())
        content[60] ^= 1
        stream.write_bytes(content)
    with site.opened("rita") as archive, pytest.raises(PayloadDamaged, match="segment 0"):
        finalise_event(archive, event_id)
    with site.opened("adam") as archive:
        assert archive.event(event_id).row.state is EventState.RECORDING
        assert check_copies(archive).findings == ()


def test_a_recording_without_a_frame_is_kept_as_it_is_and_can_be_deleted(site: Any) -> None:
    event_id = cut_off(site, b"ftyp, and the camera failed")
    with site.opened("rita") as archive:
        result = finalise_event(archive, event_id)
        assert (result.is_playable, result.frame_count, result.seconds) == (False, 0, 0.0)
        with result.event.video() as file:
            assert file.read() == b"ftyp, and the camera failed"
    with site.opened("adam") as archive:
        assert delete_event(archive, event_id, "recorded_by_mistake").file_count == 1


def test_a_cut_off_recording_can_be_deleted_unfinalised(site: Any, fragmented: bytes) -> None:
    event_id = cut_off(site, fragmented)
    with site.opened("adam") as archive:
        assert delete_event(archive, event_id, "test_recording").file_count == 2
    for root in (site.path, site.mirror):
        assert not (root / "events" / event_id).exists()


def test_a_crash_between_the_end_and_the_catalog_loses_nothing(
    site: Any, fragmented: bytes
) -> None:
    with recording(site) as begun:
        begun.sink.write(fragmented)
        begun.sink.close()
    with site.opened("rita") as archive:
        result = finalise_event(archive, begun.event_id)
        assert result.frame_count == 60
        assert result.event.row.is_complete
        assert result.event.row.clock_step_seconds is None


def test_an_interrupted_finalising_is_repeated(
    site: Any, fragmented: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_id = cut_off(site, fragmented)
    with site.opened("rita") as archive:
        with monkeypatch.context() as patch:
            patch.setattr(archive._session.catalog.contents, "remove_file", _stop)
            with pytest.raises(KeyboardInterrupt):
                finalise_event(archive, event_id)
        assert archive.event(event_id).row.state is EventState.RECORDING
        assert finalise_event(archive, event_id).frame_count == 60
    with site.opened("adam") as archive:
        assert check_copies(archive, read_all=True).findings == ()


def _stop(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


_RECORDER = """
import sys
from pathlib import Path
from recorder_core.archive import Password
from recorder_core.jobs.archive import Credentials, RecordingRequest, open_archive, record_event
content = Path(sys.argv[2]).read_bytes()
with open_archive(Path(sys.argv[1]), Credentials("olga", Password(sys.argv[3]))) as archive:
    with record_event(archive, RecordingRequest(procedure_code="demo")) as recording:
        for place in range(0, len(content), 997):
            recording.sink.write(content[place : place + 997])
            recording.sink.sync()
            print(recording.event_id, min(place + 997, len(content)), flush=True)
        sys.stdin.read()
"""


@pytest.mark.parametrize("steps", [1, 20, 60])
def test_a_killed_recorder_loses_nothing_that_was_durable(
    site: Any, fragmented: bytes, tmp_path: Path, steps: int
) -> None:
    source = tmp_path / "content"
    source.write_bytes(fragmented)
    command = [sys.executable, "-c", _RECORDER, str(site.path), str(source), "correct horse"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        said = [worker.stdout.readline() for _ in range(steps)]
        worker.kill()
        said += worker.stdout.readlines()
    event_id, durable = said[-1].split()
    with site.opened("rita") as archive:
        event = archive.event(event_id)
        found = event.incomplete()
        assert found is not None
        assert not found.is_running
        with event.video(incomplete=True) as file:
            content = file.read()
        assert len(content) >= int(durable)
        assert fragmented.startswith(content)
        result = finalise_event(archive, event_id)
        assert result.seconds == found.seconds
        assert result.is_playable is (found.seconds > 0)
    with site.opened("adam") as archive:
        report = verify_audit(archive)
        assert report.is_sound
        assert [remark for remark in report.remarks if "record has no outcome" in remark]


def test_the_finalised_file_knows_the_cut_one_as_an_older_copy(
    site: Any, fragmented: bytes
) -> None:
    event_id = cut_off(site, fragmented)
    folder = site.path / "events" / event_id
    old = (folder / "original.1.sealed").read_bytes()
    with site.opened("rita") as archive:
        finalise_event(archive, event_id)
        (folder / "original.2.sealed").write_bytes(old)
        file = archive._session.stored(archive.event(event_id).file("original"))
        key = archive._session.identity.keys[0]
        with pytest.raises(WrongCopy, match="older copy, generation 1"):
            SealedReader(site.path / file.name, key, file.identity)


def test_a_mirror_that_fails_does_not_stop_a_recording(site: Any, fragmented: bytes) -> None:
    faults: list[Any] = []
    request = RecordingRequest(procedure_code="demo", on_fault=faults.append)
    with site.opened("olga") as archive, record_event(archive, request) as begun:
        shutil.move(site.mirror, site.mirror.with_name("unplugged"))
        begun.sink.write(fragmented)
        begun.sink.sync()
        event: Any = begun.finish(3.0)
    assert {fault.root for fault in faults} == {site.mirror}
    with site.opened("rita") as reading, reading.event(event.event_id).video() as file:
        assert frames(file) == 60


def test_only_an_operator_records(site: Any) -> None:
    for user in ("rita", "rosa", "egon", "adam"):
        with (
            site.opened(user) as archive,
            pytest.raises(NotAllowed),
            record_event(archive, REQUEST),
        ):
            pass


def test_a_recording_that_cannot_be_entered_leaves_nothing(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site.opened("olga") as archive:
        monkeypatch.setattr(archive._session.catalog.contents, "open_file", _stop)
        with pytest.raises(KeyboardInterrupt), record_event(archive, REQUEST):
            pass
        assert archive.events() == []
    assert not any((site.path / "events").iterdir())


def test_nothing_in_clear_is_written(site: Any, fragmented: bytes) -> None:
    event_id = cut_off(site, fragmented)
    with site.opened("rita") as archive:
        finalise_event(archive, event_id)
    piece = fragmented[2000:2040]
    for root in (site.path, site.mirror):
        for path in root.rglob("*"):
            assert not path.is_file() or piece not in path.read_bytes()


def test_a_recording_that_no_reviewer_will_open_says_so_before_its_first_byte(site: Any) -> None:
    with recording(site) as begun:
        assert begun.warning is None
    with site.opened("adam") as archive:
        disable_user(archive, "rita")
    with recording(site) as begun:
        assert "sealed to nobody but the recovery key" in str(begun.warning)
        assert all(entry.is_recovery for entry in begun.sink.key_file.entries)


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -3.0])
def test_a_length_that_is_none_is_refused_and_the_recording_goes_on(
    site: Any, fragmented: bytes, seconds: float
) -> None:
    with recording(site) as begun:
        begun.sink.write(fragmented)
        with pytest.raises(SettingsError, match=f"cannot last {seconds} s; give seconds from 0"):
            begun.finish(seconds)
        assert not begun.sink.closed
        assert begun.finish(3.0).row.duration_seconds == 3.0


def test_a_recording_is_finished_once(site: Any, fragmented: bytes) -> None:
    with recording(site) as begun:
        begun.sink.write(fragmented)
        begun.finish(3.0)
        with pytest.raises(WrongState, match="is already finished"):
            begun.finish(4.0)
        assert begun.event.row.duration_seconds == 3.0
    with recording(site) as cut:
        cut.sink.write(fragmented)
    with pytest.raises(WrongState, match=f"'workbench event finalise {cut.event_id}'"):
        cut.finish(3.0)


def test_without_frame_times_the_frames_say_why_until_the_video_is_seekable(
    site: Any, fragmented: bytes
) -> None:
    with recording(site) as begun:
        begun.sink.write(fragmented)
        begun.finish(3.0)
        with site.opened("rita") as archive:
            event = archive.event(begun.event_id)
            with pytest.raises(NotInCatalog, match="its recorder gave none; decode the video"):
                event.frames()
            with event.video() as file:
                assert len(shown(file)) == 60
    with site.opened("rita") as archive:
        event = archive.event(begun.event_id)
        with event.video() as file:
            assert shown(file) == event.frames()["pts"].tolist()


class _Clocks:
    """Wall and monotonic clock of a machine; they stand still unless a test waits."""

    def __init__(self) -> None:
        self.monotonic_seconds = 5000.0
        self.utc = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.utc

    def wait(self, seconds: float) -> None:
        self.monotonic_seconds += seconds
        self.utc += timedelta(seconds=seconds)


@pytest.fixture
def clocks(site: Any, monkeypatch: pytest.MonkeyPatch) -> _Clocks:
    made = site.clock = _Clocks()
    monotonic = SimpleNamespace(monotonic=lambda: made.monotonic_seconds)
    monkeypatch.setattr(event_clock, "time", monotonic)
    return made


@pytest.mark.parametrize("step_seconds", [0.0, -7200.0, 40.0])
def test_only_a_wall_clock_that_was_set_meanwhile_is_a_step(
    site: Any,
    fragmented: bytes,
    clocks: _Clocks,
    monkeypatch: pytest.MonkeyPatch,
    step_seconds: float,
) -> None:
    began = clocks.utc
    with recording(site) as begun:
        clocks.wait(3.0)  # until the sources give frames
        begun.sink.write(fragmented)
        clocks.wait(60.0)
        clocks.utc += timedelta(seconds=step_seconds)
        seal = begun.sink.close

        def seal_slowly() -> None:
            clocks.wait(4.0)
            seal()

        monkeypatch.setattr(begun.sink, "close", seal_slowly)
        row = begun.finish(begun.clock.seconds(clocks.monotonic_seconds)).row
    assert (row.started_utc, row.duration_seconds) == (began, 63.0)
    assert row.stopped_utc == began + timedelta(seconds=63)
    assert (row.clock_step_seconds or 0.0) == step_seconds


def test_a_recorder_that_knows_when_it_began_gives_the_clock(
    site: Any, fragmented: bytes, clocks: _Clocks
) -> None:
    clock = EventClock.now(clocks)
    clocks.wait(3.0)
    with site.opened("olga") as archive, record_event(archive, REQUEST, clock=clock) as begun:
        assert begun.clock is clock
        begun.sink.write(fragmented)
        clocks.wait(30.0)
        row = begun.finish(30.0).row  # three seconds ago
    assert (row.started_utc, row.duration_seconds) == (clock.zero_utc, 30.0)
    assert row.clock_step_seconds is None


def test_the_documented_programs_run_as_they_stand(site: Any, with_copy: str) -> None:
    with site.opened("rita") as archive:
        open_copy(archive, with_copy, site.path.with_name("watched"))
        sign_off(archive, with_copy)
    made: dict[str, Any] = {}
    for program, who in zip(
        programs_of(ROOT / "docs" / "archive.md"), ("ana", "olaf"), strict=True
    ):
        assert program.count(f'Path("/srv/archive"), Credentials("{who}", Password("..."))') == 1
        here = program.replace("/srv/archive", str(site.path)).replace('"..."', repr(PASSWORD))
        here = here.replace('"ana"', '"rita"').replace('"olaf"', '"olga"')
        exec(compile(here, "archive.md", "exec"), made)
    assert len(made["frames"]) == 60
    assert set(made["signals"]["signal"]) == {"bis", "heart-rate"}
    assert len(made["detections"]) == 1
    with site.opened("rita") as archive:
        recorded = archive.event(made["recording"].event_id)
        assert (recorded.row.duration_seconds, len(recorded.frames())) == (3600.0, 108_000)
        assert recorded.signals()["value"].tolist() == [41.5, 72.0]
        assert recorded.markers()["kind"].tolist() == ["incision"]

"""An event of several files that are recorded at once, and what a crash leaves of each."""

from __future__ import annotations

import io
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from profiling.benches.long_videos import LongVideo
from recorder_core.archive import Password
from recorder_core.catalog import EventState, Profile
from recorder_core.errors import (
    ArchiveError,
    ArchiveTruncated,
    DataError,
    NotAllowed,
    PayloadDamaged,
    SettingsError,
    WrongState,
)
from recorder_core.jobs.archive import (
    Credentials,
    EventNames,
    EventRecording,
    RecordingRequest,
    add_user,
    adopt_event,
    backup_archive,
    check_copies,
    delete_event,
    export_event,
    finalise_event,
    grant,
    open_archive,
    record_event,
    repair_copies,
    verify_audit,
)
from recorder_core.jobs.archive.recording import streams
from recorder_core.model import FrameTimes
from recorder_core.tables import SignalRow
from tests.recorder_core.jobs.archive.conftest import PASSWORD
from tests.recorder_core.jobs.archive.recording.earlier_catalog import earlier_catalog

REQUEST = RecordingRequest(
    procedure_code="lap-chole", names=EventNames(patient_name="Zephyrina Ångström-Qux")
)
#: what occurs in no other note
NOTE = "Quellmarker was called"
GREY = np.full((48, 64, 3), 90, np.uint8)
ROLES = {"original", "room", "signals", "journal", "screenshot"}


def _rows(second: float) -> list[SignalRow]:
    """Return what two devices give at one moment."""
    return [
        SignalRow("bis", "", second, 40.0 + second % 7),
        SignalRow("heart-rate", "1/min", second, 72.0),
    ]


def _fill(begun: EventRecording, content: bytes, seconds: int) -> None:
    """Record two videos and signals, a mark and a screenshot."""
    room, signals = begun.open_stream("room"), begun.open_signals()
    for second in range(seconds):
        size = len(content) // seconds + 1
        piece = content[second * size : (second + 1) * size]
        begun.sink.write(piece)
        room.sink.write(piece)
        signals.append(_rows(float(second)))
        signals.sink.sync()
        if second == 1:
            begun.journal.mark("incision", start_seconds=1.0, note=NOTE)
            begun.journal.add_screenshot(GREY, frame_index=20, pts=20, at_seconds=1.0)


@contextmanager
def _recording(site: Any, **changes: Any) -> Iterator[EventRecording]:
    with site.opened("olga") as archive, record_event(archive, REQUEST) as begun:
        yield begun


def _cut_off(site: Any, content: bytes, seconds: int = 3) -> str:
    with _recording(site) as begun:
        _fill(begun, content, seconds)
    return begun.event_id


def _names(root: Path, event_id: str) -> set[str]:
    return {path.name for path in (root / "events" / event_id).iterdir()}


def _ffprobe_frames(path: Path) -> int:
    """Return how many frames FFmpeg's own tool decodes."""
    command = ["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v:0"]
    command += ["-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", str(path)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _catalog(root: Path, sql: str, *values: str) -> list[Any]:
    """Read a copy of the catalog with SQLite itself."""
    with closing(sqlite3.connect(f"file:{root / 'catalog.db'}?mode=ro", uri=True)) as database:
        return database.execute(sql, values).fetchall()


def test_an_event_has_its_files_from_their_first_moment_to_its_end(
    site: Any, fragmented: bytes, tmp_path: Path
) -> None:
    with _recording(site) as begun:
        _fill(begun, fragmented, 3)
        roles = _catalog(site.path, "SELECT role, is_complete FROM files ORDER BY role")
        assert roles == [
            ("journal", 0),
            ("original", 0),
            ("room", 0),
            ("screenshot", 1),
            ("signals", 0),
        ]
        begun.finish(3.0, FrameTimes(Fraction(1, 20), np.arange(60)))
    event_id = begun.event_id
    files = {"journal.1", "original.2", "room.2", "screenshot.1", "signals.2"}
    for root in (site.path, site.mirror):
        assert _names(root, event_id) == {
            f"{name}.{end}" for name in files for end in ("key", "sealed")
        }
        assert {
            Path(name).name
            for (name,) in _catalog(root, "SELECT file_id FROM files WHERE is_complete = 1")
        } == files
    with site.opened("rita") as archive:
        export_event(
            archive, event_id, tmp_path, ["original", "room", "signals", "screenshot", "journal"]
        )
        event = archive.event(event_id)
        assert event.row.is_complete
        assert event.markers()["kind"].tolist() == ["incision"]
        assert [signal.sample_count for signal in event.signal_rows()] == [3, 3]
    assert _ffprobe_frames(tmp_path / f"{event_id}.original.mp4") == 60
    assert _ffprobe_frames(tmp_path / f"{event_id}.room.mp4") == 60
    table = pq.read_table(tmp_path / f"{event_id}.signals.parquet")
    assert table.column_names == ["signal", "unit", "seconds", "value"]
    assert table["signal"].to_pylist() == ["bis"] * 3 + ["heart-rate"] * 3
    assert table["seconds"].to_pylist() == [0.0, 1.0, 2.0] * 2
    with Image.open(tmp_path / f"{event_id}.screenshot.1.jpg") as picture:
        assert picture.size == (64, 48)
    [shot] = _catalog(site.path, "SELECT frame_index, pts, at_seconds, author FROM screenshots")
    assert shot == (20, 20, 1.0, "olga")
    with site.opened("adam") as archive:
        assert check_copies(archive, read_all=True).findings == ()
        assert verify_audit(archive).findings == ()


def test_each_file_is_its_readers_alone(site: Any, fragmented: bytes) -> None:
    event_id = _cut_off(site, fragmented)
    with site.opened("rosa") as archive:
        event = archive.event(event_id)
        assert len(event.signals(incomplete=True)) == 6
        with pytest.raises(ArchiveTruncated):
            event.signals()
        for role in ("original", "room", "journal"):
            with pytest.raises(NotAllowed):
                event.open_file(role, incomplete=True)
    with site.opened("olga") as archive, pytest.raises(NotAllowed):
        archive.event(event_id).signals(incomplete=True)
    for root in (site.path, site.mirror):
        for path in root.rglob("*"):
            assert not path.is_file() or NOTE.encode() not in path.read_bytes()


def test_what_is_cut_off_is_finalised_together_and_says_what_each_has_lost(
    site: Any, fragmented: bytes
) -> None:
    event_id = _cut_off(site, fragmented[: len(fragmented) // 2])
    for root in (site.path, site.mirror):  # the last batch of signals is torn
        tail = root / "events" / event_id / "signals.1.tail"
        tail.write_bytes(tail.read_bytes()[:-40])
    with site.opened("rita") as archive:
        event = archive.event(event_id)
        found = event.incomplete()
        assert found is not None
        assert found.roles == ("original", "journal", "room", "signals")
        assert (
            found.sentence
            == f"incomplete, {found.seconds:.1f} seconds authentic, with room, signals"
        )
        result = finalise_event(archive, event_id)
        said = {file.role: file for file in result.files}
        assert set(said) == ROLES - {"screenshot"}
        assert said["original"].count == said["room"].count == result.frame_count > 0
        assert said["original"].seconds == pytest.approx(result.seconds)
        assert not any(file.was_whole for file in result.files)
        assert (said["journal"].count, said["journal"].lost_bytes) == (2, 0)
        assert (said["signals"].count, said["signals"].seconds) == (4, 1.0)
        event = result.event
        assert (event.row.state, event.row.is_complete) == (EventState.RECORDED, False)
        assert len(event.signals()) == said["signals"].count
        assert len(archive.catalog.contents.screenshots(event_id)) == 1
        assert event.markers()["kind"].tolist() == ["incision"]
        assert len(event.frames("room")) == said["room"].count
    for root in (site.path, site.mirror):
        kept = {"original.2", "room.2", "signals.2", "journal.2", "screenshot.1"}
        assert {Path(name).stem for name in _names(root, event_id)} == kept
    with site.opened("adam") as archive:
        assert check_copies(archive, read_all=True).findings == ()
        assert verify_audit(archive).findings == ()


def test_the_sentences_name_what_was_lost(site: Any, fragmented: bytes) -> None:
    with _recording(site) as begun:
        begun.sink.write(b"no video")
        begun.sink.close()
        signals = begun.open_signals()
        signals.append(_rows(5.0))
        signals.sink.write(b"\xff\xff\xff\xffhalf")
    with site.opened("rita") as archive:
        result = finalise_event(archive, begun.event_id)
    assert [file.sentence for file in result.files] == [
        "original: nothing in it can be read; what there is was kept as it was",
        "signals: 2 values up to 5.0 s, cut off there, 8 bytes lost",
    ]
    assert (result.is_playable, result.seconds) == (False, 0.0)
    assert result.event.row.duration_seconds == 5.0  # as far as the signals go


_RECORDER = """
import sys
from pathlib import Path
import numpy as np
from recorder_core.archive import Password
from recorder_core.jobs.archive import Credentials, RecordingRequest, open_archive, record_event
from recorder_core.tables import SignalRow
content, size = Path(sys.argv[2]).read_bytes(), int(sys.argv[4])
picture = np.zeros((16, 16, 3), np.uint8)
with open_archive(Path(sys.argv[1]), Credentials("olga", Password(sys.argv[3]))) as archive:
    with record_event(archive, RecordingRequest(procedure_code="demo")) as recording:
        room, signals = recording.open_stream("room"), recording.open_signals()
        for number, place in enumerate(range(0, len(content), size)):
            for sink in (recording.sink, room.sink):
                sink.write(content[place : place + size])
            rows = [SignalRow(name, "", float(number), 1.0) for name in ("bis", "sqi")]
            signals.append(rows)
            if number % 10 == 0:
                recording.journal.mark("incision", start_seconds=float(number))
                recording.journal.add_screenshot(picture, frame_index=0, pts=0, at_seconds=0.0)
            for sink in (recording.sink, room.sink, signals.sink):
                sink.sync()
            print(recording.event_id, place + size, number + 1, number // 10 + 1, flush=True)
        recording.finish(240.0)
        print("finished", flush=True)
        sys.stdin.read()
"""


def _killed(site: Any, source: Path, life_seconds: float, size: int) -> tuple[str, int, int, int]:
    """Kill a recorder; return the event, and what it said is durable: bytes, batches, marks."""
    command = [sys.executable, "-c", _RECORDER, str(site.path), str(source), PASSWORD, str(size)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        said = [worker.stdout.readline()]
        time.sleep(life_seconds)
        worker.kill()
        said += [line for line in worker.stdout if line.endswith("\n")]
    event_id, durable, batches, marks = [line for line in said if line != "finished\n"][-1].split()
    return event_id, int(durable), int(batches), int(marks)


@pytest.mark.parametrize("kill", range(3))
def test_a_killed_recorder_loses_nothing_that_was_durable_in_any_file(
    site: Any, minutes_recorded: bytes, tmp_path: Path, kill: int
) -> None:
    source = tmp_path / "content"
    source.write_bytes(minutes_recorded)
    life_seconds = random.Random(kill).uniform(0.0, 1.0)
    event_id, durable, batches, marks = _killed(site, source, life_seconds, 40_000)
    with site.opened("rita") as archive:
        event = archive.event(event_id)
        is_cut = event.row.state is EventState.RECORDING
        for role in ("original", "room"):
            with event.video(role, incomplete=True) as file:
                content = file.read()
            assert len(content) >= min(durable, len(minutes_recorded))
            assert minutes_recorded.startswith(content)
        assert len(event.signals(incomplete=True)) >= 2 * batches
        if is_cut:
            result = finalise_event(archive, event_id)
            assert all(file.is_readable for file in result.files if file.count)
            event = result.event
        table = event.signals()
        assert (table["seconds"].value_counts() == 2).all()
        assert len(event.markers()) >= marks
        assert len(archive.catalog.contents.screenshots(event_id)) >= marks
    with site.opened("adam") as archive:
        assert {each.part for each in check_copies(archive, read_all=True).findings} <= {"leftover"}
        assert repair_copies(archive).is_sound
        assert verify_audit(archive).is_sound


def test_minutes_of_two_videos_and_signals_are_finalised(
    site: Any, minutes_recorded: bytes, minutes: LongVideo, tmp_path: Path
) -> None:
    event_id = _cut_off(site, minutes_recorded[: len(minutes_recorded) * 3 // 4], seconds=180)
    with site.opened("rita") as archive:
        result = finalise_event(archive, event_id)
        export_event(archive, event_id, tmp_path, ["original", "room", "signals"])
    said = {file.role: file for file in result.files}
    assert 175 * 30 < said["original"].count <= 181 * 30
    assert (said["signals"].count, said["signals"].seconds) == (360, 179.0)
    for role in ("original", "room"):
        assert _ffprobe_frames(tmp_path / f"{event_id}.{role}.mp4") == said[role].count
    assert pq.read_table(tmp_path / f"{event_id}.signals.parquet").num_rows == 360


def test_a_mirror_that_fails_in_the_middle_stops_its_copies_alone(
    site: Any, fragmented: bytes
) -> None:
    faults: list[Any] = []
    request = RecordingRequest(procedure_code="demo", on_fault=faults.append)
    away = site.mirror.with_name("unplugged")
    with site.opened("olga") as archive, record_event(archive, request) as begun:
        _fill(begun, fragmented, 3)
        shutil.move(site.mirror, away)
        begun.journal.mark("closure", start_seconds=2.5)
        begun.journal.add_screenshot(GREY, frame_index=50, pts=50, at_seconds=2.5)
        begun.finish(3.0)
    assert {fault.root for fault in faults} == {site.mirror}
    shutil.move(away, site.mirror)
    with site.opened("adam") as archive:
        assert repair_copies(archive).is_sound
        assert check_copies(archive, read_all=True).findings == ()
    assert _names(site.mirror, begun.event_id) == _names(site.path, begun.event_id)
    with site.opened("rita") as archive:
        event = archive.event(begun.event_id)
        assert event.markers()["kind"].tolist() == ["incision", "closure"]
        assert len(event.signals()) == 6


def _record_and_lose(site: Any, content: bytes, told: list[str]) -> None:
    with site.opened("olga") as archive, record_event(archive, REQUEST) as begun:
        told.append(begun.event_id)
        _fill(begun, content, 3)
        archive._session.replicator.copy()
        # what is open stays open, the place of the disk is an empty folder
        site.path.rename(site.path.with_name("gone"))
        site.path.mkdir()
        begun.journal.mark("closure", start_seconds=2.5, note=NOTE)
        begun.journal.add_screenshot(GREY, frame_index=50, pts=50, at_seconds=2.5)
        begun.finish(3.0)


def test_an_archive_s_disk_that_fails_in_the_middle_leaves_everything_on_the_mirror(
    site: Any, fragmented: bytes
) -> None:
    told: list[str] = []
    with pytest.raises(ArchiveError, match="the recording is whole on"):
        _record_and_lose(site, fragmented, told)
    [event_id] = told
    with open_archive(site.mirror, Credentials("rita", Password(PASSWORD))) as archive:
        result = finalise_event(archive, event_id)
        event = result.event
        assert event.row.is_complete
        assert {file.role for file in event.files()} == ROLES
        assert all(file.was_whole for file in result.files)
        assert len(event.signals()) == 6
        # the catalog that went away was never told of the second of each
        assert event.markers()["kind"].tolist() == ["incision", "closure"]
        shots = archive.catalog.contents.screenshots(event_id)
        assert [shot.at_seconds for shot in shots] == [1.0, 2.5]
        for role in ("original", "room"):
            with event.video(role) as file:
                assert file.read(12)[4:8] == b"ftyp"
        with archive._session.open_sealed(
            archive._session.stored(event.file("screenshot"))
        ) as picture:
            assert Image.open(io.BytesIO(picture.readall())).size == (64, 48)


def test_an_event_of_which_the_catalog_knows_nothing_is_taken_in_with_all_its_files(
    site: Any, fragmented: bytes
) -> None:
    with earlier_catalog(site):
        event_id = _cut_off(site, fragmented)
    with site.opened("adam") as archive:
        assert adopt_event(archive, event_id).row.state is EventState.RECORDING
    with site.opened("rita") as archive:
        result = finalise_event(archive, event_id)
        assert {file.role for file in result.event.files()} == ROLES
        assert result.event.markers()["kind"].tolist() == ["incision"]
        assert len(archive.catalog.contents.screenshots(event_id)) == 1


def test_repair_backup_and_deletion_treat_all_files(
    site: Any, fragmented: bytes, tmp_path: Path
) -> None:
    event_id = _cut_off(site, fragmented)
    with site.opened("adam") as archive:
        assert check_copies(archive, read_all=True).findings == ()
        assert repair_copies(archive).is_sound
        report = backup_archive(archive, tmp_path / "backup")
        assert report.running == ()
        assert len(list((tmp_path / "backup" / "events" / event_id).glob("*.key"))) == 5
        assert delete_event(archive, event_id, "test_recording").file_count == 5
    for root in (site.path, site.mirror):
        assert not (root / "events" / event_id).exists()


def _damage(site: Any, event_id: str, name: str) -> dict[Path, bytes]:
    """Change a byte of a sealed file on every root; return what was there."""
    whole = {}
    for root in (site.path, site.mirror):
        stream = root / "events" / event_id / f"{name}.sealed"
        whole[stream] = stream.read_bytes()
        content = bytearray(whole[stream])
        content[60] ^= 1
        stream.write_bytes(content)
    return whole


def _cut_off_padded(site: Any, content: bytes) -> str:
    """Record two videos of several segments each, and signals; stop without an end."""
    padding_bytes = 300_000  # of an empty box
    padded = content + padding_bytes.to_bytes(4, "big") + b"free" + bytes(padding_bytes - 8)
    with _recording(site) as begun:
        room, signals = begun.open_stream("room"), begun.open_signals()
        for sink in (begun.sink, room.sink):
            sink.write(padded)
        signals.append(_rows(1.0))
    return begun.event_id


def test_a_file_that_is_damaged_on_every_copy_is_left_and_named_and_the_others_are_finalised(
    site: Any, fragmented: bytes, tmp_path: Path
) -> None:
    event_id = _cut_off_padded(site, fragmented)
    whole = _damage(site, event_id, "room.1")
    with site.opened("rita") as archive:
        result = finalise_event(archive, event_id)
        assert [file.role for file in result.files] == ["original", "signals", "room"]
        sentence = result.files[2].sentence
        assert sentence.startswith("room view: left as it was, because it is damaged (")
        assert "segment 0 is not authentic on any root" in sentence
        event = result.event
        assert (event.row.state, event.row.is_complete) == (EventState.RECORDED, False)
        assert (result.frame_count, len(event.signals())) == (60, 2)
        with pytest.raises(ArchiveTruncated, match=f"workbench event finalise {event_id}"):
            event.video("room")
        with (
            event.video("room", incomplete=True) as file,
            pytest.raises(PayloadDamaged, match="segment 0"),
        ):
            file.read()
        with pytest.raises(PayloadDamaged, match="segment 0"):
            finalise_event(archive, event_id)
    files = {"original.2", "signals.2", "room.1"}
    for root in (site.path, site.mirror):
        assert {Path(name).stem for name in _names(root, event_id)} == files
    with site.opened("adam") as archive:
        assert check_copies(archive, read_all=True).findings == ()
        assert verify_audit(archive).is_sound
    stream = site.mirror / "events" / event_id / "room.1.sealed"
    stream.write_bytes(whole[stream])  # its disk is back
    with site.opened("rita") as archive:
        again = finalise_event(archive, event_id)
        assert [(file.role, file.count) for file in again.files] == [("room", 60)]
        export_event(archive, event_id, tmp_path, ["room"])
        with pytest.raises(WrongState, match="needs no finalising"):
            finalise_event(archive, event_id)
    assert _ffprobe_frames(tmp_path / f"{event_id}.room.mp4") == 60


def test_an_event_whose_video_is_damaged_on_every_copy_keeps_it_and_has_the_rest(
    site: Any, fragmented: bytes
) -> None:
    event_id = _cut_off_padded(site, fragmented)
    whole = _damage(site, event_id, "original.1")
    with site.opened("rita") as archive:
        found = archive.event(event_id).incomplete()
        assert found is not None
        assert (found.seconds, found.sentence) == (None, "incomplete, with room, signals")
        result = finalise_event(archive, event_id)
        assert (result.event.row.state, result.is_playable) == (EventState.RECORDING, False)
        assert [file.damage is None for file in result.files] == [False, True, True]
        assert len(archive.event(event_id).signals()) == 2
    stream = site.path / "events" / event_id / "original.1.sealed"
    stream.write_bytes(whole[stream])
    with site.opened("rita") as archive:
        result = finalise_event(archive, event_id)
        assert (result.event.row.state, result.frame_count) == (EventState.RECORDED, 60)
    with site.opened("adam") as archive:
        assert check_copies(archive, read_all=True).findings == ()
        assert verify_audit(archive).findings == ()


def test_screenshots_of_a_journal_that_is_damaged_on_every_copy_wait_for_it(
    site: Any, fragmented: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _recording(site) as begun:
        begun.sink.write(fragmented)
        for _ in range(18):  # several segments
            begun.journal.mark("incision", start_seconds=1.0, note=NOTE * 1000)
        monkeypatch.setattr(begun.journal, "update_catalog", lambda: None)
        begun.journal.add_screenshot(GREY, frame_index=20, pts=20, at_seconds=1.0)
    whole = _damage(site, begun.event_id, "journal.1")
    with site.opened("rita") as archive:
        result = finalise_event(archive, begun.event_id)
        assert [file.role for file in result.files if file.damage] == ["journal"]
        assert archive.catalog.contents.screenshots(begun.event_id) == []
        stream = site.path / "events" / begun.event_id / "journal.1.sealed"
        stream.write_bytes(whole[stream])
        finalise_event(archive, begun.event_id)
        assert len(archive.catalog.contents.screenshots(begun.event_id)) == 1
    with site.opened("adam") as archive:
        assert check_copies(archive, read_all=True).findings == ()


def test_what_is_granted_meanwhile_opens_the_finished_signals(site: Any, fragmented: bytes) -> None:
    with _recording(site) as begun:
        _fill(begun, fragmented, 3)
        with site.opened("adam") as archive:
            add_user(archive, "rolf", Profile.RESEARCHER, Password(PASSWORD))
        with site.opened("rita") as archive:
            assert grant(archive, begun.event_id, "rolf") == ["signals"]
        begun.finish(3.0)
    with site.opened("rolf") as archive:
        assert len(archive.event(begun.event_id).signals()) == 6


def test_threads_record_and_mark_at_once(site: Any, fragmented: bytes) -> None:
    with site.opened("olga") as archive, record_event(archive, REQUEST) as begun:
        signals = begun.open_signals()

        def work(number: int) -> None:
            for turn in range(5):
                signals.append([SignalRow(f"signal-{number}", "", float(turn), 1.0)])
                begun.journal.mark("incision", start_seconds=float(turn))
                archive.event(begun.event_id).markers()

        threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        begun.sink.write(fragmented)
        event = begun.finish(3.0)
    with site.opened("rita") as archive:
        event = archive.event(event.event_id)
        assert len(event.markers()) == 15
        assert [signal.sample_count for signal in event.signal_rows()] == [5, 5, 5]
    with site.opened("adam") as archive:
        assert verify_audit(archive).is_sound


def test_signals_without_a_row_leave_no_file(site: Any, fragmented: bytes) -> None:
    with _recording(site) as begun:
        begun.sink.write(fragmented)
        begun.open_signals()
        begun.finish(3.0)
    assert _names(site.path, begun.event_id) == {"original.2.key", "original.2.sealed"}
    with site.opened("adam") as archive:
        assert check_copies(archive, read_all=True).findings == ()
        assert verify_audit(archive).findings == ()


@pytest.mark.parametrize(
    ("row", "match"),
    [
        (SignalRow("bis", "", -1.0, 1.0), "give seconds from the start"),
        (SignalRow("bis", "", float("nan"), 1.0), "give seconds from the start"),
        (SignalRow("bis", "a unit with many words in it", 0.0, 1.0), "16 letters"),
        (SignalRow("bis", "", 0.0, None), "give NaN"),  # type: ignore[arg-type]
    ],
)
def test_a_row_that_is_none_is_refused_and_the_recording_goes_on(
    site: Any, fragmented: bytes, row: SignalRow, match: str
) -> None:
    with _recording(site) as begun:
        begun.sink.write(fragmented)
        signals = begun.open_signals()
        signals.append(_rows(0.0))
        with pytest.raises(DataError, match=match):
            signals.append([*_rows(1.0), row])
        begun.finish(3.0)
    with site.opened("rita") as archive:
        assert len(archive.event(begun.event_id).signals()) == 2


def test_an_event_is_entered_with_all_files_that_it_begins_with_or_not_at_all(
    site: Any, fragmented: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, begin = replace(REQUEST, roles=("room", "signals")), streams._begin_file

    def refuse_signals(*given: Any) -> Any:
        if given[2] == "signals":
            raise ArchiveError("nothing can be written")
        return begin(*given)

    with site.opened("olga") as archive:
        with monkeypatch.context() as patch:
            patch.setattr(streams, "_begin_file", refuse_signals)
            with pytest.raises(ArchiveError, match="nothing"), record_event(archive, request):
                pass
        assert archive.events(include_deleted=True) == []
        assert not any((site.path / "events").iterdir())
        with pytest.raises(SettingsError), record_event(archive, replace(REQUEST, roles=("film",))):  # type: ignore[arg-type]
            pass
        with record_event(archive, request) as begun:
            with pytest.raises(WrongState, match=r"nobody asked .* room, signals; open each"):
                begun.finish(3.0)
            _fill(begun, fragmented, 3)
            event = begun.finish(3.0)
        assert {row.role for row in event.files()} >= ROLES
    with site.opened("adam") as archive:
        assert verify_audit(archive).findings == ()
        assert check_copies(archive).findings == ()


def test_what_cannot_be_opened_says_why(site: Any, fragmented: bytes) -> None:
    with _recording(site) as begun:
        begun.sink.write(fragmented)
        for role in ("signals", "deidentified", "report", "film"):
            with pytest.raises(SettingsError):
                begun.open_stream(role)  # type: ignore[arg-type]
        for frame, second in ((GREY[0], 0.0), (GREY.astype(float), 0.0), (GREY, float("nan"))):
            with pytest.raises(SettingsError):
                begun.journal.add_screenshot(frame, frame_index=0, pts=0, at_seconds=second)
        begun.open_stream("room")
        with pytest.raises(WrongState, match=r"the room of event .* is being recorded already"):
            begun.open_stream("room")
        begun.finish(3.0)
        with pytest.raises(WrongState, match="already finished"):
            begun.open_signals()
        for act in (
            lambda: begun.journal.mark("incision", start_seconds=1.0),
            lambda: begun.journal.add_screenshot(GREY, frame_index=0, pts=0, at_seconds=0.0),
        ):
            with pytest.raises(WrongState, match="has ended: mark the event with"):
                act()

"""``workbench record``: at a terminal, without one, and when it is told to end."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from recorder_core.capture.source import SourceCounters, SourceState
from recorder_core.errors import ArchiveError, NotAllowed
from recorder_core.jobs.archive.recording import seekable
from recorder_core.jobs.record import RecordRequest, as_only_recorder, read_room
from recorder_core.jobs.record.space import SpaceLeft
from tests.recorder_core.jobs.archive.conftest import PASSWORD, _made_site, site
from workbench.cli import main, record
from workbench.cli.recording_health import Absences, describe_recording
from workbench.cli.terminal.status_line import StatusLine
from workbench.cli.terminal.stop_signals import counting_stops

__all__ = ["_made_site", "site"]

#: a test runner in the background of a shell hands down that Ctrl-C is ignored
_MAIN = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from workbench.cli import main
sys.exit(main())
"""
ROOM = """
procedure = "lap-chole"
[video]
preset = "ultrafast"
[layout]
width = 320
height = 180
views = [{name = "room", rectangle = [0, 0, 320, 180]}]
[sources.room]
kind = "pattern"
size = [320, 180]
[sound]
kind = "tone"
[space]
keep_free_gib = 0
min_minutes = 0
"""


@pytest.fixture
def words(site: Any, tmp_path: Path) -> list[str]:
    """The command, as its operator types it."""
    room, password = tmp_path / "room.toml", tmp_path / "password"
    room.write_text(ROOM)
    password.write_text(PASSWORD)
    password.chmod(0o600)
    return [
        *(sys.executable, "-c", _MAIN, "record", "--config", str(room)),
        *("--archive", str(site.path), "--user", "olga", "--password-file", str(password)),
    ]


def _events(site: Any) -> list[Any]:
    with site.opened("rita") as archive:
        return [(each.row, each.markers()) for each in archive.events()]


def test_a_recording_of_a_given_length_says_what_it_became(site: Any, words: list[str]) -> None:
    done = subprocess.run(
        [*words, "--duration", "1", "--json"], capture_output=True, text=True, check=True
    )
    summary = json.loads(done.stdout)
    assert summary["seconds"] == 1.0
    assert summary["frame_count"] + summary["dropped_frames"] == 30
    assert set(summary["sources"]) == {"room", "sound"}
    [(row, _)] = _events(site)
    assert (row.event_id, row.is_complete) == (summary["event_id"], True)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_tells_it_to_end_gets_a_complete_event(
    site: Any, words: list[str], how: signal.Signals
) -> None:
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        while not _events(site):
            assert process.poll() is None
            time.sleep(0.1)
        time.sleep(1.0)
        process.send_signal(how)
        said, _ = process.communicate()
    assert process.returncode == 0
    [(row, _)] = _events(site)
    assert row.is_complete
    assert re.match(rf"event {row.event_id}: [\d.]+ s, \d+ frames?, \d+ dropped frames?\n", said)


class _Terminal:
    """A terminal of a process, of which everything that was written is kept."""

    def __init__(self, pid: int, file: int) -> None:
        self.pid, self._file = pid, file
        self.text = ""

    def wait_for(self, pattern: str) -> str:
        until = time.monotonic() + 120
        while (found := re.search(pattern, self.text)) is None:
            # its line is written again and again
            assert time.monotonic() < until, self.text
            assert select.select([self._file], [], [], 120)[0], self.text
            self.text += os.read(self._file, 4096).decode()
        self.text = self.text[found.end() :]
        return found[0]

    def rest(self) -> str:
        """Return what is written up to the end of the process."""
        with suppress(OSError):  # a terminal without a process is none
            while more := os.read(self._file, 4096):
                self.text += more.decode()
        return self.text

    def type(self, keys: str) -> None:
        os.write(self._file, keys.encode())


@contextmanager
def _terminal(words: list[str]) -> Iterator[_Terminal]:
    pid, file = pty.fork()
    if not pid:
        os.execv(words[0], words)
    try:
        yield _Terminal(pid, file)
    finally:
        os.close(file)
        os.waitpid(pid, 0)


def test_keys_mark_take_pictures_pause_and_stop(site: Any, words: list[str]) -> None:
    with _terminal(words) as terminal:
        terminal.wait_for(r"recording 0:0\d:\d\d, [\d.]+ GiB free.* dropped")
        terminal.type("m")
        terminal.wait_for(r"marker at [\d.]+ s")
        terminal.type("s")
        terminal.wait_for(r"screenshot at [\d.]+ s")
        terminal.type("p")
        terminal.wait_for(r"paused at [\d.]+ s")
        terminal.type("s")
        terminal.wait_for("the recording is paused and shows nothing: resume it first")
        terminal.wait_for("paused 0:00")
        terminal.type("p")
        terminal.wait_for(r"resumed at [\d.]+ s")
        terminal.type("q")
        terminal.wait_for(r"event [0-9a-f]{16}: [\d.]+ s")
    [(row, marks)] = _events(site)
    assert row.is_complete
    kinds = [kind for kind in marks["kind"] if not kind.startswith("signal-lost")]
    assert kinds == ["marker", "pause"]
    with site.opened("rita") as archive:
        assert len(archive.catalog.contents.screenshots(row.event_id)) == 1


def test_a_terminal_does_not_record_the_room_of_a_job(site: Any, words: list[str]) -> None:
    settings = {"room": tomllib.loads(ROOM), "room_name": "room"}
    with site.opened("olga") as archive:
        job = archive.start_job("record", settings=settings)
        while archive.job(job.job_id).event_id is None:
            assert archive.job(job.job_id).state in ("queued", "running")
            time.sleep(0.05)
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        archive.cancel_job(job.job_id)
        while archive.job(job.job_id).state == "running":
            time.sleep(0.05)
    said = "workbench: the room room is in use by another recorder of this archive: end that one"
    assert (done.returncode, done.stderr.startswith(said)) == (1, True)
    assert "or give this room's file another name" in done.stderr
    [(row, _)] = _events(site)
    assert row.is_complete


def test_what_is_wrong_in_the_file_is_said_before_anything_begins(
    site: Any, words: list[str], tmp_path: Path
) -> None:
    (tmp_path / "room.toml").write_text(ROOM.replace('"pattern"', '"patern"'))
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("workbench: room.toml: ")
    assert "sources.room" in done.stderr
    assert _events(site) == []


def test_an_unattended_recording_begins_with_the_signal_and_ends_without_it(
    site: Any, words: list[str], tmp_path: Path
) -> None:
    film, ready = tmp_path / "film.mp4", tmp_path / "ready.mp4"
    text = ROOM.replace(
        'kind = "pattern"\nsize = [320, 180]', f'kind = "file"\naddress = "{film}"\nloop = false'
    )
    unattended = '[unattended]\nsource = "room"\ngone_seconds = 1\n'
    (tmp_path / "room.toml").write_text(text + unattended)
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=320x180:r=30:d=3"]
    subprocess.run([*command, "-pix_fmt", "yuv420p", str(ready)], check=True)
    with subprocess.Popen(
        [*words, "--unattended"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "workbench: waiting for the signal of room\n"
        assert _events(site) == []
        ready.rename(film)
        told: list[str] = []
        while not told or "waiting for" not in told[-1]:
            told.append(process.stderr.readline())
            assert told[-1], told
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate()
    assert process.returncode == 0
    events = _events(site)  # the film may have begun again meanwhile
    assert all(row.is_complete for row, _ in events)
    assert "room has given no signal for 1 s, so that the recording was ended" in said
    assert any("signal-lost:room" in set(marks["kind"]) for _, marks in events)


def test_an_unattended_recording_begins_before_the_signal_that_began_it(
    site: Any, words: list[str], tmp_path: Path
) -> None:
    room = ROOM.replace('preset = "ultrafast"', 'preset = "ultrafast"\npre_record_seconds = 1')
    (tmp_path / "room.toml").write_text(room + _UNATTENDED)
    with _terminal([*words, "--unattended"]) as terminal:
        terminal.wait_for("waiting for the signal of room")
        terminal.wait_for(r"recording 0:0\d:\d\d")
        terminal.type("q")
        terminal.wait_for("waiting until the signal of room has gone")
        terminal.type("\x03")
    [(row, _)] = _events(site)
    assert row.is_complete
    assert row.duration_seconds > 1.0


def test_a_room_is_ready_until_a_key_begins_its_recording(
    site: Any, words: list[str], tmp_path: Path
) -> None:
    room = ROOM.replace('preset = "ultrafast"', 'preset = "ultrafast"\npre_record_seconds = 1')
    (tmp_path / "room.toml").write_text(room)
    with _terminal([*words, "--ready"]) as terminal:
        terminal.wait_for("r: record, q: forget what is held, and end")
        terminal.wait_for(r"ready, holds the last \d+ s in memory, 2 sources well")
        terminal.type("q")
    assert _events(site) == []
    with _terminal([*words, "--ready", "--duration", "0.5"]) as terminal:
        for _ in range(2):
            terminal.wait_for(r"ready, holds the last [1-9]\d* s in memory, 2 sources well")
            terminal.type("r")
            terminal.wait_for(r"event [0-9a-f]{16}: [\d.]+ s")
        terminal.wait_for("r: record, q: forget what is held, and end")
        terminal.type("q")
    events = _events(site)
    assert len(events) == 2
    for row, _ in events:
        assert row.is_complete
        assert row.duration_seconds > 0.9  # with what was before


def test_the_room_is_free_before_its_recording_is_made_seekable(
    site: Any, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = RecordRequest(room=read_room(tmp_path / "room.toml"), room_name="room")
    with site.opened("olga") as archive:
        folders = archive.folders
    seal, free = seekable._seal, list[bool]()

    def seal_later(*given: Any) -> Any:
        with as_only_recorder(folders, request, wait_seconds=60):
            free.append(True)
        return seal(*given)

    monkeypatch.setattr(seekable, "_seal", seal_later)
    assert main([*words[3:], "--duration", "0.5"]) == 0
    assert free == [True]
    with site.opened("rita") as archive:
        [event] = archive.events()
        assert event.file("original").file_id.endswith("original.2")


def test_who_asks_twice_for_the_end_leaves_the_sealing_for_later(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Sealing:
        def __init__(self, asked: set[int]) -> None:
            self.asked, self.waits, self.is_left = asked, 0, False

        def hurry(self) -> None:
            """Do nothing."""

        def leave(self) -> None:
            self.is_left = True

        def wait(self, seconds: float) -> bool:
            self.waits += 1
            if self.waits in self.asked:
                os.kill(os.getpid(), signal.SIGTERM)
            return self.waits > 30

    options: Any = SimpleNamespace(quiet=True, unattended=False)
    for asked, said, is_left in (({5}, 1, False), ({5, 9}, 1, True), (set(), 0, False)):
        sealing = Sealing(asked)
        with counting_stops() as stops:
            stops.count = 1  # with which the recording ended
            record._finish_sealing(options, sealing, stops)  # type: ignore[arg-type]
        assert (sealing.is_left, sealing.waits > 30) == (is_left, not is_left)
        told = capsys.readouterr().err
        assert told.count("press Ctrl-C once more to leave that for later") == said


def test_without_a_terminal_no_room_waits_for_a_key(words: list[str]) -> None:
    command = [*words, "--ready"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert done.returncode == 1
    assert b"--ready begins at the key r, and there is no terminal" in done.stderr


def test_without_its_table_nothing_is_recorded_unattended(words: list[str]) -> None:
    done = subprocess.run([*words, "--unattended"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "room.toml names no source for --unattended" in done.stderr


_UNATTENDED = '[unattended]\nsource = "room"\n'


def test_a_terminal_that_closes_leaves_a_complete_event(site: Any, words: list[str]) -> None:
    with _terminal(words) as terminal:
        terminal.wait_for(r"recording 0:0\d:\d\d")
    [(row, _)] = _events(site)
    assert row.is_complete


def test_a_recording_that_nobody_reads_is_complete(site: Any, words: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    closed = ["/bin/sh", "-c", 'exec "$@" 2>&-', "sh", *words, "--duration", "1"]
    subprocess.run(closed, stdout=writer, check=True)
    os.close(writer)
    [(row, _)] = _events(site)
    assert row.is_complete


def test_ctrl_s_does_not_freeze_a_recording(site: Any, words: list[str]) -> None:
    with _terminal(words) as terminal:
        terminal.wait_for(r"recording 0:0\d:\d\d")
        terminal.type("\x13")
        time.sleep(1.0)  # its line is due twice
        os.kill(terminal.pid, signal.SIGTERM)
        terminal.wait_for(r"event [0-9a-f]{16}: [\d.]+ s")
    [(row, _)] = _events(site)
    assert row.is_complete


def test_what_a_terminal_does_not_take_is_said_later(monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        line = StatusLine(is_quiet=False)
        termios.tcflow(slave, termios.TCOOFF)  # as Ctrl-S does
        line.say("a disk is away")
        assert not select.select([master], [], [], 0)[0]
        termios.tcflow(slave, termios.TCOON)
        line.say("it is back")
        stream.flush()
        said = b""
        while b"back" not in said:
            said += os.read(master, 4096)
    os.close(master)
    assert said.split(b"\r\n")[:2] == [b"workbench: a disk is away", b"workbench: it is back"]


@pytest.mark.parametrize("how", [["q"], ["--duration", "1"]])
def test_an_unattended_recording_that_somebody_wanted_to_end_does_not_begin_again(
    site: Any, words: list[str], tmp_path: Path, how: list[str]
) -> None:
    (tmp_path / "room.toml").write_text(ROOM + _UNATTENDED)
    is_key = how == ["q"]
    with _terminal([*words, "--unattended", *([] if is_key else how)]) as terminal:
        if is_key:
            terminal.wait_for(r"recording 0:0\d:\d\d")
            terminal.type("q")
        terminal.wait_for("waiting until the signal of room has gone")
        time.sleep(1.0)
        terminal.type("\x03")
        assert "waiting for the signal" not in terminal.rest()
    [(row, _)] = _events(site)
    assert row.is_complete


def test_what_is_waited_for_follows_from_what_ended_a_recording(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ends: list[Any] = [
        "wanted",
        "disk",
        "other",
        ArchiveError("a root is away"),
        NotAllowed("olga"),
    ]
    done: list[str] = []

    def end(_: Any) -> Any:
        done.append("record")
        if isinstance(found := ends.pop(0), Exception):
            raise found
        return found

    def wait(word: str) -> Any:
        return lambda *_: done.append(word) or True

    monkeypatch.setattr(record, "_record", end)
    monkeypatch.setattr(record, "_wait", wait("a while"))
    monkeypatch.setattr("recorder_core.jobs.record.wait_for_signal", wait("signal"))
    monkeypatch.setattr("recorder_core.jobs.record.wait_until_gone", wait("gone"))
    config = SimpleNamespace(
        unattended=SimpleNamespace(source="room"), sources={"room": None}, pre_record_seconds=0.0
    )
    room: Any = SimpleNamespace(
        options=SimpleNamespace(quiet=True, unattended=True),
        request=SimpleNamespace(room=config),
        is_stopped=lambda: False,
    )
    with pytest.raises(NotAllowed, match="olga"):  # it would last
        record._record_unattended(room)
    begun = ["signal", "record"]
    waits = [*begun, "gone", *begun, "a while", *begun, *begun, "a while", *begun]
    assert done == waits


def test_the_next_recording_waits_for_no_reader_of_what_the_last_became(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorder: Any = SimpleNamespace(
        fragmented=["its video stays as it was"],
        stop_reason="room has given no signal",
        space=SpaceLeft(1, 1.0),
        finish=lambda: SimpleNamespace(to_dict=dict, sentences=["event 1: 5.0 s"]),
    )
    monkeypatch.setattr("recorder_core.jobs.record.record_room", lambda *_: nullcontext(recorder))
    monkeypatch.setattr(record, "_drive", lambda *_: None)
    options = SimpleNamespace(unattended=True, quiet=False, json=False)
    room: Any = SimpleNamespace(
        options=options, archive=None, request=None, sealing=SimpleNamespace(add=lambda _: None)
    )
    reader, writer = os.pipe()
    os.set_blocking(writer, False)  # a write that would wait is an error
    with os.fdopen(writer, "w", buffering=1) as full:
        monkeypatch.setattr(sys, "stdout", full)
        monkeypatch.setattr(sys, "stderr", full)
        with suppress(BlockingIOError):
            while os.write(writer, bytes(4096)):
                pass
        assert record._record(room) == "other"
        assert os.read(reader, 1 << 20).strip(b"\0") == b""
        record._record(room)
        assert os.read(reader, 1 << 20).endswith(b"event 1: 5.0 s\n")
    os.close(reader)


def test_a_computer_that_is_too_busy_is_told_from_a_cable() -> None:
    states = [
        SourceState("room", False, 0.0, 1, SourceCounters()),
        SourceState("laparoscope", False, 0.0, 1, SourceCounters(), is_starved=True),
        SourceState("sound", True, 0.0, 1, SourceCounters()),
    ]
    recorder: Any = SimpleNamespace(
        space=SpaceLeft(1 << 30, float("inf")),
        source_states=lambda: states,
        is_paused=False,
        seconds=5.0,
        dropped_frames=0,
    )
    assert ", NO SIGNAL: room, COMPUTER TOO BUSY FOR: laparoscope, " in describe_recording(recorder)


def test_why_a_source_is_absent_is_said_once_each_time() -> None:
    def state(since: float, sentence: str) -> SourceState:
        return SourceState("room", not sentence, since, 1, SourceCounters(), sentence)

    absences, away = Absences(), state(10.0, "room is not there: plug it in")
    told = [
        absences.news([each], now)
        for each, now in (
            (away, 12.0),
            (away, 13.0),
            (away, 14.0),
            (state(15.0, ""), 15.0),
            (state(16.0, "room sends nothing"), 20.0),
        )
    ]
    assert told == [[], ["room is not there: plug it in"], [], [], ["room sends nothing"]]


def test_names_of_one_patient_are_not_sealed_onto_every_recording(
    words: list[str], tmp_path: Path
) -> None:
    (tmp_path / "room.toml").write_text(ROOM + _UNATTENDED)
    more = ["--unattended", "--names-file", str(tmp_path / "names.json")]
    done = subprocess.run([*words, *more], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "--names-file would seal the names of one patient onto every rec" in done.stderr

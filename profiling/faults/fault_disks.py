"""Let one disk of an archive fail at random moments while people work, and count what was lost.

Usage, as root: ``python profiling/faults/fault_disks.py [--kills 300] [--out FILE.json]``

An archive and its mirror lie on two small file systems. A worker signs in and records, imports,
finalises, copies or deletes a video of minutes; at a random moment one of the two disks becomes
full, read-only, broken (every write fails), gone, or slow (20 ms a write), and is sound again
when the worker is done. Full is a real file that takes up the rest of the file system; the others
come from ``failing_disk.c`` between the program and the C library, so that SQLite meets them too.

* What the worker was told is stored must be there and open, byte for byte; what was durable of a
  recording must be there whether or not it was told.
* While the mirror fails everybody signs in, records and lists.
* An error is one that the program raises on purpose, and never says "not stored" of what is.
* What is not on both disks afterwards is named by `archive_status`, and repaired; then nothing
  differs, and the audit log is sound.

Exit status 1 if anything was lost, unnoticed or wrong.
"""

from __future__ import annotations

import mmap
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

import av
import numpy as np
from killing import FaultError, fault_parser, finish, fork, numbers
from recorded_videos import is_recording

from recorder_core.archive import Argon2Settings, DelaySettings, Password
from recorder_core.catalog import EventState, Profile
from recorder_core.errors import RecorderError
from recorder_core.jobs.archive import (
    Archive,
    Credentials,
    ImportRequest,
    RecordingRequest,
    add_user,
    archive_status,
    check_copies,
    create_archive,
    delete_event,
    export_event,
    finalise_event,
    import_video,
    open_archive,
    record_event,
    repair_copies,
    verify_audit,
)

SECRET: Final = secrets.token_hex(8)
PEOPLE: Final = {"olga": Profile.OPERATOR, "rita": Profile.REVIEWER}
DISK_MIB: Final = 48
VIDEO_SECONDS: Final = 180
#: modes of `failing_disk.c`; full is made with a file
MODES: Final = {"read-only": 1, "gone": 2, "slow": 3, "broken": 4}
FAULTS: Final = ("full", *MODES)
ROOTS: Final = ("archive", "mirror")
FILLER: Final = "filler"


@dataclass
class Counts:
    """What happened in all trials together."""

    trials: int = 0
    video_seconds: int = VIDEO_SECONDS
    #: "task, disk fault" -> how it ended -> how often
    outcomes: dict[str, dict[str, int]] = field(default_factory=dict)
    lost: int = 0
    unnoticed: int = 0
    tracebacks: int = 0
    #: sign-ins and recordings that a failing mirror stopped
    stopped_by_the_mirror: int = 0
    not_repaired: int = 0
    audit_findings: int = 0
    seconds: float = 0.0
    #: each of the above in words
    wrong: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost or wrong."""
        return not self.wrong


class Disks:
    """Two file systems below a folder, one of which can be made to fail."""

    def __init__(self, folder: Path, control: mmap.mmap) -> None:
        self._folder = folder
        self._control = control

    def path(self, root: str) -> Path:
        """Return where a root lies: not the file system itself, which cannot be taken away."""
        return self._folder / root / "root"

    @contextmanager
    def mounted(self) -> Iterator[None]:
        """Make both file systems for the length of a block."""
        mounted = []
        try:
            for root in ROOTS:
                place = self._folder / root
                place.mkdir()
                command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(place)]
                subprocess.run(command, check=True)
                mounted.append(place)
            yield
        finally:
            self.heal()
            for place in mounted:
                subprocess.run(["umount", str(place)], check=True)
                place.rmdir()

    def fail(self, root: str, fault: str) -> None:
        """Make a root fail from now on."""
        if fault == "full":
            with suppress(OSError), (self._folder / root / FILLER).open("wb", 0) as filler:
                while True:
                    filler.write(bytes(65536))
            with suppress(OSError), (self._folder / root / FILLER).open("ab", 0) as filler:
                while True:
                    filler.write(bytes(4096))
            return
        name = str(self.path(root)).encode()
        self._control[8 : 9 + len(name)] = name + b"\0"
        self._control[0] = MODES[fault]

    def heal(self) -> None:
        """Make both roots work again."""
        self._control[0] = 0
        for root in ROOTS:
            (self._folder / root / FILLER).unlink(missing_ok=True)


def make_video(folder: Path) -> tuple[Path, bytes]:
    """Make a video of minutes, and the same as a recorder writes it: fragmented MP4."""
    video, fragments = folder / "video.mp4", folder / "fragments.mp4"
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    for path, container in ((video, {}), (fragments, options)):
        with av.open(str(path), "w", options=container) as made:
            stream = made.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
            stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
            stream.codec_context.gop_size = 10
            for number in range(VIDEO_SECONDS * 10):
                planes = np.roll(np.indices((180, 160)).sum(0), number * 3, 1).astype(np.uint8)
                frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
                made.mux(stream.encode(frame))
            made.mux(stream.encode())
    return video, fragments.read_bytes()


@dataclass(frozen=True)
class Site:
    """Where a worker works, and on what."""

    disks: Disks
    video: Path
    fragments: bytes
    usb: Path

    @contextmanager
    def opened(self, user: str) -> Iterator[Archive]:
        """Open the archive as one person, however often a sign-in failed."""
        delays = DelaySettings(free_attempts=10**6)
        who = Credentials(user, Password(SECRET))
        with open_archive(self.disks.path("archive"), who, delays=delays) as archive:
            yield archive

    def make(self) -> str:
        """Make an archive with a mirror and its people; return its recovery words."""
        words = create_archive(
            self.disks.path("archive"),
            site_code="site1",
            administrator="adam",
            password=Password(SECRET),
            mirror=self.disks.path("mirror"),
            password_cost=Argon2Settings(64, 1, 1),
        )
        with self.opened("adam") as archive:
            for user_id, profile in PEOPLE.items():
                add_user(archive, user_id, profile, Password(SECRET))
        return words

    @contextmanager
    def at_work(self, task: Task) -> Iterator[str]:
        """Make both disks and the archive for a block; lend the event that a task works on."""
        made: dict[str, Callable[[], str]] = {
            "cut": self.cut_recording,
            "whole": self.whole_event,
            "": str,
        }
        with self.disks.mounted():
            self.make()
            self.usb.mkdir()
            try:
                yield made[TASKS[task]]()
            finally:
                shutil.rmtree(self.usb)

    def cut_recording(self) -> str:
        """Leave a recording as a crash would."""
        request = RecordingRequest(procedure_code="demo")
        with self.opened("olga") as archive, record_event(archive, request) as begun:
            begun.sink.write(self.fragments)
        return begun.event_id

    def whole_event(self) -> str:
        """Import the video."""
        with self.opened("olga") as archive:
            request = ImportRequest(source=self.video, procedure_code="demo")
            return import_video(archive, request).event.event_id


Say = Callable[[str], None]
Task = Callable[[Site, str, Say], None]


def record(site: Site, _: str, say: Say) -> None:
    """Record, saying how much is durable."""
    request = RecordingRequest(procedure_code="demo")
    with site.opened("olga") as archive, record_event(archive, request) as begun:
        piece = len(site.fragments) // 40
        for start in range(0, len(site.fragments), piece):
            begun.sink.write(site.fragments[start : start + piece])
            begun.sink.sync()
            say(f"durable {begun.event_id} {min(start + piece, len(site.fragments))}")
        begun.finish(float(VIDEO_SECONDS))
        say(f"recorded {begun.event_id} {len(site.fragments)}")


def bring_in(site: Site, _: str, say: Say) -> None:
    """Import the video."""
    with site.opened("olga") as archive:
        request = ImportRequest(source=site.video, procedure_code="demo")
        say(f"imported {import_video(archive, request).event.event_id} 0")


def finalise(site: Site, event_id: str, say: Say) -> None:
    """Finalise a recording that was cut off."""
    with site.opened("rita") as archive:
        finalise_event(archive, event_id)
        say(f"finalised {event_id} 0")


def take_out(site: Site, event_id: str, say: Say) -> None:
    """Export the video in clear to a third disk."""
    with site.opened("rita") as archive:
        export_event(archive, event_id, site.usb, roles=["original"])
        say(f"exported {event_id} 0")


def delete(site: Site, event_id: str, say: Say) -> None:
    """Delete an event."""
    with site.opened("adam") as archive:
        delete_event(archive, event_id, "duplicate")
        say(f"deleted {event_id} 0")


def look(site: Site, event_id: str, say: Say) -> None:
    """Sign in, list and play."""
    with site.opened("rita") as archive:
        archive.events()
        with archive.event(event_id).video() as file:
            file.read()
        say(f"played {event_id} 0")


#: task -> what it needs to be there before
TASKS: Final[dict[Task, str]] = {
    record: "",
    bring_in: "",
    finalise: "cut",
    take_out: "whole",
    delete: "whole",
    look: "whole",
}


@dataclass(frozen=True)
class Ending:
    """What a worker said, and how it ended."""

    said: list[tuple[str, str, int]]
    error: str = ""
    is_ours: bool = True


def run_worker(site: Site, task: Task, event_id: str, fail: Callable[[], None]) -> Ending:
    """Run a task in a process of its own; call `fail` while it runs."""
    reading, writing = os.pipe()
    child = fork()
    if not child:
        os.close(reading)
        _work(site, task, event_id, writing)
    os.close(writing)
    fail()
    with os.fdopen(reading, "rb") as pipe:
        lines = pipe.read().decode("utf-8", "replace").splitlines()
    os.waitpid(child, 0)
    said = [tuple(line.split(" ")) for line in lines if not line.startswith("error")]
    errors = [line.partition(" ") for line in lines if line.startswith("error")]
    steps = [(what, which, int(size)) for what, which, size in said]
    if errors:
        return Ending(steps, errors[0][2], errors[0][0] == "error-ours")
    return Ending(steps)


def _work(site: Site, task: Task, event_id: str, writing: int) -> None:
    def say(line: str) -> None:
        os.write(writing, (line + "\n").encode("utf-8"))

    try:
        task(site, event_id, say)
    except (RecorderError, OSError) as error:
        say(f"error-ours {type(error).__name__}: {error}".replace("\n", " "))
    except BaseException:
        say("error-traceback " + traceback.format_exc().replace("\n", " | "))
    finally:
        os._exit(0)


@dataclass(frozen=True)
class Trial:
    """One random situation."""

    task: Task
    root: str
    fault: str
    delay_seconds: float

    def __str__(self) -> str:
        return f"{self.task.__name__}, {self.root} {self.fault}"


def run_trial(site: Site, trial: Trial, counts: Counts) -> None:
    """Run a worker while a disk fails, make the disk sound, and look at what is there."""
    with site.at_work(trial.task) as event_id:

        def fail() -> None:
            time.sleep(trial.delay_seconds)
            site.disks.fail(trial.root, trial.fault)

        ending = run_worker(site, trial.task, event_id, fail)
        if trial.root == "mirror":
            _check_sign_in(site, trial, counts)
        site.disks.heal()
        _note(counts, trial, ending)
        _check(site, trial, event_id, ending, counts)


def _note(counts: Counts, trial: Trial, ending: Ending) -> None:
    told = "told" if ending.error else "done"
    outcomes = counts.outcomes.setdefault(str(trial), {"done": 0, "told": 0})
    outcomes[told] += 1
    counts.trials += 1
    if not ending.is_ours:
        counts.tracebacks += 1
        counts.wrong.append(f"{trial}: {ending.error}")
    # of a mirror that cannot be written keys are not destroyed: that must be refused
    may_stop = trial.task in (delete, finalise) or trial.root == "archive"
    if ending.error and not may_stop:
        counts.stopped_by_the_mirror += 1
        counts.wrong.append(f"{trial} stopped: {ending.error}")


def _check_sign_in(site: Site, trial: Trial, counts: Counts) -> None:
    try:
        with site.opened("adam") as archive:
            archive.events()
            archive_status(archive)
    except (RecorderError, OSError) as error:
        counts.stopped_by_the_mirror += 1
        counts.wrong.append(f"{trial}: nobody signs in: {error}")


def _check(site: Site, trial: Trial, event_id: str, ending: Ending, counts: Counts) -> None:
    try:
        with site.opened("rita") as rita, site.opened("adam") as adam:
            for what in _lost(site, rita, event_id, trial, ending):
                counts.lost += 1
                counts.wrong.append(f"{trial} lost: {what} ({ending.error})")
            _check_notice(trial, adam, counts)
            _check_repair(trial, adam, counts)
    except (RecorderError, OSError) as error:
        counts.lost += 1
        counts.wrong.append(f"{trial}: the archive does not open: {error}")


def _lost(site: Site, rita: Archive, event_id: str, trial: Trial, ending: Ending) -> Iterator[str]:
    last = {which: (what, size) for what, which, size in ending.said}
    if event_id and event_id not in last and trial.task is not delete:
        last[event_id] = ("there before", 0)
    for which, (what, size) in last.items():
        try:
            if not _is_there(site, rita, which, what, size):
                yield f"{what} {which}"
        except (RecorderError, OSError) as error:
            yield f"{what} {which}: {error}"
    is_stored = any(event.row.state is EventState.RECORDED for event in rita.events())
    is_said = not ending.error or "is done" in ending.error
    if trial.task is bring_in and is_stored and not is_said:
        yield "an import that is stored was called not stored"


def _is_there(site: Site, rita: Archive, which: str, what: str, size: int) -> bool:
    event = rita.event(which)
    if what == "deleted":
        return event.row.state is EventState.DELETED
    with event.video(incomplete=event.row.state is EventState.RECORDING) as file:
        content = file.read()
    if what in ("durable", "recorded"):
        return is_recording(content, site.fragments, size)
    return content[4:8] == b"ftyp" and len(content) > len(site.fragments) // 2


def _check_notice(trial: Trial, adam: Archive, counts: Counts) -> None:
    """Compare what the quick status says with what reading everything finds."""
    findings = check_copies(adam, read_all=True).findings
    faults = [fault for fault in archive_status(adam).faults if "GiB left" not in fault]
    if findings and not faults:
        counts.unnoticed += 1
        counts.wrong.append(f"{trial} unnoticed: {findings[0].sentence}")


def _check_repair(trial: Trial, adam: Archive, counts: Counts) -> None:
    repair_copies(adam)
    left = [finding.sentence for finding in check_copies(adam, read_all=True).findings]
    left = [sentence for sentence in left if "cut off" not in sentence]
    if left:
        counts.not_repaired += 1
        counts.wrong.append(f"{trial} not repaired: {left[0]}")
    report = verify_audit(adam)
    counts.audit_findings += len(report.findings)
    counts.wrong += [f"{trial}: {finding.sentence}" for finding in report.findings]


def run(trials: int, seed: int) -> Counts:
    """Run so many trials, every task with every fault of either root in turn."""
    chance, counts, began = numbers(seed), Counts(), time.monotonic()
    situations = [(task, root, fault) for task in TASKS for root in ROOTS for fault in FAULTS]
    with tempfile.TemporaryDirectory() as name, control_file() as file:
        folder = Path(name)
        with mmap.mmap(file.fileno(), 4096) as control:
            site = Site(Disks(folder, control), *make_video(folder), folder / "usb")
            length_seconds = {task: _length_seconds(site, task) for task in TASKS}
            for number in range(trials):
                task, root, fault = situations[number % len(situations)]
                delay_seconds = chance.uniform(0.0, length_seconds[task])
                run_trial(site, Trial(task, root, fault, delay_seconds), counts)
    counts.seconds = round(time.monotonic() - began, 1)
    return counts


def _length_seconds(site: Site, task: Task) -> float:
    """Return how long a task takes on sound disks."""
    with site.at_work(task) as event_id:
        began = time.monotonic()
        ending = run_worker(site, task, event_id, lambda: None)
        if ending.error:
            raise FaultError(f"{task.__name__} fails on sound disks: {ending.error}")
        return time.monotonic() - began


def control_file() -> BinaryIO:
    """Open the file that tells the failing disk what to do."""
    return Path(os.environ["FAILING_DISK"]).open("r+b")


def main() -> int:
    """Compile the failing disk, start again with it, and run the trials."""
    if "FAILING_DISK" not in os.environ:
        return start_again(__file__)
    parser = fault_parser(__doc__, 300)
    options = parser.parse_args()
    counts = run(options.kills, options.seed)
    return finish(counts, asdict(counts), options.out)


def start_again(script: str) -> int:
    """Run a script again, with the failing disk between it and the C library."""
    source = Path(__file__).with_name("failing_disk.c")
    with tempfile.TemporaryDirectory() as folder:
        library, control = Path(folder) / "failing_disk.so", Path(folder) / "control"
        command = ["cc", "-shared", "-fPIC", "-O2", "-o", str(library), str(source), "-ldl"]
        subprocess.run(command, check=True)
        control.write_bytes(bytes(4096))
        environment = os.environ | {"LD_PRELOAD": str(library), "FAILING_DISK": str(control)}
        again = [sys.executable, script, *sys.argv[1:]]
        return subprocess.run(again, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

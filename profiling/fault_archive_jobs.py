"""Kill processes that work in an archive at random moments, and count what was lost.

Usage: ``python profiling/fault_archive_jobs.py [--kills 200] [--out FILE.json]``

Workers import a video as an event, add its de-identified copy, correct, sign off and delete, one
or two at a time. Each says over a pipe what it was told is done. After every ``kill -9`` the
archive is opened again: all that was said must be there and open, nothing may be half, what was
deleted must have no key on either root, and the audit log must be sound. Exit status 1 if
anything was lost or wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from recorder_core.archive import Argon2Settings, DelaySettings, Password, passwords
from recorder_core.catalog import Action, AuditRow, EventState, Profile
from recorder_core.errors import RecorderError
from recorder_core.jobs.archive import (
    Archive,
    Credentials,
    EventNames,
    ImportRequest,
    add_copy,
    add_user,
    check_copies,
    create_archive,
    delete_event,
    import_video,
    open_archive,
    repair_copies,
    sign_off,
    verify_audit,
)

SECRET = secrets.token_hex(8)
PEOPLE = {"olga": Profile.OPERATOR, "rita": Profile.REVIEWER}
LONGEST_LIFE_SECONDS = 2.0
#: every so many rounds two workers write at once, and everything is scrubbed
SECOND_WORKER_ROUNDS = 3
SCRUB_ROUNDS = 20
#: how far an event is; a later state may follow before the worker could say so
ORDER = ["event", "copy", "correction", "released", "deleted"]


@dataclass
class Counts:
    """What happened in all rounds together."""

    kills: int = 0
    rounds_with_two_workers: int = 0
    #: what a worker was told is done -> how often
    done: dict[str, int] = field(default_factory=dict)
    #: action that a kill cut off -> how often, by the audit log
    cut_off: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    half: int = 0
    surviving_keys: int = 0
    audit_findings: int = 0
    #: sealed files that a cut-off step left and that were found and removed
    leftovers_removed: int = 0
    #: deletions that were cut off between the keys and the catalog, and finished by asking again
    deletions_finished: int = 0
    #: names of people found in any byte of the archive
    names_in_clear: int = 0
    seconds: float = 0.0

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost or wrong."""
        wrong = (self.lost, self.half, self.surviving_keys, self.audit_findings)
        return not any((*wrong, self.names_in_clear))


@contextmanager
def opened(path: Path, user: str) -> Iterator[Archive]:
    """Open the archive as one person, however often a killed sign-in was counted."""
    delays = DelaySettings(free_attempts=10**6)
    with open_archive(path, Credentials(user, Password(SECRET)), delays=delays) as archive:
        yield archive


def make_site(folder: Path) -> Path:
    """Make an archive with a mirror and its people."""
    passwords.wrap_private_key.__defaults__ = (Argon2Settings(64, 1, 1),)
    path = folder / "archive"
    create_archive(
        path,
        site_code="site1",
        administrator="adam",
        password=Password(SECRET),
        mirror=folder / "mirror",
    )
    with opened(path, "adam") as archive:
        for user_id, profile in PEOPLE.items():
            add_user(archive, user_id, profile, Password(SECRET))
    return path


def make_video(folder: Path) -> tuple[Path, Path]:
    """Make a video and its de-identified copy, in a process of its own (it starts threads)."""
    video, copy = folder / "video.mp4", folder / "copy.mp4"
    for words in (
        ["simulate", str(video), "--seconds", "2", "--size", "480x272", "--faces", "1"],
        ["deidentify", str(video), "-o", str(copy), "--quiet"],
    ):
        code = f"from workbench.cli import main; raise SystemExit(main({words!r}))"
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
    return video, copy


def work_for_ever(path: Path, video: Path, copy: Path, pipe: int) -> None:
    """Work until killed, saying after each step what is done."""
    names = EventNames(patient_name="Zephyrina Quellmarker", notes="Timbuktoo")
    request = ImportRequest(source=video, procedure_code="demo", names=names)
    with ExitStack() as stack:
        olga, rita, adam = (
            stack.enter_context(opened(path, user)) for user in ("olga", "rita", "adam")
        )
        while True:
            event_id = import_video(olga, request).event.event_id
            say(pipe, "event", event_id)
            add_copy(rita, event_id, copy)
            say(pipe, "copy", event_id)
            with rita.audited(Action.CORRECT, event_id):
                rita.catalog.reviews.add_correction(
                    event_id, "add", keyframes=[(0, 0, 0, 8, 8)], author="rita"
                )
            say(pipe, "correction", event_id)
            sign_off(rita, event_id)
            say(pipe, "released", event_id)
            delete_event(adam, event_id, "test_recording")
            say(pipe, "deleted", event_id)


def say(pipe: int, what: str, which: str) -> None:
    """Tell the parent, in one write that is not torn."""
    os.write(pipe, f"{what} {which}\n".encode())


def run_round(
    path: Path, videos: tuple[Path, Path], workers: int, chance: random.Random
) -> dict[str, str]:
    """Start workers, kill them at a random moment; return how far each event was said to be."""
    read_end, write_end = os.pipe()
    children = []
    for _ in range(workers):
        child = os.fork()
        if child == 0:
            os.close(read_end)
            try:
                work_for_ever(path, *videos, write_end)
            finally:
                os._exit(1)
        children.append(child)
    os.close(write_end)
    time.sleep(chance.uniform(0.05, LONGEST_LIFE_SECONDS))
    for child in children:
        os.kill(child, signal.SIGKILL)
    for child in children:
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            raise SystemExit("a worker ended by itself; run one alone to see its error")
    with os.fdopen(read_end) as pipe:
        said = [line.split() for line in pipe.read().splitlines()]
    return {which: what for what, which in said}


def check(path: Path, said: dict[str, str], counts: Counts) -> None:
    """Open the archive again and compare it with what was said."""
    with opened(path, "rita") as rita, opened(path, "adam") as adam:
        report = verify_audit(adam)
        counts.audit_findings += len(report.findings)
        _finish_deletions(adam, counts)
        for event_id, stage in said.items():
            counts.lost += not _is_there(rita, event_id, stage)
        for finding in check_copies(adam).findings:
            counts.half += finding.part in ("stream", "keys")
            counts.surviving_keys += finding.part == "deleted"
        counts.leftovers_removed += sum(
            finding.part == "leftover" for finding in repair_copies(adam).findings
        )


def _finish_deletions(adam: Archive, counts: Counts) -> None:
    """Ask again where the keys are destroyed and the catalog was not told any more."""
    for event in adam.events():
        files = [adam.stored(row) for row in event.files()]
        if any(not adam.folders.roots_with(file.name) for file in files):
            if not _was_deletion_begun(adam.catalog.audit.rows(event_id=event.event_id)):
                counts.half += 1
                continue
            delete_event(adam, event.event_id, "test_recording")
            counts.deletions_finished += 1


def _was_deletion_begun(rows: list[AuditRow]) -> bool:
    return any(row.action == Action.DELETE_EVENT for row in rows)


def _is_there(rita: Archive, event_id: str, stage: str) -> bool:
    """Return whether an event is at least as far as was said, and opens."""
    try:
        row = rita.catalog.events.get(event_id)
        if row.state is EventState.DELETED:
            rows = rita.catalog.audit.rows(event_id=event_id)
            return stage == "deleted" or _was_deletion_begun(rows)
        place = ORDER.index(stage)
        event = rita.event(event_id)
        with event.video() as file:
            whole = len(file.read()) > 0
        whole &= event.names().patient_name == "Zephyrina Quellmarker"
        if place >= ORDER.index("copy"):
            with event.video("deidentified") as file:
                whole &= len(file.read()) > 0
        if place >= ORDER.index("correction"):
            whole &= len(rita.catalog.reviews.corrections(event_id)) == 1
        if place >= ORDER.index("released"):
            whole &= event.is_released
    except RecorderError as error:
        print(f"lost: {stage} {event_id}: {error}", file=sys.stderr)
        return False
    return whole and stage != "deleted"


def count_cut_off(path: Path) -> dict[str, int]:
    """Return which actions have a beginning and no end in the log."""
    with opened(path, "adam") as adam:
        rows = adam.catalog.audit.rows()
    ended = {
        word.partition(":")[2]
        for row in rows
        if row.outcome != "begun"
        for word in row.detail.split()
        if word.startswith("begun:")
    }
    return dict(
        Counter(row.action for row in rows if row.outcome == "begun" and str(row.seq) not in ended)
    )


def count_names(folder: Path) -> int:
    """Return in how many files a name of a person occurs."""
    markers = (b"Zephyrina", b"Quellmarker", b"Timbuktoo")
    return sum(
        any(marker in path.read_bytes() for marker in markers)
        for root in ("archive", "mirror")
        for path in (folder / root).rglob("*")
        if path.is_file()
    )


def run(kills: int, seed: int) -> Counts:
    """Do all rounds and return what was counted."""
    chance, counts, done = random.Random(seed), Counts(), Counter[str]()  # noqa: S311
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path, videos = make_site(folder), make_video(folder)
        number = 0
        while counts.kills < kills:
            workers = 2 if number % SECOND_WORKER_ROUNDS == 0 else 1
            said = run_round(path, videos, workers, chance)
            counts.kills += workers
            counts.rounds_with_two_workers += workers == 2
            for stage in said.values():
                done.update(ORDER[: ORDER.index(stage) + 1])
            check(path, said, counts)
            if number % SCRUB_ROUNDS == 0:
                counts.names_in_clear += count_names(folder)
            number += 1
        counts.cut_off = count_cut_off(path)
        counts.names_in_clear += count_names(folder)
    counts.done = dict(done)
    counts.seconds = round(time.monotonic() - began, 1)
    return counts


def main() -> int:
    """Print the counts; 1 if anything was lost or wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=200, help="workers to kill; default: 200")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="write the counts as JSON too")
    options = parser.parse_args()
    counts = run(options.kills, options.seed)
    text = json.dumps(asdict(counts) | {"clean": counts.is_clean}, indent=2)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")
    return 0 if counts.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())

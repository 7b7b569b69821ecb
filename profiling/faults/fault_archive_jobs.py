"""Kill processes that work in an archive at random moments, and count what was lost.

Usage: ``python profiling/faults/fault_archive_jobs.py [--kills 200] [--out FILE.json]``

The video and the recordings have minutes, with audio. One worker imports a video as an event,
adds its de-identified copy, corrects, signs off and deletes; another records video, signals,
detections, markers and screenshots into one event; one of them works at a time, or both, or two of
a kind. Each says over a pipe what it was told is done. After every ``kill -9`` the archive is
opened again: all that was said must be there and open, a cut-off recording must hold what was
durable of each of its files and be finalised, and of the events that the round touched nothing may
be half: each stream has its SHA-256 and each key file is the same on both roots, and what was
deleted has no key. The log must be sound. At the end the same is asked of all events together, and
the archive is repaired and verified. Exit status 1 if anything was lost or wrong.
"""

from __future__ import annotations

import io
import random
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from itertools import cycle
from pathlib import Path

import av
import numpy as np
from killing import FaultError, Say, fault_parser, finish, kill_workers, numbers
from recorded_videos import is_recording

from recorder_core.archive import Argon2Settings, DelaySettings, Password
from recorder_core.catalog import Action, AuditRow, EventState, Profile
from recorder_core.errors import RecorderError
from recorder_core.jobs.archive import (
    Archive,
    ArchivedEvent,
    Credentials,
    EventNames,
    EventRecording,
    ImportRequest,
    RecordingRequest,
    add_copy,
    add_user,
    check_copies,
    create_archive,
    delete_event,
    finalise_event,
    import_video,
    open_archive,
    record_event,
    repair_copies,
    sign_off,
    undo_correction,
    verify_audit,
)
from recorder_core.jobs.archive.events.deleting import unfinished_deletions
from recorder_core.jobs.archive.place.roles import file_name
from recorder_core.media import file_sha256
from recorder_core.model import empty_detections
from recorder_core.tables import SignalRow, TableContent, read_detection_log, read_detections

SECRET = secrets.token_hex(8)
PEOPLE = {"olga": Profile.OPERATOR, "rita": Profile.REVIEWER}
MAX_LIFE_SECONDS = 4.0
#: length of the video and of the recordings
SECONDS = 120
#: every so many rounds names are looked for in every byte
SCRUB_ROUNDS = 20
#: of a recording that is said to be durable
PIECE_BYTES = 50_000
#: of the signals of a recording
DEVICES = ("bis", "heart-rate", "spo2")
#: of the frames of a recording
TIME_BASE = Fraction(1, 30)
#: so many pieces lie between two markers, and two screenshots
MARK_PIECES = 10
PICTURE = np.full((90, 160, 3), 90, np.uint8)
NAMES = EventNames(patient_name="Zephyrina Quellmarker", notes="Timbuktoo")
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
    #: recordings that were cut off, held all that was durable, and were finalised
    recordings_finalised: int = 0
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
    path = folder / "archive"
    create_archive(
        path,
        site_code="site1",
        administrator="adam",
        password=Password(SECRET),
        mirror=folder / "mirror",
        password_cost=Argon2Settings(64, 1, 1),
    )
    with opened(path, "adam") as archive:
        for user_id, profile in PEOPLE.items():
            add_user(archive, user_id, profile, Password(SECRET))
    return path


def make_video(folder: Path) -> tuple[Path, Path]:
    """Make a video and its de-identified copy, in a process of its own (it starts threads)."""
    video, copy = folder / "video.mp4", folder / "copy.mp4"
    for words in (
        ["simulate", str(video), "--seconds", str(SECONDS), "--size", "256x144", "--faces", "1"],
        ["deidentify", str(video), "-o", str(copy), "--quiet", "--every", "15"],
    ):
        code = f"from workbench.cli import main; raise SystemExit(main({words!r}))"
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
    return video, copy


def make_fragments(video: Path) -> bytes:
    """Return a video as a recorder writes it: fragmented MP4."""
    target = io.BytesIO()
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    with (
        av.open(str(video)) as source,
        av.open(target, "w", format="mp4", options=options) as made,
    ):
        streams = [made.add_stream_from_template(stream) for stream in source.streams]
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream_index]
                made.mux_one(packet)
    return target.getvalue()


@dataclass(frozen=True)
class Site:
    """Where the workers work, and on what."""

    path: Path
    video: Path
    copy: Path
    fragments: bytes

    def serve(self, say: Say) -> None:
        """Import, add the copy, correct, release and delete until killed."""
        request = ImportRequest(source=self.video, procedure_code="demo", names=NAMES)
        with ExitStack() as stack:
            olga, rita, adam = (
                stack.enter_context(opened(self.path, user)) for user in ("olga", "rita", "adam")
            )
            while True:
                event_id = import_video(olga, request).event.event_id
                say(f"event {event_id}")
                add_copy(rita, event_id, self.copy)
                say(f"copy {event_id}")
                with rita._session.audited(Action.CORRECT, event_id):
                    entered = rita._session.catalog.reviews.add_correction(
                        event_id, "add", keyframes=[(0, 0, 0, 8, 8)], author="rita"
                    )
                say(f"correction {event_id}")
                # the copy lacks it, and is not signed off while it is in force
                undo_correction(rita, event_id, entered.correction_id)
                rita.event(event_id).video("deidentified").close()
                sign_off(rita, event_id)
                say(f"released {event_id}")
                delete_event(adam, event_id, "test_recording")
                say(f"deleted {event_id}")

    def record(self, say: Say) -> None:
        """Record again and again until killed, saying how much of each file is durable."""
        request = RecordingRequest(procedure_code="demo", names=NAMES)
        with opened(self.path, "olga") as olga:
            while True:
                with record_event(olga, request) as recording:
                    signals = recording.open_signals()
                    detections = recording.open_detections(TIME_BASE)
                    for number, place in enumerate(range(0, len(self.fragments), PIECE_BYTES)):
                        recording.sink.write(self.fragments[place : place + PIECE_BYTES])
                        signals.append([SignalRow(name, "", number, 1.0) for name in DEVICES])
                        detections.append([empty_detections(number, number)])
                        if number % MARK_PIECES == 0:
                            note_moment(recording, float(number))
                        for sink in (recording.sink, signals.sink, detections.sink):
                            sink.sync()
                        say(f"durable:{place + PIECE_BYTES}:{number} {recording.event_id}")
                    recording.finish(float(SECONDS))
                say(f"recorded {recording.event_id}")


def note_moment(recording: EventRecording, second: float) -> None:
    """Mark a moment of a recording, and take a picture of it."""
    recording.journal.mark("incision", start_seconds=second, note=NAMES.notes)
    recording.journal.add_screenshot(PICTURE, frame_index=0, pts=0, at_seconds=second)


def run_round(works: Sequence[Callable[[Say], None]], chance: random.Random) -> dict[str, str]:
    """Run workers, kill them at a random moment; return how far each event was said to be."""
    said = kill_workers(works, chance, MAX_LIFE_SECONDS)
    return {which: what for what, _, which in (line.partition(" ") for line in said)}


def check(site: Site, said: dict[str, str], counts: Counts) -> dict[str, str]:
    """Open the archive again, compare it with what was said, and return what holds from now on."""
    with opened(site.path, "rita") as rita, opened(site.path, "adam") as adam:
        counts.audit_findings += bool(adam._session.catalog.audit.chain_fault())
        _finish_deletions(adam, counts)
        for event_id, stage in said.items():
            if stage in ("recorded", "finalised") or stage.startswith("durable:"):
                counts.lost += not _is_recorded(rita, site, event_id, stage)
            else:
                counts.lost += not _is_there(rita, event_id, stage)
        finalised = _finalise(rita)
        counts.recordings_finalised += len(finalised)
        for event_id in {*said, *finalised}:
            _count_half(adam, event_id, counts)
    # what was cut off before anything was durable holds nothing
    return said | {event_id: "finalised" for event_id in finalised if event_id in said}


def check_all(site: Site, said: dict[str, str], counts: Counts) -> None:
    """Ask of all events what each round asked of its own; repair and verify the archive."""
    check(site, said, counts)
    with opened(site.path, "adam") as adam:
        counts.leftovers_removed += sum(
            finding.part == "leftover" for finding in repair_copies(adam).findings
        )
        for finding in check_copies(adam, read_all=True).findings:
            counts.half += finding.part in ("stream", "keys")
            counts.surviving_keys += finding.part == "deleted"
        counts.audit_findings += len(verify_audit(adam).findings)


def _count_half(adam: Archive, event_id: str, counts: Counts) -> None:
    """Count files of an event that are not whole on both roots, and keys of a deleted one."""
    folders = [root / "events" / event_id for root in adam.folders.roots()]
    catalog = adam._session.catalog
    if catalog.events.get(event_id).state is EventState.DELETED:
        counts.surviving_keys += sum(len(list(folder.glob("*.key"))) for folder in folders)
        return
    for row in catalog.contents.files(event_id):
        streams = [root / f"{file_name(row.file_id)}.sealed" for root in adam.folders.roots()]
        keys = {stream.with_suffix(".key").read_bytes() for stream in streams}
        counts.half += len(keys) != 1 or {file_sha256(each) for each in streams} != {row.sha256}


def _is_recorded(rita: Archive, site: Site, event_id: str, stage: str) -> bool:
    """Return whether a recording holds what was said to be durable, and nothing else."""
    promised, pieces = len(site.fragments), len(range(0, len(site.fragments), PIECE_BYTES))
    if stage.startswith("durable:"):
        said_bytes, number = map(int, stage.split(":")[1:])
        promised, pieces = min(said_bytes, promised), number + 1
    elif stage == "finalised":
        pieces = 0  # how many were promised was asked before
    try:
        event = rita.event(event_id)
        with event.video(incomplete=True) as file:
            content = file.read()
        beside = _is_beside(rita, event_id, pieces)
    except RecorderError as error:
        print(f"lost: {stage} {event_id}: {error}", file=sys.stderr)
        return False
    if stage == "finalised":
        is_whole = content[4:8] == b"ftyp"
    else:
        is_whole = is_recording(content, site.fragments, promised)
    if not (is_whole and beside):
        print(f"lost: {stage} {event_id}: {len(content)} bytes, {beside=}", file=sys.stderr)
    return is_whole and beside


def _is_beside(rita: Archive, event_id: str, pieces: int) -> bool:
    """Return whether a recording has what was recorded beside so many pieces of its video."""
    event, marks = rita.event(event_id), -(-pieces // MARK_PIECES)
    if not pieces:
        return True
    signals = event.signals(incomplete=True)["seconds"].value_counts()
    shots = rita.catalog.contents.screenshots(event_id)
    whole = len(signals) >= pieces and bool((signals == len(DEVICES)).all())
    whole = whole and _detected_frames(event) >= pieces
    return whole and len(event.markers()) >= marks and len(shots) >= marks


def _detected_frames(event: ArchivedEvent) -> int:
    """Return how many frames have detections, in the table or in its log."""
    with event.open_file("detections", incomplete=True) as file:
        content = file.readall()
    if content.startswith(b"PAR1"):
        return len(read_detections(TableContent("detections", content)))
    return len(read_detection_log(content).table)


def _finalise(rita: Archive) -> list[str]:
    """Finalise what was cut off, and play it; return which recordings that were."""
    cut = rita.events(state=EventState.RECORDING)
    for event in cut:
        found = event.incomplete()
        result = finalise_event(rita, event.event_id)
        if found is None or result.seconds != found.seconds:
            raise FaultError(f"{event.event_id}: {found} became {result.seconds} s")
        with result.event.video() as file:
            file.read()
    return [event.event_id for event in cut]


def _finish_deletions(adam: Archive, counts: Counts) -> None:
    """Ask again where keys may be destroyed and the catalog was not told any more."""
    for event_id in unfinished_deletions(adam._session):
        delete_event(adam, event_id, "test_recording")
        counts.deletions_finished += 1


def _was_deletion_begun(rows: list[AuditRow]) -> bool:
    return any(row.action == Action.DELETE_EVENT for row in rows)


def _is_there(rita: Archive, event_id: str, stage: str) -> bool:
    """Return whether an event is at least as far as was said, and opens."""
    try:
        row = rita._session.catalog.events.get(event_id)
        if row.state is EventState.DELETED:
            rows = rita._session.catalog.audit.rows(event_id=event_id)
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
            reviews = rita._session.catalog.reviews
            whole &= len(reviews.corrections(event_id, in_force=False)) > 0
        if place >= ORDER.index("released"):
            whole &= event.is_released
    except RecorderError as error:
        print(f"lost: {stage} {event_id}: {error}", file=sys.stderr)
        return False
    if not whole or stage == "deleted":
        print(f"lost: {stage} {event_id}: it is {row.state}, whole: {whole}", file=sys.stderr)
    return whole and stage != "deleted"


def count_cut_off(path: Path) -> dict[str, int]:
    """Return which actions have a beginning and no end in the log."""
    with opened(path, "adam") as adam:
        rows = adam._session.catalog.audit.rows()
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
    """Run all rounds and return what was counted."""
    chance, counts, done = numbers(seed), Counts(), Counter[str]()
    began, all_said = time.monotonic(), dict[str, str]()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path, (video, copy) = make_site(folder), make_video(folder)
        site = Site(path, video, copy, make_fragments(video))
        turns = cycle(
            [
                [site.serve, site.record],
                [site.serve],
                [site.record],
                [site.serve, site.serve],
                [site.record, site.record],
            ]
        )
        for number, works in enumerate(turns):
            if counts.kills >= kills:
                break
            said = run_round(works, chance)
            counts.kills += len(works)
            counts.rounds_with_two_workers += len(works) == 2
            for stage in said.values():
                done.update(
                    ORDER[: ORDER.index(stage) + 1] if stage in ORDER else [stage.partition(":")[0]]
                )
            all_said |= check(site, said, counts)
            if number % SCRUB_ROUNDS == 0:
                counts.names_in_clear += count_names(folder)
        check_all(site, all_said, counts)
        counts.cut_off = count_cut_off(path)
        counts.names_in_clear += count_names(folder)
    counts.done = dict(done)
    counts.seconds = round(time.monotonic() - began, 1)
    return counts


def main() -> int:
    """Print the counts; 1 if anything was lost or wrong."""
    options = fault_parser(__doc__, 200).parse_args()
    counts = run(options.kills, options.seed)
    return finish(counts, asdict(counts), options.out)


if __name__ == "__main__":
    sys.exit(main())

"""An archive with its people, a small video, and a video's de-identified copy."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from profiling.benches.long_videos import LongVideo, write_long
from recorder_core.archive import Argon2Settings, DelaySettings, Password
from recorder_core.catalog import Profile
from recorder_core.jobs.archive import (
    Archive,
    Credentials,
    EventNames,
    ImportRequest,
    add_copy,
    add_user,
    create_archive,
    import_video,
    open_archive,
)
from recorder_core.jobs.deidentify.sidecars import sidecar
from recorder_core.jobs.inputs.options import DeidentifyOptions
from recorder_core.media import file_sha256
from recorder_core.model import FrameDetections, Redaction
from recorder_core.tables import (
    DetectionTable,
    RedactionTable,
    TableMetadata,
    write_detections,
    write_redactions,
)

PASSWORD = "correct horse"
#: strings that occur nowhere else, as names of people and places
NAMES = EventNames(
    patient_name="Zephyrina Ångström-Qux",
    medical_record="MRN-5550123",
    physician_names=("Dr Quellmarker", "Dra Ñandú"),
    place="Xanthos Hospital",
    procedure_name="Wobblectomy",
    notes="spoke of Timbuktoo",
)
#: little work; the real cost is tested with the archive's keys
QUICK = Argon2Settings(memory_kib=64, iterations=1, lanes=1)
NO_DELAY = DelaySettings(free_attempts=1000)


class MovedClock:
    """The real time, shifted by what a test says."""

    def __init__(self) -> None:
        self.shift = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.shift


@dataclass
class Site:
    """An archive on two folders, and everybody's password."""

    path: Path
    mirror: Path
    words: str = field(repr=False)
    clock: MovedClock = field(default_factory=MovedClock)

    @contextmanager
    def opened(self, user: str, **settings: object) -> Iterator[Archive]:
        credentials = Credentials(user, Password(PASSWORD))
        with open_archive(
            self.path,
            credentials,
            delays=NO_DELAY,
            clock=self.clock,
            **settings,  # type: ignore[arg-type]
        ) as archive:
            yield archive

    def bring_in(self, video: Path, **changes: object) -> str:
        """Import a video as the operator and return the event's id."""
        with self.opened("olga") as archive:
            request = ImportRequest(
                source=video,
                procedure_code="lap-chole",
                names=NAMES,
                **changes,  # type: ignore[arg-type]
            )
            return import_video(archive, request).event.event_id


def _copy_site(made: Site, folder: Path) -> Site:
    """Return the same archive in other folders; making one syncs many times."""
    copied = Site(folder / "archive", folder / "mirror", made.words)
    for old, new in ((made.path, copied.path), (made.mirror, copied.mirror)):
        shutil.copytree(old, new)
        info = json.loads((new / "archive.json").read_text())
        places = {"folder": str(copied.path), "mirror": str(copied.mirror)}
        (new / "archive.json").write_text(json.dumps(info | places))
    return copied


@pytest.fixture(scope="package")
def _made_site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("site")
    words = create_archive(
        folder / "archive",
        site_code="site1",
        administrator="adam",
        password=Password(PASSWORD),
        mirror=folder / "mirror",
        password_cost=QUICK,
    )
    made = Site(folder / "archive", folder / "mirror", words)
    people = {
        "olga": Profile.OPERATOR,
        "rita": Profile.REVIEWER,
        "rosa": Profile.RESEARCHER,
        "egon": Profile.ENGINEER,
    }
    with made.opened("adam") as archive:
        for user_id, profile in people.items():
            add_user(archive, user_id, profile, Password(PASSWORD))
    return made


@dataclass(frozen=True)
class _WithEvent:
    site: Site
    event_id: str


@pytest.fixture(scope="package")
def _made_event(
    tmp_path_factory: pytest.TempPathFactory, _made_site: Site, drawn_source: Path
) -> _WithEvent:
    folder = tmp_path_factory.mktemp("event")
    site = _copy_site(_made_site, folder)
    signals = _write_signals(folder)
    return _WithEvent(site, site.bring_in(_write_named(folder, drawn_source), signals=signals))


@pytest.fixture
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    """An archive with one user of each profile, and the event if the test asks for that."""
    if "event_id" in request.fixturenames:
        return _copy_site(request.getfixturevalue("_made_event").site, tmp_path)
    return _copy_site(request.getfixturevalue("_made_site"), tmp_path)


@pytest.fixture
def event_id(_made_event: _WithEvent) -> str:
    """An event that the operator imported."""
    return _made_event.event_id


@pytest.fixture
def with_copy(
    site: Site, event_id: str, named_video: Path, make_copy: Callable[[Path], Path]
) -> str:
    """An event with an unreleased copy."""
    with site.opened("rita") as archive:
        add_copy(archive, event_id, make_copy(named_video))
    return event_id


#: a recording of minutes, tiny frames and audio: its index outgrows every buffer on its way
MINUTES = LongVideo(240)


@pytest.fixture(scope="session")
def minutes() -> LongVideo:
    """What the videos of minutes are like."""
    return MINUTES


@pytest.fixture(scope="session")
def minutes_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of minutes with audio."""
    path = tmp_path_factory.mktemp("minutes") / "Zephyrina minutes.mp4"
    write_long(path, MINUTES)
    return path


@pytest.fixture(scope="session")
def minutes_recorded() -> bytes:
    """What a recorder writes in minutes: a fragment for each second, with audio."""
    target = io.BytesIO()
    write_long(target, replace(MINUTES, is_fragmented=True))
    return target.getvalue()


@pytest.fixture
def names() -> EventNames:
    """What occurs nowhere else, as names of people and places."""
    return NAMES


@pytest.fixture
def named_video(tmp_path: Path, drawn_source: Path) -> Path:
    """A video whose file name is a person's name."""
    return _write_named(tmp_path, drawn_source)


def _write_named(folder: Path, source: Path) -> Path:
    path = folder / "incoming" / "Zephyrina video.mp4"
    path.parent.mkdir()
    path.write_bytes(source.read_bytes())
    return path


@pytest.fixture
def signals_file(tmp_path: Path) -> Path:
    return _write_signals(tmp_path)


def _write_signals(folder: Path) -> Path:
    lines = ["signal,unit,seconds,value"]
    seconds = [place / 5 for place in range(15) if place not in (5, 6, 7, 8)]
    lines += [f"bis,,{second},{50 + second}" for second in seconds]
    lines += [f"heart-rate,1/min,{place},72" for place in range(3)]
    path = folder / "signals.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def make_copy(tmp_path: Path) -> Callable[[Path], Path]:
    """Return a function that writes what `deidentify` writes, without looking for faces."""

    def make(source: Path, name: str = "copy.mp4") -> Path:
        copy = tmp_path / name
        copy.write_bytes(source.read_bytes())
        _write_tables(copy)
        report = _report(file_sha256(source), file_sha256(copy))
        sidecar(copy, "report").write_text(json.dumps(report))
        return copy

    return make


def _write_tables(copy: Path) -> None:
    box = np.array([[10, 10, 40, 50]], np.float32)
    frames = [FrameDetections(0, 0, box, np.array([0.9], np.float32))]
    metadata = TableMetadata("0" * 64, time_base=Fraction(1, 20))
    detections = DetectionTable.from_frames(frames, Fraction(1, 20))
    write_detections(sidecar(copy, "detections"), detections, metadata)
    redactions = [Redaction(0, (10.0, 10.0, 40.0, 50.0), "detected", 0, 0.9)]
    table = RedactionTable.from_redactions(redactions, [0])
    write_redactions(sidecar(copy, "redactions"), table, metadata)


def _report(source_sha256: str, copy_sha256: str) -> dict[str, object]:
    settings = asdict(DeidentifyOptions())
    settings["detector"].pop("weights")
    options = json.loads(json.dumps(settings))
    facts = {"version": "9", "source": source_sha256, "weights": "?", "options": options}
    return {
        "program": "surgery-workbench 9",
        "job": hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest(),
        "source": {"sha256": source_sha256},
        "copy": {"sha256": copy_sha256, "frames": 60},
        "settings": options | {"view_px": "0,0,384,192", "frame_span": [0, 60]},
        "redactions": {
            "regions": 1,
            "tracks": 1,
            "by_origin": {"detected": 1, "filled": 0, "rescued": 0, "padded": 0},
        },
        "detection_frames": 31,
        "longest_repaired_gap_frames": 3,
        "longest_repaired_gap_seconds": 1.25,
    }

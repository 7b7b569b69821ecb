"""A server with two events whose copies show a face that somebody lifted by mistake."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from recorder_core.archive import Argon2Settings, Password
from recorder_core.catalog import Profile
from recorder_core.detect import DetectorSettings
from recorder_core.jobs import DeidentifyOptions
from recorder_core.jobs.archive import (
    Archive,
    Credentials,
    EventDeidentifyRequest,
    EventNames,
    EventRerenderRequest,
    ImportRequest,
    add_copy,
    add_user,
    create_archive,
    deidentify_event,
    event_corrections,
    import_video,
    mark_event,
    open_archive,
    rank_event,
    rerender_event,
    save_event_corrections,
    sign_off,
)
from recorder_core.media import EncoderSettings
from recorder_core.model import Correction, Keyframe
from recorder_core.review import RankingSettings
from tests.workbench.server.conftest import PASSWORD, serving

#: frames in which one face shows in the copies
SHOWN = range(8, 20)
#: the part of the frame that shows people in the copy of the second event
ROOM = "0,0,320,160"
PEOPLE = {
    "olga": Profile.OPERATOR,
    "rita": Profile.REVIEWER,
    "rolf": Profile.REVIEWER,
    "rosa": Profile.RESEARCHER,
}


@dataclass(frozen=True)
class Reviewed:
    """A server, its archive, and what shows in the copies."""

    address: str
    archive: Path
    #: ids of the events; the last one is left without a copy
    events: tuple[str, ...]
    #: where the face is in the middle of `SHOWN`
    face_xyxy_px: tuple[float, ...]

    def local(self, login: str) -> Archive:
        """Open the archive beside the server."""
        return open_archive(self.archive, Credentials(login, Password(PASSWORD)))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = Path(os.environ.get("WORKBENCH_PICTURES", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def reviewed(tmp_path_factory: pytest.TempPathFactory, drawn_source: Path) -> Iterator[Reviewed]:
    folder = tmp_path_factory.mktemp("reviewed")
    path = _archive(folder, PEOPLE)
    with open_archive(path, Credentials("olga", Password(PASSWORD))) as archive:
        asked = ImportRequest(source=drawn_source, procedure_code="lap-chole")
        events = tuple(import_video(archive, asked).event.event_id for _ in range(4))
    with open_archive(path, Credentials("rolf", Password(PASSWORD))) as archive:
        faces = [
            _copy_with_a_face(archive, event, folder, view)
            for event, view in zip(events, ("full", ROOM), strict=False)
        ]
    with serving(path, kernels=False) as served:
        yield Reviewed(served.address, path, events, faces[0])


@pytest.fixture(scope="session")
def empty_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with people and without an event."""
    return _archive(tmp_path_factory.mktemp("empty"), PEOPLE)


@dataclass(frozen=True)
class ManyMoments:
    """A server, its archive, and an event whose copy has a long queue."""

    address: str
    archive: Path
    event: str

    def local(self, login: str) -> Archive:
        """Open the archive beside the server."""
        return open_archive(self.archive, Credentials(login, Password(PASSWORD)))


#: so many moments in a short video as in some minutes of surgery: most of them chosen by chance
RANKING = partial(RankingSettings, spot_checks_per_hour=14_000, spot_check_seconds=0.2)


@pytest.fixture(scope="session")
def many_moments(
    tmp_path_factory: pytest.TempPathFactory, drawn_source: Path
) -> Iterator[ManyMoments]:
    folder = tmp_path_factory.mktemp("many")
    path = _archive(folder, PEOPLE)
    with open_archive(path, Credentials("olga", Password(PASSWORD))) as archive:
        asked = ImportRequest(source=drawn_source, procedure_code="lap-chole")
        event = import_video(archive, asked).event.event_id
    with open_archive(path, Credentials("rolf", Password(PASSWORD))) as archive:
        _copy_with_a_face(archive, event, folder, "full")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("recorder_core.jobs.archive.review.reviewing.RankingSettings", RANKING)
            rank_event(archive, event)
    with serving(path, kernels=False, ahead=True) as served:
        yield ManyMoments(served.address, path, event)


def _archive(folder: Path, people: Mapping[str, Profile]) -> Path:
    """Make an archive with these people, and an administrator."""
    path, quick = folder / "archive", Argon2Settings(memory_kib=64, iterations=1, lanes=1)
    create_archive(
        path,
        site_code="site1",
        administrator="adam",
        password=Password(PASSWORD),
        password_cost=quick,
    )
    with open_archive(path, Credentials("adam", Password(PASSWORD))) as archive:
        for login, profile in people.items():
            add_user(archive, login, profile, Password(PASSWORD))
    return path


def _copy_with_a_face(archive: Archive, event: str, work: Path, view: str) -> tuple[float, ...]:
    """Make a copy, lift one face by mistake, and return where it is then."""
    options = DeidentifyOptions(
        view=view,
        detector=DetectorSettings(long_side_px=384),
        encoder=EncoderSettings(preset="ultrafast", gop_seconds=0.5),
        segment_seconds=1.0,
    )
    deidentify_event(archive, event, EventDeidentifyRequest(work=work, options=options))
    table = archive.event(event).redactions()
    middle = (SHOWN.start + SHOWN.stop) // 2
    row = table[(table["frame"] == middle) & (table["track"] >= 0)].iloc[0]
    whole = (0.0, 0.0, 384.0, 192.0)
    keyframes = (Keyframe(SHOWN.start, whole), Keyframe(SHOWN.stop - 1, whole))
    mistake = Correction("mistake", "remove", keyframes, int(row["track"]))
    seen = event_corrections(archive, event).version
    save_event_corrections(archive, event, [mistake], [], seen=seen)
    rerender_event(archive, event, EventRerenderRequest(work=work))
    return tuple(float(row[edge]) for edge in ("x0", "y0", "x1", "y1"))


@dataclass(frozen=True)
class Compared:
    """A server, its archive, and events to compare: two released, one not, one without a copy."""

    address: str
    archive: Path
    events: tuple[str, ...]

    @property
    def path(self) -> str:
        """Address of the page with the two that are released."""
        return f"/playback?events={','.join(self.events[:2])}"


#: seconds between two values
STEP = 0.25
#: of each event: what BIS is at a time (None: nothing comes), and its markers
COURSES = (
    (lambda t: 50 if t < 1.5 else 30, {"incision": 0.5, "clip": 2.0}),
    (lambda t: None if 1 <= t < 2 else 45, {"incision": 1.0, "clip": 2.5, "closure": 2.75}),
    (lambda t: 55, {"clip": 1.0}),
)
PATIENT = "Quorra Zephyr"


@pytest.fixture(scope="session")
def compared(
    tmp_path_factory: pytest.TempPathFactory, drawn_source: Path, finished: Path
) -> Iterator[Compared]:
    folder = tmp_path_factory.mktemp("compared")
    path = _archive(folder, PEOPLE | {"egon": Profile.ENGINEER})
    with open_archive(path, Credentials("olga", Password(PASSWORD))) as archive:
        events = tuple(
            _event_with_signals(archive, drawn_source, folder / f"{place}.csv", place)
            for place in range(len(COURSES))
        )
        bare = ImportRequest(source=drawn_source, procedure_code="hernia")
        events += (import_video(archive, bare).event.event_id,)
    with open_archive(path, Credentials("rita", Password(PASSWORD))) as archive:
        for event in events[:3]:
            add_copy(archive, event, finished)
        for event in events[:2]:
            archive.event(event).video("deidentified").close()
            sign_off(archive, event)
    with serving(path, kernels=False) as served:
        yield Compared(served.address, path, events)


def _event_with_signals(archive: Archive, source: Path, signals: Path, place: int) -> str:
    bis, markers = COURSES[place]
    times = [STEP * each for each in range(12)]
    rows = [f"bis,,{time},{bis(time)}" for time in times if bis(time) is not None]
    rows += [f"emg,dB,{time},{28 + place + time}" for time in times]
    signals.write_text("\n".join(["signal,unit,seconds,value", *rows]) + "\n")
    request = ImportRequest(
        source=source,
        procedure_code="lap-chole",
        signals=signals,
        names=EventNames(patient_name=PATIENT),
    )
    event = import_video(archive, request).event.event_id
    for kind, seconds in markers.items():
        mark_event(archive, event, kind, start_seconds=seconds)
    return event

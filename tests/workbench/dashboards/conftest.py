"""A server with two events whose copies show a face that somebody lifted by mistake."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from recorder_core.archive import Argon2Settings, Password
from recorder_core.catalog import Profile
from recorder_core.detect import DetectorSettings
from recorder_core.jobs import DeidentifyOptions
from recorder_core.jobs.archive import (
    Archive,
    Credentials,
    EventDeidentifyRequest,
    EventRerenderRequest,
    ImportRequest,
    add_user,
    create_archive,
    deidentify_event,
    event_corrections,
    import_video,
    open_archive,
    rerender_event,
    save_event_corrections,
)
from recorder_core.media import EncoderSettings
from recorder_core.model import Correction, Keyframe
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
    #: ids of the events
    events: tuple[str, ...]
    #: where the face is in the middle of `SHOWN`
    face_xyxy_px: tuple[float, ...]

    def local(self, login: str) -> Archive:
        """Open the archive beside the server."""
        return open_archive(self.archive, Credentials(login, Password(PASSWORD)))


@pytest.fixture(scope="session")
def reviewed(tmp_path_factory: pytest.TempPathFactory, drawn_source: Path) -> Iterator[Reviewed]:
    folder = tmp_path_factory.mktemp("reviewed")
    path = folder / "archive"
    quick = Argon2Settings(memory_kib=64, iterations=1, lanes=1)
    password = Password(PASSWORD)
    create_archive(
        path, site_code="site1", administrator="adam", password=password, password_cost=quick
    )
    with open_archive(path, Credentials("adam", Password(PASSWORD))) as archive:
        for login, profile in PEOPLE.items():
            add_user(archive, login, profile, Password(PASSWORD))
    with open_archive(path, Credentials("olga", Password(PASSWORD))) as archive:
        asked = ImportRequest(source=drawn_source, procedure_code="lap-chole")
        events = tuple(import_video(archive, asked).event.event_id for _ in range(3))
    with open_archive(path, Credentials("rolf", Password(PASSWORD))) as archive:
        faces = [
            _copy_with_a_face(archive, event, folder, view)
            for event, view in zip(events, ("full", ROOM), strict=False)
        ]
    with serving(path, kernels=False) as served:
        yield Reviewed(served.address, path, events, faces[0])


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

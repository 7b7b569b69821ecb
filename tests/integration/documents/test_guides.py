"""The commands and programs of the first hours and the guides, on a surgery of next to no size."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import pytest

from recorder_core.archive import Password
from recorder_core.catalog import Profile
from recorder_core.detect.weights.drawn_faces import draw_faces
from recorder_core.jobs.archive import (
    ImportRequest,
    RecordingRequest,
    add_copy,
    add_user,
    create_archive,
    import_video,
    record_event,
    sign_off,
)
from recorder_core.simulate import SimulationSettings, simulate
from tests.integration.documents import scene as scenes
from tests.integration.documents.blocks import ROOT, Command, programs_of
from tests.integration.documents.scene import PASSWORD, Scene, write_room
from workbench.cli import main

#: who types the commands of the reviewer, the researcher and the administrator
PEOPLE = {
    "ana": Profile.REVIEWER, "rui": Profile.RESEARCHER, "olga": Profile.OPERATOR,
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a simulated surgery of 20 small frames, its truth and its copy."""
    folder = tmp_path_factory.mktemp("made")
    settings = SimulationSettings(
        duration_seconds=2, frame_rate=Fraction(10), width=640, height=360, blend_only=True
    )
    simulate(folder / "surgery.mp4", settings, folder / "surgery.truth.parquet")
    source, copy = folder / "surgery.mp4", folder / "copy.mp4"
    words = ("deidentify", source, "-o", copy, "--view", "surgery-box", "--quiet")
    assert main([str(word) for word in words]) == 0
    return folder


@pytest.fixture
def surgery(scene: Scene, made: Path) -> Path:
    """`surgery.mp4` where the commands are typed."""
    return Path(shutil.copy(made / "surgery.mp4", scene.folder))


@pytest.fixture
def disks(scene: Scene) -> None:
    """The disks that the pages name, mounted."""
    for name in ("srv", "mnt", "media/stick"):
        (scene.folder / name).mkdir(parents=True)


@pytest.fixture
def event(scene: Scene, surgery: Path, disks: None) -> str:
    """The id of an event in an archive with a mirror, with a person of each kind."""
    archive = scene.folder / "srv" / "archive"
    words = create_archive(
        archive,
        site_code="site1",
        administrator="admin",
        password=Password(PASSWORD),
        mirror=scene.folder / "mnt" / "second",
    )
    with scenes.opened(archive, "admin") as admin:
        for login, profile in PEOPLE.items():
            add_user(admin, login, profile, Password(PASSWORD))
    with scenes.opened(archive, "ana") as ana:
        request = ImportRequest(source=surgery, procedure_code="lap-chole")
        event = import_video(ana, request).event.event_id
    scene.events[""] = event
    scene.answers |= {"recovery": words, "Type ": event}
    return event


def test_first_hour_of_an_operator(scene: Scene, event: str, type_all: Callable[..., None]) -> None:
    write_room(scene.folder / "room.toml")
    type_all("first-hour/operator.md")
    with scenes.opened(scene.folder / "srv" / "archive", "olga") as olga:
        recorded, imported = sorted(olga.events(), key=lambda each: each.event_id == event)
        assert (recorded.row.is_complete, recorded.row.duration_seconds) == (True, 2.0)
        assert [each.kind for each in imported.marker_rows()] == ["incision"]


def test_first_hour_of_a_reviewer(scene: Scene, event: str, type_all: Callable[..., None]) -> None:
    scene.users[""] = "ana"
    type_all("first-hour/reviewer.md")
    assert (scene.folder / "report.pdf").read_bytes().startswith(b"%PDF-")
    first, second = (scene.folder / name for name in ("review", "second-review"))
    copies = [next(folder.glob("*.for-review.mp4")).read_bytes() for folder in (first, second)]
    assert copies[0] != copies[1]


def test_first_hour_of_a_researcher(
    scene: Scene, made: Path, event: str, type_all: Callable[..., None]
) -> None:
    archive = scene.folder / "srv" / "archive"
    with scenes.opened(archive, "ana") as ana:
        add_copy(ana, event, made / "copy.mp4")
        with ana.event(event).video("deidentified") as copy:
            copy.read(1)
        sign_off(ana, event)
    scene.users[""] = "rui"
    type_all("first-hour/researcher.md")
    taken = {path.name.split(".", 1)[1] for path in (scene.folder / "study").iterdir()}
    assert "deidentified.mp4" in taken
    assert not any(name.startswith("original") for name in taken)
    values: dict[str, Any] = {}
    for program in programs_of(ROOT / "docs" / "first-hour" / "researcher.md"):
        exec(compile(program, "researcher.md", "exec"), values)
    assert values["rgb"].shape == (360, 640, 3)
    assert len(values["detections"]) > 20
    assert set(values["redactions"]["origin"]) >= {"detected", "padded"}


def test_first_hour_of_an_engineer(scene: Scene, type_all: Callable[..., None]) -> None:
    type_all("first-hour/engineer.md")
    assert (scene.folder / "times.json").exists()


@pytest.mark.usefixtures("surgery", "disks")
def test_first_hour_of_an_administrator(
    scene: Scene, type_all: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.users |= {"": "admin"}
    _keep_words(scene, monkeypatch)
    type_all("first-hour/administrator.md")
    assert (scene.folder / "media" / "backup" / "backup.json").exists()


def _keep_words(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write down the recovery words when they are shown, for when they are asked for."""

    def create(*given: Any, **named: Any) -> str:
        scene.answers["recovery"] = create_archive(*given, **named)
        return scene.answers["recovery"]

    monkeypatch.setattr("workbench.cli.archive.archive.create_archive", create)


@pytest.mark.usefixtures("surgery")
def test_de_identifying_a_video(scene: Scene, type_all: Callable[..., None]) -> None:
    type_all("guides/video.md")
    assert (scene.folder / "part.mp4").exists()


@pytest.mark.usefixtures("surgery")
def test_views(scene: Scene, type_all: Callable[..., None]) -> None:
    type_all("guides/views.md")
    assert (scene.folder / "surgery.view.png").exists()


@pytest.mark.usefixtures("surgery")
def test_corrections(scene: Scene, type_all: Callable[..., None]) -> None:
    type_all("guides/corrections.md")


def test_folders(scene: Scene, surgery: Path, type_all: Callable[..., None]) -> None:
    folder = scene.folder / "recordings"
    folder.mkdir()
    surgery.rename(folder / "monday.mp4")
    faces = draw_faces()
    cv2.imwrite(str(scene.folder / "photo.jpg"), faces)
    type_all("guides/folders.md")
    assert [path.name for path in (scene.folder / "copies").glob("*.mp4")] == [
        "monday.deidentified.mp4"
    ]


def test_care_of_the_archive(scene: Scene, event: str, type_all: Callable[..., None]) -> None:
    archive = scene.folder / "srv" / "archive"
    with (
        scenes.opened(archive, "olga") as olga,
        record_event(olga, RecordingRequest(procedure_code="hernia")) as recording,
    ):
        recording.sink.write((scene.folder / "surgery.mp4").read_bytes())
    kept = scenes.keep(scene.folder)
    scene.users[""] = "admin"
    scene.events["workbench event finalise"] = recording.event_id
    # it names the recording that was cut off
    scene.statuses["workbench archive status"] = 1

    def before(command: Command) -> None:
        # the words were renewed before
        if "finalise" in command.text:
            scenes.put_back(scene.folder, kept)

    type_all("guides/archive-care.md", before)
    assert (scene.folder / "log.jsonl").read_text(encoding="utf-8").count("\n") > 10

"""Every command that the documents show is run, in order, as a person would type it."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.integration.conftest import WholeJob
from tests.integration.documents import scene as scenes
from tests.integration.documents.blocks import (
    DOCUMENTS,
    ROOT,
    Command,
    commands_of,
    mentioned_commands,
    programs_of,
)
from tests.integration.documents.scene import Scene
from workbench.cli import main
from workbench.cli.main import build_parser

SHOWN = [command for document in DOCUMENTS for command in commands_of(document)]
MENTIONED = [command for document in DOCUMENTS for command in mentioned_commands(document)]


def _subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def test_documents_show_commands() -> None:
    assert len(SHOWN) > 60
    assert {command.document for command in SHOWN} >= {"README.md", "archive.md", "datasets.md"}


@pytest.mark.parametrize("command", MENTIONED, ids=lambda command: command.text)
def test_a_command_in_a_sentence_exists_and_so_do_its_options(command: Command) -> None:
    words = command.words[1:]
    parser = build_parser(words[0])
    while words and words[0] in _subcommands(parser):
        parser = _subcommands(parser)[words.pop(0)]
    assert not _subcommands(parser) or not words or words[0].startswith("-"), command.text
    known = {option for action in parser._actions for option in action.option_strings}
    assert {word for word in words if word.startswith("--")} <= known


@pytest.fixture
def surgery(scene: Scene, whole_job: WholeJob) -> Path:
    """`surgery.mp4`, as other names in other documents."""
    for name in ("surgery.mp4", "operation.mp4", "video.mp4"):
        shutil.copyfile(whole_job.source, scene.folder / name)
    return scene.folder / "surgery.mp4"


@pytest.fixture
def copy(scene: Scene, whole_job: WholeJob) -> Path:
    """`copy.mp4` with its tables and report, de-identified before the commands are typed."""
    for path in whole_job.output.parent.glob("copy*"):
        shutil.copyfile(path, scene.folder / path.name)
    return scene.folder / "copy.mp4"


def test_evaluation(scene: Scene, type_all: Callable[..., None]) -> None:
    labels = scenes.write_labels(scene.folder / "faces" / "val.json", 2)
    scenes.write_lists(scene.folder, labels)
    scenes.write_weights(scene.folder / "before.safetensors", scene.folder / "after.safetensors")
    for name in ("frames", "rooms"):
        scenes.write_empty(scene.folder / name)
    assert main(["detect", "faces/val", "-o", "faces.parquet", "--quiet"]) == 0
    type_all("evaluation.md")


@pytest.mark.usefixtures("surgery")
def test_training(scene: Scene, type_all: Callable[..., None]) -> None:
    labels = scenes.write_labels(scene.folder / "faces" / "val.json", 2)
    scenes.write_labels(scene.folder / "labels.json", 20)
    (scene.folder / "labels").rename(scene.folder / "pictures")

    def before(command: Command) -> None:
        if "--config" in command.text or "sheet" in command.text:
            scenes.write_training(scene.folder / "mine.toml", labels)
        if "--weights" in command.text:
            # what three steps made finds nobody, and is refused
            folder = scene.folder / "runs" / "my-labels"
            folder.mkdir(exist_ok=True)
            scenes.write_weights(folder / "step-000300.safetensors")

    type_all("training.md", before)


def test_video_evaluation(type_all: Callable[..., None]) -> None:
    type_all("video-evaluation.md")


def test_contributing(type_all: Callable[..., None]) -> None:
    type_all("CONTRIBUTING.md")


def test_install(type_all: Callable[..., None]) -> None:
    type_all("install.md")


@pytest.mark.usefixtures("surgery", "copy")
def test_copies(scene: Scene, type_all: Callable[..., None]) -> None:
    scene.stands_for["4.5"] = "3.5"
    type_all("copies.md")


def test_recorder(scene: Scene, type_all: Callable[..., None]) -> None:
    for name in ("srv", "mnt"):
        (scene.folder / name).mkdir()
    scenes.write_room(scene.folder / "room.toml")
    scene.users |= {"": "admin"}
    type_all("recorder.md")
    with scenes.opened(scene.folder / "srv" / "archive", "ana") as archive:
        [event] = archive.events()
        assert (event.row.is_complete, event.row.duration_seconds) == (True, 10.0)


def test_sources(type_all: Callable[..., None]) -> None:
    type_all("sources.md")


def test_index(type_all: Callable[..., None]) -> None:
    type_all("index.md")


@pytest.mark.usefixtures("archived")
def test_report(scene: Scene, type_all: Callable[..., None]) -> None:
    # its video of hours has a frame a second
    scene.stands_for["56025"] = "1867"

    def before(command: Command) -> None:
        if "-o report.pdf" in command.text:
            (scene.folder / "report.pdf").unlink(missing_ok=True)

    type_all("report.md", before)
    assert (scene.folder / "report.pdf").read_bytes().startswith(b"%PDF-")


@pytest.mark.usefixtures("archived")
def test_datasets(scene: Scene, type_all: Callable[..., None]) -> None:
    labels = scenes.write_labels(scene.folder / "faces" / "train.json")
    scenes.write_lists(scene.folder, labels)
    scenes.write_labels(scene.folder / "faces.json", 20)
    scenes.write_changes(scene.folder / "changes.parquet", scene.folder / "video.mp4")
    scenes.write_training(scene.folder / "run.toml", labels)
    assert main(["detect", "video.mp4", "-o", "found.parquet", "--quiet"]) == 0

    def before(command: Command) -> None:
        # each example stands for itself: what another wrote is put away first
        for name in ("reviewed", "parts"):
            shutil.rmtree(scene.folder / name, ignore_errors=True)
        if "unpacked" in command.text:
            scenes.write_cvat(scene.folder / "unpacked", scene.folder / "reviewed")

    type_all("datasets.md", before)


@pytest.mark.usefixtures("surgery")
def test_readme(scene: Scene, type_all: Callable[..., None]) -> None:
    (scene.folder / "recordings").mkdir()
    shutil.copyfile(scene.folder / "surgery.mp4", scene.folder / "recordings" / "monday.mp4")
    labels = scenes.write_labels(scene.folder / "photos.json", 20)
    assert main(["dataset", "convert", str(labels), "labels", "--to", "voc"]) == 0
    scenes.write_weights(scene.folder / "detector.safetensors")
    (scene.folder / "mnt").mkdir()
    (scene.folder / "srv").mkdir()
    # seconds of a synthetic surgery
    scene.stands_for["10"] = "1"

    def before(command: Command) -> None:
        if "--config" in command.text:
            scenes.write_training(scene.folder / "mine.toml", labels)
        if "EVENT" in command.text:
            (scene.events[""],) = scenes.event_ids(scene.folder)

    type_all("README.md", before)
    assert (scene.folder / "report.pdf").read_bytes().startswith(b"%PDF-")
    assert len(list((scene.folder / "copies").glob("*.deidentified.mp4"))) == 1


@pytest.mark.usefixtures("surgery")
def test_readme_s_program(scene: Scene, whole_job: WholeJob, copy: Path) -> None:
    event = scenes.write_event(scene.folder, whole_job.source, whole_job.output)
    for path in copy.parent.glob("copy*"):
        path.unlink()
    shutil.copyfile(whole_job.truth, scene.folder / "made.truth.parquet")
    (program,) = programs_of(ROOT / "README.md")
    assert '"/srv/archive", user="ana"' in program
    assert program.count(".frame(100)") == 2
    # the surgery here is short, the archive elsewhere, and its event has another id
    program = program.replace("/srv/archive", str(scene.place("/srv/archive")))
    program = program.replace(".frame(100)", ".frame(40)")
    program = program.replace('archive.event("01ab")', f'shown = archive.event("{event[:4]}")')
    made: dict[str, Any] = {}
    exec(compile(program, "README.md", "exec"), made)
    assert made["rgb"].shape == (720, 1280, 3)
    assert np.abs(made["rgb"] - _frame_rgb(whole_job.source, 40)).mean() < 2
    assert made["found"].counts()["frames"] == 60
    assert made["found"].counts()["rows"] > 100
    assert copy.exists()
    assert made["shown"].frame_index == 40
    assert np.abs(made["shown"].to_rgb() - _frame_rgb(whole_job.output, 40)).mean() < 2


def _frame_rgb(video: Path, frame_index: int) -> np.ndarray:
    """Return a frame as another reader gives it, as signed numbers."""
    with av.open(str(video)) as container:
        frame = next(islice(container.decode(video=0), frame_index, None))
        return frame.to_ndarray(format="rgb24", src_colorspace="ITU709").astype(np.int16)


def test_evaluation_s_program(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    (scene.folder / "faces").mkdir()
    scenes.write_labels(scene.folder / "faces" / "val.json", 3)
    (program,) = programs_of(ROOT / "docs" / "evaluation.md")
    made: dict[str, Any] = {}
    exec(compile(program, "evaluation.md", "exec"), made)
    lines = capsys.readouterr().out.splitlines()
    names = list(made["result"].measures.sets)
    assert names == ["a", "b", "all sets"]
    # each set's precisions, and what is hidden at each of three scores
    assert [line.rsplit(" ", 2)[0] for line in lines[::4]] == names
    assert [line.split()[0] for line in lines if line not in lines[::4]] == [
        "0.5",
        "0.3",
        "0.1",
    ] * 3


#: commands that go on where the one before them stopped
FOLLOWS = (
    *("add-copy", "sign-off", "reopen", "open-copy", "--undo", "archive restore"),
    *("repair --from", "deidentify work", "event correct", "event rerender"),
    *("event deidentify", "event moments", "job list", "job cancel", "job again", "job wait"),
)


def test_archive(scene: Scene, archived: scenes.Events, type_all: Callable[..., None]) -> None:
    kept = scenes.keep(scene.folder)
    (scene.folder / "names.json").write_text('{"patient_name": "Doe"}')
    of_imported = (
        *("event add-copy", "event export EVENT -o work", "deidentify", "event deidentify"),
        *("event open-copy", "event sign-off", "event correct", "event rerender"),
        *("event moments", "event view", "job start"),
    )
    scene.events |= dict.fromkeys((f"workbench {each}" for each in of_imported), archived.imported)
    scene.events["workbench event reopen"] = archived.imported
    scene.events["workbench event review"] = archived.copied
    scene.events["workbench event discard-copy"] = archived.copied
    scene.events["workbench event finalise"] = archived.cut
    # it names the recording that was cut off
    scene.statuses["workbench archive status"] = 1

    def before(command: Command) -> None:
        if not any(word in command.text for word in FOLLOWS):
            scenes.put_back(scene.folder, kept)
        (scene.folder / "report.pdf").unlink(missing_ok=True)
        scene.stands_for = {"FOLDER": str(scene.folder / "another")}
        if "JOB" in command.text:
            scene.stands_for["JOB"] = scenes.newest_job(scene.folder)
        if "--head" in command.text:
            scene.stands_for["128:ab12…"] = scenes.newest_row(scene.folder)
        if "--anchor" in command.text:
            (scene.folder / "media" / "stick").mkdir(parents=True)
        _make_room(scene, command.text)

    type_all("archive.md", before)


def _make_room(scene: Scene, text: str) -> None:
    """Prepare what a command of the archive's page needs beside the archive."""
    if "archive init" in text:
        for name in ("srv", "mnt"):
            shutil.rmtree(scene.folder / name)
            (scene.folder / name).mkdir()
    elif "user add ana" in text:
        scene.stands_for["ana"] = "berta"
    elif "old-recordings" in text:
        folder = scene.folder / "mnt" / "old-recordings"
        folder.mkdir()
        shutil.copyfile(scene.folder / "surgery.mp4", folder / "one.mp4")

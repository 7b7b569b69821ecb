"""A folder in which the commands of a document are typed, at a terminal that answers."""

from __future__ import annotations

import getpass
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from recorder_core.archive import Argon2Settings
from recorder_core.jobs.archive import create_archive
from tests.integration.documents import scene as scenes
from tests.integration.documents.blocks import DOCUMENTS, ROOT, Command, commands_of, name_of
from tests.integration.documents.scene import Scene
from workbench.cli import main

#: what an administrator types
ADMINISTRATORS = (
    *("workbench archive", "workbench user", "workbench retention", "workbench audit"),
    *("workbench mirror", "workbench event copy", "workbench event delete"),
    *("workbench event archive", "workbench event finalise EVENT --recovery"),
    "workbench grant ana EVENT --recovery",
)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """An empty folder in which commands are typed, at a terminal that answers."""
    made = Scene(tmp_path)
    monkeypatch.chdir(tmp_path)
    for variable in ("WORKBENCH_ARCHIVE", "WORKBENCH_USER"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(getpass, "getpass", made.answer)
    monkeypatch.setattr("builtins.input", made.answer)
    little = Argon2Settings(memory_kib=64, iterations=1, lanes=1)
    usual = create_archive.__kwdefaults__
    monkeypatch.setattr(create_archive, "__kwdefaults__", usual | {"password_cost": little})
    return made


@pytest.fixture
def type_all(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[[str], None]:
    """Return ``type_all("archive.md")``: type the commands of a document, one after the other."""

    def call(name: str, before: Callable[[Command], None] | None = None) -> None:
        (document,) = (path for path in DOCUMENTS if name_of(path) == name)
        commands = commands_of(document)
        assert commands
        for command in commands:
            if before is not None:
                before(command)
            if scene.users:
                monkeypatch.setenv("WORKBENCH_USER", scene.user_of(command.text))
            _type(scene, command, monkeypatch, capfd)

    return call


def _type(
    scene: Scene,
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    program, *words = scene.words(command.text, command.words)
    if program == "export":
        for assignment in words:
            name, _, value = assignment.partition("=")
            monkeypatch.setenv(name, str(scene.place(value)))
    elif program == "make":
        _check_targets(words)
    elif program == "python":
        _check_script(words)
    else:
        capfd.readouterr()
        status = _run(words)
        told = f"{command.document}: {command.text}\n{capfd.readouterr().err}"
        assert status == scene.status_of(command.text), told


def _run(words: list[str]) -> int:
    if ">" not in words:
        return main(words)
    place = words.index(">")
    with Path(words[place + 1]).open("w") as target, redirect_stdout(target):
        return main(words[:place])


def _check_targets(words: list[str]) -> None:
    """`make` would build an environment inside this one; that it knows the target is enough."""
    done = subprocess.run(
        ["make", "--dry-run", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def _check_script(words: list[str]) -> None:
    """Scripts measure for hours, on pictures that nobody may publish: their options must exist."""
    done = subprocess.run(
        [sys.executable, ROOT / words[0], "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert {word for word in words if word.startswith("-")} <= set(
        re.findall(r"-[-\w]+", done.stdout)
    )


@pytest.fixture
def archived(
    scene: Scene, surgery: Path, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> scenes.Events:
    """An archive with five events, and ana, a reviewer, who types what no other profile must."""
    monkeypatch.setenv("WORKBENCH_ARCHIVE", str(scene.folder / "srv" / "archive"))
    events = scenes.write_archive(scene.folder, surgery, copy)
    scene.users |= {"": "ana"} | dict.fromkeys(ADMINISTRATORS, "admin")
    scene.events |= {"": events.released}
    for action in ("mark", "screenshot"):
        scene.events[f"workbench event {action}"] = events.hours
    scene.answers |= {"recovery": events.words, "Type ": events.released, "name": "Doe"}
    return events

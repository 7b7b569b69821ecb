"""Nothing that the program starts asks the network for anything, or leaves traces at home."""

from __future__ import annotations

import ast
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from recorder_core.jobs import sidecar
from tests.integration.conftest import WholeJob
from tests.integration.documents import scene as scenes
from workbench.cli.main import build_parser

ROOT = Path(__file__).resolve().parents[2]
WHO = ("--user", "ana", "--password-file", "ana.pw")
#: every command once, in an order in which each finds what it needs
COMMANDS = (
    ("doctor",),
    ("simulate", "made.mp4", "--seconds", "0.3", "--size", "640x360", "--rate", "10"),
    ("demo", "--video", "made.mp4", "--view", "surgery-box", "--folder", "demo", "--no-serve"),
    ("deidentify", "surgery.mp4", "-o", "again.mp4", "--view", "surgery-box", "--every", "5"),
    ("view", "surgery.mp4", "--stop", "0.2"),
    ("corrections", "new", "mine.parquet", "--for", "copy.mp4"),
    ("detect", "faces/val", "-o", "faces.parquet"),
    ("detect", "faces/val", "-o", "torch.parquet", "--engine", "pytorch"),
    ("score", "copy.mp4", "--truth", "surgery.truth.parquet"),
    ("dataset", "check", "faces/val.json"),
    ("evaluate", "--dataset", "faces/val.json"),
    ("train", "--config", "mine.toml"),
    ("archive", "init", "archive", "--user", "admin", "--password-file", "ana.pw"),
    ("user", "add", "ana", "reviewer", "--new-password-file", "ana.pw",
     "--user", "admin", "--password-file", "ana.pw"),
    ("user", "add", "olga", "operator", "--new-password-file", "ana.pw",
     "--user", "admin", "--password-file", "ana.pw"),
    ("event", "import", "surgery.mp4", *WHO),
    ("record", "--config", "room.toml", "--duration", "0:01", "--user", "olga",
     "--password-file", "ana.pw"),
    ("report", "EVENT", "-o", "report.pdf", *WHO),
    ("grant", "ana", "--all", *WHO),
    ("job", "list", *WHO),
    ("devices",),
    ("audit", "show", "--user", "admin", "--password-file", "ana.pw"),
    ("mirror", "set", "mirror", "--user", "admin", "--password-file", "ana.pw"),
    ("retention", "show", "--user", "admin", "--password-file", "ana.pw"),
)  # fmt: skip
#: sources that need no device
ROOM = """
procedure = "rehearsal"
layout = {preset = "surgery-box", width = 640, height = 360}
sound = {kind = "tone"}
space = {keep_free_gib = 0.1, min_minutes = 1}
[sources]
laparoscope = {kind = "pattern"}
vital_signs = {kind = "pattern"}
room = {kind = "pattern"}
"""
#: it serves until Ctrl-C
SERVE = ("serve", "archive", "--port", "0")
OWN_ADDRESS = ("socket.getaddrinfo", repr("127.0.0.1"))
#: types commands, and writes down what this process asks of the network
CHILD = """
import ast, signal, sys
# a test runner in the background of a shell hands down that Ctrl-C is ignored
signal.signal(signal.SIGINT, signal.default_int_handler)
asked, statuses, listening = [], [], []
def note(event, arguments):
    if event == "socket.bind" and isinstance(arguments[1], tuple):
        listening.append(arguments[1])
    named = event in ("socket.getaddrinfo", "socket.gethostbyname", "urllib.Request")
    if named or event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[0] if named else arguments[1]
        if not isinstance(address, (str, bytes)) or named:
            asked.append((event, repr(address)))
sys.addaudithook(note)
from workbench.cli import main
from workbench.cli.main import build_parser
for words in ast.literal_eval(sys.argv[1]):
    if "EVENT" in words:
        import pathlib
        found = [p for p in pathlib.Path("archive/events").iterdir() if p.is_dir()]
        event = min(found, key=lambda p: p.stat().st_ctime).name
        words = [event if word == "EVENT" else word for word in words]
    statuses.append(main(list(words)))
print(repr((statuses, asked, listening)))
"""


def _apart() -> list[str]:
    """Return the words that give a process a network without a route, where that is permitted."""
    words = ["unshare", "--map-root-user", "--net"]
    unshare = shutil.which(words[0])
    if unshare is None or subprocess.run([*words, "true"], check=False).returncode:
        return []
    return words


def test_these_are_all_commands() -> None:
    actions = build_parser()._subparsers._group_actions[0]  # type: ignore[union-attr]
    assert {words[0] for words in (*COMMANDS, SERVE)} >= set(actions.choices)  # type: ignore[arg-type]


@pytest.fixture
def folder(whole_job: WholeJob, tmp_path: Path) -> Path:
    """What the commands work on."""
    shutil.copyfile(whole_job.source, tmp_path / "surgery.mp4")
    shutil.copyfile(whole_job.truth, tmp_path / "surgery.truth.parquet")
    for path in whole_job.output.parent.glob("copy*"):
        shutil.copyfile(path, tmp_path / path.name)
    labels = scenes.write_labels(tmp_path / "faces" / "val.json", 2)
    scenes.write_training(tmp_path / "mine.toml", labels)
    (tmp_path / "ana.pw").write_text(f"{scenes.PASSWORD}\n")
    (tmp_path / "room.toml").write_text(ROOM)
    (tmp_path / "home").mkdir()
    return tmp_path


def test_no_command_asks_the_network_for_anything(folder: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    environment |= {
        "HOME": str(folder / "home"), "WORKBENCH_ARCHIVE": str(folder / "archive"),
        "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    done = subprocess.run(
        [*_apart(), sys.executable, "-c", CHILD, repr(COMMANDS)],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    statuses, asked, _ = ast.literal_eval(done.stdout.splitlines()[-1])
    assert statuses == [0] * len(COMMANDS), done.stderr
    assert asked == []
    assert sidecar(folder / "again.mp4", "report").exists()
    left = {path.name for path in (folder / "home").rglob("*") if path.is_file()}
    assert not {name for name in left if "telemetry" in name or name.endswith("cid")}


def test_the_server_asks_nobody(folder: Path) -> None:
    init = ("archive", "init", "archive", "--user", "admin", "--password-file", "ana.pw")
    (folder / "ana.pw").chmod(0o600)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder / "home")}
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, repr((init, SERVE))],
        cwd=folder, env=environment, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert any(line.startswith("workbench: http") for line in process.stdout)
        process.send_signal(signal.SIGINT)
        *_, last = process.stdout
    statuses, asked, listening = ast.literal_eval(last)
    assert statuses[0] == 0
    # it looks up the number of this machine's own address, which asks nobody
    assert {each for each in asked if each != OWN_ADDRESS} == set()
    # a library binds ::1 to find out whether there is IPv6
    assert "127.0.0.1" in {host for host, *_ in listening} <= {"127.0.0.1", "::1"}


def test_the_hook_would_see_it(tmp_path: Path) -> None:
    code = CHILD.replace(
        "for words in", "import socket\ntry: socket.create_connection(('127.0.0.1', 9))\n"
        "except OSError: pass\nfor words in",
    )  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code, "[]"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    _, asked, _ = ast.literal_eval(done.stdout)
    assert [event for event, _ in asked] == ["socket.getaddrinfo", "socket.connect"]

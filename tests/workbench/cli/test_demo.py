from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
import requests

from recorder_core.catalog import Profile
from recorder_core.errors import SettingsError
from workbench.cli import main
from workbench.cli.demo_archive import make_demo_archive


def test_the_demo_makes_hides_and_scores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from recorder_core import simulate

    class Small(simulate.SimulationSettings):
        def __init__(self, **settings: object) -> None:
            super().__init__(**settings | {"width": 640, "height": 360, "frame_rate": Fraction(10)})  # type: ignore[arg-type]

    monkeypatch.setattr(simulate, "SimulationSettings", Small)
    folder = tmp_path / "demo"
    words = ["demo", "--folder", str(folder), "--seconds", "0.5", "--no-serve"]
    assert main(words) == 0
    assert main(words) == 0  # safe to run twice
    printed = capsys.readouterr().out
    steps = ("1. making", "2. de-identifying", "3. comparing", "4. making an archive")
    for text in (*steps, "wall time", "look at"):
        assert printed.count(text) == 2
    # a column in which frames that the detector skips are misses
    assert "before" not in printed.partition("3. comparing")[2].partition("1. making")[0]
    assert json.loads((folder / "surgery.times.json").read_text())["frames"] == 5
    assert {path.name for path in folder.iterdir()} == {
        "surgery.mp4", "surgery.truth.parquet", "surgery.times.json",
        "surgery.deidentified.mp4", "surgery.deidentified.redactions.parquet",
        "surgery.deidentified.detections.parquet", "surgery.deidentified.report.json",
        "surgery.deidentified.view.jpg", "archive", "archive.is-a-demo",
    }  # fmt: skip
    assert "5. serving" not in printed
    assert "signals of a simulated BIS monitor" in printed
    with sqlite3.connect(folder / "archive" / "catalog.db") as catalog:
        assert catalog.execute("SELECT state FROM events ORDER BY state").fetchall() == [
            ("de-identified",), ("recorded",), ("signed off",),
        ]  # fmt: skip
        views = catalog.execute("SELECT name, width, height FROM event_views").fetchall()
        assert views == [("room", 214, 120)] * 3
        signals = "SELECT name, count(*) FROM signals GROUP BY name ORDER BY name"
        assert catalog.execute(signals).fetchall() == [
            ("bis", 3), ("emg", 3), ("sqi", 3), ("sr", 3),
        ]  # fmt: skip
        markers = "SELECT kind, start_seconds FROM markers ORDER BY kind, start_seconds"
        found = [(kind, round(seconds * 240)) for kind, seconds in catalog.execute(markers)]
        # of two minutes, as of the half second that this surgery takes
        assert found == [
            ("closure", 90), ("closure", 98), ("closure", 102),
            ("incision", 22), ("incision", 28), ("incision", 36),
        ]  # fmt: skip


def test_the_demo_replaces_no_video_that_it_did_not_make(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "surgery.mp4").write_text("a recording")
    assert main(["demo", "--folder", str(tmp_path), "--seconds", "0.5"]) == 1
    assert "surgery.mp4 was not made by this command; give another" in capsys.readouterr().err
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [
        ("surgery.mp4", "a recording")
    ]


def test_the_demo_replaces_no_archive_that_it_did_not_make(
    tmp_path: Path,
) -> None:
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "mine").touch()
    with pytest.raises(SettingsError, match="archive was not made by this command"):
        make_demo_archive(tmp_path, tmp_path / "a.mp4", tmp_path / "b.mp4")
    assert (tmp_path / "archive" / "mine").exists()


def test_the_demo_takes_a_video_and_serves_it_to_a_person_of_each_profile(
    drawn_source: Path, tmp_path: Path
) -> None:
    code = (
        "import signal, sys; from workbench.cli import main\n"
        # what starts the tests in the background has Ctrl-C ignored
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "demo", "--video", str(drawn_source), "--port", "0"]
    command += ["--folder", str(tmp_path), "--view", "full"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            printed = _visit_all(process)
        finally:
            # what fails meanwhile would wait for a server that nobody ends
            process.send_signal(signal.SIGINT)
        assert process.wait() == 0
    assert "source.deidentified.mp4" in printed


def _visit_all(process: subprocess.Popen[str]) -> str:
    """Sign in as each profile, and return what the demo printed before it served."""
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or not lines[-1].startswith("workbench: http"):
        lines.append(process.stdout.readline())
        assert lines[-1], lines
    address = lines[-1].split()[1]
    logins = dict(line.split() for line in lines[-1 - len(Profile) : -1])
    assert set(logins) == {each.value for each in Profile}
    assert len(set(logins.values())) == len(Profile)
    visits = {}
    for login, password in logins.items():
        session = requests.Session()
        session.get(f"{address}login")
        fields = {"login": login, "password": password, "_xsrf": session.cookies["_xsrf"]}
        page = session.post(f"{address}login", data=fields).text
        for state in ("recorded", "de-identified", "signed off"):
            assert state in page
        visits[login] = session, page
    _check_review(visits[Profile.REVIEWER][0], address, visits[Profile.REVIEWER][1])
    return "".join(lines)


def _check_review(session: requests.Session, address: str, library: str) -> None:
    """Read the page of a review as a program does, without a browser."""
    (event,) = re.findall(r'class="main" href="/(review/[0-9a-z-]+)"', library)
    page = session.get(f"{address}{event}")
    assert page.status_code == 200
    assert page.text.rstrip().endswith("</html>")
    assert "application/vnd.jupyter.widget-view+json" in page.text


def test_the_demo_says_what_is_wrong_with_a_video(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["demo", "--video", str(tmp_path / "no.mp4"), "--folder", str(tmp_path / "demo")]
    assert main(words) == 1
    assert capsys.readouterr().err == "workbench: no.mp4 does not exist; check the name\n"


def test_a_folder_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("a file")
    assert main(["demo", "--folder", str(tmp_path / "file" / "demo")]) == 1
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert "demo cannot be read or written" in errors

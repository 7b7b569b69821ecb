from __future__ import annotations

import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from recorder_core.catalog import Profile
from recorder_core.errors import SettingsError
from recorder_core.jobs.record import read_room
from recorder_core.tables import read_truth
from workbench.cli import main
from workbench.cli.demo_archive import begin_demo_archive

SECONDS = 4
#: where the composite shows the room, and where a recording shows the codes of its event
ROOM = (426, 240, 214, 120)
STRIP = (0, 320, 320, 40)


@pytest.fixture
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Record less than the demo does: the machine of a test has others to wait for."""
    from workbench.cli import demo_recording

    monkeypatch.setattr(demo_recording, "FILM_PX", (640, 360))
    monkeypatch.setattr(demo_recording, "COMPOSITE_PX", (640, 360))


@pytest.mark.usefixtures("_small")
def test_the_demo_records_hides_and_scores(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "demo"
    words = ["demo", "--folder", str(folder), "--seconds", str(SECONDS), "--no-serve"]
    assert main(words) == 0
    assert main(words) == 0  # safe to run twice
    printed = capsys.readouterr().out
    steps = ("1. drawing", "2. recording", "3. de-identifying", "4. comparing", "5. making")
    for text in (*steps, "wall time", "look at", "laparoscope: no signal from "):
        assert printed.count(text) >= 2
    # a column in which frames that the detector skips are misses
    assert "before" not in printed.partition("4. comparing")[2].partition("1. drawing")[0]
    assert {path.name for path in folder.iterdir()} == {
        "sources", "rooms", "surgery.mp4", "surgery.truth.parquet", "surgery.times.json",
        "surgery.deidentified.mp4", "surgery.deidentified.redactions.parquet",
        "surgery.deidentified.detections.parquet", "surgery.deidentified.report.json",
        "surgery.deidentified.view.jpg", "surgery.report.pdf", "archive", "archive.is-a-demo",
    }  # fmt: skip
    assert "serving it" not in printed
    assert "signals of a simulated BIS monitor" in printed
    with closing(sqlite3.connect(folder / "archive" / "catalog.db")) as catalog:
        _check_events(catalog)
    _check_truth(folder)
    # two other events have its video, and the codes of none of them are in it
    assert np.ptp(_luma(folder / "surgery.mp4", "crop={2}:{3}:{0}:{1}".format(*STRIP), STRIP)) < 8
    # in which an operator records on the page
    room = read_room(folder / "rooms" / "demo-theatre.toml")
    assert set(room.sources) == {"laparoscope", "vital_signs", "room"}
    assert all(Path(each.address).is_file() for each in room.sources.values())


def _check_events(catalog: sqlite3.Connection) -> None:
    """Check what the archive has of the three events."""

    def all_of(query: str) -> list[tuple[object, ...]]:
        return catalog.execute(query).fetchall()

    assert all_of("SELECT state, procedure_code FROM events ORDER BY state") == [
        ("de-identified", "lap-chole"), ("recorded", "hernia"), ("signed off", "appendix"),
    ]  # fmt: skip
    assert all_of("SELECT name, width, height FROM event_views") == [("room", 214, 120)] * 3
    assert all_of("SELECT name, count(*) FROM signals GROUP BY name ORDER BY name") == [
        ("bis", 3), ("emg", 3), ("sef", 1), ("sqi", 3), ("sr", 3), ("total-power", 1),
    ]  # fmt: skip
    [(recorded,)] = all_of("SELECT event_id FROM events WHERE state = 'de-identified'")
    spans = catalog.execute(
        "SELECT kind, start_seconds, stop_seconds FROM markers WHERE event_id = ?", (recorded,)
    ).fetchall()
    starts = {kind: start for kind, start, _ in spans}
    # of two minutes, as of the seconds that this surgery takes; nothing is done before its time
    assert SECONDS * 36 / 120 <= starts["incision"] < starts["closure"]
    assert starts["closure"] >= SECONDS * 102 / 120
    assert starts["foot-switch"] >= 1.0
    # a machine that is busy may call the same span by its own name
    kinds = {"signal-lost:laparoscope", "too-busy:laparoscope"}
    lost = [stop - start for kind, start, stop in spans if kind in kinds]
    assert max(lost) > 0.5
    screenshots = "SELECT count(*) FROM screenshots WHERE event_id = ?"
    assert catalog.execute(screenshots, (recorded,)).fetchone() == (2,)
    kept = "SELECT count(*) FROM files WHERE event_id = ? AND role = 'report'"
    assert catalog.execute(kept, (recorded,)).fetchone() == (1,)


def _check_truth(folder: Path) -> None:
    """Check that each frame shows that of the film whose faces it is said to show, or one near."""
    room = folder / "sources" / "room.mp4"
    film = _luma(room, f"scale={ROOM[2]}:{ROOM[3]}:flags=area").astype(np.int16)
    shown = _luma(folder / "surgery.mp4", "crop={2}:{3}:{0}:{1}".format(*ROOM)).astype(np.int16)
    drawn = _centres(room.with_name("room.truth.parquet"))
    said = _centres(folder / "surgery.truth.parquet")
    scale = ROOM[3] / 360
    off = []
    for frame, faces in said.items():
        expected = min(
            drawn,
            key=lambda index: sum(
                np.abs(drawn[index][face] * scale + ROOM[:2] - faces[face]).sum()
                if face in drawn[index]
                else 1e3
                for face in faces
            ),
        )
        nearest = int(np.abs(film - shown[frame]).mean(axis=(1, 2)).argmin())
        off.append(abs(expected - nearest))
    assert len(said) > 0.5 * len(shown) > 0
    # somebody who stands still looks alike in some frames
    assert np.median(off) <= 1
    assert np.mean(off) < 3


def _luma(
    video: Path, filtered: str, place: tuple[int, int, int, int] = ROOM
) -> np.ndarray[Any, Any]:
    """Return the luma of each frame, as FFmpeg's own tools say."""
    command = ["ffmpeg", "-v", "error", "-i", str(video), "-vf", f"{filtered},format=gray"]
    command += ["-fps_mode", "passthrough", "-f", "rawvideo", "-"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, place[3], place[2])


def _centres(table: Path) -> dict[int, dict[int, Any]]:
    """Return the centre of each face by its frame and its number."""
    found: dict[int, dict[int, Any]] = {}
    for face in read_truth(table).faces:
        x0, y0, x1, y1 = face.box_xyxy_px
        centre = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
        found.setdefault(face.frame_index, {})[face.face_id] = centre
    return found


def test_the_demo_replaces_no_video_that_it_did_not_make(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "surgery.mp4").write_text("a recording")
    assert main(["demo", "--folder", str(tmp_path), "--seconds", "3"]) == 1
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
        begin_demo_archive(tmp_path)
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
    first = 1 + next(at for at, line in enumerate(lines) if line.startswith("   login "))
    logins = dict(line.split() for line in lines[first : first + len(Profile)])
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

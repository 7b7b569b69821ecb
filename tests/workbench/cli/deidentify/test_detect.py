from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from recorder_core.detect.weights.drawn_faces import draw_faces
from recorder_core.tables import read_detections, read_metadata, read_picture_detections
from tests.conftest import JUMPS, WALL
from workbench.cli import main


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    (folder / "more").mkdir(parents=True)
    drawing = draw_faces()
    cv2.imwrite(str(folder / "a.png"), drawing)
    cv2.imwrite(str(folder / "more" / "b.jpg"), np.full_like(drawing, 90))
    (folder / "notes.txt").write_text("not a picture")
    return folder


def test_the_table_of_a_video(
    drawn_source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "faces.parquet"
    assert main(["detect", str(drawn_source), "-o", str(table), "--every", "15"]) == 0
    assert capsys.readouterr().out == f"16 frames searched; the table is {table}\n"
    frames = read_detections(table).to_frames()
    assert [frame.frame_index for frame in frames] == sorted({0, 15, 30, 45, *JUMPS})
    assert [int((frame.scores > 0.5).sum()) for frame in frames] == [
        0 if frame.frame_index in WALL else 3 for frame in frames
    ]
    assert read_metadata(table).settings["view_px"] == "0,0,384,192"
    assert {path.name for path in tmp_path.iterdir()} == {"faces.parquet"}


def test_a_video_is_looked_at_picture_by_picture_unless_told(
    drawn_source: Path, tmp_path: Path
) -> None:
    table = tmp_path / "faces.parquet"
    words = ["detect", str(drawn_source), "-o", str(table), "--stop", "0.2", "--quiet"]
    assert main(words) == 0
    assert [frame.frame_index for frame in read_detections(table).to_frames()] == [0, 1, 2, 3]


def test_the_detector_sees_the_view_as_large_as_it_is_told(
    drawn_source: Path, tmp_path: Path
) -> None:
    def count(scale: int) -> int:
        table = tmp_path / f"{scale}.parquet"
        words = ("--stop", "0.1", "--quiet", "--scale", str(scale))
        assert main(["detect", str(drawn_source), "-o", str(table), *words]) == 0
        return int((read_detections(table).to_frames()[0].scores > 0.5).sum())

    assert count(960) == 3 > count(64)


def test_the_table_of_a_folder_of_pictures(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "faces.parquet"
    assert main(["detect", str(pictures), "-o", str(table), "--quiet"]) == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")
    found = dict(read_picture_detections(table).to_pictures())
    assert list(found) == ["a.png", "more/b.jpg"]
    assert [int((found[name].scores > 0.5).sum()) for name in found] == [3, 0]


def test_one_picture(pictures: Path, tmp_path: Path) -> None:
    table = tmp_path / "faces.parquet"
    assert main(["detect", str(pictures / "a.png"), "-o", str(table), "--quiet"]) == 0
    assert [name for name, _ in read_picture_detections(table).to_pictures()] == ["a.png"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("VIDEO", "PICTURES"), "one video, or pictures only"),
        (("VIDEO", "VIDEO"), "one video, or pictures only"),
        (("PICTURES", "--start", "1"), "pictures have no time"),
        (("EMPTY",), "holds no file to work on"),
        (("MISSING.mp4",), "does not exist"),
        (("MISSING.png",), "MISSING.png"),
        (("VIDEO", "--view", "0,0,999,999"), "does not lie inside"),
        (("PICTURES", "--view", "0,0,999,999"), "does not lie inside"),
    ],
)
def test_what_cannot_be_detected_in(
    drawn_source: Path,
    pictures: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    sentence: str,
) -> None:
    (tmp_path / "empty").mkdir()
    named = {"VIDEO": drawn_source, "PICTURES": pictures, "EMPTY": tmp_path / "empty"}
    called = [str(named.get(word, word)) for word in words]
    assert main(["detect", *called, "-o", str(tmp_path / "faces.parquet")]) == 1
    errors = capsys.readouterr().err
    assert sentence in errors
    assert errors.count("\n") == 1
    assert not (tmp_path / "faces.parquet").exists()


def test_ctrl_c_stops_cleanly_after_pictures_of_different_sizes(
    pictures: Path, tmp_path: Path
) -> None:
    for height in (100, 150, 200):
        cv2.imwrite(str(pictures / f"{height}.png"), np.full((height, 300, 3), 90, np.uint8))
    code = (
        "import os, signal, sys\n"
        "from workbench.cli import main\n"
        "from workbench.cli.deidentify import detect\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "detect.write_picture_detections = lambda *_: os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    words = ["detect", str(pictures), "-o", str(tmp_path / "faces.parquet"), "--quiet"]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (130, "workbench: stopped.\n")


def test_a_table_that_exists_is_replaced_only_when_asked(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "faces.parquet"
    table.write_text("somebody's")
    words = ["detect", str(pictures / "a.png"), "-o", str(table), "--quiet"]
    assert main(words) == 1
    assert capsys.readouterr().err == (
        "workbench: faces.parquet exists; give --overwrite to replace it\n"
    )
    assert table.read_text() == "somebody's"
    assert main([*words, "--overwrite"]) == 0
    assert [name for name, _ in read_picture_detections(table).to_pictures()] == ["a.png"]


@pytest.mark.parametrize("kind", ["video", "picture"])
def test_an_input_is_never_the_table(
    drawn_source: Path, pictures: Path, tmp_path: Path, kind: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    source = tmp_path / "input.mp4"
    source.write_bytes(drawn_source.read_bytes())
    if kind == "picture":
        source = pictures / "a.png"
    before = source.read_bytes()
    assert main(["detect", str(source), "-o", str(source)]) == 1
    assert "is an input" in capsys.readouterr().err
    assert source.read_bytes() == before

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recorder_core.detect.drawn_faces import DRAWN_FACES_XYXY_PX, draw_faces
from recorder_core.tables import read_detections, read_redactions
from workbench.cli import main

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, foreign: dict[str, Path]) -> Path:
    """Two pictures, one of them without a face, and a video."""
    result = tmp_path / "in"
    (result / "day two").mkdir(parents=True)
    Image.fromarray(draw_faces()[:, :, ::-1].copy()).save(result / "faces.png")
    Image.fromarray(np.full((192, 384, 3), 90, np.uint8)).save(result / "day two" / "wall.jpg")
    shutil.copyfile(foreign["h264 mkv"], result / "a.mkv")
    return result


def _run(*words: object) -> int:
    return main(["deidentify", *map(str, words), "--scale", "384"])


def test_a_folder_of_pictures_and_videos(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    result = tmp_path / "out"
    assert _run(folder, "-o", result, "--preset", "ultrafast") == 0
    printed = capsys.readouterr().out
    assert f"faces.deidentified.png: {len(DRAWN_FACES_XYXY_PX)} faces redacted" in printed
    assert "wall.deidentified.jpg: no face was found: the copy shows all" in printed
    made = {path.relative_to(result).as_posix() for path in result.rglob("*") if path.is_file()}
    assert made == {
        f"{name}{suffix}"
        for name, copy in (
            ("faces.deidentified", ".png"),
            ("day two/wall.deidentified", ".jpg"),
            ("a.deidentified", ".mp4"),
        )
        for suffix in (copy, ".redactions.parquet", ".detections.parquet", ".report.json")
    }
    redacted = read_redactions(result / "faces.deidentified.redactions.parquet")
    assert len(redacted) == len(DRAWN_FACES_XYXY_PX)
    assert _run(folder, "-o", result, "--preset", "ultrafast") == 0
    assert capsys.readouterr().out.count("finished before, left as it is") == 3


def test_one_picture_to_a_name_of_its_own(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    output, faces = tmp_path / "copy.png", tmp_path / "faces.parquet"
    assert _run(folder / "faces.png", "-o", output, "--detections", faces, "--quiet") == 0
    assert capsys.readouterr().out == ""
    assert len(read_detections(faces)) >= len(DRAWN_FACES_XYXY_PX)
    with Image.open(output) as copy:
        assert copy.size == (384, 192)
        assert not np.array_equal(np.asarray(copy), draw_faces()[:, :, ::-1])


def test_what_is_for_videos_is_refused(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    output = tmp_path / "copy.png"
    for words in (("--profile", tmp_path / "p"), ("--corrections", tmp_path / "c")):
        assert _run(folder / "faces.png", "-o", output, *words) == 1
        assert f"{words[0]} is for videos; faces.png is a picture" in capsys.readouterr().err
    assert not output.exists()


def test_a_damaged_picture_does_not_stop_the_others(
    folder: Path, tmp_path: Path, capsys: Capture
) -> None:
    (folder / "a.mkv").unlink()
    (folder / "bad.jpg").write_bytes(b"no picture")
    result = tmp_path / "out"
    assert _run(folder, "-o", result, "--quiet") == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("workbench: bad.jpg is not a JPEG")
    assert lines[1:] == ["workbench: 1 of 3 inputs failed"]
    assert (result / "faces.deidentified.png").exists()
    assert not list(result.glob("bad*"))

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recorder_core.detect.detector import load_detector
from recorder_core.detect.weights.drawn_faces import DRAWN_FACES_XYXY_PX, draw_faces
from recorder_core.jobs.deidentify.picture import networks
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
    assert "wall.deidentified.jpg: NOTHING WAS REDACTED, since nobody was seen" in printed
    made = {path.relative_to(result).as_posix() for path in result.rglob("*") if path.is_file()}
    assert made == {
        f"{name}{suffix}"
        for name, copy in (
            ("faces.deidentified", ".png"),
            ("day two/wall.deidentified", ".jpg"),
            ("a.deidentified", ".mp4"),
        )
        for suffix in (copy, ".redactions.parquet", ".detections.parquet", ".report.json")
    } | {"a.deidentified.view.jpg"}
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


@pytest.mark.parametrize(
    "words",
    [
        ("--times-file", "p"),
        ("--corrections", "c"),
        ("--resume",),
        ("--start", "1"),
        ("--stop", "2"),
        ("--encoder-threads", "1"),
        ("--preset", "veryfast"),
        ("--salvage",),
        ("--no-audio",),
    ],
)
def test_what_is_for_videos_is_refused(
    folder: Path, tmp_path: Path, capsys: Capture, words: tuple[str, ...]
) -> None:
    output = tmp_path / "copy.png"
    assert _run(folder / "faces.png", "-o", output, *words) == 1
    assert f"{words[0]} is for videos; faces.png is a picture" in capsys.readouterr().err
    assert not output.exists()


def test_a_folder_loads_the_network_once_for_all_sizes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(12):
        # four shapes by turns
        size = (192, 384 - 96 * (number % 4), 3)
        Image.fromarray(np.full(size, 90, np.uint8)).save(folder / f"{number:02d}.png")
    loaded: list[str] = []

    def count(*words: object, **named: object) -> object:
        detector = load_detector(*words, **named)  # type: ignore[arg-type]
        loaded.append(detector.settings.name)
        return detector

    monkeypatch.setattr(networks, "load_detector", count)
    assert _run(folder, "-o", tmp_path / "out", "--quiet") == 0
    assert len(list((tmp_path / "out").glob("*.deidentified.png"))) == 12
    # the second look has an input size of its own
    assert loaded == ["retinaface-mnet025"]


def test_a_damaged_picture_does_not_stop_the_others(
    folder: Path, tmp_path: Path, capsys: Capture
) -> None:
    (folder / "a.mkv").unlink()
    (folder / "bad.jpg").write_bytes(b"no picture")
    result = tmp_path / "out"
    assert _run(folder, "-o", result, "--quiet") == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("workbench: bad.jpg is not a JPEG")
    assert any(
        line.startswith("workbench: wall.deidentified.jpg: NOTHING WAS REDACTED") for line in lines
    )
    said = [line for line in lines[1:] if ".deidentified." not in line]
    assert said == ["workbench: 1 of 3 inputs failed"]
    assert (result / "faces.deidentified.png").exists()
    assert not list(result.glob("bad*"))


def test_what_must_be_said_is_said_where_only_errors_are_wanted(
    folder: Path, tmp_path: Path, capsys: Capture
) -> None:
    words = ("-o", tmp_path / "out", "--quiet", "--preset", "ultrafast", "--threshold", "0.9")
    assert _run(folder, *words) == 0
    printed = capsys.readouterr()
    assert printed.out == ""
    for name in ("faces.deidentified.png", "wall.deidentified.jpg", "a.deidentified.mp4"):
        assert f"workbench: {name}: LOWERED SAFETY: " in printed.err
    assert "workbench: wall.deidentified.jpg: NOTHING WAS REDACTED" in printed.err
    assert "faces.deidentified.png: NOTHING" not in printed.err

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from workbench.cli import main


def test_the_demo_makes_hides_and_scores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from recorder_core import simulate

    class Small(simulate.SimulationSettings):
        def __init__(self, **settings: object) -> None:
            super().__init__(**settings | {"width": 640, "height": 360, "frame_rate": Fraction(10)})  # type: ignore[arg-type]

    monkeypatch.setattr(simulate, "SimulationSettings", Small)
    folder = tmp_path / "demo"
    assert main(["demo", "--folder", str(folder), "--seconds", "0.5"]) == 0
    assert main(["demo", "--folder", str(folder), "--seconds", "0.5"]) == 0  # safe to run twice
    printed = capsys.readouterr().out
    for text in ("1. making", "2. de-identifying", "3. comparing", "wall time", "look at"):
        assert printed.count(text) == 2
    # a column in which frames that the detector skips are misses
    assert "before" not in printed.partition("3. comparing")[2].partition("1. making")[0]
    assert json.loads((folder / "surgery.times.json").read_text())["frames"] == 5
    assert {path.name for path in folder.iterdir()} == {
        "surgery.mp4", "surgery.truth.parquet", "surgery.times.json",
        "surgery.deidentified.mp4", "surgery.deidentified.redactions.parquet",
        "surgery.deidentified.detections.parquet", "surgery.deidentified.report.json",
        "surgery.deidentified.view.jpg",
    }  # fmt: skip


def test_the_demo_replaces_no_video_that_it_did_not_make(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "surgery.mp4").write_text("a recording")
    assert main(["demo", "--folder", str(tmp_path), "--seconds", "0.5"]) == 1
    assert "surgery.mp4 was not made by this command; give another" in capsys.readouterr().err
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [
        ("surgery.mp4", "a recording")
    ]


def test_the_demo_takes_a_video(
    drawn_source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["demo", "--video", str(drawn_source), "--folder", str(tmp_path), "--view", "full"]
    assert main(words) == 0
    assert "source.deidentified.mp4" in capsys.readouterr().out


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

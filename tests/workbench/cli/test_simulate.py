from __future__ import annotations

from pathlib import Path

import pytest

from recorder_core.media import index_pictures, probe
from recorder_core.tables import read_truth
from workbench.cli import main
from workbench.cli.simulate import truth_path


def test_a_simulation_has_a_video_and_its_truth(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "op.mp4"
    words = ["simulate", str(output), "--seconds", "0.4", "--size", "320x180", "--rate", "10"]
    assert main([*words, "--faces", "1", "--seed", "3", "--blend-only"]) == 0
    assert "4 frames" in capsys.readouterr().out
    assert len(index_pictures(probe(output))) == 4
    truth = read_truth(truth_path(output))
    assert [frame for frame, _ in truth.frames] == [0, 1, 2, 3]
    assert {path.name for path in tmp_path.iterdir()} == {"op.mp4", "op.truth.parquet"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--size", "large"), "not two numbers"),
        (("--size", "100x100"), "not 100x100"),
        (("--seconds", "0"), "must be positive"),
        (("--faces", "99"), "faces is 99"),
    ],
)
def test_a_simulation_that_cannot_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    assert main(["simulate", str(tmp_path / "op.mp4"), *words]) == 1
    errors = capsys.readouterr().err
    assert sentence in errors
    assert errors.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["simulate", str(tmp_path / "no" / "op.mp4"), "--seconds", "0.1", "--size", "320x180"]
    assert main(words) == 1
    assert "the folder for op.mp4 does not exist" in capsys.readouterr().err

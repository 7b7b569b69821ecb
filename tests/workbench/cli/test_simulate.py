from __future__ import annotations

from pathlib import Path

import pytest

from recorder_core.media import index_frames, probe
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
    assert len(index_frames(probe(output))) == 4
    truth = read_truth(truth_path(output))
    assert [frame for frame, _ in truth.frames] == [0, 1, 2, 3]
    assert {path.name for path in tmp_path.iterdir()} == {"op.mp4", "op.truth.parquet"}


@pytest.mark.parametrize("name", ["op.mp4", "op.truth.parquet"])
def test_a_file_that_exists_is_replaced_only_when_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    output = tmp_path / "op.mp4"
    words = ["simulate", str(output), "--seconds", "0.2", "--size", "320x180", "--rate", "10"]
    assert main([*words, "--quiet"]) == 0
    truth = truth_path(output)
    (tmp_path / name).write_text("somebody's")
    before = output.read_bytes(), truth.read_bytes()
    assert main(words) == 1
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == (
        "",
        "workbench: op.mp4 exists; give --overwrite to replace it\n",
    )
    assert (output.read_bytes(), truth.read_bytes()) == before
    assert main([*words, "--overwrite", "--faces", "2"]) == 0
    assert len(index_frames(probe(output))) == 2
    assert len(read_truth(truth).frames) == 2


def test_progress_is_shown_while_it_simulates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("workbench.cli.terminal.progress._LINE_SECONDS", 0.0)
    words = ["simulate", str(tmp_path / "op.mp4"), "--seconds", "0.3", "--size", "320x180"]
    assert main([*words, "--rate", "10"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(" frames")[0] for line in lines] == [
        f"op.mp4: {done} of 3" for done in (1, 2, 3)
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--size", "large"), "not two numbers"),
        (("--size", "100x100"), "not 100x100"),
        (("--size", "1600000000x900000000"), "144 to 4320 lines"),
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
    assert "there is no folder no for op.mp4; make it first" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["op", "op.avi", "op.txt"])
def test_a_name_that_says_no_format(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert main(["simulate", str(tmp_path / name), "--seconds", "0.1"]) == 1
    sentence = f"workbench: {name} must end in one of .mp4, .mov, .mkv, which says its format\n"
    assert capsys.readouterr().err == sentence
    assert not list(tmp_path.iterdir())

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.cli import main


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small simulated surgery and its de-identified copy."""
    folder = tmp_path_factory.mktemp("scored")
    source = str(folder / "op.mp4")
    words = ["--seconds", "0.5", "--size", "640x360", "--rate", "10", "--faces", "2"]
    assert main(["simulate", source, *words]) == 0
    copy = str(folder / "copy.mp4")
    assert main(["deidentify", source, "-o", copy, "--view", "surgery-box", "--quiet"]) == 0
    return folder


def test_a_score_is_printed_and_written(scored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = scored / "score.json"
    words = ["score", str(scored / "copy.mp4"), "--truth", str(scored / "op.truth.parquet")]
    assert main([*words, "--json", str(path)]) == 0
    printed = capsys.readouterr().out
    for label in ("before", "after", "faces hidden", "longest exposure", "exposed face-seconds"):
        assert label in printed
    assert "Frames that the detector skips" in printed
    reports = json.loads(path.read_text())
    assert set(reports) == {"before", "temporal_kernel", "after"}
    for report in reports.values():
        assert report["frames"] == 5
        assert 0 <= report["hidden_share"] <= 1
        assert report["longest_exposure_frames"] >= 0
        assert "false_area_share" in report


def test_numbers_that_exist_are_replaced_only_when_asked(
    scored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "score.json"
    path.write_text("somebody's")
    words = ["score", str(scored / "copy.mp4"), "--truth", str(scored / "op.truth.parquet")]
    words += ["--json", str(path)]
    assert main(words) == 1
    captured = capsys.readouterr()
    assert captured.err == "workbench: score.json exists; give --overwrite to replace it\n"
    assert (captured.out, path.read_text()) == ("", "somebody's")
    assert main([*words, "--overwrite"]) == 0
    assert json.loads(path.read_text())["after"]["frames"] == 5


@pytest.mark.parametrize("role", ["copy.mp4", "op.truth.parquet"])
def test_numbers_never_replace_what_is_compared(
    scored: Path, capsys: pytest.CaptureFixture[str], role: str
) -> None:
    before = (scored / role).read_bytes()
    words = ["score", str(scored / "copy.mp4"), "--truth", str(scored / "op.truth.parquet")]
    assert main([*words, "--json", str(scored / role), "--overwrite"]) == 1
    assert f"{role} is an input" in capsys.readouterr().err
    assert (scored / role).read_bytes() == before


@pytest.mark.parametrize(
    ("copy", "truth", "sentence"),
    [
        ("no.mp4", "op.truth.parquet", "no.redactions.parquet"),
        ("copy.mp4", "no.parquet", "no.parquet"),
        ("copy.mp4", "copy.redactions.parquet", "copy.redactions.parquet"),
        ("copy.mp4", "copy.mp4", "not a Parquet file"),
    ],
)
def test_a_score_that_cannot_be(
    scored: Path, capsys: pytest.CaptureFixture[str], copy: str, truth: str, sentence: str
) -> None:
    assert main(["score", str(scored / copy), "--truth", str(scored / truth)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert sentence in captured.err
    assert captured.err.count("\n") == 1


def test_numbers_that_cannot_be_written_are_one_line(
    scored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["score", str(scored / "copy.mp4"), "--truth", str(scored / "op.truth.parquet")]
    assert main([*words, "--json", str(scored / "no" / "score.json")]) == 1
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert "score.json" in errors

"""Nothing of one run is lost to another: its output, its tables, what it reads."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recorder_core.jobs import sidecar
from recorder_core.media import index_frames, output_lock, probe

Run, Refused = Callable[..., Any], Callable[..., str]


def test_a_second_run_to_the_same_output_is_refused(
    foreign: dict[str, Path], tmp_path: Path, refused: Refused, run: Run
) -> None:
    words = ("deidentify", foreign["h264 mkv"], "-o", tmp_path / "copy.mp4", "--every", "10")
    with output_lock(tmp_path / "copy.mp4"):
        assert refused(tmp_path, *words).startswith("copy.mp4 is being written by another run")
    assert run(*words).status == 0
    assert not list(tmp_path.glob(".*"))


def test_a_copy_of_another_suffix_keeps_its_tables_and_report(
    foreign: dict[str, Path], tmp_path: Path, refused: Refused, run: Run
) -> None:
    first, second = tmp_path / "copy.mp4", tmp_path / "copy.mkv"
    assert run("deidentify", foreign["h264 mkv"], "-o", first, "--every", "10").status == 0
    other = ("deidentify", foreign["mpeg2 mkv"], "-o", second, "--every", "10")
    for words in ((), ("--overwrite",), ("--resume",)):
        assert "would replace those of copy.mp4" in refused(tmp_path, *other, *words)
    first.rename(tmp_path / "elsewhere.mp4")
    assert "exists without its copy copy.mkv" in refused(tmp_path, *other)
    assert run(*other, "--overwrite").status == 0
    assert len(index_frames(probe(second))) == 20
    assert sidecar(second, "report").exists()


def test_a_simulated_video_of_another_suffix_keeps_its_truth(
    tmp_path: Path, refused: Refused
) -> None:
    (tmp_path / "made.truth.parquet").write_bytes(b"of made.mkv")
    sentence = refused(tmp_path, "simulate", tmp_path / "made.mp4", "--seconds", "0.1")
    assert "made.truth.parquet exists and is of another video" in sentence


def test_a_video_that_grows_makes_no_copy(
    foreign: dict[str, Path],
    tmp_path: Path,
    refused: Refused,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = tmp_path / "grows.ts"
    source.write_bytes(foreign["h264 ts"].read_bytes())
    words = ("deidentify", source, "-o", tmp_path / "copy.mp4", "--every", "10")
    with source.open("ab"):
        assert "is still being written" in refused(tmp_path, *words)
        assert "is still being written" in refused(
            tmp_path, "detect", source, "-o", tmp_path / "faces.parquet"
        )

    def grow(*_: object) -> None:
        with source.open("ab") as file:
            file.write(b"more")

    # after the source was opened, before the copy gets its name
    monkeypatch.setattr(
        "recorder_core.jobs.deidentify.publishing.verified_copy.verify_output", grow
    )
    ran = run(*words)
    assert ran.status == 1
    assert "was changed while it was read" in ran.sentence
    assert [path.name for path in tmp_path.iterdir()] == ["grows.ts"]


def test_a_pipe_is_no_empty_file(tmp_path: Path, refused: Refused) -> None:
    os.mkfifo(tmp_path / "pipe.ts")
    for words in (("deidentify", "copy.mp4"), ("detect", "faces.parquet")):
        sentence = refused(tmp_path, words[0], tmp_path / "pipe.ts", "-o", tmp_path / words[1])
        assert "pipe.ts is a pipe or device, not a file" in sentence
    os.mkfifo(tmp_path / "pipe.png")
    sentence = refused(tmp_path, "detect", tmp_path / "pipe.png", "-o", tmp_path / "faces.parquet")
    assert "pipe.png is a pipe or device, not a file" in sentence

"""Mutated real files; profiling/faults/fault_videos.py mutates them many more times."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from recorder_core.media import file_sha256

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(ROOT / "profiling" / "faults")
    return importlib.import_module("fault_videos")


@pytest.fixture
def videos(drawn_source: Path, foreign: dict[str, Path]) -> dict[str, bytes]:
    paths = {"h264 mp4": drawn_source, **foreign}
    return {f".{path.stem}{path.suffix}": path.read_bytes() for path in paths.values()}


def test_mutated_files_give_a_verified_copy_or_a_sentence(
    faults: Any, videos: dict[str, bytes], tmp_path: Path
) -> None:
    counts = faults.deidentify_mutated(videos, len(videos) * len(faults.MUTATIONS), tmp_path)
    assert counts.wrong == []
    assert set(counts.seen) == {"done", "refused"}


def test_the_originals_of_the_mutations_work(
    faults: Any, videos: dict[str, bytes], tmp_path: Path
) -> None:
    with faults.VideoWorker(tmp_path / "errors.txt") as worker:
        for name, content in videos.items():
            source = tmp_path / f"whole{name}"
            source.write_bytes(content)
            before = file_sha256(source)
            answer = worker.ask(source, tmp_path / f"copy{name}.mp4", salvage=False)
            assert answer == faults.Answer("done", 0, ""), name
            assert file_sha256(source) == before

"""A file that is missing, empty, a folder or of another kind is called what it is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recorder_core.datasets.formats.coco import read_coco
from recorder_core.detect.weights import load_weights
from recorder_core.errors import DataError, ModelMismatch
from recorder_core.tables import read_corrections, read_metadata
from recorder_core.tables.correction_csv import read_corrections_csv

ROOT = Path(__file__).resolve().parents[2]


def _made(folder: Path, kind: str) -> Path:
    path = folder / "input.pt"
    if kind == "folder":
        path.mkdir()
    elif kind != "missing":
        path.write_text({"empty": "", "text": "hello\n"}[kind])
    return path


@pytest.mark.parametrize(
    ("read", "kind", "sentence"),
    [
        (read_corrections, "missing", "there is no such file"),
        (read_corrections, "empty", "is empty, not a table"),
        (read_metadata, "folder", "is a folder, not a table; name a file"),
        (read_corrections, "text", "damaged or not a Parquet file"),
        (read_coco, "missing", "cannot be read: No such file"),
        (read_coco, "empty", "is empty, not labels in JSON"),
        (read_coco, "folder", "cannot be read: Is a directory"),
        (read_coco, "text", "not valid JSON"),
        (read_corrections_csv, "missing", "cannot be read: No such file"),
        (read_corrections_csv, "folder", "cannot be read: Is a directory"),
        (load_weights, "missing", "cannot be read: No such file"),
        (load_weights, "empty", "is empty"),
        (load_weights, "folder", "cannot be read: Is a directory"),
        (load_weights, "text", "damaged or holds more than tensors"),
    ],
)
def test_what_cannot_be_read_is_called_what_it_is(
    read: Callable[[Path], Any], kind: str, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises((DataError, ModelMismatch)) as raised:
        read(_made(tmp_path, kind))
    assert sentence in str(raised.value)
    assert "input.pt" in str(raised.value)
    if kind == "missing":
        assert "damaged" not in str(raised.value)


@pytest.mark.parametrize("script", ["bench_redaction", "bench_view_input"])
def test_a_measurement_that_is_asked_for_help_measures_nothing(script: str) -> None:
    path = ROOT / "profiling" / "benches" / f"{script}.py"
    results = sorted((ROOT / "profiling").rglob("*.json"))
    before = [result.stat().st_mtime_ns for result in results]
    done = subprocess.run(
        [sys.executable, str(path), "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"usage: {script}.py")
    assert [result.stat().st_mtime_ns for result in results] == before

"""Every notebook is committed without outputs, holds no logic, and runs."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
#: a notebook may take minutes, and several times that on a machine that does other work
TIMEOUT_SECONDS = 1800
#: of a notebook that computes for a minute: what stands in it, and what is run in its place
SHORTER = {"evaluation.ipynb": ("StudySettings()", "StudySettings(seconds=0.5)")}
#: figures and texts that must be in the finished notebook
SHOWN = {
    "evaluation.ipynb": (
        3,
        ("default detector", "Haar cascades", "no smoothing", "tracks (ours)", "false area",
         "0.069", "0.272", "paper, Table 2", "misses in runs", "recall, masked"),
    ),
    "compare_events.ipynb": (2, ("bis mean", "inside (s)", "unknown (s)")),
    "event_signals.ipynb": (1, ("heart-rate", "spo2", "incision", "closure")),
    "stages.ipynb": (1, ("non-maximum suppression", "paper, test 4 (share)", "0.180184")),
    "better_detector.ipynb": (
        2,
        ("average precision", "recall at 0.3 false positives per image", "before", "after"),
    ),
    "find_misses.ipynb": (3, ("remove", "a face", "rita", "not rendered", "in the copy")),
    "my_video.ipynb": (
        4,
        ("faces hidden", "hidden in", "face in the mirror"),
    ),
}  # fmt: skip


def _cells(path: Path, kind: str) -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_no_output_or_count_is_committed(path: Path) -> None:
    """An output can hold a person's face."""
    notebook = nbformat.read(path, as_version=4)
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}
    for cell in notebook.cells:
        assert not cell.metadata
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_cells_hold_no_logic(path: Path) -> None:
    for cell in _cells(path, "code"):
        lines = [line for line in cell.source.splitlines() if not line.startswith("%")]
        logic = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.For | ast.While | ast.If
        assert not [n for n in ast.walk(ast.parse("\n".join(lines))) if isinstance(n, logic)]


def test_every_notebook_is_expected_to_show_something() -> None:
    assert {path.name for path in NOTEBOOKS} == set(SHOWN)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_runs_from_top_to_bottom(path: Path) -> None:
    written, run = SHORTER.get(path.name, ("", ""))
    text = path.read_text(encoding="utf-8")
    assert written in text
    notebook = nbformat.reads(text.replace(written, run) if written else text, as_version=4)
    client = NotebookClient(notebook, timeout=TIMEOUT_SECONDS)
    client.execute(cwd=str(path.parent))
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    outputs = [out for cell in cells for out in cell.outputs]
    warned = [out.text for out in outputs if out.output_type == "stream" and out.name == "stderr"]
    assert warned == []
    figures = [out for out in outputs if "image/png" in out.get("data", {})]
    count, texts = SHOWN[path.name]
    assert len(figures) == count
    shown = "\n".join(out.data.get("text/html", "") for out in outputs if "data" in out)
    assert [text for text in texts if text not in shown] == []

"""What persons change, written down and applied as the document shows it."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest

from recorder_core.jobs import sidecar
from recorder_core.jobs.correction_checks import corrections_in
from recorder_core.media import file_sha256
from recorder_core.tables import read_corrections, read_metadata, read_redactions
from workbench.cli import main

ROOT = Path(__file__).resolve().parents[3]
Capture = pytest.CaptureFixture[str]


def _commands() -> list[list[str]]:
    """Every command of the document, as a shell would split it."""
    text = (ROOT / "docs" / "corrections.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```\n(.*?)```", text, re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


def test_every_command_of_the_document_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    size = ("--size", "1280x720", "--rate", "10", "--seconds", "1.5", "--blend-only")
    assert main(["simulate", "surgery.mp4", *size]) == 0
    Path("more.csv").write_text(
        "correction,action,frame,x0,y0,x1,y1\nwall,add,12,870,490,900,520\n"
    )
    for words in _commands():
        assert words[0] == "workbench"
        printed = io.StringIO()
        name = words[words.index(">") + 1] if ">" in words else None
        with contextlib.redirect_stdout(printed):
            assert main(words[1 : words.index(">") if name else None]) == 0, words
        if name:
            Path(name).write_text(printed.getvalue())
    # on a slow machine the progress is printed, and nothing else
    assert all("frames/s" in line for line in capsys.readouterr().err.splitlines())
    rows = read_corrections(Path("mine.parquet"))
    assert [(row.correction_id, row.action, row.frame_index) for row in rows] == [
        ("1", "add", 2), ("1", "add", 9), ("2", "remove", 3), ("2", "remove", 9),
    ]  # fmt: skip
    assert rows[0].box_xyxy_px == (860, 490, 900, 530)
    assert read_metadata(Path("mine.parquet")).source_fingerprint == file_sha256(
        Path("surgery.mp4")
    )
    assert corrections_in(Path("copy.mp4")) == rows
    assert Path("rows.csv").read_text().count("\n") == 1 + len(rows)
    assert [row.correction_id for row in read_corrections(Path("other.parquet"))][4:] == ["wall"]
    table = read_redactions(sidecar(Path("copy.mp4"), "redactions"))
    added = [row for rows in table.by_frame().values() for row in rows if row.origin == "corrected"]
    assert sorted(row.frame_index for row in added) == list(range(2, 10))


@pytest.fixture
def mine(finished: Path, tmp_path: Path) -> Path:
    """An empty file of corrections for a copy."""
    path = tmp_path / "mine.parquet"
    assert main(["corrections", "new", str(path), "--for", str(finished), "--quiet"]) == 0
    return path


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--frames", "1", "2", "--box", "1,1,5,5"), "say what is done, and when"),
        (("--action", "add", "--box", "1,1,5,5"), "say what is done, and when"),
        (("--action", "add", "--frames", "1", "2"), "say where: --box"),
        (("--action", "add", "--frames", "1", "2", "--track", "1"), "say where: --box"),
        (("--action", "add", "--frames", "3", "2", "--box", "1,1,5,5"), "frames 3 to 2 are none"),
        (("--action", "add", "--frames", "1", "2", "--box", "1,1,5"), "is not four numbers"),
        (("--action", "add", "--seconds", "1", "2", "--box", "1,1,5,5"), "name it with --for"),
        (("--csv", "missing.csv"), "missing.csv cannot be read"),
    ],
)
def test_what_is_not_whole_is_refused_and_the_file_stays(
    mine: Path, capsys: Capture, words: tuple[str, ...], sentence: str
) -> None:
    before = mine.read_bytes()
    assert main(["corrections", "add", str(mine), *words]) == 1
    assert sentence in capsys.readouterr().err
    assert mine.read_bytes() == before


def test_a_file_is_begun_once_and_an_id_given_once(
    mine: Path, finished: Path, tmp_path: Path, capsys: Capture
) -> None:
    words = ["--action", "remove", "--frames", "5", "5", "--track", "0", "--quiet"]
    assert main(["corrections", "add", str(mine), *words]) == 0
    assert main(["corrections", "new", str(mine), "--for", str(finished)]) == 1
    assert "mine.parquet exists" in capsys.readouterr().err
    assert main(["corrections", "list", str(mine), "--csv"]) == 0
    rows = tmp_path / "rows.csv"
    rows.write_text(capsys.readouterr().out)
    assert main(["corrections", "add", str(mine), "--csv", str(rows)]) == 1
    assert "has the correction 1 already" in capsys.readouterr().err
    assert [row.track for row in read_corrections(mine)] == [0]
    assert main(["corrections", "list", str(mine)]) == 0
    assert re.search(r"1 +remove +5 to 5 ", capsys.readouterr().out)


def test_boxes_are_listed_as_they_are_written(mine: Path, capsys: Capture) -> None:
    words = ["--action", "add", "--frames", "5", "9", "--box", "10.5,20,30,40", "--quiet"]
    assert main(["corrections", "add", str(mine), *words, "--to-box", "50,60,30,40"]) == 0
    lifted = ["--action", "remove", "--frames", "5", "9", "--track", "2", "--quiet"]
    assert main(["corrections", "add", str(mine), *lifted]) == 0
    assert main(["corrections", "list", str(mine)]) == 0
    added, removed = (line.split() for line in capsys.readouterr().out.splitlines()[2:])
    assert added[5:7] == ["10.5,20,30,40", "50,60,30,40"]
    assert removed[5:8] == ["-", "-", "2"]

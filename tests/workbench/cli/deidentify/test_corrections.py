"""What persons change, written down and applied as the document shows it."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
from pathlib import Path

import pytest

from recorder_core.jobs import sidecar
from recorder_core.jobs.deidentify.correcting.checks import corrections_in
from recorder_core.media import file_sha256
from recorder_core.tables import (
    TableMetadata,
    read_corrections,
    read_metadata,
    read_redactions,
    write_corrections,
)
from workbench.cli import main

ROOT = Path(__file__).resolve().parents[4]
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
    rows = list(read_corrections(Path("mine.parquet")))
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
    _check_rows_of_the_copy()
    table = read_redactions(sidecar(Path("copy.mp4"), "redactions"))
    added = [row for rows in table.by_frame().values() for row in rows if row.origin == "corrected"]
    assert sorted(row.frame_index for row in added) == list(range(2, 10))


def _check_rows_of_the_copy() -> None:
    """Rows of the copy are taken once, and not changed under their name."""
    words = ["corrections", "new", "again.parquet", "--for", "copy.mp4", "--csv", "rows.csv"]
    changed = Path("rows.csv").read_text().replace(",860.0,", ",850.0,", 1)
    assert main([*words, "--quiet"]) == 0
    assert read_corrections(Path("again.parquet")) == read_corrections(Path("mine.parquet"))
    Path("again.parquet").unlink()
    Path("rows.csv").write_text(changed)
    with contextlib.redirect_stderr(io.StringIO()) as errors:
        assert main(words) == 1
    assert "rows.csv changes the correction 1, which is in copy.mp4" in errors.getvalue()
    assert not Path("again.parquet").exists()


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
        (
            ("--action", "add", "--frames", "3", "2", "--box", "1,1,5,5"),
            "frames 3 to 2 are not a span",
        ),
        (("--action", "add", "--frames", "1", "2", "--box", "1,1,5"), "is not four numbers"),
        (("--action", "add", "--seconds", "1", "2", "--box", "1,1,5,5"), "name it with --for"),
        (("--csv", "missing.csv"), "missing.csv cannot be read"),
        # the copy has 60 frames of 384x192 pixels
        (
            ("--action", "remove", "--frames", "5", "9", "--track", "99"),
            "that track does not exist",
        ),
        (("--action", "add", "--frames", "5", "60", "--box", "1,1,5,5"), "but the video has 60"),
        (("--action", "add", "--frames", "5", "9", "--box", "384,1,5,5"), "lies outside the frame"),
        (("--action", "add", "--frames", "5", "9", "--box", "1,1,0,5"), "has no area"),
        (
            ("--action", "add", "--frames", "5", "9", "--box", "0,0,1e9,10"),
            "reaches farther out of the frame of 384x192 pixels",
        ),
    ],
)
def test_what_is_not_whole_is_refused_and_the_file_stays(
    mine: Path, capsys: Capture, words: tuple[str, ...], sentence: str
) -> None:
    before = mine.read_bytes()
    assert main(["corrections", "add", str(mine), *words]) == 1
    assert sentence in capsys.readouterr().err
    assert mine.read_bytes() == before


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("1,remove,5,0,0,1,1,99", "lifts track 99 in frames 5 to 5, but that track does not exist"),
        ("1,add,1000,0,0,9,9,-1", "names frame 1000, but the video has 60"),
        ("1,add,5,400,0,409,9,-1", "lies outside the frame of 384x192 pixels"),
        ("1,add,9,0,0,9,9,-1\n1,add,6,0,0,9,9,-1",
         "rows.csv, line 3: correction 1 has frame 6 after frame 9; sort the lines"),
        ("1,add,9,0,0,9,9,-1\n1,add,9,1,0,9,9,-1", "name each frame of a correction once"),
        ("1,add,-2,0,0,9,9,-1", "rows.csv, line 2: there is no frame -2"),
    ],
)  # fmt: skip
def test_rows_that_rendering_would_refuse_are_refused(
    mine: Path, finished: Path, tmp_path: Path, capsys: Capture, row: str, sentence: str
) -> None:
    rows, other = tmp_path / "rows.csv", tmp_path / "other.parquet"
    rows.write_text(f"correction,action,frame,x0,y0,x1,y1,track\n{row}\n")
    before = mine.read_bytes()
    for words in (
        ("add", mine, "--csv", rows),
        ("add", mine, "--csv", rows, "--for", finished),
        ("new", other, "--csv", rows, "--for", finished),
    ):
        assert main(["corrections", *map(str, words)]) == 1
        assert sentence in capsys.readouterr().err
    assert mine.read_bytes() == before
    assert not other.exists()


def _beside(copy: Path, folder: Path, suffix: str = ".mp4") -> Path:
    """Return a copy with its tables and report, under another name."""
    named = folder / f"other{suffix}"
    named.write_bytes(copy.read_bytes())
    for kind in ("redactions", "report"):
        sidecar(named, kind).write_bytes(sidecar(copy, kind).read_bytes())
    return named


def test_the_copy_of_another_video_and_of_a_picture_is_refused(
    mine: Path, finished: Path, tmp_path: Path, capsys: Capture
) -> None:
    other = _beside(finished, tmp_path)
    report = json.loads(sidecar(other, "report").read_text())
    report["source"]["sha256"] = "0" * 64
    sidecar(other, "report").write_text(json.dumps(report))
    words = ["--action", "add", "--frames", "1", "2", "--box", "1,1,5,5"]
    assert main(["corrections", "add", str(mine), *words, "--for", str(other)]) == 1
    assert "corrections of another video than other.mp4" in capsys.readouterr().err
    picture = _beside(finished, tmp_path, ".png")
    assert main(["corrections", "new", str(tmp_path / "p.parquet"), "--for", str(picture)]) == 1
    assert "other.png is a picture; corrections are for copies of" in capsys.readouterr().err
    assert not list(read_corrections(mine))


def test_a_file_without_what_is_known_of_the_copy_is_checked_with_for(
    mine: Path, finished: Path, capsys: Capture
) -> None:
    write_corrections(mine, [], TableMetadata(read_metadata(mine).source_fingerprint))
    words = ["corrections", "add", str(mine), "--action", "add", "--frames", "5", "60"]
    words += ["--box", "1,1,5,5", "--quiet"]
    assert main([*words, "--for", str(finished)]) == 1
    assert "but the video has 60" in capsys.readouterr().err
    assert main(words) == 0


def test_a_correction_is_taken_out_by_its_number(
    mine: Path, finished: Path, capsys: Capture
) -> None:
    remove = ["corrections", "remove", str(mine)]
    for box in ("1,1,5,5", "2,2,5,5"):
        words = ["--action", "add", "--frames", "1", "2", "--box", box, "--quiet"]
        assert main(["corrections", "add", str(mine), *words]) == 0
    metadata = read_metadata(mine)
    assert main([*remove, "3"]) == 1
    assert "mine.parquet has no correction 3; it has 1, 2" in capsys.readouterr().err
    assert main([*remove, "1"]) == 0
    assert capsys.readouterr().out == f"{mine}: 1 correction\n"
    assert {row.correction_id for row in read_corrections(mine)} == {"2"}
    assert read_metadata(mine) == metadata
    assert main([*remove, "2", "--quiet"]) == 0
    assert main([*remove, "2"]) == 1
    assert "it has none" in capsys.readouterr().err
    # a copy may hold the corrections 1 and 2
    assert main(["corrections", "add", str(mine), *words]) == 0
    assert {row.correction_id for row in read_corrections(mine)} == {"3"}


def test_a_box_that_cannot_move_is_refused(mine: Path, capsys: Capture) -> None:
    add = ["corrections", "add", str(mine), "--to-box", "2,2,5,5"]
    placed = ["--action", "add", "--frames", "3", "3", "--box", "1,1,5,5"]
    tracked = ["--action", "remove", "--frames", "3", "5", "--track", "0"]
    for words in (placed, tracked):
        assert main([*add, *words]) == 1
        assert "--to-box moves --box" in capsys.readouterr().err
    assert len(read_corrections(mine)) == 0


def test_a_removal_that_lifts_nothing_is_named(mine: Path, finished: Path, capsys: Capture) -> None:
    at = ["--for", str(finished), "--quiet"]
    remove = ["corrections", "add", str(mine), "--action", "remove", "--seconds"]
    assert main([*remove, "0:00.2", "0:00.5", "--box", "0,0,384,192", *at]) == 0
    assert capsys.readouterr().err == ""
    assert main([*remove, "0:00.2", "0:00.5", "--box", "0,0,2,2", *at]) == 0
    assert capsys.readouterr().err == (
        "workbench: correction 2 lifts nothing: in its frames no redaction of copy.mp4 has its "
        "centre in the box\n"
    )
    # as the page on copies lifts a track
    assert main([*remove, "0", "1", "--track", "0", *at]) == 0
    assert [row.frame_index for row in read_corrections(mine)] == [4, 9, 4, 9, 0, 19]


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

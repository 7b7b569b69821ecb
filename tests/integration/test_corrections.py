from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from recorder_core.jobs import sidecar
from recorder_core.media import file_sha256, list_gops
from recorder_core.media.audio.packets import audio_packets
from recorder_core.media.container.probe import open_media
from recorder_core.model import CorrectionKeyframe
from recorder_core.tables import TableMetadata, read_redactions, write_corrections

#: a place in the room view where nothing is, away from the faces
BOX = (860.0, 484.0, 884.0, 512.0)


def _packets(path: Path) -> list[tuple[int, bool, bytes]]:
    """Every compressed frame: time stamp, whether decoding can start at it, bytes."""
    with open_media(path) as container:
        packets = container.demux(container.streams.video[0])
        return [(each.pts, each.is_keyframe, bytes(each)) for each in packets if each.size]


def _sound(path: Path) -> list[bytes]:
    with open_media(path) as container:
        return [bytes(each) for each in audio_packets(container, list(container.streams.audio))]


def _write(path: Path, source: Path, spans: Sequence[tuple[str, int, int]], box: Any = BOX) -> Path:
    rows = [
        CorrectionKeyframe(
            str(number),
            action, frame, box, -1, "reviewer", "2025-01-01T00:00:00Z",  # type: ignore[arg-type]
        )
        for number, (action, first, last) in enumerate(spans)
        for frame in dict.fromkeys((first, last))
    ]  # fmt: skip
    write_corrections(path, rows, TableMetadata(file_sha256(source)))
    return path


@pytest.fixture
def corrected(whole_job: Any, tmp_path: Path, run: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that corrects a copy of the whole job's result."""
    folder = tmp_path / "result"
    folder.mkdir()
    for path in whole_job.output.parent.glob("copy*"):
        shutil.copyfile(path, folder / path.name)

    def call(spans: Sequence[tuple[str, int, int]], *words: object, box: Any = BOX) -> Any:
        table = _write(tmp_path / "corrections.parquet", whole_job.source, spans, box)
        output = folder / "copy.mp4"
        return output, run(
            *("deidentify", whole_job.source, "-o", output, "--view", "surgery-box"),
            *("--corrections", table, "--quiet"),
            *words,
        )

    return call


def test_all_gops_but_the_touched_one_are_copied_bit_for_bit(
    whole_job: Any, corrected: Callable[..., Any]
) -> None:
    gops = list_gops(whole_job.output)
    assert [gop.first_index for gop in gops] == [0, 15, 30, 45]
    before = _packets(whole_job.output)
    output, ran = corrected([("add", 32, 40)])
    assert (ran.status, ran.errors) == (0, "")
    after = _packets(output)
    assert [packet[:2] for packet in after] == [packet[:2] for packet in before]
    same = [one[2] == other[2] for one, other in zip(before, after, strict=True)]
    assert all(same[:30])
    assert all(same[45:])
    assert not any(same[32:45])
    again = list_gops(output)
    assert [a.sha256 == b.sha256 for a, b in zip(gops, again, strict=True)] == [
        True, True, False, True,
    ]  # fmt: skip
    assert _sound(output) == _sound(whole_job.output)


def test_corrections_taken_back_leave_the_plan_of_the_first_run(
    whole_job: Any, corrected: Callable[..., Any], plan_of: Callable[[Path], list[str]]
) -> None:
    output, _ = corrected([("add", 2, 20), ("remove", 31, 50)], box=(854.0, 480.0, 1280.0, 720.0))
    table = read_redactions(sidecar(output, "redactions"))
    assert not table.applied.all()
    assert plan_of(output) != plan_of(whole_job.output)
    _, ran = corrected([])
    assert "copy.mp4 holds 2 corrections that would be undone" in ran.sentence
    _, ran = corrected([], "--discard-corrections")
    assert ran.status == 0
    assert plan_of(output) == plan_of(whole_job.output)


def test_a_correction_of_the_first_run_is_the_same_as_a_later_one(
    whole_job: Any,
    corrected: Callable[..., Any],
    plan_of: Callable[[Path], list[str]],
    tmp_path: Path,
    run: Callable[..., Any],
) -> None:
    later, _ = corrected([("add", 20, 35)])
    first = tmp_path / "first.mp4"
    table = tmp_path / "corrections.parquet"
    ran = run(
        *("deidentify", whole_job.source, "-o", first, "--view", "surgery-box", "--quiet"),
        *("--corrections", table),
    )
    assert ran.status == 0
    assert plan_of(first) == plan_of(later)


def test_what_a_correction_did_is_printed(
    whole_job: Any, corrected: Callable[..., Any], tmp_path: Path, run: Callable[..., Any]
) -> None:
    output, _ = corrected([])
    whole_room = (854.0, 480.0, 1280.0, 720.0)
    table = _write(tmp_path / "lift.parquet", whole_job.source, [("remove", 3, 5)], whole_room)
    ran = run(
        *("deidentify", whole_job.source, "-o", output, "--view", "surgery-box"),
        *("--corrections", table),
    )
    assert ran.status == 0
    assert "lifted by corrections" in ran.output
    assert "rendered again: 15 of 60 frames" in ran.output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--method", "solid"), "with other settings"),
        (("--preset", "medium"), "with other settings"),
        (("--view", "full"), "with other settings"),
    ],
)
def test_corrections_with_other_settings_are_refused(
    corrected: Callable[..., Any], words: tuple[str, ...], sentence: str
) -> None:
    output, ran = corrected([("add", 1, 2)], *words)
    assert ran.status == 1
    assert sentence in ran.sentence
    assert "--overwrite" in ran.sentence
    assert len(list(output.parent.iterdir())) == 5


def test_corrections_on_a_copy_of_another_video_are_refused(
    whole_job: Any, drawn_source: Path, tmp_path: Path, refused: Callable[..., str]
) -> None:
    folder = tmp_path / "result"
    shutil.copytree(whole_job.output.parent, folder)
    table = _write(
        tmp_path / "corrections.parquet", drawn_source, [("add", 1, 2)], (0.0, 0.0, 40.0, 40.0)
    )
    sentence = refused(
        tmp_path, "deidentify", drawn_source, "-o", folder / "copy.mp4", "--corrections", table
    )
    assert "made from another video" in sentence


@pytest.mark.parametrize("kind", ["missing", "text", "another table"])
def test_a_table_that_holds_no_corrections_is_refused(
    whole_job: Any, tmp_path: Path, refused: Callable[..., str], kind: str
) -> None:
    table = tmp_path / "corrections.parquet"
    if kind == "text":
        table.write_text("no table")
    elif kind == "another table":
        shutil.copyfile(sidecar(whole_job.output, "redactions"), table)
    sentence = refused(
        tmp_path, "deidentify", whole_job.source, "-o", tmp_path / "copy.mp4",
        "--view", "surgery-box", "--corrections", table,
    )  # fmt: skip
    assert "corrections.parquet" in sentence

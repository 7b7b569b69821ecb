from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recorder_core.deidentify.redaction_shape import RedactionSettings
from recorder_core.errors import DataError, EncodeError, SettingsError
from recorder_core.jobs import deidentify_or_rerender, deidentify_video, rerender_copy, sidecar
from recorder_core.jobs.deidentify.correcting import changed_spans
from recorder_core.jobs.deidentify.correcting.checks import corrections_in
from recorder_core.media import Gop, file_sha256, list_gops
from recorder_core.model import CorrectionKeyframe, Redaction
from recorder_core.tables import read_redactions

#: the largest drawn face, and a place where nothing is
FACE = (225.0, 30.0, 316.0, 150.0)
EMPTY = (330.0, 150.0, 350.0, 175.0)


def _correct(
    action: Any, first: int, last: int, box: Any = FACE, key: int = 1
) -> tuple[CorrectionKeyframe, ...]:
    return tuple(
        CorrectionKeyframe(str(key), action, frame, box, -1, "reviewer", "2025-01-01T00:00:00Z")
        for frame in (first, last)
    )


@pytest.fixture
def output(finished: Path, tmp_path: Path) -> Path:
    """A finished copy of this test alone."""
    return Path(shutil.copytree(finished.parent, tmp_path / "made")) / finished.name


def _plan(output: Path) -> list[Any]:
    table = read_redactions(sidecar(output, "redactions"))
    rows = table.to_redactions(applied_only=False)
    plan = zip(map(repr, rows), table.corrections, table.applied.tolist(), strict=True)
    return sorted(plan, key=lambda row: (row[0], str(row[1])))


def _touched(before: list[Gop], after: list[Gop]) -> list[int]:
    places = [(gop.first_index, gop.stop_index) for gop in before]
    assert places == [(gop.first_index, gop.stop_index) for gop in after]
    return [
        number
        for number, pair in enumerate(zip(before, after, strict=True))
        if pair[0].sha256 != pair[1].sha256
    ]


@pytest.mark.parametrize(
    ("action", "first", "last", "box", "gops"),
    [
        ("remove", 12, 15, FACE, [1]),
        ("add", 12, 15, EMPTY, [1]),
        ("add", 9, 10, EMPTY, [0, 1]),
        ("add", 59, 59, EMPTY, [5]),
        ("add", 0, 59, EMPTY, [0, 1, 2, 3, 4, 5]),
    ],
)
def test_only_touched_gops_are_encoded_again(
    drawn: Any, output: Path, action: str, first: int, last: int, box: Any, gops: list[int]
) -> None:
    before = list_gops(output)
    assert [gop.first_index for gop in before] == list(range(0, 60, 10))
    corrections = _correct(action, first, last, box)[: 1 if first == last else 2]
    result = rerender_copy(drawn.correction(output, corrections))
    assert _touched(before, list_gops(output)) == gops
    assert result.report.copy.encoded_frames == 10 * len(gops)
    assert result.frames == 60


def test_the_plan_says_which_correction_did_what(drawn: Any, output: Path) -> None:
    corrections = _correct("remove", 12, 15) + _correct("add", 14, 16, EMPTY, key=2)
    rerender_copy(drawn.correction(output, corrections))
    table = read_redactions(sidecar(output, "redactions"))
    keys = np.array(table.corrections, object)
    assert table.frame_index[keys == "1"].tolist() == [12, 13, 14, 15]
    assert not table.applied[keys == "1"].any()
    added = [row for row in table.to_redactions() if row.origin == "corrected"]
    assert [(row.frame_index, row.box_xyxy_px) for row in added] == [
        (frame, EMPTY) for frame in (14, 15, 16)
    ]


def test_taking_all_corrections_back_gives_the_same_plan_and_frames(
    drawn: Any, finished: Path, output: Path
) -> None:
    corrections = _correct("remove", 12, 15) + _correct("add", 14, 26, EMPTY, key=2)
    rerender_copy(drawn.correction(output, corrections))
    assert _plan(output) != _plan(finished)
    with pytest.raises(SettingsError, match=r"holds 2 corrections that would be undone \(1, 2\)"):
        rerender_copy(drawn.correction(output, ()))
    with pytest.raises(SettingsError, match="would be undone"):
        deidentify_video(drawn.request(output, overwrite=True))
    rerender_copy(drawn.correction(output, (), discard_corrections=True))
    assert _plan(output) == _plan(finished)


@pytest.mark.parametrize(
    "other", [_correct("add", 14, 20, EMPTY), _correct("add", 14, 26, EMPTY)[:1]]
)
def test_another_correction_of_the_same_number_is_not_the_same(
    drawn: Any, output: Path, other: tuple[CorrectionKeyframe, ...]
) -> None:
    rerender_copy(drawn.correction(output, _correct("add", 14, 26, EMPTY)))
    before = file_sha256(output)
    with pytest.raises(SettingsError, match=r"undone \(1\); the file has another correction 1;"):
        rerender_copy(drawn.correction(output, other))
    assert file_sha256(output) == before


def test_corrections_in_the_first_run_and_later_are_the_same(
    drawn: Any, output: Path, tmp_path: Path
) -> None:
    corrections = _correct("remove", 12, 25) + _correct("add", 14, 35, EMPTY, key=2)
    rerender_copy(drawn.correction(output, corrections))
    at_once = tmp_path / "at_once.mp4"
    deidentify_video(drawn.request(at_once, corrections=corrections))
    assert _plan(output) == _plan(at_once)


def test_the_same_corrections_again_encode_nothing(drawn: Any, output: Path) -> None:
    corrections = _correct("add", 14, 16, EMPTY)
    rerender_copy(drawn.correction(output, corrections))
    before = list_gops(output)
    result = rerender_copy(drawn.correction(output, corrections))
    assert _touched(before, list_gops(output)) == []
    assert result.report.copy.encoded_frames == 0
    assert result.report.psnr_y_outside_redactions_db is None


def test_a_correction_replaced_by_another_is_rendered(drawn: Any, output: Path) -> None:
    rerender_copy(drawn.correction(output, _correct("add", 14, 16, EMPTY)))
    before = list_gops(output)
    moved = _correct("add", 24, 26, EMPTY)  # under the same id
    rerender_copy(drawn.correction(output, moved, discard_corrections=True))
    assert _touched(before, list_gops(output)) == [1, 2]


def test_a_correction_after_the_last_frame_is_refused_and_nothing_changes(
    drawn: Any, output: Path
) -> None:
    before = output.read_bytes()
    with pytest.raises(DataError, match="names frame 60, but the video has 60"):
        rerender_copy(drawn.correction(output, _correct("add", 58, 60, EMPTY)))
    assert output.read_bytes() == before


@pytest.mark.parametrize("change", ["another source", "other settings", "other copy", "no table"])
def test_corrections_on_something_else_are_refused_and_nothing_changes(
    drawn: Any, output: Path, tmp_path: Path, change: str
) -> None:
    job, source = drawn, drawn.source
    match change:
        case "another source":
            source = tmp_path / "other.mp4"
            source.write_bytes(drawn.source.read_bytes() + bytes(8))
        case "other settings":
            job = drawn.with_options(redaction=RedactionSettings(method="solid"))
        case "other copy":
            shutil.copyfile(drawn.source, output)
        case "no table":
            sidecar(output, "redactions").unlink()
    before = {path.name: path.read_bytes() for path in output.parent.iterdir()}
    request = job.correction(output, source=source, corrections=_correct("add", 1, 2, EMPTY))
    with pytest.raises(SettingsError, match="give --overwrite"):
        rerender_copy(request)
    assert {path.name: path.read_bytes() for path in output.parent.iterdir()} == before


def test_overwrite_renders_everything_only_where_the_settings_are_others(
    drawn: Any, output: Path
) -> None:
    corrections = _correct("add", 14, 16, EMPTY)
    request = drawn.request(output, corrections=corrections, overwrite=True)
    result = deidentify_or_rerender(request)
    assert result.report.copy.encoded_frames == 10
    assert result.report.redactions.by_origin["corrected"] == 3
    job = drawn.with_options(redaction=RedactionSettings(method="solid"))
    again = deidentify_or_rerender(job.request(output, corrections=corrections, overwrite=True))
    assert again.report.copy.encoded_frames == 60
    assert again.report.redactions.by_origin["corrected"] == 3


def test_corrections_of_another_video_are_refused(drawn: Any, output: Path) -> None:
    corrections = _correct("add", 14, 16, EMPTY)
    with pytest.raises(DataError, match="made for another video: their fingerprint is 'made'"):
        rerender_copy(drawn.correction(output, corrections, corrections_of="made"))
    sha256 = file_sha256(drawn.source)
    rerender_copy(drawn.correction(output, corrections, corrections_of=sha256))


@pytest.mark.parametrize("is_first", [True, False])
def test_a_track_that_is_not_there_is_refused(drawn: Any, output: Path, is_first: bool) -> None:
    table = read_redactions(sidecar(output, "redactions"))
    track = table.by_frame()[12][0].track
    if is_first:
        output = output.with_name("first.mp4")
    lift = [replace(row, track=999) for row in _correct("remove", 12, 15)]
    with pytest.raises(DataError, match=r"lifts track 999 .* does not exist; the tracks are 0"):
        deidentify_or_rerender(drawn.request(output, corrections=tuple(lift)))
    lift = [replace(row, track=track) for row in _correct("remove", 12, 15)]
    result = deidentify_or_rerender(drawn.request(output, corrections=tuple(lift)))
    assert result.report.redactions.lifted_by_corrections == 4
    assert corrections_in(output) == lift


@pytest.mark.parametrize("box", [(400.0, 0.0, 420.0, 20.0), (20.0, 20.0, 10.0, 30.0)])
def test_a_box_that_cannot_be_is_refused(drawn: Any, output: Path, box: Any) -> None:
    with pytest.raises(DataError, match="correction 1"):
        rerender_copy(drawn.correction(output, _correct("add", 1, 2, box)))


def test_an_error_while_rendering_leaves_the_copy_as_it_was(
    drawn: Any, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise EncodeError("no room")

    before = {path.name: path.read_bytes() for path in output.parent.iterdir()}
    monkeypatch.setattr("recorder_core.jobs.deidentify.rerender.publish", refuse)
    with pytest.raises(EncodeError, match="no room"):
        rerender_copy(drawn.correction(output, _correct("add", 1, 2, EMPTY)))
    assert {path.name: path.read_bytes() for path in output.parent.iterdir()} == before


def test_a_copy_that_is_not_there_is_refused(drawn: Any, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"there is no copy\.mp4 to correct; de-identify"):
        rerender_copy(drawn.correction(tmp_path / "copy.mp4", ()))
    assert not (tmp_path / "copy.mp4").exists()


def test_frames_of_one_pixel_plan_count_as_unchanged() -> None:
    redaction = Redaction(3, FACE, "detected", 0, 0.9)
    other = replace(redaction, origin="corrected", track=-1)
    assert changed_spans._key([redaction]) == changed_spans._key([other])
    assert changed_spans._key([redaction]) != changed_spans._key([])

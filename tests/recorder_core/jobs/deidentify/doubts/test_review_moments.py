"""Moments of a finished copy: what a person left visible is seen again at its place."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import recorder_core as rc
from recorder_core.errors import DataError
from recorder_core.jobs import deidentify_video
from recorder_core.jobs.deidentify.sidecars import sidecar
from recorder_core.model import CorrectionKeyframe
from recorder_core.review import Moment
from tests.conftest import DrawnJob

#: of the largest drawn face in frames 10 to 50
FACE = (226.0, 38.0, 320.0, 150.0)
LIFT = (
    CorrectionKeyframe("a", "remove", 10, FACE, -1, "rita", "2026-01-01T00:00:00Z"),
    CorrectionKeyframe("a", "remove", 50, FACE, -1, "rita", "2026-01-01T00:00:00Z"),
)


def _seen_again(moments: list[Moment]) -> list[Moment]:
    kinds = {"face_seen_again", "near_repair"}
    return [each for each in moments if kinds & {reason.kind for reason in each.reasons}]


def test_a_finished_copy_shows_no_face_again(finished: Path) -> None:
    moments = rc.rank_moments(finished)
    assert _seen_again(moments) == []
    assert moments[-1].is_spot_check
    assert moments[-1].stop_frame <= 60


@pytest.fixture(scope="module")
def lifted(drawn: DrawnJob, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in which a face is visible for a while, because a person said so."""
    output = tmp_path_factory.mktemp("lifted") / "copy.mp4"
    deidentify_video(replace(drawn.request(output), corrections=LIFT))
    return output


def test_a_face_that_the_copy_shows_is_the_riskiest_moment(lifted: Path) -> None:
    moments = rc.rank_moments(lifted)
    found = _seen_again(moments)
    assert moments[0] in found
    assert 9 <= moments[0].first_frame < moments[0].stop_frame <= 52
    x0, y0, x1, y1 = moments[0].region_xyxy_px
    assert x0 < 270 < x1
    assert y0 < 94 < y1
    assert x1 - x0 < 384
    assert moments[0].risk > 0.5


def test_without_a_look_only_the_tables_decide(lifted: Path) -> None:
    told: list[tuple[int, int]] = []
    moments = rc.rank_moments(lifted, look=False, progress=lambda *each: told.append(each))
    assert told == []
    assert _seen_again(moments) == []
    assert rc.rank_moments(lifted, look=False) == moments


def test_tables_of_another_run_are_refused(finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    shutil.copytree(finished.parent, folder)
    report = sidecar(folder / finished.name, "report")
    content = json.loads(report.read_text())
    content["settings"]["frame_span"] = [0, 59]
    report.write_text(json.dumps(content))
    with pytest.raises(DataError, match="has 60 frames, but its report says 59"):
        rc.rank_moments(folder / finished.name)
    report.unlink()
    with pytest.raises(DataError, match=r"copy\.report\.json does not say how copy\.mp4 was made"):
        rc.rank_moments(folder / finished.name)

"""Faces that only the second look finds: the job's own input is too small for the third face."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from numpy.typing import NDArray

from recorder_core.deidentify.tracking import SmoothingSettings
from recorder_core.detect import DetectorSettings
from recorder_core.detect.weights.drawn_faces import DRAWN_FACES_XYXY_PX
from recorder_core.jobs import DeidentifyRequest, deidentify_video, sidecar
from recorder_core.jobs.deidentify.rerender import RerenderRequest, rerender_copy
from recorder_core.jobs.inputs.job_video import open_job_video
from recorder_core.jobs.inputs.options import DeidentifyOptions
from recorder_core.jobs.verification.follow_faces import follow_faces
from recorder_core.jobs.verification.seen_faces import SeenFace
from recorder_core.media import decode_frames, index_frames, probe
from recorder_core.model import CorrectionKeyframe
from recorder_core.tables import RedactionTable, read_redactions, select_rows
from tests.conftest import RATE, WALL, drawn_planes, write_drawn, write_wall

#: the face that a network with an input of 128 pixels scores 0.2, and one of 160 scores 0.9
SMALL: Final = DRAWN_FACES_XYXY_PX[np.argmin(DRAWN_FACES_XYXY_PX[:, 2] - DRAWN_FACES_XYXY_PX[:, 0])]
SECONDS: Final = 6
#: frames that the job searched
NONE_SEARCHED: Final = np.zeros(0, np.int64)


@pytest.fixture(scope="module")
def narrow(drawn: Any) -> DeidentifyOptions:
    options: DeidentifyOptions = replace(
        drawn.options,
        detector=DetectorSettings(long_side_px=128),
        smoothing=SmoothingSettings(birth_score=0.9, evidence_score=0.9),
    )
    return options


@pytest.fixture(scope="module")
def long_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_drawn(tmp_path_factory.mktemp("long") / "source.mp4", SECONDS * RATE)


@pytest.fixture(scope="module")
def copy(
    long_source: Path, narrow: DeidentifyOptions, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    output = tmp_path_factory.mktemp("copy") / "copy.mp4"
    deidentify_video(DeidentifyRequest(source=long_source, output=output, options=narrow))
    return output


def _moved(frame: int) -> tuple[float, float, float, float]:
    """Return where the small face is in a frame."""
    x0, y0, x1, y1 = SMALL.tolist()
    return (x0 + frame % 12, y0, x1 + frame % 12, y1)


def _small_face(frame: int) -> tuple[slice, slice]:
    """Return the rows and columns of its middle."""
    x0, y0, x1, y1 = map(round, _moved(frame))
    down, across = (y1 - y0) // 4, (x1 - x0) // 4
    return slice(y0 + down, y1 - down), slice(x0 + across, x1 - across)


def _pixels_left(copy: Path) -> list[float]:
    """Return how far the middle of the small face is from what was drawn, frame by frame."""
    info = probe(copy)
    differences = []
    for frame in decode_frames(info, index_frames(info)):
        rows, columns = _small_face(frame.frame_index)
        drawn = drawn_planes(frame.frame_index).y[rows, columns].astype(float)
        level = np.abs(frame.planes.y[rows, columns] - drawn).mean()
        differences.append(level if frame.frame_index not in WALL else np.inf)
    return differences


def test_what_the_second_look_sees_is_hidden_in_every_frame(copy: Path, long_source: Path) -> None:
    differences = _pixels_left(copy)
    assert len(differences) == SECONDS * RATE
    assert min(differences) > 8
    # the same measure on a copy in which the face stays
    bare = _pixels_left(long_source)
    assert np.median(bare) < 4


def test_the_report_says_what_only_the_second_look_saw(copy: Path) -> None:
    look = json.loads(sidecar(copy, "report").read_text())["second_look"]
    assert look["exposed"] == []
    assert look["hidden"]
    assert look["frames"] == len(set(look["frame_indices"])) == len(look["frame_indices"])
    assert {face["frame_index"] for face in look["hidden"]} <= set(look["frame_indices"])
    centre = (SMALL[0] + SMALL[2]) / 2
    for face in look["hidden"]:
        x0, _, x1, _ = face["box_xyxy_px"]
        assert (x0 + x1) / 2 == pytest.approx(centre + face["frame_index"] % 12, abs=6)


def _rows_on_the_small_face(table: RedactionTable) -> NDArray[np.bool_]:
    centres = (table.boxes_xyxy_px[:, 0] + table.boxes_xyxy_px[:, 2]) / 2
    is_small: NDArray[np.bool_] = centres < SMALL[2] + 20
    return is_small


def test_a_person_lifts_its_track_like_any_other(
    copy: Path, long_source: Path, narrow: DeidentifyOptions, tmp_path: Path
) -> None:
    for each in copy.parent.iterdir():
        shutil.copy2(each, tmp_path)
    output = tmp_path / copy.name
    table = read_redactions(sidecar(output, "redactions"))
    is_small = _rows_on_the_small_face(table)
    [track] = set(table.tracks[is_small].tolist())
    assert track == table.tracks[~is_small].max() + 1
    rows = tuple(
        CorrectionKeyframe(
            "1", "remove", frame, (0, 0, 9, 9), track, "anna", "2026-01-01T00:00:00Z"
        )
        for frame in (20, 50)
    )
    request = RerenderRequest(source=long_source, output=output, options=narrow, corrections=rows)
    report = rerender_copy(request).report
    assert report.second_look.exposed == ()
    assert report.redactions.lifted_by_corrections == 31
    differences = _pixels_left(output)
    assert max(differences[20:28] + differences[33:51]) < 4
    assert min(differences[:20] + differences[51:]) > 8


def test_its_track_is_lifted_where_all_is_rendered_again(
    copy: Path, long_source: Path, narrow: DeidentifyOptions, tmp_path: Path
) -> None:
    table = read_redactions(sidecar(copy, "redactions"))
    [track] = set(table.tracks[_rows_on_the_small_face(table)].tolist())
    output = tmp_path / "other.mp4"
    left = [tmp_path / f".{output.name}.{purpose}" for purpose in ("hiding", "corrections")]
    for folder in left:  # as a killed run leaves them, with faces in them
        folder.mkdir()
        (folder / "run_000000.mp4").write_bytes(copy.read_bytes())

    rows = tuple(
        CorrectionKeyframe(
            "1", "remove", frame, (0, 0, 9, 9), track, "anna", "2026-01-01T00:00:00Z"
        )
        for frame in (20, 50)
    )
    request = DeidentifyRequest(source=long_source, output=output, options=narrow, corrections=rows)
    assert deidentify_video(request).report.redactions.lifted_by_corrections == 31
    assert not [folder for folder in left if folder.exists()]


def test_what_is_seen_once_is_hidden_for_the_padding_around_it(drawn: Any, tmp_path: Path) -> None:
    source = open_job_video(write_wall(tmp_path / "wall.mp4", 3 * RATE), drawn.options)
    table = follow_faces([_face(30)], source, drawn.options, _nothing(), NONE_SEARCHED)
    padding = round(drawn.options.smoothing.padding_seconds * RATE)
    assert table.frame_index.tolist() == list(range(30 - padding, 31 + padding))
    assert table.boxes_xyxy_px[padding].tolist() == pytest.approx(_face(30).box_xyxy_px)


def test_faces_that_are_hidden_or_lifted_are_not_followed(
    drawn: Any, long_source: Path, copy: Path
) -> None:
    source = open_job_video(long_source, drawn.options)
    table = read_redactions(sidecar(copy, "redactions"))
    others = select_rows(table, ~_rows_on_the_small_face(table))
    for planned in (others, replace(others, applied=np.zeros(len(others), np.bool_))):
        found = follow_faces([_face(5), _face(100)], source, drawn.options, planned, NONE_SEARCHED)
        assert _rows_on_the_small_face(found).all()
        assert set(found.tracks.tolist()) == {others.tracks.max() + 1}
        # from before the first to after the last frame, without a hole
        assert np.unique(found.frame_index).tolist() == list(range(SECONDS * RATE))


def _face(frame: int) -> SeenFace:
    return SeenFace(frame, frame / RATE, 0.9, _moved(frame))


def _nothing() -> RedactionTable:
    return RedactionTable.from_redactions([], {})

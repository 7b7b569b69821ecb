"""Faces that lie are found by the second look; a video that is turned as a whole is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recorder_core.detect.stages import ScoredBoxes
from recorder_core.detect.weights.drawn_faces import DRAWN_FACES_XYXY_PX
from recorder_core.errors import FacesInDoubt
from recorder_core.jobs import DeidentifyRequest, deidentify_video, sidecar
from recorder_core.jobs.inputs.job_video import open_job_video
from recorder_core.jobs.verification.detectors import WayUp
from recorder_core.jobs.verification.second_look import lying_faces, search_copy
from recorder_core.jobs.verification.seen_faces import SecondLook, SeenFace
from recorder_core.jobs.verification.way_up import check_way_up
from recorder_core.media.encode.synthesis import SynthesisSettings, write_video
from recorder_core.model import Orientation, Planes, Redaction, View
from recorder_core.model.faces.overlaps import box_overlaps
from recorder_core.tables import RedactionTable, read_redactions, select_rows
from tests.conftest import RATE, drawn_planes


def _turned(planes: Planes, turns: int) -> Planes:
    y, u, v = (np.ascontiguousarray(np.rot90(p, turns)) for p in (planes.y, planes.u, planes.v))
    return replace(planes, y=y, u=u, v=v)


def _write(path: Path, planes: Callable[[int], Planes]) -> Path:
    settings = SynthesisSettings(Fraction(RATE), 600_000, preset="ultrafast", keyframe_seconds=0.5)
    silence = np.zeros(48_000 // RATE, np.float32)
    write_video(path, ((planes(index), silence) for index in range(2 * RATE)), settings)
    return path


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_faces_that_lie_are_seen_where_they_lie(drawn: Any, tmp_path: Path, turns: int) -> None:
    lying = _write(tmp_path / "lying.mp4", lambda _: _turned(drawn_planes(0), turns))
    source = open_job_video(lying, drawn.options)
    nothing = RedactionTable.from_redactions([], source.index.pts)
    look = search_copy(lying, source, drawn.options, nothing, [], searched=np.zeros(0, np.int64))
    there = Orientation(turns=turns).show_boxes(DRAWN_FACES_XYXY_PX.astype(float), 384, 192)
    for frame in look.frame_indices:
        faces = [face for face in look.exposed if face.frame_index == frame]
        overlaps = box_overlaps(there, np.array([face.box_xyxy_px for face in faces]))
        assert overlaps.max(axis=1).min() > 0.5
        assert -turns % 4 in {face.turns for face in faces}
    with pytest.raises(FacesInDoubt, match=r"(upside down|on its side) \(the first of"):
        check_way_up(look, nothing)


def test_a_patient_s_face_that_lies_is_hidden_in_every_frame(drawn: Any, tmp_path: Path) -> None:
    x0, y0, x1, y1 = (int(edge) for edge in DRAWN_FACES_XYXY_PX[0])
    left, top, side = (x0 + x1 - 64) // 4 * 2, (y0 + y1 - 64) // 4 * 2, 64

    def planes(index: int) -> Planes:
        frame = drawn_planes(0)
        for plane, step in ((frame.y, 1), (frame.u, 2), (frame.v, 2)):
            place = np.s_[top // step : (top + side) // step, left // step : (left + side) // step]
            plane[place] = np.rot90(plane[place]).copy()
        return frame

    output = tmp_path / "copy.mp4"
    source = _write(tmp_path / "patient.mp4", planes)
    deidentify_video(DeidentifyRequest(source=source, output=output, options=drawn.options))
    table = read_redactions(sidecar(output, "redactions"))
    middle = np.array([left + side / 2, top + side / 2])
    boxes = table.boxes_xyxy_px
    hides = (boxes[:, :2] < middle).all(axis=1) & (boxes[:, 2:] > middle).all(axis=1)
    assert set(table.frame_index[hides & table.applied].tolist()) == set(range(2 * RATE))


def test_one_who_lies_among_people_who_stand_is_not_refused() -> None:
    faces = [SeenFace(frame, frame / 20, 0.9, (10.0, 20.0, 40.0, 60.0), 1) for frame in range(4)]
    look = SecondLook(4, tuple(faces), frame_indices=(0, 1, 2, 3))
    standing = [
        Redaction(frame, (100.0, 9.0, 130.0, 50.0), "detected", 0, 0.9) for frame in range(4)
    ]
    table = RedactionTable.from_redactions(standing, range(4))
    check_way_up(look, table)
    with pytest.raises(FacesInDoubt, match="on its side"):
        check_way_up(look, select_rows(table, table.frame_index < 3))
    check_way_up(replace(look, frames=9), select_rows(table, table.frame_index < 3))


class _Sees:
    """A detector of a view of 200x100 that sees two boxes."""

    view = View(0, 0, 200, 100)

    def __init__(self, scores: tuple[float, float]) -> None:
        boxes = np.array([[10, 10, 40, 50], [60, 10, 110, 60]], np.float32)
        self._found = ScoredBoxes(boxes, np.array(scores, np.float32))

    def detect(self, _: Planes) -> ScoredBoxes:
        return self._found


def test_what_lies_counts_if_it_is_confirmed_and_no_larger_than_said() -> None:
    def heights(confirmed: tuple[float, float], share: float = 1.0) -> list[float]:
        way_up: Any = WayUp(_Sees((0.9, 0.8)), _Sees(confirmed))  # type: ignore[arg-type]
        faces = lying_faces({1: way_up}, drawn_planes(0), [], share)
        assert all(face.turns == 1 for face in faces)
        return [face.box_xyxy_px[3] - face.box_xyxy_px[1] for face in faces]

    assert heights((0.9, 0.9)) == [40, 50]
    assert heights((0.6, 0.9)) == [50]
    assert heights((0.9, 0.9), 0.45) == [40]

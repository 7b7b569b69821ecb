from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recorder_core.deidentify.tracking import SmoothingSettings
from recorder_core.detect import DetectorSettings
from recorder_core.errors import FacesInDoubt
from recorder_core.jobs import Allowed, DetectOptions, deidentify_video, sidecar
from recorder_core.jobs.inputs.job_video import JobVideo, open_job_video
from recorder_core.jobs.inputs.options import DeidentifyOptions
from recorder_core.jobs.inputs.stride import DetectionStride
from recorder_core.jobs.verification import second_look
from recorder_core.jobs.verification.second_look import search_copy
from recorder_core.jobs.verification.seen_faces import SecondLook, SeenFace
from recorder_core.model import Redaction
from recorder_core.tables import RedactionTable, read_redactions, select_rows
from tests.conftest import write_wall
from tests.other_times import with_index

#: a part of the drawn frames without a face
CORNER = "0,150,64,40"
#: a tracker that believes no detection redacts nothing
BLIND = SmoothingSettings(birth_score=1.0, evidence_score=1.0)


@pytest.fixture(scope="module")
def source(drawn_source: Path) -> JobVideo:
    return open_job_video(drawn_source, DetectOptions())


def _search(
    copy: Path,
    source: JobVideo,
    options: DeidentifyOptions,
    table: RedactionTable,
    spans: Sequence[range],
) -> SecondLook:
    """Search a copy of a job that searched a frame every 0.1 s."""
    searched = np.flatnonzero(source.detection_frames(DetectionStride()))
    return search_copy(copy, source, options, table, spans, searched=searched)


def _face(frame: int = 3, score: float = 0.9) -> SeenFace:
    return SeenFace(frame, frame / 20, score, (10.0, 20.0, 40.0, 60.0))


def _table(frames: range, pts_step: int = 1) -> RedactionTable:
    redactions = [Redaction(each, (8.0, 18.0, 42.0, 62.0), "detected", 0, 0.9) for each in frames]
    pts = {each: each * pts_step for each in frames}
    return RedactionTable.from_redactions(
        redactions, pts, [None] * len(redactions), [True] * len(redactions)
    )


def test_a_finished_copy_shows_no_face(finished: Path) -> None:
    look = json.loads(sidecar(finished, "report").read_text())["second_look"]
    assert look["frames"] >= 6
    assert look["exposed"] == look["outside_view"] == []


def test_the_source_shows_its_faces_to_the_second_look(drawn: Any, finished: Path) -> None:
    """An untouched file in place of the copy: each look finds the faces bare."""
    source = open_job_video(drawn.source, drawn.options)
    table = read_redactions(sidecar(finished, "redactions"))
    nothing = select_rows(table, np.zeros(len(table), bool))
    spans = [range(source.first, source.stop)]
    look = _search(drawn.source, source, drawn.options, nothing, spans)
    assert look.frames >= 6
    assert len({face.frame_index for face in look.exposed}) >= look.frames - 1
    assert all(face.score >= 0.7 for face in look.exposed)
    detected = source.detection_frames(drawn.options.stride)
    assert not detected[[face.frame_index for face in look.exposed]].all()


def test_the_program_s_own_detector_looks_whichever_the_job_had(drawn: Any, finished: Path) -> None:
    weak = replace(drawn.options, detector=DetectorSettings(name="haar", long_side_px=96))
    source = open_job_video(drawn.source, weak)
    table = read_redactions(sidecar(finished, "redactions"))
    nothing = select_rows(table, np.zeros(len(table), bool))
    look = _search(drawn.source, source, weak, nothing, [range(source.first, source.stop)])
    assert len({face.frame_index for face in look.exposed}) >= look.frames - 1
    assert all(face.score >= 0.7 for face in look.exposed)


def test_faces_that_a_redaction_hides_or_a_person_lifted_are_not_exposed(
    drawn: Any, finished: Path
) -> None:
    source = open_job_video(drawn.source, drawn.options)
    table = read_redactions(sidecar(finished, "redactions"))
    spans = [range(source.first, source.stop)]
    covered = _search(drawn.source, source, drawn.options, table, spans)
    assert covered.exposed == ()
    assert covered.inside_redactions > 0
    lifted = RedactionTable.from_redactions(
        table.to_redactions(), dict(enumerate(source.index.pts.tolist())),
        ["a"] * len(table), [False] * len(table),
    )  # fmt: skip
    allowed = _search(drawn.source, source, drawn.options, lifted, spans)
    assert (allowed.exposed, allowed.inside_redactions) == ((), 0)


def test_only_what_was_encoded_is_looked_at(drawn: Any, finished: Path) -> None:
    source = open_job_video(drawn.source, drawn.options)
    table = read_redactions(sidecar(finished, "redactions"))
    assert _search(finished, source, drawn.options, table, []).frames == 0
    assert 1 <= _search(finished, source, drawn.options, table, [range(20, 30)]).frames <= 2


def test_frames_at_which_the_picture_jumps_are_looked_at_first(drawn: Any, finished: Path) -> None:
    source = open_job_video(drawn.source, drawn.options)
    table = read_redactions(sidecar(finished, "redactions"))
    searched = np.array([*range(0, 60, 2), 13, 27, 43, 59])
    look = search_copy(finished, source, drawn.options, table, [range(5, 60)], searched=searched)
    # in three of six parts; in the others at the keyframes 10, 40, and 50
    assert look.frame_indices == (11, 13, 27, 41, 43, 51)


def test_faces_that_were_missed_fail_the_job_until_they_are_allowed(
    drawn: Any, tmp_path: Path
) -> None:
    output = tmp_path / "copy.mp4"
    job = drawn.with_options(smoothing=BLIND)
    with pytest.raises(
        FacesInDoubt,
        match=r"may be a face.*--allow-seen-faces --allow-no-faces.* kept in \.copy",
    ):
        deidentify_video(job.request(output))
    assert {path.name for path in tmp_path.iterdir()} == {".copy.mp4.work"}
    rendered: list[int] = []
    request = job.request(output, resume=True, allowed=Allowed(no_faces=True, seen_faces=True))
    result = deidentify_video(request, lambda done, total: rendered.append(done))
    assert rendered == []
    assert result.report.second_look.exposed
    assert "no redaction was planned, so none was checked" in result.report.verified


def test_a_view_beside_the_faces_fails_the_job_until_it_is_allowed(
    drawn: Any, tmp_path: Path
) -> None:
    output = tmp_path / "copy.mp4"
    job = drawn.with_options(view=CORNER)
    with pytest.raises(FacesInDoubt, match=r"outside the view 0,150,64,40.*--allow-no-faces"):
        deidentify_video(job.request(output))
    assert not output.exists()
    request = job.request(output, resume=True, allowed=Allowed(no_faces=True))
    assert deidentify_video(request).report.second_look.outside_view


def test_a_faint_face_anywhere_in_the_frame_fails_an_untouched_copy(
    drawn: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The faces are not sure enough to count as outside the view, but the copy is untouched."""
    output = tmp_path / "copy.mp4"
    job = drawn.with_options(view=CORNER)
    monkeypatch.setattr(second_look, "SURE_SCORE", 1.1)
    with pytest.raises(FacesInDoubt, match=r"no face was found in the view 0,150,64,40 in"):
        deidentify_video(job.request(output))
    assert not output.exists()
    report = deidentify_video(
        job.request(output, resume=True, allowed=Allowed(no_faces=True))
    ).report
    assert report.redactions.regions == 0
    assert report.second_look.best_score > 0.7


def test_what_only_the_copy_shows_faintly_is_no_face(
    drawn: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_look, "SURE_SCORE", 1.1)
    empty = open_job_video(write_wall(tmp_path / "grey.mp4"), drawn.options)
    nothing = _table(range(0))
    look = _search(drawn.source, empty, drawn.options, nothing, [range(20)])
    assert not look.could_show_faces
    room = open_job_video(drawn.source, drawn.options)
    assert _search(drawn.source, room, drawn.options, nothing, [range(60)]).could_show_faces


def test_an_untouched_copy_is_searched_as_a_whole(drawn: Any, finished: Path) -> None:
    source = open_job_video(drawn.source, drawn.options)
    look = _search(finished, source, drawn.options, _table(range(0)), [range(20, 30)])
    assert look.frames >= 6


def test_a_copy_without_anything_like_a_face_is_finished(drawn: Any, tmp_path: Path) -> None:
    grey = write_wall(tmp_path / "grey.mp4")
    request = replace(drawn.request(tmp_path / "copy.mp4"), source=grey)
    report = deidentify_video(request).report
    assert report.redactions.regions == 0
    assert report.second_look.frames >= 2
    assert report.second_look.best_score < 0.25


def test_what_is_allowed_and_what_is_not(source: JobVideo) -> None:
    nothing, some = _table(range(0)), _table(range(5))
    Allowed().check(SecondLook(6), some, source)
    # three seconds may show nobody, if nothing in them resembles a face
    Allowed().check(SecondLook(6, best_score=0.249), nothing, source)
    Allowed().check(SecondLook(6, best_score=0.99), some, source)
    with pytest.raises(FacesInDoubt, match=r"in 3\.0 seconds though a box of score 0\.25 could be"):
        Allowed(seen_faces=True).check(SecondLook(6, best_score=0.25), nothing, source)
    Allowed(no_faces=True).check(SecondLook(6, best_score=0.25), nothing, source)
    # what an endoscope shows resembles a face once
    Allowed().check(SecondLook(6, outside_view=(_face(),)), some, source)
    Allowed().check(SecondLook(40, outside_view=(_face(3), _face(9))), some, source)
    twice = SecondLook(6, outside_view=(_face(3), _face(9)))
    with pytest.raises(FacesInDoubt, match=r"second 0\.1, 10,20,30,40 \(score 0\.90\) lies"):
        Allowed(seen_faces=True).check(twice, some, source)
    Allowed(no_faces=True).check(twice, some, source)
    with pytest.raises(FacesInDoubt, match="still sees"):
        Allowed(no_faces=True).check(SecondLook(6, exposed=(_face(),)), some, source)
    Allowed(seen_faces=True).check(SecondLook(6, exposed=(_face(),)), some, source)


def test_a_minute_without_any_face_is_doubted(source: JobVideo) -> None:
    # the same sixty frames, a second and more apart
    slow = with_index(source, pts=source.index.pts * 25)
    with pytest.raises(FacesInDoubt, match=r"no face was found .* in 73\.8 seconds, so"):
        Allowed().check(SecondLook(6), _table(range(0)), slow)
    Allowed(no_faces=True).check(SecondLook(6), _table(range(0)), slow)
    Allowed().check(SecondLook(6), _table(range(5)), slow)


def test_a_frame_that_is_looked_at_twice_counts_once() -> None:
    seen = (_face(3), _face(3), _face(9))
    first = SecondLook(3, exposed=seen, frame_indices=(3, 9, 20))
    both = first.then(SecondLook(3, frame_indices=(3, 9, 12)))
    assert (both.frames, both.frame_indices) == (4, (3, 9, 12, 20))
    assert (both.hidden, both.exposed) == (seen, ())

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from recorder_core.deidentify.redaction_shape import RedactionSettings
from recorder_core.errors import FacesInDoubt
from recorder_core.jobs import Allowed, rerender_copy, sidecar
from recorder_core.jobs.deidentify.correcting.earlier_look import carry_on, read_earlier_look
from recorder_core.jobs.verification.second_look import FaceJudge
from recorder_core.jobs.verification.seen_faces import SecondLook, SeenFace
from recorder_core.model import CorrectionKeyframe, Redaction, View
from recorder_core.tables import RedactionTable

FACE = (100.0, 20.0, 140.0, 80.0)


def _seen(frame: int) -> SeenFace:
    return SeenFace(frame, frame / 20, 0.9, FACE)


def _judge(redacted_frame: int) -> FaceJudge:
    redactions = [Redaction(redacted_frame, (95.0, 15.0, 145.0, 85.0), "corrected", -1, 0.0)]
    table = RedactionTable.from_redactions(redactions, {redacted_frame: 0}, [None], [True])
    return FaceJudge(View(0, 0, 384, 192), RedactionSettings(), table)


def test_what_was_seen_in_other_frames_is_kept_and_what_is_hidden_now_is_not() -> None:
    earlier = SecondLook(
        4,
        exposed=(_seen(3), _seen(12), _seen(40)),
        hidden=(_seen(7),),
        outside_view=(_seen(12), _seen(50)),
        inside_redactions=2,
        best_score=0.9,
        frame_indices=(3, 12, 40, 50),
    )
    after = SecondLook(2, exposed=(_seen(14),), frame_indices=(12, 14))
    both = carry_on(earlier, after, _judge(40))
    # 12 was looked at again, 40 is redacted now
    assert both.exposed == (_seen(3), _seen(14))
    assert both.hidden == (_seen(7),)
    assert both.outside_view == (_seen(50),)
    assert (both.frames, both.frame_indices) == (5, (3, 12, 14, 40, 50))
    assert (both.inside_redactions, both.best_score) == (2, 0.9)


@pytest.fixture
def output(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished.parent, tmp_path / "made")) / finished.name


def _report(output: Path) -> Any:
    return json.loads(sidecar(output, "report").read_text())


def test_corrections_forget_no_face_that_was_seen(drawn: Any, output: Path) -> None:
    report = _report(output)
    bare = replace(_seen(35), box_xyxy_px=(350.0, 2.0, 380.0, 40.0))
    report["second_look"]["exposed"] = [asdict(bare)]
    sidecar(output, "report").write_text(json.dumps(report))
    earlier = read_earlier_look(output)
    assert earlier is not None
    assert earlier.exposed == (bare,)
    keyframe = CorrectionKeyframe("1", "add", 5, (330.0, 150.0, 350.0, 175.0), -1, "", "")
    with pytest.raises(FacesInDoubt, match=r"still sees what may be a face, at second 1\.8"):
        rerender_copy(drawn.correction(output, (keyframe,)))
    allowed = Allowed(seen_faces=True)
    request = drawn.correction(output, (keyframe,), allowed=allowed)
    look = rerender_copy(request).report.second_look
    assert [face.frame_index for face in look.exposed] == [35]
    assert {*earlier.frame_indices} < {*look.frame_indices, 35}
    hiding = (keyframe, replace(keyframe, correction_id="2", frame_index=35, box_xyxy_px=BARE))
    look = rerender_copy(drawn.correction(output, hiding)).report.second_look
    assert look.exposed == ()


BARE = (345.0, 0.0, 384.0, 50.0)


def test_without_its_report_all_of_a_copy_is_looked_at_again(drawn: Any, output: Path) -> None:
    before = _report(output)["second_look"]["frame_indices"]
    sidecar(output, "report").unlink()
    assert read_earlier_look(output) is None
    keyframe = CorrectionKeyframe("1", "add", 5, (330.0, 150.0, 350.0, 175.0), -1, "", "")
    report = rerender_copy(drawn.correction(output, (keyframe,))).report
    assert list(report.second_look.frame_indices) == before
    assert report.copy.encoded_frames == 10

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from recorder_core.deidentify.corrections import CorrectionPlan
from recorder_core.deidentify.redaction_shape import RedactionSettings
from recorder_core.jobs import DeidentifyOptions
from recorder_core.jobs.deidentify.rendering.copy_task import CopyTask
from recorder_core.jobs.deidentify.rendering.faithful import render_faithfully, with_quantizer
from recorder_core.jobs.deidentify.rendering.segments import RenderedSegment, Renderer
from recorder_core.jobs.inputs.job_video import open_job_video
from recorder_core.jobs.pipeline.frame_redactor import FrameRedactor
from recorder_core.jobs.pipeline.planning import PlannedFrame
from recorder_core.jobs.pipeline.stage_rows import STAGES
from recorder_core.media import EncoderSettings
from recorder_core.model import Redaction
from recorder_core.timing import StageClock

FACE = (225.0, 30.0, 316.0, 150.0)


def _job(path: Path, encoder: EncoderSettings) -> CopyTask:
    options = DeidentifyOptions(encoder=encoder)
    source = open_job_video(path, options)
    renderer = Renderer(
        source.video,
        FrameRedactor(RedactionSettings(), source.view),
        encoder,
        CorrectionPlan((), 384, 192),
        StageClock(STAGES),
    )
    return CopyTask(source=source, renderer=renderer, options=options, fingerprint="f", weights="w")


def _render(task: CopyTask, path: Path) -> RenderedSegment:
    with closing(task.source.frames(0, 12)) as frames:
        redacted = (
            task.renderer.redact(
                PlannedFrame(each, [Redaction(each.frame_index, FACE, "detected", 3, 0.9)], True)
            )
            for each in frames
        )
        return render_faithfully(task, path, redacted, range(12))


def test_a_piece_below_forty_decibels_is_encoded_again(drawn_source: Path, tmp_path: Path) -> None:
    task = _job(drawn_source, EncoderSettings(preset="ultrafast"))
    coarse = replace(task, renderer=replace(task.renderer, encoder=EncoderSettings(qp=44)))
    rendered = _render(coarse, tmp_path / "segment.mp4")
    assert rendered.min_psnr_y_db >= 40
    assert rendered.redactions.frame_index.tolist() == list(range(12))
    assert [path.name for path in tmp_path.iterdir()] == ["segment.mp4"]


def test_a_piece_below_a_higher_floor_is_encoded_again(drawn_source: Path, tmp_path: Path) -> None:
    task = _job(drawn_source, EncoderSettings(preset="ultrafast", min_psnr_y_db=46.0))
    coarse = replace(task, renderer=replace(task.renderer, encoder=EncoderSettings(qp=40)))
    assert _render(coarse, tmp_path / "segment.mp4").min_psnr_y_db >= 46


def test_a_quantizer_that_was_asked_for_is_kept(drawn_source: Path, tmp_path: Path) -> None:
    task = _job(drawn_source, EncoderSettings(preset="ultrafast", qp=44))
    assert with_quantizer(task) is task
    assert _render(task, tmp_path / "segment.mp4").min_psnr_y_db < 40


def test_the_trial_chooses_the_same_each_time(drawn_source: Path) -> None:
    task = _job(drawn_source, EncoderSettings(preset="ultrafast"))
    first, second = (with_quantizer(task).renderer.encoder.qp for _ in range(2))
    assert first == second == pytest.approx(20, abs=12)

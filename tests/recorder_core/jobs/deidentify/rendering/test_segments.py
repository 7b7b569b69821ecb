from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recorder_core.deidentify.corrections import CorrectionPlan
from recorder_core.deidentify.redaction import redact
from recorder_core.deidentify.redaction_shape import RedactionSettings
from recorder_core.errors import RedactionIncomplete
from recorder_core.jobs import DetectOptions
from recorder_core.jobs.deidentify.rendering import segments
from recorder_core.jobs.deidentify.rendering.segments import Renderer
from recorder_core.jobs.inputs.job_video import JobVideo, open_job_video
from recorder_core.jobs.pipeline import frame_redactor
from recorder_core.jobs.pipeline.frame_redactor import FrameRedactor
from recorder_core.jobs.pipeline.planning import PlannedFrame
from recorder_core.jobs.pipeline.stage_rows import STAGES
from recorder_core.media import EncoderSettings, decode_segment, psnr_db
from recorder_core.model import CorrectionKeyframe, Planes, Redaction
from recorder_core.timing import StageClock

#: the largest of the drawn faces
FACE = (225.0, 30.0, 316.0, 150.0)


@pytest.fixture(scope="module")
def source(drawn_source: Path) -> JobVideo:
    return open_job_video(drawn_source, DetectOptions())


def _renderer(source: JobVideo, *corrections: CorrectionKeyframe) -> Renderer:
    return Renderer(
        source.video,
        FrameRedactor(RedactionSettings(), source.view),
        EncoderSettings(preset="ultrafast", qp=12, gop_seconds=0.5),
        CorrectionPlan(corrections, 384, 192),
        StageClock(STAGES),
    )


def _redaction(index: int) -> Redaction:
    return Redaction(index, FACE, "detected", 3, 0.9)


def _decided(source: JobVideo, stop: int = 20) -> Iterator[PlannedFrame]:
    with closing(source.frames(0, stop)) as frames:
        for frame in frames:
            yield PlannedFrame(frame, [_redaction(frame.frame_index)], True)


def _render(
    renderer: segments.Renderer, path: Path, decided: Iterable[PlannedFrame], seconds: float
) -> segments.RenderedSegment:
    return renderer.render(path, map(renderer.redact, decided), seconds)


def test_the_face_is_gone_and_the_rest_is_there(source: JobVideo, tmp_path: Path) -> None:
    rendered = _render(_renderer(source), tmp_path / "segment.mp4", _decided(source), 1.0)
    assert (rendered.segment.first_index, rendered.segment.stop_index) == (0, 20)
    assert 40 < rendered.min_psnr_y_db <= psnr_db(rendered.mean_squared_error)
    assert rendered.redactions.frame_index.tolist() == list(range(20))
    pairs = zip(
        source.frames(0, 20), decode_segment(rendered.segment, source.video.format), strict=True
    )
    for before, after in pairs:
        difference = np.abs(before.planes.y.astype(int) - after.planes.y)
        assert difference[60:120, 240:300].mean() > 10
        assert difference[:, :200].max() < 30


def test_a_lifted_redaction_is_written_down_and_the_face_is_shown(
    source: JobVideo, tmp_path: Path
) -> None:
    lift = [
        CorrectionKeyframe("7", "remove", frame, FACE, 3, "reviewer", "2025-01-01T00:00:00Z")
        for frame in (5, 9)
    ]
    renderer = _renderer(source, *lift)
    rendered = _render(renderer, tmp_path / "segment.mp4", _decided(source, 12), 0.6)
    table = rendered.redactions
    assert table.applied.tolist() == [index not in range(5, 10) for index in range(12)]
    assert [key for key in table.corrections if key] == ["7"] * 5
    shown = list(decode_segment(rendered.segment, source.video.format))[7].planes.y
    original = next(source.frames(7, 8)).planes.y
    assert np.abs(shown.astype(int) - original)[60:120, 240:300].mean() < 3


def test_a_redaction_that_changes_nothing_is_noticed(
    source: JobVideo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame_redactor, "redact", lambda *_: None)
    with pytest.raises(RedactionIncomplete, match="changed no pixel"):
        _render(_renderer(source), tmp_path / "segment.mp4", _decided(source), 1.0)
    assert not list(tmp_path.iterdir())


def test_a_redaction_that_does_not_reach_the_file_is_noticed(
    source: JobVideo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Forgetful(segments.SegmentEncoder):
        """Encodes the source's frame where a redacted one was given."""

        def encode(self, frame: Any) -> None:
            super().encode(next(source.frames(frame.frame_index, frame.frame_index + 1)))

    monkeypatch.setattr(segments, "SegmentEncoder", Forgetful)
    with pytest.raises(RedactionIncomplete, match="of a redaction is there"):
        _render(_renderer(source), tmp_path / "segment.mp4", _decided(source), 1.0)


def test_half_a_redaction_is_noticed(
    source: JobVideo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def redact_the_left_half(planes: Planes, *others: Any) -> None:
        untouched = planes.y.copy()
        redact(planes, *others)
        planes.y[:, 270:] = untouched[:, 270:]

    monkeypatch.setattr(frame_redactor, "redact", redact_the_left_half)
    with pytest.raises(RedactionIncomplete, match="of a redaction is there"):
        _render(_renderer(source), tmp_path / "segment.mp4", _decided(source), 1.0)


def test_the_decoders_own_frame_is_not_written(source: JobVideo, tmp_path: Path) -> None:
    frames = list(source.frames(0, 4))
    kept = [frame.planes for frame in frames]
    copies = [replace(planes, y=planes.y.copy()) for planes in kept]
    decided = [PlannedFrame(frame, [_redaction(frame.frame_index)], True) for frame in frames]
    _render(_renderer(source), tmp_path / "segment.mp4", decided, 0.2)
    for planes, copy in zip(kept, copies, strict=True):
        np.testing.assert_array_equal(planes.y, copy.y)
        assert not planes.y.flags.writeable


def test_equal_frames_have_a_finite_psnr(source: JobVideo, tmp_path: Path) -> None:
    frames = list(source.frames(0, 1))
    flat = replace(frames[0].writable())
    flat.y[:], flat.u[:], flat.v[:] = 100, 128, 128
    unchanged = [PlannedFrame(frames[0], [], True)]
    rendered = _render(_renderer(source), tmp_path / "segment.mp4", unchanged, 0.1)
    assert 60 < psnr_db(rendered.mean_squared_error) <= 100


@pytest.mark.parametrize("hides", [False, True])
def test_the_psnr_is_that_of_every_frame(source: JobVideo, tmp_path: Path, hides: bool) -> None:
    """A reader that decodes every frame finds the same; redactions are left out."""
    with closing(source.frames(0, 20)) as frames:
        planned = (
            PlannedFrame(each, [_redaction(each.frame_index)] if hides else [], True)
            for each in frames
        )
        redacted = [_renderer(source).redact(each) for each in planned]
    starved = replace(
        _renderer(source),
        encoder=EncoderSettings(preset="ultrafast", qp=40, gop_seconds=0.5),
    )
    rendered = starved.render(tmp_path / "segment.mp4", redacted, 1.0)
    errors = []
    for before, after in zip(
        redacted, decode_segment(rendered.segment, source.video.format), strict=True
    ):
        untouched = before.before.y == before.after.y
        error = before.before.y.astype(float) - after.planes.y
        errors.append(np.square(error[untouched]).mean())
    worst, mean = 10 * np.log10(255**2 / np.asarray([max(errors), np.mean(errors)]))
    # the encoder's error inside a redaction counts, over the pixels outside
    below_db = 1.0 if hides else 0.1
    assert worst - below_db < rendered.min_psnr_y_db < worst + 0.3
    assert mean - below_db < psnr_db(rendered.mean_squared_error) < mean + 0.05

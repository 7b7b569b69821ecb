"""Video of 10 bits per sample stays so in a copy in HEVC."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from recorder_core.deidentify.corrections import CorrectionPlan
from recorder_core.deidentify.redaction_shape import RedactionSettings
from recorder_core.jobs import deidentify_video, sidecar
from recorder_core.jobs.deidentify.rendering.segments import Renderer
from recorder_core.jobs.pipeline.frame_redactor import FrameRedactor
from recorder_core.jobs.pipeline.planning import PlannedFrame
from recorder_core.jobs.pipeline.stage_rows import STAGES
from recorder_core.media import (
    EncoderSettings,
    decode_frames,
    index_frames,
    keep_depth,
    probe,
)
from recorder_core.media.frames.frame import plane_array
from recorder_core.model import Redaction, View
from recorder_core.tables import read_redactions
from recorder_core.timing import StageClock
from tests.conftest import drawn_planes

FRAMES = 12
#: PQ (SMPTE ST 2084) in BT.2020, limited range, by ITU-T H.273
TAGS = {"color_primaries": 9, "color_trc": 16, "colorspace": 9, "color_range": 1}
HEVC = EncoderSettings(encoder="libx265", preset="ultrafast", gop_seconds=0.5, threads=2)


def _write(path: Path) -> Path:
    """Drawn faces whose lower two bits are a pattern of their own."""
    options = {"qp": "8", "preset": "ultrafast", "x265-params": "log-level=none"}
    low = np.add.outer(np.arange(192), np.arange(384)) % 4
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx265", rate=20, options=options)
        stream.width, stream.height, stream.pix_fmt = 384, 192, "yuv420p10le"
        for name, value in TAGS.items():
            setattr(stream.codec_context, name, value)
        for index in range(FRAMES):
            planes = drawn_planes(index)
            frame = av.VideoFrame(384, 192, "yuv420p10le")
            for number, plane in enumerate((planes.y, planes.u, planes.v)):
                samples = np.frombuffer(frame.planes[number], np.uint16)
                rows = samples.reshape(plane.shape[0], -1)[:, : plane.shape[1]]
                rows[:] = plane.astype(np.uint16) * 4 + (low if number == 0 else 0)
            frame.pts, frame.time_base = index, Fraction(1, 20)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _luma(path: Path) -> list[np.ndarray[Any, Any]]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray()[:192].astype(float) for frame in container.decode(video=0)]


def test_ten_bits_and_their_tags_are_kept(drawn: Any, tmp_path: Path) -> None:
    source = _write(tmp_path / "hdr.mp4")
    said: list[str] = []
    job = drawn.with_options(encoder=HEVC)
    request = replace(job.request(tmp_path / "copy.mp4"), source=source, say=said.append)
    result = deidentify_video(request)
    with av.open(str(result.output)) as container:
        copied: Any = container.streams.video[0].codec_context
        assert (copied.profile, copied.pix_fmt, copied.codec_tag) == (
            "Main 10", "yuv420p10le", "hvc1",
        )  # fmt: skip
        assert {key: getattr(copied, key) for key in TAGS} == TAGS
    assert not [sentence for sentence in said if "bits per sample" in sentence]
    assert result.report.redactions.frames == FRAMES
    visible = _visible(result.output)
    errors = [
        np.mean((one - other)[visible] ** 2)
        for one, other in zip(_luma(source), _luma(result.output), strict=True)
    ]
    assert 10 * np.log10(1023**2 / max(errors)) >= 40
    assert result.report.psnr_y_outside_redactions_db.min >= 40


def _visible(copy: Path) -> np.ndarray[Any, Any]:
    """Which pixels lie far from everything that was redacted in any frame."""
    visible = np.ones((192, 384), bool)
    for redaction in read_redactions(sidecar(copy, "redactions")).to_redactions():
        x0, y0, x1, y1 = (round(edge) for edge in redaction.box_xyxy_px)
        wide, high = x1 - x0, y1 - y0
        visible[max(y0 - high, 0) : y1 + high, max(x0 - wide, 0) : x1 + wide] = False
    assert visible.any()
    return visible


def test_h264_says_that_it_does_not_keep_them(drawn: Any, tmp_path: Path) -> None:
    said: list[str] = []
    source = _write(tmp_path / "hdr.mp4")
    request = replace(drawn.request(tmp_path / "copy.mp4"), source=source, say=said.append)
    result = deidentify_video(request)
    sentence = "10 bits per sample (yuv420p10le): they become 8 bits"
    assert f"not carried over: {sentence}" in said
    assert sentence in result.report.source.not_carried_over
    with av.open(str(result.output)) as container:
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"


@pytest.mark.parametrize("encoder", [HEVC, replace(HEVC, encoder="libx264", preset="auto")])
def test_finer_color_that_a_copy_does_not_keep_is_said(
    drawn: Any, tmp_path: Path, encoder: EncoderSettings
) -> None:
    source, said = tmp_path / "fine.mkv", list[str]()
    with av.open(str(source), "w") as container:
        stream = container.add_stream("libx264", rate=20, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 384, 192, "yuv422p"
        for index in range(4):
            planes = drawn_planes(index)
            frame = av.VideoFrame(384, 192, "yuv422p")
            plane_array(frame, 0)[:] = planes.y
            for number, plane in ((1, planes.u), (2, planes.v)):
                plane_array(frame, number)[:] = np.repeat(plane, 2, axis=0)
            frame.pts, frame.time_base = index, Fraction(1, 20)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    job = drawn.with_options(encoder=encoder)
    request = replace(job.request(tmp_path / "copy.mp4"), source=source, say=said.append)
    result = deidentify_video(request)
    sentence = "4:2:2 colour (yuv422p): it becomes 4:2:0"
    assert f"not carried over: {sentence}" in said
    assert result.report.source.not_carried_over == (sentence,)
    used = "superfast" if encoder.preset == "auto" else "ultrafast"
    assert result.report.preset == used
    with av.open(str(result.output)) as container:
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"


def test_nothing_of_a_face_is_left_in_the_lower_bits(tmp_path: Path) -> None:
    info = keep_depth(probe(_write(tmp_path / "hdr.mp4")), HEVC)
    plan = CorrectionPlan((), 384, 192)
    redactor = FrameRedactor(RedactionSettings(), View(0, 0, 384, 192))
    renderer = Renderer(info.video, redactor, HEVC, plan, StageClock(STAGES))
    frame = next(decode_frames(info, index_frames(info)))
    face = np.s_[30:150, 225:316]
    assert (plane_array(frame.av_frame, 0)[face] & 3).any()
    redaction = Redaction(0, (225.0, 30.0, 316.0, 150.0), "detected", 3, 0.9)
    redacted = renderer.redact(PlannedFrame(frame, [redaction], True))
    assert not (plane_array(redacted.frame.av_frame, 0)[face] & 3).any()
    assert (plane_array(redacted.frame.av_frame, 0) & 3).any()

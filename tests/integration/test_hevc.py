"""Copies in HEVC: whole, resumed, corrected, in every container."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from recorder_core.errors import Cancelled, EncodeError
from recorder_core.jobs import deidentify_video, rerender_copy
from recorder_core.media import EncoderSettings, list_gops
from recorder_core.model import CorrectionKeyframe

HEVC = EncoderSettings(encoder="libx265", preset="ultrafast", gop_seconds=0.5, threads=2)
#: a place where nothing is
EMPTY = (330.0, 150.0, 350.0, 175.0)


@pytest.fixture(scope="module")
def job(drawn: Any) -> Any:
    return drawn.with_options(encoder=HEVC)


@pytest.fixture(scope="module")
def finished(job: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return deidentify_video(job.request(tmp_path_factory.mktemp("hevc") / "copy.mp4"))


def _packets(path: Path) -> list[tuple[float, bool, bytes]]:
    with av.open(str(path)) as container:
        packets = [each for each in container.demux(video=0) if each.size]
        return [(round(float(p.pts * p.time_base), 3), p.is_keyframe, bytes(p)) for p in packets]


def _luma(path: Path) -> list[np.ndarray[Any, Any]]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray()[:192].astype(float) for frame in container.decode(video=0)]


def test_a_copy_is_hevc_as_players_take_it(job: Any, finished: Any) -> None:
    with av.open(str(finished.output)) as container:
        codec = container.streams.video[0].codec_context
        assert (codec.name, codec.codec_tag, codec.profile) == ("hevc", "hvc1", "Main")
    packets, source = _packets(finished.output), _packets(job.source)
    assert [each[0] for each in packets] == sorted(each[0] for each in source)
    assert [place for place, each in enumerate(packets) if each[1]] == list(range(0, 60, 10))
    content = finished.output.read_bytes()
    assert not any(word in content for word in (b"x265", b"Lavc", b"Lavf"))
    assert finished.report.copy.codec == "hevc"


def test_every_frame_keeps_forty_decibels_and_the_report_says_which(
    job: Any, finished: Any
) -> None:
    pairs = list(zip(_luma(job.source), _luma(finished.output), strict=True))
    # a corner without faces, and the whole frame with what is hidden
    corner = [np.mean((one - other)[:24, :96] ** 2) for one, other in pairs]
    assert 10 * np.log10(255**2 / max(corner)) > 40
    assert finished.report.redactions.frames == 60
    said = finished.report.psnr_y_outside_redactions_db
    assert 40 <= said.min <= said.mean


def test_a_run_that_was_stopped_goes_on(job: Any, finished: Any, tmp_path: Path) -> None:
    output = tmp_path / "copy.mp4"

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(Cancelled, match="1 finished segment is kept"):
        deidentify_video(job.request(output), stop)
    again = deidentify_video(job.request(output, resume=True))
    assert _packets(again.output) == _packets(finished.output)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_correction_leaves_other_gops_as_they_were(job: Any, tmp_path: Path, suffix: str) -> None:
    output = tmp_path / f"copy{suffix}"
    deidentify_video(job.request(output))
    before, gops = _packets(output), list_gops(output)
    rows = tuple(
        CorrectionKeyframe("1", "add", frame, EMPTY, -1, "reviewer", "2025-01-01T00:00:00Z")
        for frame in (12, 15)
    )
    result = rerender_copy(job.correction(output, rows))
    after = _packets(output)
    assert result.report.copy.encoded_frames == 10
    assert after[:10] == before[:10]
    assert after[20:] == before[20:]
    assert after[10:20] != before[10:20]
    assert [gop.first_index for gop in list_gops(output)] == [gop.first_index for gop in gops]
    changed = np.abs(_luma(output)[13] - _luma(job.source)[13])[150:175, 330:350]
    assert changed.mean() < 20  # a grey wall stays a grey wall


def test_interlaced_video_is_refused_before_the_work(
    job: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "interlaced.ts"
    options = {"flags": "+ildct+ilme", "x264-params": "tff=1"}
    with av.open(str(source), "w") as container:
        stream = container.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for _ in range(10):
            container.mux(stream.encode(av.VideoFrame(96, 64, "yuv420p")))
        container.mux(stream.encode(None))
    request = replace(job.request(tmp_path / "copy.mp4"), source=source)
    with pytest.raises(EncodeError, match=r"the video is interlaced.*use --codec h264"):
        deidentify_video(request)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["interlaced.ts"]

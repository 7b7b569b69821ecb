from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from recorder_core.errors import DecodeError, SettingsError
from recorder_core.jobs import DetectOptions
from recorder_core.jobs.inputs.job_video import open_job_video
from recorder_core.media import MediaInfo, file_sha256, probe
from recorder_core.model import View
from tests.other_times import with_index


def test_a_whole_source(drawn_source: Path) -> None:
    source = open_job_video(drawn_source, DetectOptions())
    assert (source.first, source.stop, len(source)) == (0, 60, 60)
    assert source.view == View(0, 0, 384, 192)
    assert source.frame_bytes == 384 * 192 * 3 // 2
    assert source.sha256 == file_sha256(drawn_source)
    assert source.gaps == ()
    assert [frame.frame_index for frame in source.frames(10, 13)] == [10, 11, 12]


def test_the_frames_of_a_span_are_counted_where_they_are_densest(drawn_source: Path) -> None:
    source = open_job_video(drawn_source, DetectOptions())
    assert [source.max_frames_within(seconds) for seconds in (0, 1.0, 99.0)] == [1, 21, 60]
    # from the 40th on, frames come at twice the rate
    pts, start = source.index.pts, source.index.pts[40]
    dense = with_index(source, pts=np.where(pts < start, pts, start + (pts - start) // 2))
    assert [each.max_frames_within(0.4) for each in (source, dense)] == [9, 17]


@pytest.mark.parametrize(
    ("start", "stop", "frames"),
    [(1.0, None, (20, 60)), (None, 1.0, (0, 20)), (0.51, 1.0, (11, 20)), (2.9, 99.0, (58, 60))],
)
def test_a_span_holds_the_frames_that_begin_in_it(
    drawn_source: Path, start: float | None, stop: float | None, frames: tuple[int, int]
) -> None:
    options = DetectOptions(start_seconds=start, stop_seconds=stop)
    source = open_job_video(drawn_source, options)
    assert (source.first, source.stop) == frames


def test_the_rate_is_counted_where_the_header_is_wrong(
    drawn_source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(path: Path, stream_index: int | None) -> MediaInfo:
        info = probe(path, stream_index)
        return replace(info, video=replace(info.video, average_frame_rate=Fraction(1000)))

    monkeypatch.setattr("recorder_core.media.video.probe", wrong)
    source = open_job_video(drawn_source, DetectOptions())
    assert source.video.average_frame_rate == 20
    assert source.seconds_of(range(10, 30)) == 1.0


def test_a_span_behind_the_end_is_refused(drawn_source: Path) -> None:
    with pytest.raises(SettingsError, match=r"3\.0 seconds long"):
        open_job_video(drawn_source, DetectOptions(start_seconds=10.0))


def test_a_view_outside_the_frame_is_refused(drawn_source: Path) -> None:
    with pytest.raises(SettingsError, match="does not lie inside the frame of 384x192"):
        open_job_video(drawn_source, DetectOptions(view="0,0,640,360"))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DecodeError, match="does not exist"):
        open_job_video(tmp_path / "nothing.mp4", DetectOptions())

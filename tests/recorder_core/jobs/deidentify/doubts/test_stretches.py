from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from recorder_core.jobs import DetectOptions
from recorder_core.jobs.deidentify.doubts.stretches import (
    longest_repair,
    repaired_stretches,
    stretches_without_audio,
    stretches_without_faces,
)
from recorder_core.jobs.inputs.job_video import JobVideo, open_job_video
from recorder_core.media.audio.gaps import AudioGap
from recorder_core.model import Redaction
from recorder_core.tables import RedactionTable
from tests.other_times import with_index


def _table(frames: list[int], origin: Any, track: int = 0) -> RedactionTable:
    rows = [Redaction(frame, (0.0, 0.0, 9.0, 9.0), origin, track, math.nan) for frame in frames]
    return RedactionTable.from_redactions(rows, {frame: frame for frame in frames})


@pytest.fixture
def two_rates(tmp_path: Path) -> JobVideo:
    """A video whose first 20 frames are 0.05 s apart, the 10 others 0.5 s; its header says 25."""
    path = tmp_path / "two_rates.mkv"
    write_two_rates(path)
    return open_job_video(path, DetectOptions())


def write_two_rates(path: Path) -> None:
    times_ms = [*range(0, 1000, 50), *range(1000, 6000, 500)]
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for time_ms in times_ms:
            frame = av.VideoFrame(160, 120, "yuv420p")
            frame.pts, frame.time_base = time_ms, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _shown_seconds(path: Path) -> list[float]:
    """Read the frames' times, as a player has them."""
    with av.open(str(path)) as container:
        return [float(frame.time or 0.0) for frame in container.decode(video=0)]


@pytest.mark.parametrize(
    ("frames", "origin", "longest"),
    [([], "filled", 0), ([3, 4, 5, 9], "filled", 3), ([1, 3], "rescued", 1), ([1, 2], "padded", 0)],
)
def test_the_longest_repair_is_counted_in_frames(
    frames: list[int], origin: str, longest: int, two_rates: JobVideo
) -> None:
    counted, seconds = longest_repair(_table(frames, origin), two_rates)
    assert (counted, seconds) == (longest, pytest.approx(0.05 * longest, abs=0.002))


def test_the_longest_repair_is_that_of_the_longest_time(
    two_rates: JobVideo, tmp_path: Path
) -> None:
    shown = _shown_seconds(tmp_path / "two_rates.mkv")
    table = _table([*range(3, 15), *range(22, 25)], "filled")
    assert longest_repair(table, two_rates) == (3, pytest.approx(shown[25] - shown[22]))
    assert shown[25] - shown[22] == pytest.approx(1.5)


def test_repaired_stretches_have_the_frames_own_times(two_rates: JobVideo, tmp_path: Path) -> None:
    shown = _shown_seconds(tmp_path / "two_rates.mkv")
    # twelve frames of 0.05 s are no moment to look at, two of half a second are
    table = _table([*range(3, 15), *range(22, 24)], "rescued")
    assert repaired_stretches(table, two_rates) == [
        (pytest.approx(shown[22]), pytest.approx(shown[24]))
    ]


def test_long_stretches_without_a_face_are_named(drawn_source: Path) -> None:
    source = open_job_video(drawn_source, DetectOptions())
    # half a second a frame
    slow = with_index(source, pts=source.index.pts * 10)
    first, last = _table([*range(3, 11)], "detected"), _table([40, 41], "detected")
    rows = [*first.to_redactions(), *last.to_redactions()]
    pts = dict(enumerate(slow.index.pts.tolist()))
    table = RedactionTable.from_redactions(rows, pts)
    assert stretches_without_faces(table, slow) == [(5.5, 20.0)]
    assert stretches_without_faces(table, source) == []


def test_stretches_without_audio_are_of_the_job_alone(two_rates: JobVideo) -> None:
    gaps = (AudioGap(1, 0.0, 0.5), AudioGap(1, 0.9, 2.2), AudioGap(2, 4.0, 5.5))
    whole = with_index(two_rates, audio_gaps=gaps)
    assert stretches_without_audio(whole) == [(1, 0.0, 0.5), (1, 0.9, 2.2), (2, 4.0, 5.5)]
    # from second 0.5 to second 2
    part = replace(whole, first=10, stop=22)
    assert stretches_without_audio(part) == [(1, 0.4, 1.5)]

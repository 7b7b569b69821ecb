"""Small inputs for the tests of live sources."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from recorder_core.media import Frame
from recorder_core.media.live.pattern import paint_pattern
from recorder_core.model import FrameFormat


@pytest.fixture(scope="session")
def tiny_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a second of test pictures, numbered from 0."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.mp4"
    frame_format = FrameFormat(
        width=160, height=120, pixel_format="yuv420p", time_base=Fraction(1, 30)
    )
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"qp": "20", "bf": "0"})
        stream.width, stream.height = 160, 120
        for number in range(15):
            frame = Frame.black(frame_format, frame_index=number, pts=number, duration=1)
            paint_pattern(frame, frame_format, number, 30.0)
            container.mux(stream.encode(frame.av_frame))
        container.mux(stream.encode(None))
    return path

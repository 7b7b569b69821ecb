from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from recorder_core.errors import EncodeError
from recorder_core.media import (
    EncoderSettings,
    FrameIndex,
    MediaInfo,
    SegmentEncoder,
    decode_frames,
)
from recorder_core.media.encode.luma_errors import LumaErrors
from recorder_core.media.files.media_file import MediaFile, media_file

Opened = Callable[..., tuple[MediaInfo, FrameIndex]]


def _luma(video: MediaFile, height: int) -> list[np.ndarray[Any, Any]]:
    with video.open() as file, av.open(file) as container:
        return [frame.to_ndarray()[:height].astype(float) for frame in container.decode(video=0)]


@pytest.mark.parametrize("encoder", ["libx264", "libx265"])
def test_the_error_of_each_frame_is_what_a_decoder_finds(
    opened: Opened, tmp_path: Path, encoder: Any
) -> None:
    info, index = opened(width=160, height=120)
    settings = EncoderSettings(encoder=encoder, preset="ultrafast", qp=34, threads=2)
    path = tmp_path / "a.mp4"
    with SegmentEncoder(path, info.video, settings) as segment:
        for frame in decode_frames(info, index):
            segment.encode(frame)
        segment.finish()
    pairs = zip(_luma(info.file, 120), _luma(media_file(path), 120), strict=True)
    true = [float(np.sum((one - other) ** 2)) for one, other in pairs]
    assert len(segment.luma_errors) == len(true) == 40
    assert min(true) > 10_000
    if encoder == "libx265":
        assert segment.luma_errors == [round(each) for each in true]
    else:
        assert segment.luma_errors == pytest.approx(true, rel=0.02)
        assert all(np.asarray(segment.luma_errors) >= np.asarray(true) * 0.999)


def test_a_frame_that_does_not_come_back_is_an_error(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream(
            "libx265", rate=25, options={"x265-params": "log-level=none:bframes=0"}
        )
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        errors = LumaErrors(stream, EncoderSettings(encoder="libx265"))
        # defined content: what an encoder makes of memory as it was found differs each time
        frame = av.VideoFrame.from_ndarray(np.full((96, 96), 90, np.uint8), "yuv420p")
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        errors.expect(frame)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        with pytest.raises(EncodeError, match="1 encoded frames cannot be decoded again"):
            errors.finish()

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from recorder_core.media import (
    EncoderSettings,
    FrameIndex,
    MediaInfo,
    bare_transcode,
    decode_frames,
    index_frames,
    probe,
    psnr_y,
)

Opened = Callable[..., tuple[MediaInfo, FrameIndex]]


def test_bare_transcode_keeps_every_frame(
    opened: Opened, settings: EncoderSettings, tmp_path: Path
) -> None:
    info, index = opened()
    made = bare_transcode(info, index, tmp_path / "copy.mp4", settings)
    copy = probe(made.path)
    again = index_frames(copy)
    assert again.pts.tolist() == index.pts.tolist()
    pairs = zip(decode_frames(info, index), decode_frames(copy, again), strict=True)
    assert min(psnr_y(a.planes, b.planes) for a, b in pairs) > 38

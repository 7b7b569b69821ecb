from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from recorder_core.media import (
    EncoderSettings,
    MediaInfo,
    PictureIndex,
    bare_transcode,
    decode_pictures,
    index_pictures,
    probe,
    psnr_y,
)

Opened = Callable[..., tuple[MediaInfo, PictureIndex]]


def test_bare_transcode_keeps_every_picture(
    opened: Opened, settings: EncoderSettings, tmp_path: Path
) -> None:
    info, index = opened()
    made = bare_transcode(info, index, tmp_path / "copy.mp4", settings)
    copy = probe(made.path)
    again = index_pictures(copy)
    assert again.pts.tolist() == index.pts.tolist()
    pairs = zip(decode_pictures(info, index), decode_pictures(copy, again), strict=True)
    assert min(psnr_y(a.planes, b.planes) for a, b in pairs) > 38

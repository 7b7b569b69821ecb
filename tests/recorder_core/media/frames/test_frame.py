from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from recorder_core.media import Frame, FrameIndex, MediaInfo, decode_frames
from recorder_core.model import FrameFormat

Opened = Callable[..., tuple[MediaInfo, FrameIndex]]


def test_planes_are_read_only_views_on_the_decoders_buffer(opened: Opened) -> None:
    info, index = opened()
    frame = next(decode_frames(info, index))
    planes = frame.planes
    assert planes is frame.planes
    assert not planes.y.flags.writeable
    assert not planes.y.flags.owndata
    assert planes.y.strides[1] == 1
    with pytest.raises(ValueError, match="read-only"):
        planes.y[0, 0] = 0


def test_writable_copies_once_and_leaves_the_decoded_frame(opened: Opened) -> None:
    info, index = opened()
    frame = next(decode_frames(info, index))
    decoded = frame.planes
    before = decoded.y.copy()
    copy = frame.writable()
    copy.y[:] = 0
    copy.u[:] = 1
    assert frame.writable() is copy
    assert frame.planes is copy
    assert np.array_equal(decoded.y, before)
    assert decoded.u.min() > 1
    assert (np.frombuffer(frame.av_frame.planes[0], np.uint8).reshape(64, -1)[:, :96] == 0).all()


def test_writing_never_reaches_later_frames(opened: Opened) -> None:
    """The decoder predicts later frames from buffers that earlier ones look at."""
    info, index = opened(options={"g": "40", "bf": "2"})
    clean = [frame.planes.y.copy() for frame in decode_frames(info, index)]
    seen = []
    for frame in decode_frames(info, index):
        seen.append(frame.planes.y.copy())
        planes = frame.writable()
        planes.y[:], planes.u[:], planes.v[:] = 0, 0, 0
    assert all(np.array_equal(a, b) for a, b in zip(clean, seen, strict=True))


def test_planes_outlive_their_frame(opened: Opened) -> None:
    info, index = opened()
    kept = [(p.planes, p.planes.y.copy()) for p in decode_frames(info, index)]
    assert all(np.array_equal(planes.y, copy) for planes, copy in kept)


def test_frame_says_when_it_is_shown(opened: Opened) -> None:
    info, index = opened()
    frames = list(decode_frames(info, index))
    assert [p.seconds for p in frames[:3]] == pytest.approx([0.0, 0.04, 0.08])
    assert repr(frames[1]) == "Frame(frame_index=1, pts=512, 96x64, is_gap=False)"
    assert frames[-1].duration == 512


def test_a_frame_of_no_file_is_painted_and_shown_as_its_format_says() -> None:
    camera = FrameFormat(
        width=96,
        height=64,
        pixel_format="yuv420p",
        time_base=Fraction(1, 1000),
        # a quarter turn to the right
        display_matrix=(0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30),
        color_matrix=1,
        color_range=2,
    )
    frame = Frame.black(camera, frame_index=3, pts=120, duration=40)
    assert (frame.seconds, frame.is_gap) == (0.12, False)
    assert not frame.to_rgb().any()
    assert frame.planes.full_range
    assert frame.planes.matrix == "bt709"
    planes = frame.writable()
    # the upper left corner in the red of BT.709, full range; it is shown at the upper right
    planes.y[:32, :32], planes.u[:16, :16], planes.v[:16, :16] = 54, 99, 255
    shown_rgb = frame.to_rgb().astype(int)
    assert shown_rgb.shape == (96, 64, 3)
    assert np.abs(shown_rgb[4:28, 36:60] - [255, 0, 0]).max() <= 3
    assert not shown_rgb[:, :28].any()
    assert not shown_rgb[40:].any()

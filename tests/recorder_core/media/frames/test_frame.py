from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from recorder_core.media import FrameIndex, MediaInfo, decode_frames

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

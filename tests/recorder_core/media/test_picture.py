from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from recorder_core.media import MediaInfo, PictureIndex, decode_pictures

Opened = Callable[..., tuple[MediaInfo, PictureIndex]]


def test_planes_are_read_only_views_on_the_decoders_buffer(opened: Opened) -> None:
    info, index = opened()
    picture = next(decode_pictures(info, index))
    planes = picture.planes
    assert planes is picture.planes
    assert not planes.y.flags.writeable
    assert not planes.y.flags.owndata
    assert planes.y.strides[1] == 1
    with pytest.raises(ValueError, match="read-only"):
        planes.y[0, 0] = 0


def test_writable_copies_once_and_leaves_the_decoded_picture(opened: Opened) -> None:
    info, index = opened()
    picture = next(decode_pictures(info, index))
    decoded = picture.planes
    before = decoded.y.copy()
    copy = picture.writable()
    copy.y[:] = 0
    copy.u[:] = 1
    assert picture.writable() is copy
    assert picture.planes is copy
    assert np.array_equal(decoded.y, before)
    assert decoded.u.min() > 1
    assert (np.frombuffer(picture.frame.planes[0], np.uint8).reshape(64, -1)[:, :96] == 0).all()


def test_writing_never_reaches_later_pictures(opened: Opened) -> None:
    """The decoder predicts later pictures from buffers that earlier ones look at."""
    info, index = opened(options={"g": "40", "bf": "2"})
    clean = [picture.planes.y.copy() for picture in decode_pictures(info, index)]
    seen = []
    for picture in decode_pictures(info, index):
        seen.append(picture.planes.y.copy())
        planes = picture.writable()
        planes.y[:], planes.u[:], planes.v[:] = 0, 0, 0
    assert all(np.array_equal(a, b) for a, b in zip(clean, seen, strict=True))


def test_planes_outlive_their_picture(opened: Opened) -> None:
    info, index = opened()
    kept = [(p.planes, p.planes.y.copy()) for p in decode_pictures(info, index)]
    assert all(np.array_equal(planes.y, copy) for planes, copy in kept)


def test_picture_says_when_it_is_shown(opened: Opened) -> None:
    info, index = opened()
    pictures = list(decode_pictures(info, index))
    assert [p.seconds for p in pictures[:3]] == pytest.approx([0.0, 0.04, 0.08])
    assert repr(pictures[1]) == "Picture(index=1, pts=512, 96x64, is_gap=False)"
    assert pictures[-1].duration == 512

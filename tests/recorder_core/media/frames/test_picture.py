from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from recorder_core.media.frames.picture import PictureKind, encode_frame


def _gradient() -> np.ndarray:
    red, green = np.meshgrid(np.arange(96), np.arange(48))
    return np.stack([red, green, red + green], axis=2).astype(np.uint8)


def _decoded(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_png_holds_exactly_the_pixels() -> None:
    np.testing.assert_array_equal(
        np.asarray(_decoded(encode_frame(_gradient(), "png"))), _gradient()
    )


def test_jpeg_is_hardly_another_picture() -> None:
    loss = np.asarray(_decoded(encode_frame(_gradient()))).astype(int) - _gradient()
    assert np.abs(loss).max() <= 6
    assert np.abs(loss).mean() < 1


@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_a_thumbnail_has_its_width_and_the_frame_s_shape(kind: PictureKind) -> None:
    assert _decoded(encode_frame(_gradient(), kind, width_px=24)).size == (24, 12)
    assert _decoded(encode_frame(_gradient(), kind, width_px=4000)).size == (96, 48)
    assert not _decoded(encode_frame(_gradient(), kind)).getexif()

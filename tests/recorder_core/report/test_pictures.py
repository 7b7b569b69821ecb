from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from recorder_core.errors import ReportError
from recorder_core.report.pictures import MAX_WIDTH_PX, prepare_picture


def encoded(kind: str, width: int, height: int, **options: object) -> bytes:
    stored = io.BytesIO()
    ramp = np.linspace(0, 255, width * height * 3).astype(np.uint8).reshape(height, width, 3)
    Image.fromarray(ramp).save(stored, kind, **options)
    return stored.getvalue()


def test_large_pictures_become_small_ones_of_the_same_shape() -> None:
    made = prepare_picture(encoded("JPEG", 1920, 1080), 1)
    assert (made.width_px, made.height_px) == (MAX_WIDTH_PX, 405)
    with Image.open(io.BytesIO(made.jpeg)) as image:
        assert (image.format, image.size) == ("JPEG", (720, 405))


def test_small_pictures_keep_their_size() -> None:
    made = prepare_picture(encoded("PNG", 64, 48), 1)
    assert (made.width_px, made.height_px) == (64, 48)


def test_only_pixels_are_kept() -> None:
    exif = Image.Exif()
    exif[0x010E] = "SECRETNAME in exif"
    source = encoded("JPEG", 64, 48, exif=exif, comment=b"SECRETNAME in a comment")
    assert source.count(b"SECRETNAME") == 2
    assert b"SECRETNAME" not in prepare_picture(source, 1).jpeg


@pytest.mark.parametrize("content", [b"", b"GIF89a", encoded("JPEG", 64, 48)[:200]])
def test_what_is_no_picture(content: bytes) -> None:
    with pytest.raises(ReportError, match="screenshot 3 is not a JPEG or PNG picture"):
        prepare_picture(content, 3)

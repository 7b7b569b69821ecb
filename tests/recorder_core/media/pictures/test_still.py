from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from recorder_core.errors import DecodeError
from recorder_core.media import read_picture


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tiff", ".webp"])
@pytest.mark.parametrize("size", [(64, 48), (63, 47)])
def test_pictures_of_any_kind_and_size_become_planes(
    tmp_path: Path, suffix: str, size: tuple[int, int]
) -> None:
    width, height = size
    picture = np.full((height, width, 3), (200, 80, 40), np.uint8)  # blue, green, red
    path = tmp_path / f"picture{suffix}"
    assert cv2.imwrite(str(path), picture)
    planes = read_picture(path)
    assert (planes.width, planes.height) == size
    assert planes.full_range
    # ITU-T H.273, KR 0.299 and KB 0.114, full range
    luma = 0.299 * 40 + 0.587 * 80 + 0.114 * 200
    assert abs(int(planes.y.mean()) - luma) <= 3
    assert abs(int(planes.u.mean()) - (128 + (200 - luma) / 1.772)) <= 4
    assert abs(int(planes.v.mean()) - (128 + (40 - luma) / 1.402)) <= 4


@pytest.mark.parametrize("content", [b"", b"not a picture at all", bytes(4096)])
def test_what_is_no_picture_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.jpg"
    path.write_bytes(content)
    with pytest.raises(DecodeError, match=r"x\.jpg"):
        read_picture(path)


def test_a_missing_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DecodeError, match="does not exist"):
        read_picture(tmp_path / "none.png")

from __future__ import annotations

import pytest

from recorder_core.media.container.sample_depth import lost_color


@pytest.mark.parametrize(
    ("pixel_format", "lost"),
    [
        ("yuvj420p", []),
        ("nv12", []),
        ("yuv410p", []),
        ("gray10le", []),
        ("yuv411p", ["4:1:1 colour (yuv411p): it becomes 4:2:0"]),
        ("yuv440p", ["4:4:0 colour (yuv440p): it becomes 4:2:0"]),
        ("yuvj444p", ["4:4:4 colour (yuvj444p): it becomes 4:2:0"]),
        ("pal8", ["RGB colour (pal8): it becomes 4:2:0"]),
        ("ya8", ["transparency (ya8)"]),
        ("bgra", ["RGB colour (bgra): it becomes 4:2:0", "transparency (bgra)"]),
    ],
)
def test_the_color_that_no_copy_keeps(pixel_format: str, lost: list[str]) -> None:
    assert lost_color(pixel_format) == lost

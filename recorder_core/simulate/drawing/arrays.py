"""Names for the arrays of this package.

OpenCV's annotations know no dtypes, so these names say them in words only.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

__all__ = ["Channel", "Field", "Picture", "Sprite"]

#: float32 or float64; shape as the place says
Field = NDArray[Any]
#: (height, width) uint8
Channel = NDArray[Any]
#: (height, width, 3) uint8 RGB
Picture = NDArray[Any]
#: (height, width, 4) uint8 RGBA, premultiplied
Sprite = NDArray[Any]

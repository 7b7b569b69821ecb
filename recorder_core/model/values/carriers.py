"""How dataclasses that carry arrays are printed: their shapes and types, never their values."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields
from typing import Any, Final

__all__ = ["carrier_repr"]

#: of a longer collection only the length is printed
_MAX_ITEMS: Final = 8


def carrier_repr(carrier: Any) -> str:
    """Return a dataclass as text, with type and shape of each array in place of its values.

    A class takes it as ``__repr__ = carrier_repr``. Units are in the names of the fields. Fields
    that are not to be printed are left out, but for arrays.

    Parameters
    ----------
    carrier : dataclass instance

    Examples
    --------
    ``FrameDetections(frame_index=3, pts=90, boxes_xyxy_px=float32 (2, 4), scores=float32 (2,))``
    """
    shown = [
        f"{field.name}={_described(value)}"
        for field in fields(carrier)
        if _is_array(value := getattr(carrier, field.name)) or field.repr
    ]
    return f"{type(carrier).__name__}({', '.join(shown)})"


def _is_array(value: object) -> bool:
    return hasattr(value, "dtype") and hasattr(value, "shape")


def _described(value: Any) -> str:
    if _is_array(value):
        return f"{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"
    is_plain = isinstance(value, str | bytes) or not isinstance(value, Collection)
    if not is_plain and (len(value) > _MAX_ITEMS or any(map(_is_array, value))):
        return f"{type(value).__name__} of {len(value)}"
    return repr(value)

"""What carries arrays prints their types and shapes, never their values."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import re
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import recorder_core
from recorder_core.capture.source import AudioBlock
from recorder_core.model import FrameDetections
from recorder_core.model.values.carriers import carrier_repr
from recorder_core.tables import Table


def test_arrays_are_printed_as_type_and_shape() -> None:
    found = FrameDetections(3, 90, np.zeros((2, 4), np.float32), np.zeros(2, np.float32))
    assert repr(found) == (
        "FrameDetections(frame_index=3, pts=90, boxes_xyxy_px=float32 (2, 4), scores=float32 (2,))"
    )


@dataclass
class Carrier:
    __repr__ = carrier_repr

    name: str
    secret: str = field(repr=False)
    pixels: np.ndarray = field(repr=False)
    names: tuple[str, ...] = ()
    parts: tuple[np.ndarray, ...] = ()


def test_what_is_long_is_counted_and_what_is_hidden_stays_hidden() -> None:
    pixels = np.full((1080, 1920), 171, np.uint8)
    shown = repr(Carrier("left", "a secret", pixels, ("n",) * 9, (pixels,)))
    assert shown == (
        "Carrier(name='left', pixels=uint8 (1080, 1920), names=tuple of 9, parts=tuple of 1)"
    )
    assert "names=('n', 'n')" in repr(Carrier("right", "a secret", pixels, ("n", "n")))


def _carriers() -> list[type]:
    """Return every public dataclass of the core with a field that is an array or a tensor."""
    found = {}
    for info in pkgutil.walk_packages(recorder_core.__path__, "recorder_core."):
        if info.name.rsplit(".", 1)[1].startswith("_"):
            continue
        module = importlib.import_module(info.name)
        for name, member in inspect.getmembers(module, dataclasses.is_dataclass):
            if member.__module__ != info.name or name.startswith("_"):
                continue
            if any(_is_of_arrays(each, module) for each in dataclasses.fields(member)):
                found[f"{info.name}.{name}"] = member
    return [found[key] for key in sorted(found)]


def _is_of_arrays(field_: dataclasses.Field[Any], module: ModuleType) -> bool:
    """Return whether a field's type says an array or a tensor, by itself or by an alias."""
    written = str(field_.type)
    aliases = [str(getattr(module, name, "")) for name in re.findall(r"\w+", written)]
    return re.search("NDArray|ndarray|Tensor", " ".join([written, *aliases])) is not None


@pytest.mark.parametrize("carrier", _carriers(), ids=lambda each: each.__name__)
def test_every_carrier_prints_shapes(carrier: type) -> None:
    assert carrier.__repr__ is carrier_repr or issubclass(carrier, Table)


def test_there_are_carriers() -> None:
    assert len(_carriers()) > 30
    assert AudioBlock in _carriers()

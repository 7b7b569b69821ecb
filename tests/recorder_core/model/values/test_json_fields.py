from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from recorder_core.errors import DataError
from recorder_core.model.values.json_fields import read_fields


@dataclass(frozen=True)
class Inner:
    name: str
    span: tuple[int, float] = (0, 0.0)


@dataclass(frozen=True)
class Outer:
    inner: Inner
    kind: Literal["a", "b"] = "a"
    share: float | None = None
    parts: tuple[Inner, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    either: Inner | float | None = None
    rest: Any = None
    is_whole: bool = False


def test_what_is_there_is_read_and_what_is_missing_has_its_default() -> None:
    content = {
        "inner": {"name": "x", "span": [1, 2]},
        "share": 1,
        "parts": [{"name": "y"}],
        "counts": {"m": 3},
        "either": 2.5,
        "rest": [None],
        "unknown": "of a later program",
    }
    read = read_fields(Outer, content)
    assert read == Outer(
        Inner("x", (1, 2.0)), "a", 1.0, (Inner("y"),), {"m": 3}, 2.5, [None], is_whole=False
    )
    assert isinstance(read.share, float)
    assert read_fields(Outer, {"inner": {"name": "x"}}) == Outer(Inner("x"))


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"inner": None}, "inner"),
        ({"inner": {}}, r"inner\.name is missing"),
        ({"inner": {"name": 5}}, r"inner\.name"),
        ({"inner": {"name": "x", "span": [1]}}, r"inner\.span has 1 values instead of 2"),
        ({"inner": {"name": "x", "span": [1.5, 2]}}, r"inner\.span\[0\]"),
        ({"kind": "c"}, "kind"),
        ({"kind": ["a"]}, "kind"),
        ({"share": True}, "share"),
        ({"share": 2**70}, "share"),
        ({"parts": {"name": "x"}}, "parts must be a list"),
        ({"parts": [{"name": "x"}, 3]}, r"parts\[1\]"),
        ({"counts": {"m": -(2**70)}}, r"counts\.m"),
        ({"counts": [1]}, "counts is not a JSON object"),
        ({"either": "text"}, "either"),
        ({"is_whole": 1}, "is_whole"),
    ],
)
def test_another_type_is_refused_by_its_place(changed: dict[str, Any], place: str) -> None:
    with pytest.raises(DataError, match=place):
        read_fields(Outer, {"inner": {"name": "x"}} | changed)


@pytest.mark.parametrize("content", [None, [], "text", 5])
def test_what_is_no_object_is_refused(content: object) -> None:
    with pytest.raises(DataError, match="the content is not a JSON object"):
        read_fields(Outer, content)

"""What the page of a review takes from a browser."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from workbench.widgets import Decision, ReviewDesk

DECIDED = {"kind": "decide", "moment": "3-4-0-0-9-9", "verdict": "accepted", "note": "", "seen": 7}


@pytest.fixture
def decided() -> list[Decision]:
    return []


@pytest.fixture
def signed() -> list[str]:
    return []


@pytest.fixture
def desk(decided: list[Decision], signed: list[str]) -> ReviewDesk:
    made = ReviewDesk(
        author="rita",
        decide=decided.append,
        ask=lambda _: None,
        sign_off=signed.append,
        save=lambda _: None,
        frame_seconds=np.arange(10.0).tobytes(),
        end_seconds=10.0,
        frame_size_px=(640, 360),
    )
    made.answers = []
    made.send = lambda content, buffers=None: made.answers.append(content)
    return made


def test_a_decision_names_the_copy_that_was_looked_at(
    desk: ReviewDesk, decided: list[Decision]
) -> None:
    # the page looked at the first copy; the program knows of the second one meanwhile
    desk.show(about={"copy": "second"})
    desk._handle_custom_msg(DECIDED | {"number": 1, "copy": "first"}, [])
    assert decided == [Decision("3-4-0-0-9-9", "accepted", "", "first", 7)]
    assert desk.answers == [{"kind": "answer", "number": 1, "problem": None}]


@pytest.mark.parametrize("copy", [None, "", 3, "x" * 65])
def test_a_decision_without_its_copy_is_none(
    desk: ReviewDesk, decided: list[Decision], copy: Any
) -> None:
    desk._handle_custom_msg(DECIDED | {"number": 1} | ({"copy": copy} if copy else {}), [])
    assert decided == []
    assert "names the copy" in desk.answers[0]["problem"]["error"]


@pytest.mark.parametrize("seen", [None, "7", -1, True])
def test_a_decision_names_the_one_that_the_page_showed(
    desk: ReviewDesk, decided: list[Decision], seen: Any
) -> None:
    desk._handle_custom_msg(DECIDED | {"number": 1, "copy": "first", "seen": seen}, [])
    assert decided == []
    assert "names the one that the page showed" in desk.answers[0]["problem"]["error"]


def test_a_sign_off_names_the_copy_that_was_looked_at(desk: ReviewDesk, signed: list[str]) -> None:
    asked = {"kind": "ask", "what": "sign_off"}
    desk._handle_custom_msg(asked | {"number": 1}, [])
    assert "names the copy" in desk.answers[0]["problem"]["error"]
    desk._handle_custom_msg(asked | {"number": 2, "copy": "first"}, [])
    assert signed == ["first"]

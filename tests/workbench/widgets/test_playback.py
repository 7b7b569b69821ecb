from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from workbench.widgets import PlaybackBoard, PlaybackEvent, PlaybackMarker, Signal

SECONDS = np.arange(4.0)
BIS = Signal("bis", "", SECONDS, np.array([50.0, 50.0, 30.0, np.nan]))


def _event(**more: Any) -> PlaybackEvent:
    return PlaybackEvent(event_id="a1", procedure="lap-chole", started="2026-01-05", **more)


@pytest.fixture
def board() -> PlaybackBoard:
    first = _event(signals=[BIS], markers=[PlaybackMarker("incision", 1.0)])
    return PlaybackBoard([first, _event(frame_seconds=SECONDS, copy_url="/copy")])


@pytest.fixture
def answers(board: PlaybackBoard, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(board, "send", sent.append)
    return sent


def _ask(board: PlaybackBoard, **content: Any) -> None:
    board._handle_custom_msg({"kind": "measure", "number": 7, "limits": [40, 60], **content}, [])


def test_events_are_packed_one_after_the_other(board: PlaybackBoard) -> None:
    assert [each["signals"] for each in board.events] == [
        [{"name": "bis", "unit": "", "samples": 4}],
        [],
    ]
    assert np.frombuffer(board.samples, np.float64)[:4].tolist() == SECONDS.tolist()
    assert np.frombuffer(board.frames, np.float64).tolist() == SECONDS.tolist()
    assert board.events[0]["markers"] == [
        {"kind": "incision", "start_seconds": 1.0, "stop_seconds": None}
    ]


def test_each_event_is_measured_in_its_own_span(
    board: PlaybackBoard, answers: list[dict[str, Any]]
) -> None:
    _ask(board, spans=[[1, 3], None])
    (answer,) = answers
    assert (answer["number"], answer["problem"], answer["rows"][1]) == (7, None, None)
    found = answer["rows"][0]["signals"]["bis"]
    assert (found["mean"], found["inside_seconds"], found["below_seconds"]) == (40, 1, 1)
    _ask(board, spans=[[3, 4], [0, 1]])
    assert answers[1]["rows"][0]["signals"]["bis"]["mean"] is None
    assert answers[1]["rows"][1]["signals"] == {}


@pytest.mark.parametrize(
    "content",
    [
        {"spans": None},
        {"spans": [[0, 1]]},
        {"spans": [[0], None]},
        {"spans": [["0", 1], None]},
        {"spans": [[0, float("inf")], None]},
        {"spans": [[2, 1], None]},
        {"spans": [[0, 1], None], "limits": [60, 40]},
    ],
)
def test_what_cannot_be_measured_is_said(
    board: PlaybackBoard, answers: list[dict[str, Any]], content: dict[str, Any]
) -> None:
    _ask(board, **content)
    assert answers[0]["problem"]
    assert answers[0]["rows"] == []


def test_a_browser_sets_its_language_and_nothing_else(board: PlaybackBoard) -> None:
    told = {"language": "pt", "problem": {"error": "<b>"}, "events": [], "_esm": "alert(1)"}
    board.set_state(told)
    assert (board.language, board.problem, len(board.events)) == ("pt", {}, 2)
    assert "alert(1)" not in board._esm

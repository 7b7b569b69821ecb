from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from recorder_core.errors import DataError
from recorder_core.model import Correction, CorrectionKeyframe, Keyframe, group_corrections

FRAMES = (Keyframe(2, (1.0, 2.0, 30.5, 40.0)), Keyframe(9, (5.0, 6.0, 7.0, 8.0), "occluded"))
MADE = Correction("7", "add", FRAMES, 3, "ana", "2026-01-01T10:00:00+00:00")
PLAIN = MADE.to_dict()


def test_a_correction_survives_json_and_rows_with_the_note_of_each_keyframe() -> None:
    assert Correction.from_dict(json.loads(json.dumps(PLAIN))) == MADE
    assert group_corrections(MADE.rows()) == [MADE]
    assert [row.note for row in MADE.rows()] == ["", "occluded"]
    short = {key: PLAIN[key] for key in ("correction_id", "action", "keyframes")}
    assert Correction.from_dict(short) == Correction("7", "add", FRAMES)


def test_rows_of_several_corrections_are_grouped_in_order_of_the_first() -> None:
    other = Correction("2", "remove", FRAMES[:1])
    rows = [MADE.rows()[0], *other.rows(), MADE.rows()[1]]
    assert group_corrections(rows) == [MADE, other]


def test_content_is_what_it_does() -> None:
    other = replace(
        MADE, correction_id="8", author="ben", keyframes=(FRAMES[0], replace(FRAMES[1], note=""))
    )
    assert other.content == MADE.content
    assert replace(MADE, track=4).content != MADE.content


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"more": 1}, "and nothing else"),
        ({"correction_id": 7}, "the id of a correction is a text"),
        ({"correction_id": ""}, "1 to 80 printable"),
        ({"action": "hide"}, "add or remove"),
        ({"track": True}, "whole numbers"),
        ({"keyframes": []}, "at least one keyframe"),
        ({"keyframes": [PLAIN["keyframes"][0]] * 2}, "keyframes must be in increasing order"),
        ({"keyframes": [{"frame_index": -1, "box_xyxy_px": [0, 0, 1, 1]}]}, "counted from 0"),
        ({"keyframes": [{"frame_index": 0, "box_xyxy_px": [0, 0, 1]}]}, "four edges"),
        ({"keyframes": [{"frame_index": 0, "box_xyxy_px": [0, 0, 1, float("inf")]}]}, "finite"),
        ({"keyframes": [{"frame_index": 0}]}, "a keyframe has box_xyxy_px"),
    ],
)
def test_what_is_no_correction_is_refused(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        Correction.from_dict(PLAIN | change)


def test_rows_that_contradict_each_other_are_refused() -> None:
    first = MADE.rows()[0]
    for second in (replace(first, track=4), replace(first, action="remove"), first):
        with pytest.raises(DataError):
            group_corrections([first, second])
    with pytest.raises(DataError, match="unknown action"):
        group_corrections([CorrectionKeyframe("1", "hide", 0, (0, 0, 1, 1), -1, "", "")])  # type: ignore[arg-type]

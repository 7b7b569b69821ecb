from __future__ import annotations

import argparse

import pytest

from recorder_core.errors import SettingsError
from recorder_core.model import CorrectionKeyframe, group_corrections
from workbench.cli.arguments.corrections import (
    CORRECTION_HEADINGS,
    add_correction_arguments,
    correction_line,
    given_correction,
)


def _given(*arguments: str) -> list[CorrectionKeyframe]:
    """Return what the arguments say, where the copy shows ten frames per second."""
    parser = argparse.ArgumentParser()
    add_correction_arguments(parser)
    options = parser.parse_args(arguments)
    return given_correction(
        options, "7", "rita", lambda start, stop: (int(start * 10), int(stop * 10))
    )


def test_a_box_stands_still_from_the_first_frame_to_the_last() -> None:
    rows = _given(
        "--action", "add", "--frames", "10", "30", "--box", "5,6,20,10", "--note", "nurse"
    )
    assert [(row.frame_index, row.box_xyxy_px) for row in rows] == [
        (10, (5.0, 6.0, 25.0, 16.0)),
        (30, (5.0, 6.0, 25.0, 16.0)),
    ]
    assert {(row.correction_id, row.action, row.track, row.author, row.note) for row in rows} == {
        ("7", "add", -1, "rita", "nurse")
    }


def test_a_box_moves_to_another_in_a_span_of_seconds() -> None:
    rows = _given(
        *("--action", "add", "--seconds", "0:01", "2.5", "--box", "0,0,10,10"),
        *("--to-box", "50,0,10,10"),
    )
    assert [(row.frame_index, row.box_xyxy_px) for row in rows] == [
        (10, (0.0, 0.0, 10.0, 10.0)),
        (25, (50.0, 0.0, 60.0, 10.0)),
    ]


def test_one_frame_is_one_keyframe_and_a_track_needs_no_place() -> None:
    [row] = _given("--action", "remove", "--frames", "4", "4", "--track", "3")
    assert (row.frame_index, row.action, row.track) == (4, "remove", 3)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("--frames 1 2 --box 0,0,9,9", "say what is done"),
        ("--action add --box 0,0,9,9", "and when"),
        ("--action add --frames 1 2", "say where"),
        ("--action add --frames 1 2 --track 3", "say where"),
        ("--action add --frames 5 2 --box 0,0,9,9", "frames 5 to 2 are not a span"),
        ("--action add --frames 5 5 --box 0,0,9,9 --to-box 1,1,9,9", "to a later one"),
        ("--action remove --frames 5 9 --track 1 --to-box 1,1,9,9", "moves --box"),
        ("--action add --frames 5 9 --box 0,0,9", "not four numbers"),
        ("--action add --frames 5 9 --box 0,0,9,x", "not four numbers"),
    ],
)
def test_what_says_too_little_or_contradicts_itself_is_refused(
    arguments: str, sentence: str
) -> None:
    with pytest.raises(SettingsError, match=sentence):
        _given(*arguments.split())


def test_a_line_of_the_list_has_a_cell_for_each_heading() -> None:
    rows = _given("--action", "add", "--frames", "10", "30", "--box", "5,6,20,10")
    cells = dict(zip(CORRECTION_HEADINGS, correction_line(*group_corrections(rows)), strict=True))
    assert cells["frames"] == "10 to 30"
    assert cells["track"] is None
    assert cells["author"] == "rita"

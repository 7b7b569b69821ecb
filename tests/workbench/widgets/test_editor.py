from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from traitlets import TraitError

from recorder_core.errors import DataError
from recorder_core.model import CorrectionKeyframe, PlannedRedaction, Redaction
from workbench.widgets import BoxEditor, EditedCorrections, FollowRequest, pack_boxes

ADDED = {
    "id": "a-1",
    "action": "add",
    "track": 3,
    "keyframes": [[2, 10, 20, 30, 40], [5, 15, 20, 35, 40.5]],
    "notes": ["", "occluded"],
}


class Saved(list[EditedCorrections]):
    """What was saved, and what was answered."""

    answers: list[dict[str, Any]]


def editor(saved: Saved, **options: Any) -> BoxEditor:
    made = BoxEditor(
        author="anna",
        save=saved.append,
        frame_seconds=np.arange(10.0).tobytes(),
        end_seconds=10.0,
        frame_size_px=(640, 360),
        **options,
    )
    saved.answers = []
    made.send = lambda content, buffers=None: saved.answers.append(content)
    return made


def send_save(widget: BoxEditor, *corrections: Any, revision: int = 1) -> None:
    widget._handle_custom_msg(
        {"kind": "save", "revision": revision, "corrections": list(corrections)}, []
    )


def test_edits_arrive_as_rows_with_author_and_time() -> None:
    saved = Saved()
    send_save(editor(saved), ADDED)
    (edit,) = saved
    assert [(row.frame_index, row.box_xyxy_px, row.note) for row in edit.stored] == [
        (2, (10, 20, 30, 40), ""),
        (5, (15, 20, 35, 40.5), "occluded"),
    ]
    assert {(row.author, row.action, row.track) for row in edit.stored} == {("anna", "add", 3)}
    assert saved.answers[0]["kind"] == "saved"
    assert saved.answers[0]["at"] == edit.stored[0].created_utc


def test_only_what_differs_from_the_last_save_is_passed_on() -> None:
    saved = Saved()
    row = CorrectionKeyframe("b-1", "remove", 1, (0, 0, 9, 9), 4, "ben", "2026-01-01", "a poster")
    widget = editor(saved, corrections=[row])
    (sent,) = widget.corrections
    send_save(widget, sent, ADDED)
    send_save(widget, sent, ADDED, revision=2)
    send_save(widget, ADDED, revision=3)
    assert [{each.correction_id for each in edit.stored} for edit in saved] == [{"a-1"}, set()]
    assert [edit.withdrawn for edit in saved] == [(), ("b-1",)]
    assert [answer["revision"] for answer in saved.answers] == [1, 2, 3]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"html": "x"}, "and nothing else"),
        ({"action": "drop"}, "add or remove"),
        ({"id": ""}, "is a text"),
        ({"id": "a\nb"}, "is a text"),
        ({"track": 1.5}, "whole numbers"),
        ({"keyframes": []}, "at least one keyframe"),
        ({"keyframes": [[2, 10, 20, 30]], "notes": [""]}, "four edges"),
        ({"keyframes": [[2, 10, 20, 30, None]], "notes": [""]}, "finite number"),
        ({"keyframes": [[99, 10, 20, 30, 40]], "notes": [""]}, "the video has 10"),
        ({"keyframes": [[2, 30, 20, 10, 40]], "notes": [""]}, "a-1"),
        ({"notes": ["x" * 1001, ""]}, "at most 1000"),
    ],
)
def test_what_is_no_correction_is_refused_with_a_sentence(
    change: dict[str, Any], message: str
) -> None:
    saved = Saved()
    send_save(editor(saved), ADDED | change)
    assert saved == []
    assert saved.answers[0]["kind"] == "refused"
    assert message in saved.answers[0]["message"]


def test_an_error_of_the_archive_is_shown_and_the_next_save_brings_everything() -> None:
    saved = Saved()
    widget = editor(saved)

    def fail(_edit: EditedCorrections) -> None:
        raise DataError("the event is signed off")

    widget._save, keep = fail, widget._save
    send_save(widget, ADDED)
    assert saved.answers == [
        {"kind": "refused", "revision": 1, "message": "the event is signed off"}
    ]
    widget._save = keep
    send_save(widget, ADDED, revision=2)
    assert len(saved[0].stored) == 2


def test_a_browser_sets_no_false_corrections() -> None:
    widget = editor(Saved())
    with pytest.raises(TraitError, match="nothing else"):
        widget.set_state({"corrections": [{"id": "x"}]})
    with pytest.raises(TraitError, match="read-only"):
        widget.session = "mine"


def test_a_box_is_followed_by_who_can() -> None:
    saved, asked = Saved(), []

    def follow(request: FollowRequest) -> list[tuple[int, tuple[float, float, float, float]]]:
        asked.append(request)
        return [(3, (11, 20, 31, 40))]

    widget = editor(saved, follow=follow)
    message = {"kind": "follow", "track": 1, "frame": 2, "box": [10, 20, 30, 40]}
    widget._handle_custom_msg(message | {"direction": "forward"}, [])
    widget._handle_custom_msg(message | {"direction": "up"}, [])
    widget._handle_custom_msg(message | {"direction": "back", "box": "x"}, [])
    assert asked == [FollowRequest(1, 2, (10, 20, 30, 40), "forward")]
    assert saved.answers == [
        {"kind": "followed", "track": 1, "boxes": [[3, 11, 20, 31, 40]]},
        {"kind": "failed", "message": "keyframes, boxes and notes are lists"},
    ]


def test_the_editor_starts_from_what_the_program_decided() -> None:
    lifted = PlannedRedaction(Redaction(1, (1, 2, 3, 4), "detected", 1, 0.5), applied=False)
    added = PlannedRedaction(Redaction(2, (1, 2, 3, 4), "corrected", 1, float("nan")))
    rows = np.frombuffer(pack_boxes([lifted, added], automatic=True), np.float32).reshape(-1, 8)
    assert rows[:, 0].tolist() == [1]

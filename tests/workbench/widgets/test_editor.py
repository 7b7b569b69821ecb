from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from traitlets import TraitError

from recorder_core.errors import DataError, EditConflict, SettingsError
from recorder_core.jobs.archive import SavedCorrections
from recorder_core.model import Correction, Keyframe, PlannedRedaction, Redaction
from workbench.widgets import BoxEditor, EditedCorrections, FollowRequest, pack_boxes

ADDED = {
    "correction_id": "a-1",
    "action": "add",
    "track": 3,
    "keyframes": [
        {"frame_index": 2, "box_xyxy_px": [10, 20, 30, 40], "note": ""},
        {"frame_index": 5, "box_xyxy_px": [15, 20, 35, 40.5], "note": "occluded"},
    ],
}


def at(frame: int, *box: object, note: str = "") -> dict[str, Any]:
    return {"keyframes": [{"frame_index": frame, "box_xyxy_px": list(box), "note": note}]}


class Saved(list[EditedCorrections]):
    """What was saved, and what was answered."""

    answers: list[dict[str, Any]]

    def save(self, edit: EditedCorrections) -> SavedCorrections:
        """Number what is stored, as an archive does."""
        self.append(edit)
        ids = {each.correction_id: str(40 + len(self) + at) for at, each in enumerate(edit.stored)}
        return SavedCorrections(ids, 50 + len(self))


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


def test_edits_arrive_with_author_and_time() -> None:
    saved = Saved()
    send_save(editor(saved), ADDED)
    (edit,) = saved
    (correction,) = edit.stored
    assert correction.keyframes == (
        Keyframe(2, (10, 20, 30, 40)),
        Keyframe(5, (15, 20, 35, 40.5), "occluded"),
    )
    assert (correction.author, correction.action, correction.track) == ("anna", "add", 3)
    assert saved.answers[0]["kind"] == "saved"
    assert saved.answers[0]["at"] == correction.created_utc


def test_only_what_differs_from_the_last_save_is_passed_on() -> None:
    saved = Saved()
    frames = (Keyframe(1, (0, 0, 9, 9), "a poster"),)
    given = Correction("b-1", "remove", frames, 4, "ben", "2026-01-01")
    widget = editor(saved, corrections=[given])
    (sent,) = widget.corrections
    send_save(widget, sent, ADDED)
    send_save(widget, sent, ADDED, revision=2)
    send_save(widget, ADDED, revision=3)
    assert [{each.correction_id for each in edit.stored} for edit in saved] == [{"a-1"}, set()]
    assert [edit.withdrawn for edit in saved] == [(), ("b-1",)]
    assert [answer["revision"] for answer in saved.answers] == [1, 2, 3]


def test_an_archive_s_numbers_and_version_are_in_the_next_save() -> None:
    saved = Saved()
    widget = editor(saved, version=7)
    widget._save = saved.save
    send_save(widget, ADDED)
    send_save(widget, ADDED | at(2, 10, 20, 30, 40), revision=2)
    send_save(widget, revision=3)
    send_save(widget, ADDED, revision=4)
    stored = [[each.correction_id for each in edit.stored] for edit in saved]
    assert stored == [["a-1"], ["41"], [], ["a-1"]]
    assert [edit.withdrawn for edit in saved] == [(), (), ("42",), ()]
    assert [edit.seen for edit in saved] == [7, 51, 52, 53]


def test_after_a_conflict_the_page_is_given_what_others_changed_and_saves_again() -> None:
    saved, frames = Saved(), (Keyframe(1, (0, 0, 9, 9)),)
    theirs = [Correction("17", "add", frames, 4, "ben", "2026-01-01")]
    widget = editor(saved, version=7, read=lambda: (theirs, 17))

    def refuse(edit: EditedCorrections) -> SavedCorrections:
        if edit.seen < 17:
            raise EditConflict("the corrections were changed meanwhile")
        return saved.save(edit)

    widget._save = refuse
    send_save(widget, ADDED)
    (told,) = saved.answers
    assert (told["kind"], told["base"], told["by"]) == ("rebase", 1, ["ben"])
    assert [each["correction_id"] for each in told["corrections"]] == ["17"]
    # what was on its way would take back what the page does not know yet
    send_save(widget, ADDED, revision=2)
    assert saved == []
    assert saved.answers[-1]["kind"] == "rebase"
    message = {"kind": "save", "revision": 3, "base": 1}
    widget._handle_custom_msg(message | {"corrections": [*told["corrections"], ADDED]}, [])
    (edit,) = saved
    assert ([each.correction_id for each in edit.stored], edit.withdrawn) == (["a-1"], ())
    assert saved.answers[-1]["kind"] == "saved"


def test_a_page_that_shows_the_widget_once_more_takes_over_what_another_saved() -> None:
    saved = Saved()
    widget = editor(saved)
    message = {"kind": "save", "revision": 1, "view": "a", "corrections": [ADDED]}
    widget._handle_custom_msg(message, [])
    assert saved.answers[-1] | {"at": ""} == {
        "kind": "saved", "revision": 1, "view": "a", "base": 0, "at": "",
    }  # fmt: skip
    # one that is shown from now on begins with it
    assert [each["correction_id"] for each in widget.corrections] == ["a-1"]
    # one that was there before does not know it: saved as it is, it would be gone
    other = ADDED | {"correction_id": "b-1", "track": 5}
    message |= {"view": "b", "corrections": [other]}
    widget._handle_custom_msg(message, [])
    (told,) = saved.answers[1:]
    assert (told["kind"], told["base"]) == ("rebase", 1)
    widget._handle_custom_msg(message | {"base": 1, "corrections": [ADDED, other]}, [])
    assert [edit.withdrawn for edit in saved] == [(), ()]
    assert [each["correction_id"] for each in widget.corrections] == ["a-1", "b-1"]


def test_what_code_hides_is_saved_and_shown_as_if_it_was_drawn() -> None:
    saved = Saved()
    widget = editor(saved, version=7)
    widget._save = saved.save
    send_save(widget, ADDED)
    widget.hide(3, 6, (10, 20, 30, 40), note="a face")
    (hidden,) = saved[-1].stored
    assert (hidden.action, hidden.author, saved[-1].seen) == ("add", "anna", 51)
    assert hidden.keyframes == tuple(Keyframe(at, (10, 20, 30, 40), "a face") for at in (3, 5))
    told = saved.answers[-1]
    assert (told["kind"], told["base"], len(told["corrections"])) == ("rebase", 1, 2)
    with pytest.raises(SettingsError, match="no frame is shown from second 10 to 11"):
        widget.hide(10, 11, (10, 20, 30, 40))
    with pytest.raises(DataError):
        widget.hide(3, 6, (900, 20, 930, 40))


def test_corrections_of_a_copy_that_begins_later_are_of_the_frames_of_its_source() -> None:
    saved, box = Saved(), (0.0, 0.0, 9.0, 9.0)
    inside = Correction("17", "add", (Keyframe(101, box), Keyframe(104, box)))
    before, behind = (
        Correction(key, "add", (Keyframe(at, box),)) for key, at in (("18", 99), ("19", 110))
    )
    widget = editor(saved, corrections=[before, inside, behind], first_frame=100)
    widget._save = saved.save
    (sent,) = widget.corrections
    assert [each["frame_index"] for each in sent["keyframes"]] == [1, 4]
    send_save(widget, sent, ADDED)
    (edit,) = saved
    assert [each.frame_index for each in edit.stored[0].keyframes] == [102, 105]
    assert edit.withdrawn == ()
    widget.hide(3, 6, (10, 20, 30, 40))
    assert [each.frame_index for each in saved[-1].stored[0].keyframes] == [103, 105]
    assert [len(each["keyframes"]) for each in widget.corrections] == [2, 2, 2]
    message = {"kind": "save", "revision": 2, "base": 1}
    widget._handle_custom_msg(message | {"corrections": []}, [])
    assert len(saved[-1].withdrawn) == 3
    assert "17" in saved[-1].withdrawn
    assert not {"18", "19"} & set(saved[-1].withdrawn)
    # the frames of the page are ten, whatever those of the source are
    far = ADDED | at(100, 10, 20, 30, 40)
    widget._handle_custom_msg(message | {"corrections": [far]}, [])
    assert "the video has 10" in saved.answers[-1]["problem"]["error"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"html": "x"}, "and nothing else"),
        ({"action": "drop"}, "add or remove"),
        ({"correction_id": ""}, "1 to 80 printable"),
        ({"correction_id": "a\nb"}, "1 to 80 printable"),
        ({"track": 1.5}, "whole numbers"),
        ({"keyframes": []}, "at least one keyframe"),
        (at(2, 10, 20, 30), "four edges"),
        (at(2, 10, 20, 30, None), "finite number"),
        (at(99, 10, 20, 30, 40), "the video has 10"),
        (at(2, 30, 20, 10, 40), "a-1"),
        (at(2, 10, 20, 30, 40, note="x" * 2001), "at most 2000"),
    ],
)
def test_what_is_no_correction_is_refused_with_a_sentence(
    change: dict[str, Any], message: str
) -> None:
    saved = Saved()
    send_save(editor(saved), ADDED | change)
    assert saved == []
    assert saved.answers[0]["kind"] == "refused"
    assert message in saved.answers[0]["problem"]["error"]


def test_an_error_of_the_archive_is_shown_and_the_next_save_brings_everything() -> None:
    saved = Saved()
    widget = editor(saved)

    def fail(_edit: EditedCorrections) -> None:
        raise DataError("the event is signed off")

    widget._save, keep = fail, widget._save
    send_save(widget, ADDED)
    problem = {"error": "the event is signed off", "code": "DataError", "said": None}
    assert saved.answers == [{"kind": "refused", "revision": 1, "view": None, "problem": problem}]
    widget._save = keep
    send_save(widget, ADDED, revision=2)
    assert len(saved[0].stored[0].keyframes) == 2


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
    followed, failed = saved.answers
    assert followed == {"kind": "followed", "track": 1, "boxes": [[3, 11, 20, 31, 40]]}
    assert failed["problem"]["error"] == "keyframes, boxes and notes are lists"


def test_the_editor_starts_from_what_the_program_decided() -> None:
    lifted = PlannedRedaction(Redaction(1, (1, 2, 3, 4), "detected", 1, 0.5), applied=False)
    added = PlannedRedaction(Redaction(2, (1, 2, 3, 4), "corrected", 1, float("nan")))
    rows = np.frombuffer(pack_boxes([lifted, added], automatic=True), np.float32).reshape(-1, 8)
    assert rows[:, 0].tolist() == [1]

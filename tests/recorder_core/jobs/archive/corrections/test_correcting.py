"""Corrections of an event's copy: who may, what is refused, what is kept, what is taken back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recorder_core.catalog import Action
from recorder_core.errors import (
    DataError,
    EditConflict,
    NotAllowed,
    NotInCatalog,
    SettingsError,
    WrongState,
)
from recorder_core.jobs.archive import (
    CorrectedEvent,
    add_copy,
    archive_event,
    correct_event,
    delete_event,
    event_corrections,
    event_frames_between,
    read_audit,
    save_event_corrections,
    sign_off,
    undo_correction,
)
from recorder_core.jobs.archive.files.notes import put_note
from recorder_core.jobs.deidentify.sidecars import sidecar
from recorder_core.model import Correction, CorrectionKeyframe, Keyframe, group_corrections
from tests.recorder_core.jobs.archive.conftest import NAMES

SIZES = {"width": 384, "height": 192, "pictures": 60}
FIRST = CorrectionKeyframe("a", "add", 2, (300.0, 20.0, 340.0, 60.0), -1, "", "", "")
ADDED = (FIRST, replace(FIRST, frame_index=5, box_xyxy_px=(310.0, 20.0, 350.0, 60.0)))
#: of the table of `make_copy`: one region in frame 0, of track 0
LIFTED = (CorrectionKeyframe("b", "remove", 0, (0.0, 0.0, 60.0, 60.0), -1, "", "", ""),)
IDLE = (CorrectionKeyframe("c", "remove", 0, (100.0, 100.0, 160.0, 160.0), -1, "", "", ""),)


@pytest.fixture
def corrected(
    site: Any, event_id: str, named_video: Path, make_copy: Callable[[Path], Path]
) -> str:
    """An event whose copy's report says the size of the source."""
    copy = make_copy(named_video)
    report = json.loads(sidecar(copy, "report").read_text())
    sidecar(copy, "report").write_text(json.dumps(report | {"source": report["source"] | SIZES}))
    with site.opened("rita") as archive:
        add_copy(archive, event_id, copy)
    return event_id


def _entered(site: Any, event_id: str, rows: Any, user: str = "rita") -> CorrectedEvent:
    with site.opened(user) as archive:
        return correct_event(archive, event_id, rows)


def test_a_correction_is_a_row_and_its_note_is_sealed(site: Any, corrected: str) -> None:
    secret = "Zephyrina in the mirror"
    rows = [replace(row, author="ana", note=secret) for row in ADDED]
    entered = _entered(site, corrected, [*rows, *LIFTED, *IDLE])
    assert [(row.action, row.author, row.track) for row in entered.corrections] == [
        ("add", "rita", -1), ("remove", "rita", -1), ("remove", "rita", -1),
    ]  # fmt: skip
    assert entered.idle_removals == (entered.corrections[2].correction_id,)
    with site.opened("rita") as archive:
        found = event_corrections(archive, corrected)
    assert [each.state for each in found] == ["not rendered"] * 3
    first, second, _ = found
    boxes = [each.box_xyxy_px for each in first.correction.keyframes]
    assert boxes == [row.box_xyxy_px for row in ADDED]
    assert (first.correction.author, first.made_by) == ("rita", "ana")
    assert first.correction.notes == (secret, secret)
    assert second.correction.notes == ("",)
    for path in site.path.rglob("*"):
        assert path.is_dir() or secret.encode() not in path.read_bytes()
    with site.opened("adam") as archive:
        rows_done = [row for row in read_audit(archive) if row.action == Action.CORRECT]
    begun = [(row.who, row.event_id) for row in rows_done if row.detail == "add"]
    assert begun == [("rita", corrected)]
    assert NAMES.patient_name not in str(rows_done)


def test_what_is_in_force_is_not_entered_again(site: Any, corrected: str) -> None:
    assert len(_entered(site, corrected, ADDED).corrections) == 1
    again = [replace(row, correction_id="other", note="another") for row in ADDED]
    assert _entered(site, corrected, [*again, *LIFTED]).corrections[0].action == "remove"


def test_an_undo_is_a_row_and_made_once(site: Any, corrected: str) -> None:
    number = _entered(site, corrected, ADDED).corrections[0].correction_id
    with site.opened("rita") as archive:
        assert undo_correction(archive, corrected, number).undoes == number
        for wrong in (number, number + 1, 99):
            with pytest.raises(NotInCatalog, match=f"no correction {wrong} in force; it has none"):
                undo_correction(archive, corrected, wrong)
        assert [each.state for each in event_corrections(archive, corrected)] == ["undone"]
    # taken back, it can be made again
    assert len(_entered(site, corrected, ADDED).corrections) == 1


def test_only_a_reviewer_corrects(site: Any, corrected: str) -> None:
    for user in ("olga", "rosa", "egon", "adam"):
        with site.opened(user) as archive:
            with pytest.raises(NotAllowed):
                correct_event(archive, corrected, ADDED)
            with pytest.raises(NotAllowed):
                undo_correction(archive, corrected, 1)
    with site.opened("rita") as archive:
        assert not event_corrections(archive, corrected)


def test_two_reviewers_correct_the_same_copy(site: Any, corrected: str) -> None:
    with site.opened("rita") as one, site.opened("rita") as other:
        first = correct_event(one, corrected, ADDED).corrections[0]
        second = correct_event(other, corrected, LIFTED).corrections[0]
        assert first.correction_id != second.correction_id
        undo_correction(one, corrected, second.correction_id)
        with pytest.raises(NotInCatalog):
            undo_correction(other, corrected, second.correction_id)


NOTED = Correction(
    "page-1",
    "add",
    (
        Keyframe(2, (300.0, 20.0, 340.0, 60.0)),
        Keyframe(5, (310.0, 20.0, 350.5, 60.0), "occluded"),
        Keyframe(9, (310.0, 20.0, 350.0, 60.0), "left at the door"),
    ),
)


def test_what_an_editor_saved_is_read_as_it_was(site: Any, corrected: str) -> None:
    lifted = replace(group_corrections(LIFTED)[0], author="rita")
    with site.opened("rita") as archive:
        saved = save_event_corrections(archive, corrected, [NOTED, lifted], [], seen=0)
        found = event_corrections(archive, corrected)
        assert found.version == saved.version
        assert [each.correction_id for each in found] == [saved.ids["page-1"], saved.ids["b"]]
        kept = found.corrections[0].correction
        assert kept.keyframes == NOTED.keyframes
        assert (kept.author, found.corrections[0].made_by) == ("rita", "")
        # one changed, one withdrawn, one new: rows of the catalog are undone, none is overwritten
        moved = replace(kept, keyframes=kept.keyframes[:2])
        again = save_event_corrections(
            archive, corrected, [moved, NOTED], [saved.ids["b"]], seen=saved.version
        )
        found = event_corrections(archive, corrected)
    assert [each.state for each in found] == ["undone"] * 2 + ["not rendered"] * 2
    assert [each.correction_id for each in found.in_force] == list(again.ids.values())
    assert found.in_force[0].correction.notes == ("", "occluded")
    assert found.version == again.version
    with site.opened("adam") as archive:
        rows = [row for row in read_audit(archive) if row.action == Action.CORRECT]
    assert [row.detail for row in rows if row.outcome == "begun"] == ["save", "save"]


def test_of_two_who_edit_the_same_event_neither_overwrites_the_other(
    site: Any, corrected: str
) -> None:
    with site.opened("rita") as one, site.opened("rita") as other:
        seen = event_corrections(one, corrected).version
        first = save_event_corrections(one, corrected, [NOTED], [], seen=seen)
        number = first.ids["page-1"]
        theirs = group_corrections(LIFTED)
        with pytest.raises(EditConflict, match=rf"\(correction {number} added by rita at 20"):
            save_event_corrections(other, corrected, theirs, [], seen=seen)
        undo_correction(one, corrected, int(number))
        with pytest.raises(EditConflict, match=f"correction {number} undone by rita"):
            save_event_corrections(other, corrected, theirs, [number], seen=first.version)
        assert [each.state for each in event_corrections(other, corrected)] == ["undone"]
        newest = event_corrections(other, corrected).version
        assert save_event_corrections(other, corrected, theirs, [], seen=newest).ids.keys() == {"b"}


def test_of_a_save_all_is_entered_or_nothing(site: Any, corrected: str) -> None:
    late = replace(NOTED, correction_id="late", keyframes=(Keyframe(60, (0.0, 0.0, 9.0, 9.0)),))
    with site.opened("rita") as archive:
        for stored, withdrawn, kind in (
            ([NOTED, late], [], DataError),
            ([NOTED], ["99"], NotInCatalog),
            ([NOTED], ["' OR 1"], NotInCatalog),
            ([NOTED, NOTED], [], DataError),
        ):
            with pytest.raises(kind):
                save_event_corrections(archive, corrected, stored, withdrawn, seen=0)
        assert not event_corrections(archive, corrected)
    with site.opened("rosa") as archive, pytest.raises(NotAllowed):
        save_event_corrections(archive, corrected, [NOTED], [], seen=0)


def test_a_note_of_an_earlier_program_is_of_all_keyframes(site: Any, corrected: str) -> None:
    with site.opened("rita") as archive:
        (record,) = correct_event(archive, corrected, ADDED).corrections
        name = f"correction:{record.correction_id}"
        with archive._session.audited(Action.CORRECT, corrected):
            put_note(archive._session, corrected, name, {"note": "a lamp", "author": "ana"})
        (found,) = event_corrections(archive, corrected)
    assert (found.correction.notes, found.made_by) == (("a lamp", "a lamp"), "ana")


REFUSED = (
    ([replace(FIRST, frame_index=60)], "names frame 60, but the video has 60"),
    ([replace(FIRST, box_xyxy_px=(400.0, 0.0, 440.0, 40.0))], "outside the frame of 384x192"),
    ([replace(FIRST, action="remove", track=7)], "that track does not exist"),
    ([replace(FIRST, action="hide")], "unknown action 'hide'"),
    ([*ADDED, replace(LIFTED[0], correction_id="a", frame_index=9)], "mixes actions"),
    ([FIRST, FIRST], "keyframes must be in increasing order"),
    ([*LIFTED, replace(FIRST, box_xyxy_px=(float("nan"), 0.0, 1.0, 1.0))], "not made of"),
)


def test_what_rendering_would_refuse_is_not_entered(site: Any, corrected: str) -> None:
    with site.opened("rita") as archive:
        for rows, sentence in REFUSED:
            with pytest.raises(DataError, match=sentence):
                correct_event(archive, corrected, rows)
        assert not event_corrections(archive, corrected)


def test_corrections_of_another_video_are_refused(site: Any, corrected: str) -> None:
    with site.opened("rita") as archive:
        with pytest.raises(DataError, match=r"made for another video: .* 'abcabcabcabc'"):
            correct_event(archive, corrected, ADDED, made_for="abc" * 21)
        own = json.loads(archive.event(corrected).open_file("deidentification").readall())
        made_for = own["source"]["sha256"]
        assert correct_event(archive, corrected, ADDED, made_for=made_for).corrections


def test_an_event_that_cannot_be_corrected_says_why(site: Any, corrected: str) -> None:
    with site.opened("rita") as archive:
        archive.event(corrected).video("deidentified").close()
        sign_off(archive, corrected)
        with pytest.raises(WrongState, match=r"signed off; a copy .*: reopen a released one first"):
            correct_event(archive, corrected, ADDED)
        with pytest.raises(WrongState, match="reopen"):
            undo_correction(archive, corrected, 1)
    with site.opened("adam") as archive:
        archive_event(archive, corrected)
    with site.opened("rita") as archive, pytest.raises(WrongState, match="is archived"):
        correct_event(archive, corrected, ADDED)
    with site.opened("adam") as archive:
        delete_event(archive, corrected, "consent_withdrawn")
    with site.opened("rita") as archive, pytest.raises(WrongState, match="is deleted"):
        correct_event(archive, corrected, ADDED)


def test_an_event_without_a_copy_names_what_makes_one(site: Any, event_id: str) -> None:
    with site.opened("rita") as archive:
        for act in (
            lambda: correct_event(archive, event_id, ADDED),
            lambda: event_corrections(archive, event_id),
            lambda: event_frames_between(archive, event_id, 0, 1),
        ):
            with pytest.raises(WrongState, match=f"'workbench event deidentify {event_id}'"):
                act()


def test_seconds_are_those_of_the_copy(site: Any, corrected: str) -> None:
    with site.opened("rita") as archive:
        assert event_frames_between(archive, corrected, 0.5, 1.0) == (10, 19)
        with pytest.raises(SettingsError, match="shows no frame from second 90 to 91"):
            event_frames_between(archive, corrected, 90, 91)


def test_a_copy_without_its_corrections_is_not_released(site: Any, corrected: str) -> None:
    number = _entered(site, corrected, ADDED).corrections[0].correction_id
    with site.opened("rita") as archive:
        archive.event(corrected).video("deidentified").close()
        with pytest.raises(WrongState, match=f"'workbench event rerender {corrected}'"):
            sign_off(archive, corrected)
        undo_correction(archive, corrected, number)
        assert sign_off(archive, corrected).is_released

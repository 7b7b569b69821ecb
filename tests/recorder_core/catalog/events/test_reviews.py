from __future__ import annotations

import sqlite3

import pytest

from recorder_core.catalog import Catalog, Event, EventState
from recorder_core.errors import CatalogError, NotInCatalog, WrongState

BOX = [(10, 5.0, 6.0, 50.0, 60.0), (20, 15.0, 6.0, 60.0, 60.0)]


def test_corrections_are_kept_in_order(catalog: Catalog, reviewed: Event) -> None:
    add = catalog.reviews.add_correction(
        reviewed.event_id, "add", keyframes=BOX, author="reviewer1"
    )
    remove = catalog.reviews.add_correction(
        reviewed.event_id, "remove", keyframes=BOX[:1], author="reviewer2", track=7
    )
    assert catalog.reviews.corrections(reviewed.event_id) == [add, remove]
    assert remove.correction_id > add.correction_id


def test_undoing_adds_a_row_and_changes_none(catalog: Catalog, reviewed: Event) -> None:
    reviews = catalog.reviews
    first = reviews.add_correction(reviewed.event_id, "add", keyframes=BOX, author="reviewer1")
    second = reviews.add_correction(reviewed.event_id, "add", keyframes=BOX, author="reviewer1")
    undoing = reviews.undo_correction(first.correction_id, author="reviewer2")
    assert (undoing.undoes, undoing.author) == (first.correction_id, "reviewer2")
    assert reviews.corrections(reviewed.event_id) == [second]
    assert reviews.corrections(reviewed.event_id, in_force=False) == [first, second, undoing]
    with pytest.raises(CatalogError, match="refuses this row"):
        reviews.undo_correction(first.correction_id, author="reviewer2")
    with pytest.raises(NotInCatalog):
        reviews.undo_correction(99, author="reviewer2")


def test_a_correction_cannot_be_overwritten(catalog: Catalog, reviewed: Event) -> None:
    catalog.reviews.add_correction(reviewed.event_id, "add", keyframes=BOX, author="reviewer1")
    connection = sqlite3.connect(catalog.path)
    for statement in ("UPDATE corrections SET author = 'x'", "DELETE FROM corrections"):
        with pytest.raises(sqlite3.IntegrityError, match="never changed, only undone"):
            connection.execute(statement)
    connection.close()


def test_rows_for_the_renderer(catalog: Catalog, reviewed: Event) -> None:
    made = catalog.reviews.add_correction(
        reviewed.event_id, "remove", keyframes=BOX, author="reviewer1", track=3
    )
    first, second = made.correction(["seen twice", "occluded"]).rows()
    assert (first.frame_index, first.box_xyxy_px) == (10, (5.0, 6.0, 50.0, 60.0))
    assert (second.frame_index, second.action, second.track) == (20, "remove", 3)
    assert first.created_utc == made.created_utc.isoformat()
    assert (first.note, second.note) == ("seen twice", "occluded")


@pytest.mark.parametrize(
    "keyframes",
    [
        [],
        [(3, 0, 0, 1, 1), (2, 0, 0, 1, 1)],
        [(-1, 0, 0, 1, 1)],
        [(0, 5, 0, 5, 1)],
        [(1, 0, 0, 1, 1)] * 2,
    ],
)
def test_keyframes_that_are_none(
    keyframes: list[tuple[int, float, float, float, float]], catalog: Catalog, reviewed: Event
) -> None:
    with pytest.raises(CatalogError, match="a correction"):
        catalog.reviews.add_correction(
            reviewed.event_id, "add", keyframes=keyframes, author="reviewer1"
        )


def test_only_a_copy_can_be_corrected(catalog: Catalog, event: Event) -> None:
    with pytest.raises(WrongState, match="is recorded; this needs it to be de-identified or in"):
        catalog.reviews.add_correction(event.event_id, "add", keyframes=BOX, author="reviewer1")


def test_progress_and_sign_off(catalog: Catalog, reviewed: Event) -> None:
    event_id = reviewed.event_id
    assert catalog.reviews.review(event_id) is None
    catalog.reviews.save_progress(event_id, reviewer="reviewer1", position_frame=5, frames_seen=4)
    saved = catalog.reviews.save_progress(
        event_id, reviewer="reviewer1", position_frame=90, frames_seen=80
    )
    assert catalog.reviews.review(event_id) == saved
    signed = catalog.reviews.sign_off(event_id, by="reviewer2")
    assert signed.state is EventState.SIGNED_OFF
    review = catalog.reviews.review(event_id)
    assert review is not None
    assert (review.signed_off_by, review.frames_seen) == ("reviewer2", 80)
    assert review.signed_off_utc is not None
    with pytest.raises(WrongState):
        catalog.reviews.add_correction(event_id, "add", keyframes=BOX, author="reviewer1")
    assert catalog.reviews.reopen(event_id, by="reviewer1").state is EventState.IN_REVIEW
    reopened = catalog.reviews.review(event_id)
    assert reopened is not None
    assert reopened.signed_off_by is None
    assert reopened.position_frame == 90


def test_another_copy_is_reviewed_from_its_beginning(catalog: Catalog, reviewed: Event) -> None:
    event_id = reviewed.event_id
    catalog.reviews.save_progress(event_id, reviewer="reviewer1", position_frame=5, frames_seen=4)
    catalog.reviews.forget_progress(event_id)
    assert catalog.reviews.review(event_id) is None


def test_sign_off_without_progress(catalog: Catalog, reviewed: Event) -> None:
    catalog.reviews.sign_off(reviewed.event_id, by="reviewer1")
    review = catalog.reviews.review(reviewed.event_id)
    assert review is not None
    assert (review.reviewer, review.frames_seen) == ("reviewer1", 0)


def test_no_sign_off_without_detections_or_review(catalog: Catalog, event: Event) -> None:
    with pytest.raises(WrongState, match="needs it to be in review"):
        catalog.reviews.sign_off(event.event_id, by="reviewer1")
    catalog.events.move(event.event_id, EventState.DEIDENTIFIED, by="reviewer1")
    catalog.events.move(event.event_id, EventState.IN_REVIEW, by="reviewer1")
    with pytest.raises(WrongState, match="has no detections"):
        catalog.reviews.sign_off(event.event_id, by="reviewer1")


def test_all_runs_of_detectors_stay(catalog: Catalog, reviewed: Event) -> None:
    (first,) = catalog.reviews.detections_summaries(reviewed.event_id)
    assert (first.detector, first.longest_repaired_gap_frames) == ("retinaface", 4)

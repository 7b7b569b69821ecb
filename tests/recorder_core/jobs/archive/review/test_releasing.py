"""The later steps of an event's life, and the ones that are refused."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from recorder_core.archive import Password, parse_key_file
from recorder_core.catalog import Action, EventState, Profile
from recorder_core.errors import AuditError, NotAllowed, WrongState
from recorder_core.jobs.archive import (
    add_copy,
    add_user,
    archive_event,
    begin_review,
    check_copies,
    discard_copy,
    open_copy,
    reopen_review,
    sign_off,
    unarchive_event,
)
from recorder_core.media import file_sha256
from tests.tampering import edited_catalog


def test_the_whole_way(site: Any, with_copy: str) -> None:
    with site.opened("rita") as archive:
        assert begin_review(archive, with_copy).row.state is EventState.IN_REVIEW
        archive.event(with_copy).video("deidentified").close()
        assert sign_off(archive, with_copy).row.state is EventState.SIGNED_OFF
    with site.opened("adam") as archive:
        event = archive_event(archive, with_copy)
        assert event.row.state is EventState.ARCHIVED
        assert event.is_released
    with site.opened("rosa") as archive, archive.event(with_copy).video("deidentified") as file:
        assert file.read(12)[4:8] == b"ftyp"
    with site.opened("adam") as archive:
        event = unarchive_event(archive, with_copy)
        assert (event.row.state, event.is_released) == (EventState.SIGNED_OFF, True)
        archive_event(archive, with_copy)
    with site.opened("rita") as archive:
        event = reopen_review(archive, with_copy)
        assert (event.row.state, event.is_released) == (EventState.IN_REVIEW, False)
        assert archive.reader_ids(with_copy, "deidentified") == ["rita"]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM sealed_keys WHERE recipient = 'rosa'",
        "UPDATE users SET public_key = randomblob(32) WHERE user_id = 'rosa'",
        "UPDATE users SET profile = 'reviewer' WHERE user_id = 'rosa'",
        "DELETE FROM users WHERE user_id = 'rosa'",
    ],
)
def test_a_reopened_copy_keeps_no_key_because_a_row_is_wrong(
    site: Any, with_copy: str, statement: str
) -> None:
    with site.opened("rosa") as archive:
        key = archive._session.identity.keys[0].public_key
    with site.opened("rita") as archive:
        archive.event(with_copy).video("deidentified").close()
        sign_off(archive, with_copy)
    path = site.path / "events" / with_copy / "deidentified.1.key"
    assert parse_key_file(path.read_bytes(), path.name).entry_for(key) is not None
    for root in (site.path, site.mirror):
        with edited_catalog(root / "catalog.db") as connection:
            assert connection.execute(statement).rowcount > 0
    # a row that is gone may be refused to be stated again; the key does not stay
    with site.opened("rita") as archive, suppress(AuditError):
        reopen_review(archive, with_copy)
    assert parse_key_file(path.read_bytes(), path.name).entry_for(key) is None


def test_steps_out_of_order_are_refused_and_change_nothing(site: Any, event_id: str) -> None:
    with site.opened("rita") as archive:
        for step, sentence in (
            (begin_review, "add a copy first"),
            (sign_off, "needs it to be in review"),
            (reopen_review, "no release to take back"),
            (discard_copy, "no unreleased copy"),
        ):
            with pytest.raises(WrongState, match=sentence):
                step(archive, event_id)
    with site.opened("adam") as archive:
        with pytest.raises(WrongState, match="not archived"):
            unarchive_event(archive, event_id)
        archive_event(archive, event_id)
        with pytest.raises(WrongState, match="what can follow"):
            archive_event(archive, event_id)
    with site.opened("rita") as archive, pytest.raises(WrongState, match="not released"):
        reopen_review(archive, event_id)
    with site.opened("adam") as archive:
        assert unarchive_event(archive, event_id).row.state is EventState.RECORDED


def test_a_review_is_not_archived_and_begins_once(site: Any, with_copy: str) -> None:
    with site.opened("rita") as archive:
        begin_review(archive, with_copy)
        with pytest.raises(WrongState, match="reopen a released one"):
            begin_review(archive, with_copy)
        with pytest.raises(NotAllowed):
            archive_event(archive, with_copy)
    with site.opened("adam") as archive, pytest.raises(WrongState, match="cannot become archived"):
        archive_event(archive, with_copy)


@pytest.mark.parametrize("in_review", [False, True])
def test_an_unreleased_copy_is_thrown_away(
    site: Any, with_copy: str, in_review: bool, named_video: Path, make_copy: Callable[..., Path]
) -> None:
    with site.opened("rita") as archive:
        if in_review:
            begin_review(archive, with_copy)
            with archive._session.audited(Action.REVIEW, with_copy):
                archive._session.catalog.reviews.save_progress(
                    with_copy, reviewer="rita", position_frame=9, frames_seen=9
                )
        event = discard_copy(archive, with_copy)
        assert event.row.state is EventState.RECORDED
        assert [row.role for row in event.files()] == ["original", "signals"]
        assert archive.reader_ids(with_copy, "deidentified") == []
        assert archive._session.catalog.reviews.review(with_copy) is None
    for root in (site.path, site.mirror):
        assert not list((root / "events" / with_copy).glob("de*"))
    with site.opened("rita") as archive:
        add_copy(archive, with_copy, make_copy(named_video, "another.mp4"))
        archive.event(with_copy).video("deidentified").close()
        sign_off(archive, with_copy)
        with pytest.raises(WrongState, match="signed off"):
            discard_copy(archive, with_copy)
    with site.opened("adam") as archive:
        assert check_copies(archive, read_all=True).findings == ()


def test_a_copy_is_not_released_by_who_did_not_open_it(
    site: Any, with_copy: str, named_video: Path, make_copy: Callable[..., Path], tmp_path: Path
) -> None:
    with site.opened("adam") as archive:
        add_user(archive, "ruth", Profile.REVIEWER, Password("correct horse"))
    with site.opened("rita") as archive:
        with pytest.raises(WrongState, match=f"not opened the copy of event {with_copy}"):
            sign_off(archive, with_copy)
        # that it was begun and refused changes nothing
        assert archive.event(with_copy).row.state is EventState.DEIDENTIFIED
        file = open_copy(archive, with_copy, tmp_path)
        assert file_sha256(tmp_path / file.name) == file.sha256
        begin_review(archive, with_copy)
    with site.opened("ruth") as archive, pytest.raises(WrongState, match="you have not opened"):
        sign_off(archive, with_copy)
    with site.opened("rita") as archive:
        add_copy(archive, with_copy, make_copy(named_video, "another.mp4"))
        with pytest.raises(WrongState, match="you have not opened"):
            sign_off(archive, with_copy)
        archive.event(with_copy).video("deidentified").close()
        assert sign_off(archive, with_copy).row.state is EventState.SIGNED_OFF

"""A site that wants two different reviewers: who signs, when the copy leaves, what is written."""

from __future__ import annotations

import io
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from recorder_core.archive import Password
from recorder_core.catalog import EventState, Profile
from recorder_core.errors import NotAllowed, SettingsError, WrongState
from recorder_core.jobs.archive import (
    Archive,
    add_copy,
    add_user,
    archive_status,
    event_sign_offs,
    event_statement,
    grant,
    half_signed_events,
    make_report,
    read_audit,
    reopen_review,
    set_reviewers_needed,
    sign_off,
    verify_audit,
)
from recorder_core.report import ReportSettings
from tests.recorder_core.jobs.archive.conftest import PASSWORD
from tests.tampering import edited_catalog


@pytest.fixture
def two(site: Any, with_copy: str) -> Any:
    """The site with a second reviewer who can open the copy, and two that a release needs."""
    with site.opened("adam") as archive:
        add_user(archive, "rolf", Profile.REVIEWER, Password(PASSWORD))
        set_reviewers_needed(archive, 2)
        assert archive_status(archive).reviewers_needed == 2
    with site.opened("rita") as archive:
        grant(archive, with_copy, "rolf")
    return site


def _report(archive: Archive, event_id: str) -> str:
    pages = PdfReader(io.BytesIO(make_report(archive, event_id, ReportSettings()))).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))


def _sign(site: Any, login: str, event_id: str) -> EventState:
    with site.opened(login) as archive:
        archive.event(event_id).video("deidentified").close()
        return sign_off(archive, event_id).row.state


def test_the_second_of_two_different_reviewers_releases(two: Any, with_copy: str) -> None:
    assert _sign(two, "rita", with_copy) is EventState.IN_REVIEW
    with two.opened("rosa") as archive:
        assert half_signed_events(archive) == {with_copy: ("rita",)}
        assert not archive.event(with_copy).is_released
        with pytest.raises(NotAllowed):
            archive.event(with_copy).video("deidentified")
    with two.opened("rita") as archive:
        with pytest.raises(WrongState, match="a second reviewer signs it off"):
            sign_off(archive, with_copy)
        assert "a second one is asked for" in _report(archive, with_copy)
    with two.opened("rolf") as archive:
        statement = event_statement(archive, with_copy)
        assert (statement.signed_off_by, statement.reviewers_needed) == (("rita",), 2)
        with pytest.raises(WrongState, match="not opened the copy"):
            sign_off(archive, with_copy)
    assert _sign(two, "rolf", with_copy) is EventState.SIGNED_OFF
    with two.opened("rosa") as archive:
        archive.event(with_copy).video("deidentified").close()
        assert half_signed_events(archive) == {}
    with two.opened("rita") as archive:
        assert event_sign_offs(archive, with_copy).signed_off_by == ("rita", "rolf")
        assert "rita, rolf" in _report(archive, with_copy)
    with two.opened("adam") as archive:
        rows = [
            (row.who, row.detail)
            for row in read_audit(archive)
            if row.action == "sign_off" and row.outcome == "done"
        ]
        assert verify_audit(archive).findings == ()
    assert [who for who, _ in rows] == ["rita", "rolf"]
    with closing(sqlite3.connect(two.path / "catalog.db")) as catalog:
        begun = "SELECT who, detail FROM audit WHERE action = 'sign_off' AND outcome = 'begun'"
        details = dict(catalog.execute(begun).fetchall())
        stored = catalog.execute("SELECT reviewer FROM sign_offs ORDER BY signed_utc").fetchall()
    assert "sign_off:2/2 after:rita" in details["rolf"]
    assert stored == [("rita",), ("rolf",)]


def test_another_copy_or_a_reopened_review_begins_anew(
    two: Any, with_copy: str, named_video: Path, make_copy: Callable[..., Path]
) -> None:
    _sign(two, "rita", with_copy)
    with two.opened("rolf") as archive:
        add_copy(archive, with_copy, make_copy(named_video, "another.mp4"))
        assert event_sign_offs(archive, with_copy).signed_off_by == ()
    assert _sign(two, "rolf", with_copy) is EventState.IN_REVIEW
    assert _sign(two, "rita", with_copy) is EventState.SIGNED_OFF
    with two.opened("rita") as archive:
        reopen_review(archive, with_copy)
        assert event_sign_offs(archive, with_copy).signed_off_by == ()
        assert sign_off(archive, with_copy).row.state is EventState.IN_REVIEW


def test_one_is_enough_again_once_an_administrator_says_so(two: Any, with_copy: str) -> None:
    _sign(two, "rita", with_copy)
    with two.opened("rita") as archive, pytest.raises(NotAllowed):
        set_reviewers_needed(archive, 1)
    # a row of the catalog that somebody edited releases nothing: what was signed counts
    for root in (two.path, two.mirror):
        with edited_catalog(root / "catalog.db") as connection:
            connection.execute("UPDATE settings SET value = '1' WHERE name = 'reviewers_needed'")
    with two.opened("rita") as archive, pytest.raises(WrongState, match="second reviewer"):
        sign_off(archive, with_copy)
    for root in (two.path, two.mirror):
        with edited_catalog(root / "catalog.db") as connection:
            connection.execute("UPDATE settings SET value = '2' WHERE name = 'reviewers_needed'")
    with two.opened("adam") as archive:
        with pytest.raises(SettingsError, match="by 1 reviewer or by 2, not by 3"):
            set_reviewers_needed(archive, 3)
        set_reviewers_needed(archive, 1)
    with two.opened("rita") as archive:
        assert sign_off(archive, with_copy).row.state is EventState.SIGNED_OFF


def test_a_sign_off_in_another_s_name_is_found(two: Any, with_copy: str) -> None:
    _sign(two, "rita", with_copy)
    for root in (two.path, two.mirror):
        with edited_catalog(root / "catalog.db") as connection:
            connection.execute("UPDATE sign_offs SET reviewer = 'ruth'")
    with two.opened("adam") as archive:
        found = [each.sentence for each in verify_audit(archive).findings]
    assert any(f"sign_offs {with_copy} ruth" in each for each in found)


def test_a_sign_off_that_nobody_signed_releases_nothing(two: Any, with_copy: str) -> None:
    _sign(two, "rita", with_copy)
    for root in (two.path, two.mirror):
        with edited_catalog(root / "catalog.db") as connection:
            connection.execute(
                "INSERT INTO sign_offs SELECT event_id, 'rolf', copy_id, signed_utc FROM sign_offs"
            )
            columns = [each[1] for each in connection.execute("PRAGMA table_info(sign_offs)")]
    assert columns == ["event_id", "reviewer", "copy_id", "signed_utc"]
    with two.opened("rita") as archive:
        assert event_sign_offs(archive, with_copy).signed_off_by == ("rita",)
        with pytest.raises(WrongState, match="second reviewer"):
            sign_off(archive, with_copy)
        assert not archive.event(with_copy).is_released

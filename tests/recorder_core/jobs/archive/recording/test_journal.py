"""Markers and screenshots of a recording: whose they are, and who can still set them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recorder_core.errors import CatalogError, NotAllowed
from recorder_core.jobs.archive import (
    RecordingRequest,
    check_copies,
    disable_user,
    event_key_holders,
    finalise_event,
    record_event,
    verify_audit,
)
from recorder_core.jobs.archive.recording import journal

REQUEST = RecordingRequest(procedure_code="lap-chole")
GREY = np.full((48, 64, 3), 90, np.uint8)


def test_a_marker_and_a_screenshot_are_of_who_gave_them(site: Any, fragmented: bytes) -> None:
    with site.opened("olga") as archive, record_event(archive, REQUEST) as begun:
        begun.sink.write(fragmented)
        begun.journal.mark("incision", start_seconds=1.0)
        begun.journal.mark("closure", start_seconds=2.0, by="rita")
        begun.journal.add_screenshot(GREY, frame_index=20, pts=20, at_seconds=1.0, by="foot-switch")
        with pytest.raises(CatalogError, match="a user id is"):
            begun.journal.mark("closure", start_seconds=2.5, by="Rita Example")
        with pytest.raises(CatalogError, match="a user id is"):
            begun.journal.add_screenshot(GREY, frame_index=0, pts=0, at_seconds=0.0, by="")
        event = begun.finish(3.0)
        assert [(row.kind, row.author) for row in event.marker_rows()] == [
            ("incision", "olga"),
            ("closure", "rita"),
        ]
        [shot] = archive.catalog.contents.screenshots(event.event_id)
        assert shot.author == "foot-switch"
    with site.opened("adam") as archive:
        assert verify_audit(archive).findings == ()


def test_what_people_noted_lately_is_known_while_it_is_recorded(
    site: Any, fragmented: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_MAX_NEWEST", 3)
    with site.opened("olga") as archive, record_event(archive, REQUEST) as begun:
        begun.sink.write(fragmented)
        assert begun.journal.newest == ()
        noted = [begun.journal.mark(kind, start_seconds=1.0) for kind in ("incision", "clip")]
        for kind in ("signal-lost:room", "room-hidden"):
            begun.journal.mark(kind, start_seconds=1.0, stop_seconds=2.0)
        assert begun.journal.newest == tuple(noted)
        shot = begun.journal.add_screenshot(GREY, frame_index=20, pts=20, at_seconds=1.0)
        pause = begun.journal.mark("pause", start_seconds=2.0, stop_seconds=2.5)
        assert begun.journal.newest == (noted[1], shot, pause)
        begun.finish(3.0)


def _record_and_disable(site: Any, content: bytes, told: list[str]) -> None:
    with site.opened("olga") as archive, record_event(archive, REQUEST) as begun:
        told.append(begun.event_id)
        begun.sink.write(content)
        with site.opened("adam") as administrator:
            disable_user(administrator, "olga")
        begun.journal.mark("closure", start_seconds=2.0, by="rita")
        begun.journal.add_screenshot(GREY, frame_index=40, pts=40, at_seconds=2.0, by="rita")
        assert archive.catalog.contents.markers(begun.event_id) == []
        begun.finish(3.0)


def test_a_reviewer_still_marks_when_who_records_was_disabled(site: Any, fragmented: bytes) -> None:
    told: list[str] = []
    with pytest.raises(NotAllowed, match="a reviewer enters it"):
        _record_and_disable(site, fragmented, told)
    with site.opened("rita") as archive:
        event = finalise_event(archive, told[0]).event
        assert event.row.is_complete
        assert [(row.kind, row.author) for row in event.marker_rows()] == [("closure", "rita")]
        [shot] = archive.catalog.contents.screenshots(told[0])
        assert (shot.author, shot.at_seconds) == ("rita", 2.0)
    with site.opened("adam") as archive:
        assert check_copies(archive, read_all=True).findings == ()
        assert verify_audit(archive).findings == ()


def test_a_journal_without_an_entry_leaves_nothing(site: Any, fragmented: bytes) -> None:
    with site.opened("olga") as archive, record_event(archive, REQUEST) as whole:
        whole.sink.write(fragmented)
        whole.finish(3.0)
    with site.opened("olga") as archive, record_event(archive, REQUEST) as cut:
        cut.sink.write(fragmented)
    with site.opened("rita") as archive:
        assert [file.role for file in finalise_event(archive, cut.event_id).files] == ["original"]
    for event_id in (whole.event_id, cut.event_id):
        for root in (site.path, site.mirror):
            names = {path.name for path in (root / "events" / event_id).iterdir()}
            assert names == {"original.2.key", "original.2.sealed"}
        with site.opened("rita") as archive:
            held = {kind for each in event_key_holders(archive, event_id) for kind in each.holds}
        assert held == {"original", "identity"}
    with site.opened("adam") as archive:
        assert check_copies(archive, read_all=True).findings == ()
        assert verify_audit(archive).findings == ()


def test_a_recording_whose_journal_cannot_be_begun_leaves_nothing(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site.opened("olga") as archive:
        contents = archive._session.catalog.contents
        open_file = contents.open_file

        def refuse_journal(event_id: str, role: str, *, file_id: str) -> None:
            if role == "journal":
                raise KeyboardInterrupt
            open_file(event_id, role, file_id=file_id)

        monkeypatch.setattr(contents, "open_file", refuse_journal)
        with pytest.raises(KeyboardInterrupt), record_event(archive, REQUEST):
            pass
        assert archive.events() == []
    assert not any((site.path / "events").iterdir())

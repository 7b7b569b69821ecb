from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recorder_core.catalog import EventState, RetentionRule
from recorder_core.errors import ArchiveError, CatalogError, NotAllowed, WrongState
from recorder_core.jobs.archive import (
    accept_place,
    archive_status,
    backup_archive,
    check_copies,
    delete_event,
    restore_archive,
    set_mirror,
    set_retention_rule,
    verify_audit,
)
from recorder_core.jobs.archive.events.deleting import unfinished_deletions


def _key_files(site: Any) -> list[Path]:
    return [path for root in (site.path, site.mirror) for path in root.rglob("*.key*")]


def test_no_key_and_no_name_is_left_on_any_root(site: Any, event_id: str) -> None:
    with site.opened("rita") as archive:
        sealed_names = archive._session.catalog.events.get_sealed(event_id)
    with site.opened("adam") as archive:
        result = delete_event(archive, event_id, "consent_withdrawn")
        assert (result.file_count, result.root_count) == (2, 2)
        assert result.journal_is_empty
        rows = archive._session.catalog.audit.rows(event_id=event_id)
        assert verify_audit(archive).is_sound
    assert any(
        row.who == "adam" and "reason:consent_withdrawn" in row.detail.split() for row in rows
    )
    assert _key_files(site) == []
    piece = sealed_names[40:120]
    for root in (site.path, site.mirror):
        assert not list(root.rglob("*.sealed"))
        for path in root.rglob("*"):
            assert not path.is_file() or piece not in path.read_bytes(), path


def test_a_deleted_event_says_so_to_everybody(site: Any, event_id: str) -> None:
    with site.opened("adam") as archive:
        delete_event(archive, event_id, "duplicate")
        with pytest.raises(WrongState):
            delete_event(archive, event_id, "duplicate")
    with site.opened("rita") as archive:
        assert archive.events() == []
        [event] = archive.events(include_deleted=True)
        assert event.row.state is EventState.DELETED
        for act in (event.video, event.names, event.signals):
            with pytest.raises(WrongState, match="nobody can open it"):
                act()


def test_only_an_administrator_with_a_reason_deletes(site: Any, event_id: str) -> None:
    with site.opened("rita") as archive, pytest.raises(NotAllowed):
        delete_event(archive, event_id, "duplicate")
    with site.opened("adam") as archive:
        with pytest.raises(CatalogError, match="one of the reasons"):
            delete_event(archive, event_id, "because")  # type: ignore[arg-type]
        set_retention_rule(archive, RetentionRule(minimum_days=7300))
        with pytest.raises(WrongState, match="keeps events"):
            delete_event(archive, event_id, "retention")
    assert len(_key_files(site)) == 4


def test_keys_that_a_cut_off_step_left_are_destroyed_too(site: Any, event_id: str) -> None:
    left = site.mirror / "events" / event_id / "deidentified.1.key"
    left.write_bytes(b"left by a crash")
    with site.opened("adam") as archive:
        assert delete_event(archive, event_id, "duplicate").file_count == 3
    assert _key_files(site) == []
    assert not left.parent.exists()


def test_an_interrupted_deletion_is_finished_by_asking_again(
    site: Any, event_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise ArchiveError("cut off")

    with site.opened("adam") as archive:
        with monkeypatch.context() as patch:
            patch.setattr(archive._session.catalog, "delete_event", stop)
            with pytest.raises(ArchiveError):
                delete_event(archive, event_id, "duplicate")
        assert archive.event(event_id).row.state is EventState.RECORDED
        assert _key_files(site) == []
        assert unfinished_deletions(archive._session) == [event_id]
        assert f"workbench event delete {event_id}" in " ".join(archive_status(archive).faults)
        [finding] = check_copies(archive).findings
        assert (finding.part, finding.what, finding.is_lost) == ("deleted", event_id, False)
        delete_event(archive, event_id, "duplicate")
        assert archive.event(event_id).row.state is EventState.DELETED
        assert unfinished_deletions(archive._session) == []
        assert check_copies(archive).findings == ()


def test_a_deletion_that_was_refused_is_not_an_unfinished_one(site: Any, event_id: str) -> None:
    with site.opened("adam") as archive:
        set_retention_rule(archive, RetentionRule(minimum_days=7300))
        with pytest.raises(WrongState):
            delete_event(archive, event_id, "retention")
        assert unfinished_deletions(archive._session) == []


def test_a_mirror_that_was_edited_out_is_missed_and_nothing_is_deleted(
    site: Any, event_id: str
) -> None:
    path = site.path / "archive.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"mirror": None}))
    with site.opened("adam") as archive:
        told = "the log says that this archive has a mirror"
        assert [told in notice for notice in archive.notices] == [True]
        assert told in " ".join(archive_status(archive).faults)
        assert [told in finding.sentence for finding in verify_audit(archive).findings] == [True]
        assert told in " ".join(finding.sentence for finding in check_copies(archive).findings)
        with pytest.raises(ArchiveError, match="nothing is deleted"):
            delete_event(archive, event_id, "consent_withdrawn")
        assert len(_key_files(site)) == 4
        set_mirror(archive, site.mirror)
        assert delete_event(archive, event_id, "consent_withdrawn").root_count == 2
        assert verify_audit(archive).is_sound
    assert _key_files(site) == []


def test_a_mirror_that_is_given_up_or_of_before_a_restore_is_not_missed(
    site: Any, event_id: str, tmp_path: Path
) -> None:
    with site.opened("adam") as archive:
        backup_archive(archive, tmp_path / "backup")
    restored = replace(site, path=tmp_path / "restored")
    restore_archive(tmp_path / "backup", restored.path)
    with restored.opened("adam") as archive:
        assert archive.notices == ()
        assert "made from a backup" in " ".join(archive_status(archive).reminders)
        with pytest.raises(ArchiveError, match=r"nothing is deleted, .* was made from a backup"):
            delete_event(archive, event_id, "duplicate")
        accept_place(archive)
        assert delete_event(archive, event_id, "duplicate").root_count == 1
    path = site.path / "archive.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"mirror": None}))
    with site.opened("adam") as archive:
        accept_place(archive)
        assert delete_event(archive, event_id, "duplicate").root_count == 1
        assert verify_audit(archive).is_sound
    with site.opened("adam") as archive:
        assert archive.notices == ()


def test_streams_that_a_killed_deletion_left_are_removed_by_asking_again(
    site: Any, event_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with site.opened("adam") as archive:
        with monkeypatch.context() as patch:
            patch.setattr("recorder_core.jobs.archive.events.deleting.retire_file", stop)
            with pytest.raises(KeyboardInterrupt):
                delete_event(archive, event_id, "duplicate")
        assert [path for root in (site.path, site.mirror) for path in root.rglob("*.sealed")]
        delete_event(archive, event_id, "duplicate")
        assert not [path for root in (site.path, site.mirror) for path in root.rglob("*.sealed")]
        with pytest.raises(WrongState, match="already deleted"):
            delete_event(archive, event_id, "duplicate")

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recorder_core.archive import Password
from recorder_core.catalog import AuditRow, Profile, RetentionRule, check_catalog
from recorder_core.catalog.audit.chain import hash_row
from recorder_core.catalog.database.rows import fetch, insert
from recorder_core.errors import CatalogBusy, CatalogSplit, SchemaTooNew, SettingsError
from recorder_core.jobs.archive import (
    Credentials,
    EventNames,
    RecordingRequest,
    SplitCatalogs,
    accept_audit_break,
    accept_place,
    add_user,
    adopt_event,
    archive_status,
    check_copies,
    disable_user,
    grant,
    open_archive,
    read_audit,
    record_event,
    repair_copies,
    set_retention_rule,
    verify_audit,
)
from recorder_core.jobs.archive.place import reconciling
from tests.tampering import edited_catalog
from workbench.cli.main import main

PASSWORD = "correct horse"


def _open(folder: Path, user: str) -> Any:
    return open_archive(folder, Credentials(user, Password(PASSWORD)))


def _record(folder: Path, content: bytes = b"v" * 100_000) -> str:
    request = RecordingRequest(procedure_code="demo", names=EventNames(place="Xanthos"))
    with _open(folder, "olga") as archive, record_event(archive, request) as recording:
        recording.sink.write(content)
        recording.finish(10.0)
    return recording.event_id


def _content(folder: Path, event_id: str) -> bytes:
    with _open(folder, "rita") as archive, archive.event(event_id).video() as file:
        return bytes(file.read())


def _damage_events(path: Path) -> None:
    connection = sqlite3.connect(path)
    root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'events'")
    place = root.fetchone()[0]
    size = connection.execute("PRAGMA page_size").fetchone()[0]
    connection.close()
    with path.open("r+b") as file:
        file.seek((place - 1) * size)
        file.write(os.urandom(size))


def test_hidden_damage_never_reaches_the_mirror_and_is_repaired_from_it(
    site: Any, event_id: str
) -> None:
    _damage_events(site.path / "catalog.db")
    with site.opened("adam"):
        pass
    check_catalog(site.mirror / "catalog.db")
    with site.opened("adam", check_catalog=True) as archive:
        assert [event.event_id for event in archive.events()] == [event_id]
        assert archive_status(archive).faults == () or all(
            "GiB left" in fault for fault in archive_status(archive).faults
        )
        assert verify_audit(archive).is_sound
    aside = list((site.path / "set-aside").glob("*-damaged-catalog-*/catalog.db"))
    assert len(aside) == 1


def test_damage_that_kept_the_mirror_behind_is_put_right_at_the_next_sign_in(
    site: Any, event_id: str
) -> None:
    _damage_events(site.path / "catalog.db")
    with site.opened("adam"):
        pass  # logged here; the mirror cannot follow what is damaged
    with site.opened("olga") as archive:
        assert [event.event_id for event in archive.events()] == [event_id]
    assert len(list((site.path / "set-aside").glob("*-damaged-catalog-*/catalog.db"))) == 1
    with site.opened("adam") as archive:
        actions = [row.action for row in read_audit(archive)]
        assert (
            actions.count("log_in") >= 3
        )  # none of the rows that only the damaged one had is lost
        assert verify_audit(archive).is_sound


def _rule(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "catalog.db")) as connection:
        return int(connection.execute("SELECT minimum_days FROM retention_rules").fetchone()[0])


def test_a_value_that_changed_by_itself_never_reaches_the_mirror_and_is_put_right(
    site: Any, event_id: str
) -> None:
    with site.opened("adam") as archive:
        set_retention_rule(archive, RetentionRule(site_code="site1", minimum_days=7300))
    with site.opened("adam") as archive:
        with closing(sqlite3.connect(site.path / "catalog.db")) as connection, connection:
            # a bit of a number: every page and every index stays valid
            connection.execute("UPDATE retention_rules SET minimum_days = minimum_days & ~4096")
        archive.events()
        faults = archive_status(archive).faults
        assert any("minimum_days is 3204, the log says 7300" in fault for fault in faults)
        assert any(
            "in 1 row (retention_rules site1)" in fault and "mirror repair" in fault
            for fault in faults
        )
    assert (_rule(site.path), _rule(site.mirror)) == (3204, 7300)
    later = _record(site.path)
    assert (_rule(site.path), _rule(site.mirror)) == (7300, 7300)
    with site.opened("adam") as archive:
        assert archive.notices == ()
        assert repair_copies(archive).is_sound
        [finding] = verify_audit(archive).findings
        assert "retention_rules site1 had been changed" in finding.sentence
        assert {event.event_id for event in archive.events()} == {event_id, later}


def test_a_row_of_the_log_that_changed_by_itself_is_put_right(site: Any) -> None:
    with edited_catalog(site.path / "catalog.db") as connection:
        connection.execute("UPDATE audit SET at_utc = '3026' || substr(at_utc, 5) WHERE seq = 4")
    with site.opened("rita") as archive:
        archive.events()
    with site.opened("adam", check_catalog=True) as archive:
        [finding] = verify_audit(archive).findings
        assert "audit 4 had been changed" in finding.sentence


def test_a_damaged_copy_on_the_mirror_is_set_aside_and_made_anew(site: Any, event_id: str) -> None:
    (site.mirror / "catalog.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 8192)
    with site.opened("adam"):
        pass
    check_catalog(site.mirror / "catalog.db")
    assert len(list((site.mirror / "set-aside").glob("*/catalog.db"))) == 1


def test_a_catalog_that_was_restored_from_yesterday_is_brought_up_to_date(site: Any) -> None:
    with site.opened("adam"):
        pass
    yesterday = (site.path / "catalog.db").read_bytes()
    event_id = _record(site.path)
    (site.path / "catalog.db").write_bytes(yesterday)
    with site.opened("adam") as archive:
        assert [event.event_id for event in archive.events()] == [event_id]
        assert any("was older" in notice for notice in archive.notices)
        assert repair_copies(archive).findings == ()
    assert _content(site.path, event_id) == b"v" * 100_000


def test_the_mirror_alone_opens_records_grants_and_repairs(site: Any, event_id: str) -> None:
    with site.opened("adam") as archive:
        add_user(archive, "ruth", Profile.REVIEWER, Password(PASSWORD))
    kept = site.path.with_name("kept")
    site.path.rename(kept)
    inode = (site.mirror / "catalog.db").stat().st_ino
    recorded = _record(site.mirror)
    with _open(site.mirror, "rita") as archive:
        assert any("own folder" in notice for notice in archive.notices)
        grant(archive, event_id, "ruth")
    with _open(site.mirror, "adam") as archive:
        findings = [finding.sentence for finding in repair_copies(archive).findings]
        assert len(findings) == 1
        assert "is not there or is another folder" in findings[0]
    assert (site.mirror / "catalog.db").stat().st_ino == inode
    kept.rename(site.path)
    with _open(site.mirror, "adam") as archive:
        assert archive.folders.primary == site.path
        assert repair_copies(archive).is_sound
        assert check_copies(archive, read_all=True).findings == ()
        assert verify_audit(archive).is_sound
    shutil.rmtree(site.mirror)
    assert _content(site.path, recorded) == b"v" * 100_000
    with _open(site.path, "ruth") as archive, archive.event(event_id).video() as file:
        assert file.read(12)[4:8] == b"ftyp"


def test_both_changed_apart_are_refused_until_a_person_chooses(site: Any) -> None:
    away = site.mirror.with_name("away")
    site.mirror.rename(away)
    own = _record(site.path)
    here = site.path.with_name("here")
    site.path.rename(here)
    away.rename(site.mirror)
    other = _record(site.mirror)
    here.rename(site.path)
    catalogs = [(root / "catalog.db").read_bytes() for root in (site.path, site.mirror)]
    with pytest.raises(CatalogSplit, match="both changed"):
        _open(site.path, "adam")
    assert [(root / "catalog.db").read_bytes() for root in (site.path, site.mirror)] == catalogs
    seen: list[SplitCatalogs] = []
    who = Credentials("adam", Password(PASSWORD))
    row = accept_audit_break(site.path, who, seen.append)
    [split] = seen
    assert (split.kept, split.given_up) == (site.path, site.mirror)
    for rows, event_id in ((split.only_kept, own), (split.only_given_up, other)):
        assert all(each.is_signed for each in rows)
        changed = " ".join(name for each in rows for name in each.changed)
        assert f"events {event_id} (recorded)" in changed
    [aside] = (site.mirror / "set-aside").glob("*-split-catalog-*")
    assert (aside / "catalog.db").exists()
    assert f"set_aside:{aside.name}" in row.detail.split(" ")
    assert (site.mirror / "events" / other / "original.1.key").exists()
    _take_in_what_was_given_up(site, own, other)


def _take_in_what_was_given_up(site: Any, own: str, other: str) -> None:
    """What only the catalog knew that was set aside comes back with the event."""
    with _open(site.path, "adam") as archive:
        assert [event.event_id for event in archive.events()] == [own]
        [finding] = [each for each in repair_copies(archive).findings if not each.is_repaired]
        assert finding.what == other
        assert f"workbench event adopt {other}" in finding.sentence
        adopted, known = adopt_event(archive, other).row, archive.event(own).row
        assert adopted.procedure_code == known.procedure_code != "adopted"
        assert adopted.duration_seconds == known.duration_seconds is not None
        assert verify_audit(archive).is_sound
    with _open(site.path, "rita") as archive:
        assert archive.event(other).names() == EventNames(place="Xanthos")


def test_the_other_of_two_that_were_changed_apart_can_be_kept(site: Any) -> None:
    away = site.mirror.with_name("away")
    site.mirror.rename(away)
    own = _record(site.path)
    here = site.path.with_name("here")
    site.path.rename(here)
    away.rename(site.mirror)
    other = _record(site.mirror)
    here.rename(site.path)

    def refuse(split: SplitCatalogs) -> None:
        raise SettingsError("looked only")

    who = Credentials("adam", Password(PASSWORD))
    with pytest.raises(SettingsError, match="looked only"):
        accept_audit_break(site.path, who, refuse)
    assert not (site.mirror / "set-aside").exists()
    accept_audit_break(site.mirror, who)
    with _open(site.path, "adam") as archive:
        assert [event.event_id for event in archive.events()] == [other]
        repair_copies(archive)
        assert adopt_event(archive, own).row.procedure_code != "adopted"


#: rows about which nothing but the log says anything
FIRST = "WHERE seq = (SELECT min(seq) FROM audit WHERE action = 'log_in')"
LAST = "WHERE seq = (SELECT max(seq) FROM audit WHERE action = 'log_in')"


@pytest.mark.parametrize(
    "sql", [f"UPDATE audit SET detail = 'x' {FIRST}", f"DELETE FROM audit {FIRST}"]
)
def test_a_break_that_was_accepted_is_not_searched_again_at_each_sign_in(
    site: Any, event_id: str, sql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []
    for name in ("check_catalog", "mend_rows"):
        _count_calls(monkeypatch, name, read)
    with site.opened("adam"):
        pass
    assert not read  # of a log that is right
    for root in (site.path, site.mirror):
        with edited_catalog(root / "catalog.db") as connection:
            connection.execute(sql)
    accept_audit_break(site.path, Credentials("adam", Password(PASSWORD)))
    read.clear()
    for user in ("adam", "rita"):
        with site.opened(user) as archive:
            assert [event.event_id for event in archive.events()] == [event_id]
    assert not read
    # another row that is not as written is looked for, found, and right again
    with edited_catalog(site.path / "catalog.db") as connection:
        connection.execute(f"UPDATE audit SET detail = 'x' {LAST}")
    with site.opened("adam") as archive:
        assert any("1 row, put right from" in notice for notice in archive.notices)
    assert read
    read.clear()
    with site.opened("adam"):
        pass
    assert not read


def test_a_break_that_nobody_accepted_is_searched_at_each_sign_in(
    site: Any, event_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for root in (site.path, site.mirror):
        with edited_catalog(root / "catalog.db") as connection:
            connection.execute(f"UPDATE audit SET detail = 'x' {FIRST}")
    read: list[Path] = []
    _count_calls(monkeypatch, "mend_rows", read)
    for _ in range(2):
        with site.opened("adam") as archive:
            assert any("was changed or removed" in notice for notice in archive.notices)
    assert read == [site.path / "catalog.db"] * 2


def _count_calls(monkeypatch: pytest.MonkeyPatch, name: str, read: list[Path]) -> None:
    """Note which catalogs a function of the reconciliation reads as a whole."""
    original = getattr(reconciling, name)

    def noted(path: Path, *arguments: Any) -> Any:
        read.append(path)
        return original(path, *arguments)

    monkeypatch.setattr(reconciling, name, noted)


def test_a_folder_in_use_alone_is_not_replaced(site: Any) -> None:
    kept = site.path.with_name("kept")
    site.path.rename(kept)
    with _open(site.mirror, "adam"):
        kept.rename(site.path)
        before = (site.path / "audit-head.json").read_bytes()
        with pytest.raises(CatalogBusy, match="is open in another process"):
            _open(site.path, "egon")
        assert (site.path / "audit-head.json").read_bytes() == before


def test_looking_at_a_copy_touches_neither_archive_nor_mirror(site: Any, event_id: str) -> None:
    with site.opened("adam"):
        pass
    copied = site.path.with_name("restored")
    shutil.copytree(site.path, copied)
    before = {
        path: path.read_bytes()
        for root in (site.path, site.mirror)
        for path in root.rglob("*")
        if path.is_file()
    }
    with _open(copied, "rita") as archive:
        assert any("is a copy" in notice for notice in archive.notices)
        assert archive.folders.roots() == [copied]
        with archive.event(event_id).video() as file:
            assert file.read(12)[4:8] == b"ftyp"
    recorded = _record(copied)
    with _open(copied, "adam") as archive:
        repair_copies(archive)
        with pytest.raises(SettingsError, match="is still in"):
            accept_place(archive)
    for path, content in before.items():
        assert path.read_bytes() == content, path
    with site.opened("adam") as archive:
        assert verify_audit(archive).is_sound
        assert recorded not in {event.event_id for event in archive.events()}


def test_a_moved_archive_is_the_real_one_once_somebody_says_so(site: Any) -> None:
    moved = site.path.with_name("moved")
    site.path.rename(moved)
    with _open(moved, "adam") as archive:
        assert archive.folders.is_copy
        accept_place(archive)
        assert archive.folders.roots() == [moved, site.mirror]
    recorded = _record(moved)
    assert (site.mirror / "events" / recorded / "original.1.sealed").exists()
    with _open(site.mirror, "adam") as archive:
        assert archive.folders.primary == moved


def test_an_open_catalog_is_not_replaced_by_a_newer_one(site: Any) -> None:
    with site.opened("adam"):
        pass
    old = (site.path / "catalog.db").read_bytes()
    _record(site.path)
    with site.opened("egon"):
        for name in ("catalog.db-wal", "catalog.db-shm"):
            (site.path / name).unlink(missing_ok=True)
        (site.path / "catalog.db").write_bytes(old)
        with pytest.raises(CatalogBusy, match="is open in another process"), site.opened("adam"):
            pass
        shutil.copy(site.mirror / "catalog.db", site.path / "catalog.db")


def _forge(folder: Path, statements: str, **changes: Any) -> None:
    """Let a folder's catalog look newer, as its disk alone permits: nobody's password is known."""
    with closing(sqlite3.connect(folder / "catalog.db")) as connection, connection:
        connection.row_factory = sqlite3.Row
        last = fetch(AuditRow, connection.execute("SELECT * FROM audit").fetchall())[-1]
        added = replace(
            last,
            seq=last.seq + 1,
            previous_hash=last.hash,
            facts="",
            **{"who": "unknown-user", "action": "log_in", "outcome": "refused", "signature": ""}
            | changes,
        )
        insert(connection, "audit", replace(added, hash=hash_row(added)))
        connection.executescript(statements)


@pytest.mark.parametrize(
    ("statements", "changes", "told"),
    [
        ("DELETE FROM sealed_records;", {}, "nobody signed the rows"),
        ("", {}, "nobody signed the rows"),
        ("", {"who": "adam", "outcome": "done"}, "is not signed"),
        ("", {"who": "adam", "outcome": "done", "signature": "00" * 64}, "is not signed by adam"),
        ("CREATE TRIGGER planted AFTER INSERT ON users BEGIN SELECT 1; END;", {}, "planted"),
    ],
)
def test_what_nobody_signed_makes_no_catalog_newer(
    site: Any, event_id: str, statements: str, changes: dict[str, str], told: str
) -> None:
    with site.opened("adam"):
        pass
    _forge(site.mirror, statements, **changes)
    forged = (site.mirror / "catalog.db").read_bytes()
    with pytest.raises(CatalogSplit, match="does not count as newer") as refused:
        _open(site.path, "adam")
    assert told in str(refused.value)
    assert (site.mirror / "catalog.db").read_bytes() == forged
    assert not (site.path / "set-aside").exists()
    accept_audit_break(site.path, Credentials("adam", Password(PASSWORD)))
    with _open(site.path, "adam") as archive:
        assert [event.event_id for event in archive.events()] == [event_id]
        assert repair_copies(archive).is_sound
    [aside] = (site.mirror / "set-aside").glob("*-split-catalog-*/catalog.db")
    assert aside.read_bytes() == forged


def test_a_newer_catalog_from_which_somebody_removed_rows_takes_no_place(
    site: Any, event_id: str
) -> None:
    kept = site.path.with_name("kept")
    site.path.rename(kept)
    recorded = _record(site.mirror)
    with closing(sqlite3.connect(site.mirror / "catalog.db")) as connection, connection:
        connection.execute("DELETE FROM sealed_records WHERE event_id = ?", (event_id,))
    kept.rename(site.path)
    with pytest.raises(
        CatalogSplit, match="was removed from the catalog without an entry in the log"
    ):
        _open(site.path, "adam")
    assert not (site.path / "set-aside").exists()
    assert (site.mirror / "events" / recorded / "original.1.key").exists()


def _flip_version(path: Path) -> None:
    """Flip one bit of the number in the header that says which schema the catalog has."""
    with path.open("r+b") as file:
        file.seek(61)
        file.write(b"\1")


def _renumber(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA user_version = 0")


def _rename(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA application_id = 7")


def _drop(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE jobs")


def _make_newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO migrations VALUES ('of_another_time', '2030-01-01')")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        connection.execute(f"PRAGMA user_version = {version + 1}")


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (_flip_version, "path"),
        (_flip_version, "mirror"),
        (_renumber, "path"),
        (_rename, "mirror"),
        (_drop, "path"),
        (_make_newer, "path"),
    ],
)
def test_a_catalog_that_is_none_of_ours_is_replaced_by_the_mirrors(
    site: Any, event_id: str, damage: Any, named: str
) -> None:
    with site.opened("adam"):
        pass
    damage(site.path / "catalog.db")
    recorded = _record(getattr(site, named))
    assert len(list((site.path / "set-aside").glob("*-damaged-catalog-*/catalog.db"))) == 1
    with site.opened("adam") as archive:
        assert {event.event_id for event in archive.events()} == {event_id, recorded}
        assert verify_audit(archive).is_sound


def test_a_newer_program_is_believed_where_both_catalogs_say_so(site: Any) -> None:
    with site.opened("adam"):
        pass
    before = []
    for root in (site.path, site.mirror):
        _make_newer(root / "catalog.db")
        before.append((root / "catalog.db").read_bytes())
    with pytest.raises(SchemaTooNew, match="install the newer program"):
        _open(site.path, "olga")
    assert [(root / "catalog.db").read_bytes() for root in (site.path, site.mirror)] == before


def test_a_newer_program_is_believed_where_its_catalog_has_more(site: Any) -> None:
    kept = site.mirror.with_name("kept")
    site.mirror.rename(kept)
    _record(site.path)
    kept.rename(site.mirror)
    _make_newer(site.path / "catalog.db")
    with pytest.raises(SchemaTooNew, match="install the newer program"):
        _open(site.path, "olga")
    assert not (site.path / "set-aside").exists()


def test_what_was_changed_in_the_other_folder_is_said_before_it_is_set_aside(
    site: Any, event_id: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    away = site.mirror.with_name("away")
    site.mirror.rename(away)
    with site.opened("adam") as archive:
        disable_user(archive, "rosa")
    away.rename(site.mirror)
    site.path.rename(away)
    recorded = _record(site.mirror)
    away.rename(site.path)
    password = tmp_path / "pw"
    password.write_text(PASSWORD)
    password.chmod(0o600)
    words = ["audit", "accept-break", "--archive", str(site.mirror), "--user", "adam"]
    words += ["--password-file", str(password)]
    assert main(words) == 1
    told = capsys.readouterr().err
    assert "give --yes" in told
    assert f"only in {site.path}, row " in told
    assert "adam manage_users: users rosa (disabled)" in told
    assert "not signed" not in told
    with pytest.raises(CatalogSplit):
        _open(site.path, "adam")
    assert main([*words, "--yes"]) == 0
    with _open(site.path, "adam") as archive:
        assert {event.event_id for event in archive.events()} == {event_id, recorded}

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from recorder_core.catalog import Catalog, Event, copy_catalog
from recorder_core.catalog.database.connection import Database
from recorder_core.catalog.database.sqlite_errors import translated_errors
from recorder_core.errors import (
    CatalogBusy,
    CatalogDamaged,
    CatalogError,
    NotInCatalog,
    RecorderError,
    SchemaTooNew,
)


@pytest.fixture
def database(catalog: Catalog) -> Iterator[Database]:
    with Database(catalog.path, busy_timeout_seconds=0.1) as opened:
        yield opened


def add_rule(connection: sqlite3.Connection, site: str) -> None:
    connection.execute("INSERT INTO retention_rules VALUES (?, 0, NULL, 0)", (site,))


def count_rules(database: Database) -> int:
    return int(database.read("SELECT count(*) FROM retention_rules")[0][0])


def test_durable_settings(database: Database) -> None:
    settings = {
        name: database.read(f"PRAGMA {name}")[0][0]
        for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "temp_store")
    }
    assert settings == {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "foreign_keys": 1,
        "secure_delete": 1,
        "temp_store": 2,  # memory
    }


def test_reads_of_one_moment_see_nothing_that_another_process_writes_in_between(
    database: Database, catalog: Catalog
) -> None:
    with database.still():
        assert count_rules(database) == 0
        with Database(catalog.path) as other, other.write() as connection:
            add_rule(connection, "site1")
        with database.still():  # one inside another is the same
            assert count_rules(database) == 0
        assert count_rules(database) == 0
    assert count_rules(database) == 1
    with database.write() as connection, database.still():
        add_rule(connection, "site2")
    assert count_rules(database) == 2


def test_a_transaction_is_all_or_nothing(database: Database) -> None:
    def add_and_fail() -> None:
        with database.write() as connection:
            add_rule(connection, "site1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        add_and_fail()
    assert count_rules(database) == 0
    with database.write() as connection:
        add_rule(connection, "site1")
        with database.write() as inner:
            add_rule(inner, "site2")
    assert count_rules(database) == 2


def test_an_error_inside_takes_the_inner_transaction_with_it(database: Database) -> None:
    def add_twice() -> None:
        with database.write() as connection:
            with database.write() as inner:
                add_rule(inner, "site1")
            add_rule(connection, "site1")

    with pytest.raises(CatalogError):
        add_twice()
    assert count_rules(database) == 0


def test_calls_after_commit_only_happen_after_a_commit(database: Database) -> None:
    calls: list[str] = []

    def fail_after_asking() -> None:
        with database.write():
            database.after_commit("a", lambda: calls.append("lost"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_asking()
    with database.write():
        database.after_commit("a", lambda: calls.append("replaced"))
        database.after_commit("a", lambda: calls.append("kept"))
        assert calls == []
    assert calls == ["kept"]


def test_threads_take_turns(database: Database) -> None:
    def add(number: int) -> None:
        for step in range(10):
            with database.write() as connection:
                add_rule(connection, f"site-{number}-{step}")

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count_rules(database) == 40


def test_a_transaction_is_that_of_the_thread_that_is_in_it(database: Database) -> None:
    inside, done = threading.Event(), threading.Event()
    seen = []

    def write() -> None:
        with database.write():
            seen.append(database.in_transaction)
            inside.set()
            done.wait(60)

    thread = threading.Thread(target=write)
    thread.start()
    assert inside.wait(60)
    # an audited action of this thread waits for its turn, and is not refused
    assert not database.in_transaction
    done.set()
    thread.join()
    assert seen == [True]
    assert not database.in_transaction


def test_a_disk_without_locks_is_not_taken_for_another_process(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite says of both that the catalog is busy."""
    monkeypatch.setattr(fcntl, "lockf", _refuse_lock)
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with (
        closing(other),
        pytest.raises(CatalogError, match="no locks: put the archive on one that has") as caught,
        database.write(),
    ):
        pass
    assert not isinstance(caught.value, CatalogBusy)


def _refuse_lock(*_: object) -> None:
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))


def test_another_process_that_does_not_let_go(database: Database) -> None:
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with (
        pytest.raises(CatalogBusy, match="another process has held the catalog"),
        database.write(),
    ):
        pass
    assert database.empty_journal() in (True, False)
    other.execute("ROLLBACK")
    other.close()
    with database.write() as connection:
        add_rule(connection, "site1")
    assert count_rules(database) == 1


def test_a_full_disk(database: Database) -> None:
    pages = database.read("PRAGMA page_count")[0][0]
    database.read(f"PRAGMA max_page_count = {pages}")
    with (
        pytest.raises(CatalogError, match="is full; this step was not stored"),
        database.write() as connection,
    ):
        connection.execute("CREATE TABLE filler AS SELECT zeroblob(100000) AS content")
    assert not database.read("SELECT 1 FROM sqlite_schema WHERE name = 'filler'")
    database.read("PRAGMA max_page_count = 1000000")
    with database.write() as connection:
        add_rule(connection, "site1")


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Root may write everywhere; be somebody else for a moment."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def locked_folder() -> Iterator[Path]:
    """A folder with a catalog, which nobody but its owner may write, and only before."""
    folder = Path(tempfile.mkdtemp())
    with Catalog.create(folder / "catalog.db"):
        pass
    (folder / "catalog.db").chmod(0o444)
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_read_only_folder(locked_folder: Path) -> None:
    with ordinary_user(), pytest.raises(CatalogError) as error:
        Catalog(locked_folder / "catalog.db")
    assert "read-only" in str(error.value) or "cannot be opened" in str(error.value)
    with ordinary_user(), pytest.raises(CatalogError, match=r"cannot be (made|written)"):
        Catalog.create(locked_folder / "other.db", anchors=[locked_folder / "other.json"])


def test_no_file_and_other_files(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="there is no catalog at"):
        Database(tmp_path / "none.db")
    text = tmp_path / "text.db"
    text.write_bytes(b"this is not a database, but long enough to look at " * 40)
    with pytest.raises(CatalogDamaged, match="header is not that of a database"):
        Database(text)
    foreign = tmp_path / "foreign.db"
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    with pytest.raises(CatalogError, match="database of another program"):
        Database(foreign)


def test_a_damaged_page_is_found_and_never_shown_as_rows(catalog: Catalog, event: Event) -> None:
    catalog.check()
    catalog.close()
    content = bytearray(catalog.path.read_bytes())
    page_size = int.from_bytes(content[16:18], "big")
    for start in range(page_size, len(content), page_size):
        content[start : start + 12] = b"\xff" * 12  # the header of each page but the first
    catalog.path.write_bytes(content)
    with (
        pytest.raises(CatalogDamaged, match="restores it from the mirror"),
        Catalog(catalog.path) as damaged,
    ):
        damaged.check()


def test_a_truncated_file(catalog: Catalog) -> None:
    catalog.close()
    content = catalog.path.read_bytes()
    catalog.path.write_bytes(content[: len(content) // 2])
    with (
        pytest.raises(CatalogDamaged),
        Catalog(catalog.path) as damaged,
    ):
        damaged.check()


@pytest.mark.parametrize("damaged", ["7bff7d", "ff"])
def test_a_text_that_is_none_is_damage_and_is_not_quoted(catalog: Catalog, damaged: str) -> None:
    connection = sqlite3.connect(catalog.path)
    with closing(connection), connection:
        connection.execute(
            f"INSERT INTO retention_rules VALUES (CAST(x'{damaged}' AS TEXT), 0, NULL, 0)"
        )
    with pytest.raises(CatalogDamaged, match="not a valid RetentionRule") as caught:
        catalog.retention.rules()
    assert "\N{REPLACEMENT CHARACTER}" not in str(caught.value)


def test_a_folder_that_was_replaced_while_open(database: Database) -> None:
    folder = database.path.parent
    folder.rename(folder.with_name("elsewhere"))
    with (
        pytest.raises(CatalogError, match="was removed or replaced while it was open"),
        database.write() as connection,
    ):
        add_rule(connection, "site1")
    folder.with_name("elsewhere").rename(folder)
    with database.write() as connection:
        add_rule(connection, "site1")


def test_a_copy_is_complete_and_opens(catalog: Catalog, event: Event, tmp_path: Path) -> None:
    target = tmp_path / "mirror"
    target.mkdir()
    copy_catalog(catalog.path, target / "catalog.db")
    assert [file.name for file in target.iterdir()] == ["catalog.db"]
    shutil.copy(catalog.path.with_name("audit-head.json"), target)
    with Catalog(target / "catalog.db") as copy:
        copy.check()
        assert copy.events.get(event.event_id) == event


def test_what_belongs_to_nothing_is_refused(database: Database) -> None:
    with (
        pytest.raises(NotInCatalog, match="what this row belongs to"),
        database.write() as connection,
    ):
        connection.execute(
            "INSERT INTO event_states VALUES ('none', 'recorded', '2026', 'operator1')"
        )


def _subclasses(kind: type[sqlite3.Error]) -> list[type[sqlite3.Error]]:
    return [kind, *(deeper for sub in kind.__subclasses__() for deeper in _subclasses(sub))]


@pytest.mark.parametrize("kind", _subclasses(sqlite3.Error))
def test_no_error_of_sqlite_gets_out(kind: type[sqlite3.Error], tmp_path: Path) -> None:
    with pytest.raises(CatalogError) as error, translated_errors(tmp_path / "catalog.db"):
        raise kind("something")
    assert isinstance(error.value, RecorderError)
    assert isinstance(error.value.__cause__, kind)


def test_own_errors_pass_unchanged(tmp_path: Path) -> None:
    mine = SchemaTooNew("newer")
    with pytest.raises(SchemaTooNew) as error, translated_errors(tmp_path):
        raise mine
    assert error.value is mine


@pytest.mark.parametrize("value", ["half of a pair \udcff", 2**63])
def test_a_value_that_sqlite_cannot_hold_is_told(catalog: Catalog, value: object) -> None:
    with pytest.raises(
        CatalogError, match="too large for the catalog, or is not valid text"
    ) as error:
        catalog._database.read("SELECT ?", value)
    assert "half" not in str(error.value)

"""Whatever somebody wrote into an archive ends in a sentence, never in a traceback."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from recorder_core.archive import Argon2Settings, Password
from recorder_core.catalog import Profile, RetentionRule
from recorder_core.errors import RecorderError
from recorder_core.jobs.archive import (
    Archive,
    Credentials,
    EventNames,
    RecordingRequest,
    add_user,
    archive_status,
    check_copies,
    create_archive,
    list_users,
    mark_event,
    open_archive,
    record_event,
    retention_due,
    set_retention_rule,
    verify_audit,
)

PASSWORD = "correct horse"
DEEP = "[" * 20_000
#: JSON that a field may be replaced with
NASTY = [
    '"\\ud800"',
    "1e999",
    "NaN",
    "-1",
    "1" * 400,
    "null",
    '""',
    "{}",
    "[]",
    '"a\\u0000b"',
    DEEP,
]
#: SQL that a column may be set to
VALUES = ["x'ff00'", "9223372036854775807", "-1", "''", "NULL", "'\x1b[2J'", "1e308"]


@dataclass(frozen=True)
class Made:
    folder: Path

    @property
    def archive(self) -> Path:
        return self.folder / "a"


def opened(path: Path, user: str) -> Archive:
    return open_archive(path, Credentials(user, Password(PASSWORD)))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("made")
    create_archive(
        folder / "a",
        site_code="site1",
        administrator="adam",
        password=Password(PASSWORD),
        password_cost=Argon2Settings(memory_kib=64, iterations=1, lanes=1),
    )
    with opened(folder / "a", "adam") as archive:
        add_user(archive, "olga", Profile.OPERATOR, Password(PASSWORD))
        add_user(archive, "rita", Profile.REVIEWER, Password(PASSWORD))
        set_retention_rule(archive, RetentionRule(site_code="site1", warn_after_days=0))
    request = RecordingRequest(procedure_code="demo", names=EventNames(patient_name="Zephyrina"))
    with opened(folder / "a", "olga") as archive, record_event(archive, request) as begun:
        begun.sink.write(b"content")
        begun.finish(1.0)
        mark_event(archive, begun.event_id, "incision", start_seconds=0.5, note="Zephyrina")
    return Made(folder)


@pytest.fixture
def damaged(made: Made, tmp_path: Path) -> Path:
    shutil.copytree(made.archive, tmp_path / "a")
    return tmp_path / "a"


def use(path: Path) -> None:
    """Do what people do; only errors that this program raises on purpose may come of it."""
    with suppress(RecorderError), opened(path, "rita") as archive:
        for event in archive.events():
            for read in (event.names, event.files, event.markers, event.video):
                with suppress(RecorderError):
                    read()
    with suppress(RecorderError), opened(path, "adam") as archive:
        for act in (archive_status, check_copies, list_users, retention_due, verify_audit):
            with suppress(RecorderError):
                act(archive)  # type: ignore[operator]


@contextmanager
def written_anew(path: Path) -> Iterator[Path]:
    """Put a file back after the block, so that one archive serves many damages."""
    content = path.read_bytes()
    yield path
    path.write_bytes(content)


def test_a_sound_archive_is_used(damaged: Path) -> None:
    with opened(damaged, "rita") as archive:
        [event] = archive.events()
        assert event.names().patient_name == "Zephyrina"
    use(damaged)


@pytest.mark.parametrize("name", ["archive.json", "audit-head.json"])
def test_every_field_of_the_small_files(damaged: Path, name: str) -> None:
    fields = json.loads((damaged / name).read_text())
    for field in fields:
        for value in NASTY:
            with written_anew(damaged / name) as path:
                rest = {other: fields[other] for other in fields if other != field}
                path.write_text(json.dumps(rest)[:-1] + f', "{field}": {value}}}')
                use(damaged)


@pytest.mark.parametrize("name", ["archive.json", "audit-head.json", "sign-in-attempts.json"])
def test_the_small_files_as_a_whole(damaged: Path, name: str) -> None:
    (damaged / name).touch()
    for content in [*NASTY, '{"rita": [1e999, 1]}', '{"rita": [1, "x"]}']:
        with written_anew(damaged / name) as path:
            path.write_text(content)
            use(damaged)


def _columns(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as database:
        tables = database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        return [
            (table, row[1])
            for (table,) in tables.fetchall()
            for row in database.execute(f"PRAGMA table_info({table})").fetchall()
        ]


def _edit(path: Path, *statements: str) -> None:
    """Change the catalog as somebody with the file would, past checks and triggers.

    The schema is as it was afterwards: another is refused before anything is read.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        schema = database.execute("SELECT * FROM sqlite_schema").fetchall()
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for pragma in ("writable_schema = ON", "ignore_check_constraints = ON"):
            database.execute(f"PRAGMA {pragma}")
        database.execute("DELETE FROM sqlite_schema WHERE type = 'trigger'")
        database.execute(
            "UPDATE sqlite_schema SET sql = replace(replace(sql, 'STRICT', ''), 'NOT NULL', '') "
            "WHERE type = 'table'"
        )
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA ignore_check_constraints = ON")
        for statement in statements:
            with suppress(sqlite3.Error):
                database.execute(statement)
        if any(word in statement for statement in statements for word in ("DROP", "sqlite_schema")):
            return
        database.execute("PRAGMA writable_schema = ON")
        for kind, name, table, page, sql in schema:
            database.execute("UPDATE sqlite_schema SET sql = ? WHERE name = ?", (sql, name))
            if kind == "trigger":
                row = (kind, name, table, page, sql)
                database.execute("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", row)


def test_every_column_of_the_catalog(damaged: Path) -> None:
    catalog = damaged / "catalog.db"
    columns = _columns(catalog)
    assert len(columns) > 60
    for place, (table, column) in list(enumerate(columns))[::4]:
        with written_anew(catalog), written_anew(damaged / "audit-head.json"):
            _edit(catalog, f"UPDATE {table} SET {column} = {VALUES[place % len(VALUES)]}")
            use(damaged)


def test_every_table_of_the_catalog(damaged: Path) -> None:
    catalog = damaged / "catalog.db"
    for table in sorted({table for table, _ in _columns(catalog)}):
        with written_anew(catalog), written_anew(damaged / "audit-head.json"):
            _edit(catalog, f"DROP TABLE {table}")
            use(damaged)


def test_tables_without_a_column_and_views_in_place_of_tables(damaged: Path) -> None:
    catalog = damaged / "catalog.db"
    columns = _columns(catalog)
    for place, table in enumerate(sorted({table for table, _ in columns})):
        names = [column for of_table, column in columns if of_table == table]
        kept = "*" if place % 2 else ", ".join(names[1:]) or "1 AS other"
        steps = [f"CREATE TABLE kept AS SELECT {kept} FROM {table}", f"DROP TABLE {table}"]
        renamed, shown = "ALTER TABLE kept RENAME TO {}", "CREATE VIEW {} AS SELECT * FROM kept"
        last = shown if place % 2 else renamed
        with written_anew(catalog), written_anew(damaged / "audit-head.json"):
            _edit(catalog, *steps, last.format(table))
            use(damaged)


def test_a_schema_that_sqlite_cannot_read(damaged: Path) -> None:
    catalog = damaged / "catalog.db"
    for sql in ("CREATE TABLE", "x", "", "CREATE TABLE events(a, a)"):
        with written_anew(catalog):
            _edit(
                catalog,
                "PRAGMA writable_schema = ON",
                f"UPDATE sqlite_schema SET sql = '{sql}' WHERE name = 'events'",
            )
            use(damaged)

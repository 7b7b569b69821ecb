"""Copies of the catalog on other disks: made while it is in use, checked, never a step back.

A copy is written beside the one that is there, read and checked as a whole, and takes its place
in one step. It takes the place only of a copy whose audit log it continues; the one before it is
kept as ``catalog.db.previous``.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote

from recorder_core.catalog.anchors import EMPTY_HEAD, AuditHead
from recorder_core.catalog.chain import ACCEPT_BREAK, after_query, fault_after, find_faults
from recorder_core.catalog.database import APPLICATION_ID, refuse_links, translated_errors
from recorder_core.catalog.migrations import MIGRATIONS, check_version
from recorder_core.catalog.rows import fetch
from recorder_core.catalog.schema import check_schema
from recorder_core.errors import CatalogDamaged, CatalogError
from recorder_core.model.inner_files import create_inner

__all__ = [
    "Relation",
    "check_catalog",
    "check_form",
    "check_log",
    "compare_catalogs",
    "continue_log",
    "copy_catalog",
    "has_other_rows",
    "has_other_signatures",
    "is_accepted_fault",
    "previous_copy",
    "reading_catalog",
]

#: of a copy beside another: the same log, a continuation of it, a beginning of it, or neither
Relation = Literal["same", "newer", "older", "split"]

#: tables that say who may do what, and what becomes of an event; small ones
_DECIDING: Final = (
    "settings",
    "users",
    "retention_rules",
    "events",
    "event_states",
    "reviews",
    "grants",
)
_PARTIAL_SUFFIX: Final = ".partial"
_PREVIOUS_SUFFIX: Final = ".previous"
#: how long a reader waits while the write-ahead log is being cut
_BUSY_TIMEOUT_SECONDS: Final = 10.0
#: what a file lacks at its end, or a disk cannot read; other errors may pass
_LOST_SECTORS: Final = (sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ)


def previous_copy(path: Path) -> Path:
    """Return where the copy before the present one is kept."""
    return path.with_name(path.name + _PREVIOUS_SUFFIX)


def check_catalog(path: Path) -> AuditHead:
    """Read a catalog as a whole without changing it.

    Parameters
    ----------
    path : Path
        A catalog or a copy of one.

    Returns
    -------
    AuditHead
        Of its audit log.

    Raises
    ------
    CatalogDamaged
        If a page, an index, a reference, the schema or a row of the log is not as written.
    SchemaTooNew
        If a newer version of the program wrote it.
    CatalogError
        If it cannot be read.
    """
    with reading_catalog(path) as connection:
        _check_form(connection, path)
        _check_pages(connection, path)
        return _check_log(connection, path, EMPTY_HEAD)


def check_form(path: Path) -> None:
    """Check that a catalog is one of this program's: its header, its version and its schema.

    Parameters
    ----------
    path : Path
        A catalog, in use or not; it is not changed.

    Raises
    ------
    CatalogDamaged
        If it is not.
    SchemaTooNew
        If a newer version of the program wrote it.
    CatalogError
        If it cannot be read.
    """
    with reading_catalog(path) as connection:
        _check_form(connection, path)


def check_log(path: Path) -> AuditHead:
    """Check that each row of a catalog's audit log is as written and follows the one before.

    Parameters
    ----------
    path : Path
        A catalog, in use or not; it is not changed.

    Returns
    -------
    AuditHead
        Of its audit log.

    Raises
    ------
    CatalogDamaged
        If a row is not.
    SchemaTooNew
        If a newer version of the program wrote it.
    CatalogError
        If it cannot be read.
    """
    with reading_catalog(path) as connection:
        _check_form(connection, path)
        return _check_log(connection, path, EMPTY_HEAD)


def has_other_signatures(path: Path, other: Path) -> bool:
    """Return whether a row that is in the logs of two catalogs bears another signature in one.

    The signature of a row is not part of its hash: a chain that is whole says nothing of it.

    Parameters
    ----------
    path, other : Path
        Two catalogs; neither is changed.

    Raises
    ------
    CatalogError
        If one of them cannot be read.
    """
    refuse_links(other)
    with reading_catalog(path) as connection:
        connection.execute("ATTACH ? AS other", (f"file:{quote(str(other.absolute()))}?mode=ro",))
        return (
            connection.execute(
                "SELECT 1 FROM main.audit ours JOIN other.audit theirs USING (seq) "
                "WHERE ours.hash = theirs.hash AND ours.signature IS NOT theirs.signature LIMIT 1"
            ).fetchone()
            is not None
        )


def has_other_rows(path: Path, other: Path) -> bool:
    """Return whether two catalogs with the same log differ in a row that decides something.

    Which of them is right the log says.

    Parameters
    ----------
    path, other : Path
        Two catalogs; neither is changed.

    Raises
    ------
    CatalogError
        If one of them cannot be read.
    """
    refuse_links(other)
    with reading_catalog(path) as connection:
        connection.execute("ATTACH ? AS other", (f"file:{quote(str(other.absolute()))}?mode=ro",))
        newest = "SELECT seq, hash FROM {}.audit ORDER BY seq DESC LIMIT 1"
        heads = [connection.execute(newest.format(name)).fetchone() for name in ("main", "other")]
        return heads[0] == heads[1] and any(
            connection.execute(
                f"SELECT 1 FROM (SELECT rowid, * FROM {one}.{table} EXCEPT "  # noqa: S608 - constants
                f"SELECT rowid, * FROM {another}.{table}) LIMIT 1"
            ).fetchone()
            for table in _DECIDING
            for one, another in (("main", "other"), ("other", "main"))
        )


def is_accepted_fault(path: Path, other: Path) -> bool:
    """Return whether all that is wrong with a log was accepted, and is the same in another.

    Then the other has nothing in its place that is right.

    Parameters
    ----------
    path, other : Path
        Two catalogs; neither is changed.

    Raises
    ------
    CatalogError
        If one of them cannot be read.
    """
    with reading_catalog(other) as others, reading_catalog(path) as connection:
        newest = connection.execute(
            "SELECT max(seq) FROM audit WHERE action = ? AND outcome = 'done'", (ACCEPT_BREAK,)
        )
        accepted = newest.fetchone()[0] or 0
        rows = connection.execute(after_query(), (EMPTY_HEAD.seq,))
        return all(
            fault.stop <= accepted and _rows(connection, fault) == _rows(others, fault)
            for fault in find_faults(rows, EMPTY_HEAD)
        )


def compare_catalogs(path: Path, other: Path) -> Relation:
    """Return what one catalog is to another, by their audit logs.

    Parameters
    ----------
    path, other : Path
        Two catalogs; neither is changed. The second is read first: what a third process adds
        to it meanwhile cannot make it look newer than it is.

    Raises
    ------
    CatalogError
        If one of them cannot be read.
    """
    with reading_catalog(other) as connection:
        others = _head(connection)
    with reading_catalog(path) as connection:
        ours = _head(connection)
        if _holds(connection, others):
            return "same" if ours == others else "newer"
    with reading_catalog(other) as connection:
        return "older" if _holds(connection, ours) else "split"


def copy_catalog(
    source: Path,
    target: Path,
    *,
    mend: Callable[[Path, Path], object] | None = None,
    beside: str | None = None,
) -> AuditHead | None:
    """Replace an older catalog by a checked copy of a newer one.

    Parameters
    ----------
    source : Path
        May be in use by any number of processes; nobody waits for the copy.
    target : Path
        File on another disk. Of two processes that write it, one must wait for the other.
    mend : callable, optional
        Called with the new copy, before it is checked, and the one that is there: puts right in
        the first what only the second has right.
    beside : str, optional
        Name of a file without which the target's folder is not the right one; see `open_inner`.

    Returns
    -------
    AuditHead or None
        Of the copy; None if what is there is no catalog, or continues the source's log or
        contradicts it: it is left as it is.

    Raises
    ------
    CatalogDamaged
        If the source is damaged: what is at the target stays.
    CatalogError
        If the source cannot be read.
    OSError
        If the target's disk cannot be written.
    """
    partial = target.with_name(target.name + _PARTIAL_SUFFIX)
    try:
        _write_partial(source, partial, beside)
        if mend is not None and target.exists():
            mend(partial, target)
        head = _head_of_continuation(partial, target)
        if head is None:
            return None
        _sync(partial)
        _keep_previous(target)
        partial.replace(target)
        _sync(target.parent)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return head


def continue_log(damaged: Path, target: Path) -> int:
    """Add to a sound catalog the rows of the log that only a damaged one still has.

    What was done is known then, although what it changed may be lost with the damage.

    Parameters
    ----------
    damaged : Path
        As far as its log can be read, that continues the target's.
    target : Path
        Not in use.

    Returns
    -------
    int
        How many rows were added; 0 if the log cannot be read or is another.
    """
    try:
        with reading_catalog(target) as connection:
            present = _head(connection)
        with reading_catalog(damaged) as connection:
            _check_log(connection, damaged, present)
            rows = connection.execute(
                "SELECT * FROM audit WHERE seq > ? ORDER BY seq", (present.seq,)
            ).fetchall()
    except CatalogError:
        return 0
    if rows:
        with translated_errors(target), closing(sqlite3.connect(target)) as connection, connection:
            places = ", ".join("?" * len(rows[0]))
            connection.executemany(
                f"INSERT INTO audit VALUES ({places})",  # noqa: S608 - question marks only
                [tuple(row) for row in rows],
            )
    return len(rows)


def _write_partial(source: Path, partial: Path, beside: str | None) -> None:
    partial.unlink(missing_ok=True)
    os.close(create_inner(partial, beside=beside))
    # never made here: the disk may be gone, and its place empty, by now
    uri = f"file:{quote(str(partial.absolute()))}?mode=rw"
    with reading_catalog(source) as connection, closing(sqlite3.connect(uri, uri=True)) as copy:
        try:
            copy.execute("PRAGMA synchronous = OFF")  # it is synced as a whole at the end
            connection.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
                raise OSError(error.sqlite_errorcode, f"no room or a fault: {error}") from error
            raise


def _head_of_continuation(partial: Path, target: Path) -> AuditHead | None:
    """Return the head of a copy that may take the place of what is there, else None.

    Of the log, the rows since the copy that is there are checked: the others were, before.
    CatalogDamaged if the copy is not sound.
    """
    present = EMPTY_HEAD
    if target.exists():
        try:
            with reading_catalog(target) as connection:
                present = _head(connection)
        except CatalogError:
            return None
    with reading_catalog(partial) as connection:
        _check_form(connection, partial)
        _check_pages(connection, partial)
        if not _holds(connection, present):
            return None
        return _check_log(connection, partial, present)


def _keep_previous(target: Path) -> None:
    if not target.exists():
        return
    previous, linked = previous_copy(target), target.with_name(target.name + ".linked")
    linked.unlink(missing_ok=True)
    try:
        linked.hardlink_to(target)
    except OSError:
        # a file system without links: for a moment there is only the previous copy
        target.replace(previous)
    else:
        linked.replace(previous)


@contextmanager
def reading_catalog(path: Path) -> Iterator[sqlite3.Connection]:
    """Yield a catalog for reading; every error of SQLite becomes a CatalogError.

    Parameters
    ----------
    path : Path
        The catalog; it is not changed.

    Yields
    ------
    sqlite3.Connection
        Read-only.
    """
    refuse_links(path)
    if not path.is_file():
        raise CatalogError(f"there is no catalog at {path}")
    with translated_errors(path), _damage_told(path):
        connection = sqlite3.connect(
            f"file:{quote(str(path.absolute()))}?mode=ro",
            uri=True,
            timeout=_BUSY_TIMEOUT_SECONDS,
            isolation_level=None,
        )
        with closing(connection):
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA trusted_schema = OFF")
            yield connection


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    """Separate what is gone for good from what cannot be read now, as on a full disk."""
    try:
        yield
    except sqlite3.OperationalError as error:
        # Python's own, of what is stored as text and is none, have no code: they stay as they are
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
        if code & 0xFF == sqlite3.SQLITE_ERROR or code in _LOST_SECTORS:
            raise CatalogDamaged(f"the catalog {path} is damaged: {error}") from error
        raise


def _check_form(connection: sqlite3.Connection, path: Path) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    if application != APPLICATION_ID:
        raise CatalogDamaged(f"the catalog {path} is damaged: its header is that of another file")
    applied = check_version(connection, MIGRATIONS)
    check_schema(connection, MIGRATIONS[: len(applied)])


def _check_pages(connection: sqlite3.Connection, path: Path) -> None:
    faults = [row[0] for row in connection.execute("PRAGMA integrity_check(10)")]
    orphans = connection.execute("PRAGMA foreign_key_check").fetchall()
    if faults != ["ok"] or orphans:
        raise CatalogDamaged(f"the catalog {path} is damaged")


def _check_log(connection: sqlite3.Connection, path: Path, after: AuditHead) -> AuditHead:
    """Check the rows of the log after a head, and return the head that there is now."""
    fault = fault_after(connection.execute(after_query(), (after.seq,)), after)
    if fault:
        raise CatalogDamaged(f"{fault} in {path}")
    return _head(connection)


def _head(connection: sqlite3.Connection) -> AuditHead:
    found = connection.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchall()
    return fetch(AuditHead, found)[0] if found else EMPTY_HEAD


def _rows(connection: sqlite3.Connection, numbers: range) -> list[tuple[object, ...]]:
    found = connection.execute(
        "SELECT * FROM audit WHERE seq >= ? AND seq < ? ORDER BY seq", (numbers.start, numbers.stop)
    )
    return [tuple(row) for row in found]


def _holds(connection: sqlite3.Connection, head: AuditHead) -> bool:
    if head.seq == 0:
        return True
    row = connection.execute("SELECT hash FROM audit WHERE seq = ?", (head.seq,)).fetchone()
    return row is not None and row["hash"] == head.hash


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

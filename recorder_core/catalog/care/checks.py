"""Read a catalog that may be anybody's, and check it: its form, its pages and its audit log."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from recorder_core.catalog.audit.anchors import EMPTY_HEAD, AuditHead
from recorder_core.catalog.audit.chain import after_query, fault_after
from recorder_core.catalog.database.connection import APPLICATION_ID
from recorder_core.catalog.database.links import refuse_links
from recorder_core.catalog.database.migrating import check_version
from recorder_core.catalog.database.migrations import MIGRATIONS
from recorder_core.catalog.database.read_only import readable_catalog
from recorder_core.catalog.database.rows import decode_text, fetch
from recorder_core.catalog.database.schema import check_schema
from recorder_core.catalog.database.sqlite_errors import translated_errors
from recorder_core.errors import CatalogDamaged, CatalogError

__all__ = [
    "check_catalog",
    "check_form",
    "check_log",
    "holds_head",
    "newest_head",
    "reading_catalog",
    "require_form",
    "require_log",
    "require_pages",
    "with_other",
]

#: how long a reader waits while the write-ahead log is being cut
_BUSY_TIMEOUT_SECONDS: Final = 10.0
#: what a file lacks at its end, or a disk cannot read; other errors may pass
_LOST_SECTORS: Final = (sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ)


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
        require_form(connection, path)
        require_pages(connection, path)
        return require_log(connection, path, EMPTY_HEAD)


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
        require_form(connection, path)


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
        require_form(connection, path)
        return require_log(connection, path, EMPTY_HEAD)


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
    with readable_catalog(path) as readable, translated_errors(path), _translate_damage(path):
        connection = sqlite3.connect(
            _reading_uri(readable),
            uri=True,
            timeout=_BUSY_TIMEOUT_SECONDS,
            isolation_level=None,
        )
        with closing(connection):
            connection.row_factory = sqlite3.Row
            connection.text_factory = decode_text
            connection.execute("PRAGMA trusted_schema = OFF")
            yield connection


@contextmanager
def with_other(connection: sqlite3.Connection, other: Path) -> Iterator[None]:
    """Attach another catalog to an open one, under the name ``other``.

    Parameters
    ----------
    connection : Connection
        In no transaction; it is not used after the block.
    other : Path
        It is not changed.

    Raises
    ------
    CatalogDamaged
        If the other is a link, or has a name elsewhere.
    """
    refuse_links(other)
    with readable_catalog(other) as readable:
        connection.execute("ATTACH ? AS other", (_reading_uri(readable),))
        yield


def _reading_uri(path: Path) -> str:
    return f"file:{quote(str(path.absolute()))}?mode=ro"


@contextmanager
def _translate_damage(path: Path) -> Iterator[None]:
    """Separate what is gone for good from what cannot be read now, as on a full disk."""
    try:
        yield
    except sqlite3.OperationalError as error:
        # Python's own, of what is stored as text and is none, have no code: they stay as they are
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
        if code & 0xFF == sqlite3.SQLITE_ERROR or code in _LOST_SECTORS:
            raise CatalogDamaged(f"the catalog {path} is damaged: {error}") from error
        raise


def require_form(connection: sqlite3.Connection, path: Path) -> None:
    """Raise unless header, version and schema are those of a catalog; as :func:`check_form`."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    if application != APPLICATION_ID:
        raise CatalogDamaged(f"the catalog {path} is damaged: its header is that of another file")
    applied = check_version(connection, MIGRATIONS)
    check_schema(connection, MIGRATIONS[: len(applied)])


def require_pages(connection: sqlite3.Connection, path: Path) -> None:
    """Raise CatalogDamaged unless every page, index and reference is as written."""
    faults = [row[0] for row in connection.execute("PRAGMA integrity_check(10)")]
    orphans = connection.execute("PRAGMA foreign_key_check").fetchall()
    if faults != ["ok"] or orphans:
        raise CatalogDamaged(f"the catalog {path} is damaged")


def require_log(connection: sqlite3.Connection, path: Path, after: AuditHead) -> AuditHead:
    """Check the rows of the log after a head, and return the head that there is now."""
    fault = fault_after(connection.execute(after_query(), (after.seq,)), after)
    if fault:
        raise CatalogDamaged(f"{fault} in {path}")
    return newest_head(connection)


def newest_head(connection: sqlite3.Connection) -> AuditHead:
    """Return the head of the audit log."""
    found = connection.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchall()
    return fetch(AuditHead, found)[0] if found else EMPTY_HEAD


def holds_head(connection: sqlite3.Connection, head: AuditHead) -> bool:
    """Return whether a row with the number and the hash of a head is in the log."""
    if head.seq == 0:
        return True
    row = connection.execute("SELECT hash FROM audit WHERE seq = ?", (head.seq,)).fetchone()
    return row is not None and row["hash"] == head.hash

"""Copies of the catalog on other disks: made while it is in use, checked, never a step back.

A copy is written beside the one that is there, read and checked as a whole, and takes its place
in one step. It takes the place only of a copy whose audit log it continues; the one before it is
kept as ``catalog.db.previous``.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

from recorder_core.catalog.audit.anchors import EMPTY_HEAD, AuditHead
from recorder_core.catalog.care.checks import (
    holds_head,
    newest_head,
    reading_catalog,
    require_form,
    require_log,
    require_pages,
)
from recorder_core.catalog.database.sqlite_errors import translated_errors
from recorder_core.errors import CatalogError
from recorder_core.model.files.inner_files import create_inner

__all__ = ["continue_log", "copy_catalog", "previous_copy"]


_PARTIAL_SUFFIX: Final = ".partial"
_PREVIOUS_SUFFIX: Final = ".previous"


def previous_copy(path: Path) -> Path:
    """Return where the copy before the present one is kept."""
    return path.with_name(path.name + _PREVIOUS_SUFFIX)


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
            present = newest_head(connection)
        with reading_catalog(damaged) as connection:
            require_log(connection, damaged, present)
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
                raise OSError(error.sqlite_errorcode, f"no space or a fault: {error}") from error
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
                present = newest_head(connection)
        except CatalogError:
            return None
    with reading_catalog(partial) as connection:
        require_form(connection, partial)
        require_pages(connection, partial)
        if not holds_head(connection, present):
            return None
        return require_log(connection, partial, present)


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


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

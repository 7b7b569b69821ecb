"""What an error of SQLite means for the catalog, in one of our classes and one sentence."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from recorder_core.errors import (
    CatalogBusy,
    CatalogDamaged,
    CatalogError,
    NotInCatalog,
)
from recorder_core.model.files.file_locks import NO_LOCKS, lacks_posix_locks

__all__ = ["translated_errors"]

_NO_TEXT: Final = (
    "the catalog {path} is damaged: one of its texts is not valid text; run 'workbench mirror "
    "repair', which "
    "puts right what the mirror has, or restore it"
)
#: primary result code of SQLite -> class and sentence
_MEANINGS: dict[int, tuple[type[CatalogError], str]] = {
    sqlite3.SQLITE_BUSY: (
        CatalogBusy,
        "another process has held the catalog {path} for too long; try again when it is done",
    ),
    sqlite3.SQLITE_LOCKED: (
        CatalogBusy,
        "another part of this process holds the catalog {path}; try again when it is done",
    ),
    sqlite3.SQLITE_FULL: (
        CatalogError,
        "the disk that holds the catalog {path} is full; this step was not stored: "
        "free some space and repeat it",
    ),
    sqlite3.SQLITE_READONLY: (
        CatalogError,
        "the catalog {path} or its folder is read-only; this step was not stored: "
        "make the folder writable for this user",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        CatalogError,
        "the catalog {path} cannot be opened; check that its folder exists and that this "
        "user may write there",
    ),
    sqlite3.SQLITE_CORRUPT: (
        CatalogDamaged,
        "the catalog {path} is damaged; 'workbench mirror repair' restores it from the mirror, "
        "'workbench archive restore' from a backup",
    ),
    sqlite3.SQLITE_NOTADB: (
        CatalogDamaged,
        "{path} is damaged or is not a catalog: its header is not that of a database; 'workbench "
        "mirror repair' restores it from the mirror, 'workbench archive restore' from a backup",
    ),
    sqlite3.SQLITE_IOERR: (
        CatalogError,
        "the disk that holds the catalog {path} reports an error; this step was not stored: "
        "check the disk and its free space",
    ),
}


@contextmanager
def translated_errors(path: Path) -> Iterator[None]:
    """Turn every error of SQLite into one of ours.

    Parameters
    ----------
    path : Path
        Catalog that the message names.

    Raises
    ------
    CatalogError
        Or one of its classes; the SQLite error is its cause.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise _meaning(error, path) from error
    except UnicodeDecodeError:
        # SQLite quotes what is stored in the messages of its errors
        raise CatalogDamaged(_NO_TEXT.format(path=path)) from None
    except (UnicodeEncodeError, OverflowError):
        # the original error carries the text
        raise CatalogError("a value is too large for the catalog, or is not valid text") from None


def _meaning(error: sqlite3.Error, path: Path) -> CatalogError:
    code = getattr(error, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
        return NotInCatalog("what this row belongs to is not in the catalog")
    if code is not None and code & 0xFF == sqlite3.SQLITE_CONSTRAINT:
        # the text of SQLite names the table, the column or our trigger, never a value
        return CatalogError(f"the catalog refuses this row: {error}")
    if code is None and "decode" in str(error):
        # the text of the error is what is stored there
        return CatalogDamaged(_NO_TEXT.format(path=path))
    if (code or 0) & 0xFF not in _MEANINGS:
        return CatalogError(f"the catalog {path} cannot do this: {error}")
    if (code or 0) & 0xFF == sqlite3.SQLITE_BUSY and lacks_posix_locks(path.parent):
        # SQLite takes every refusal of a lock for a lock that another holds
        return CatalogError(f"the catalog {path} cannot be used; {NO_LOCKS}")
    kind, sentence = _MEANINGS[(code or 0) & 0xFF]
    return kind(sentence.format(path=path))

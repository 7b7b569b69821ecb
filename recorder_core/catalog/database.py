"""The SQLite connection: durable settings, transactions and errors in clear words.

Every commit is on the disk before it returns (WAL with ``synchronous=FULL``). Two
processes may write at once: a write transaction takes the lock at its beginning and
the other waits. Deleted content is overwritten with zeros (``secure_delete``).
"""

from __future__ import annotations

import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from recorder_core.errors import (
    CatalogBusy,
    CatalogDamaged,
    CatalogError,
    NotInCatalog,
)
from recorder_core.model.inner_files import inner_fault

__all__ = ["APPLICATION_ID", "Database", "catalog_link", "refuse_links", "translated_errors"]

#: "SWBC" in the header of the file, so that it is not mistaken for another program's
APPLICATION_ID = 0x53574243
#: how long one process waits for the other's write transaction
BUSY_TIMEOUT_SECONDS = 10.0
#: STRICT tables (https://www.sqlite.org/stricttables.html)
OLDEST_SQLITE = (3, 37, 0)

_PRAGMAS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA trusted_schema = OFF",
    # temporary tables and sorting stay in memory: nothing is left in a temporary folder
    "PRAGMA temp_store = MEMORY",
    # the log takes 1 MiB at most: it must fit into what is kept free of a full disk
    "PRAGMA wal_autocheckpoint = 256",
)

_NO_TEXT: Final = (
    "the catalog {path} is damaged: a text in it is none; run 'workbench mirror repair', which "
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


#: what SQLite keeps beside a database
_BESIDE: Final = ("", "-wal", "-shm", "-journal")
#: names under which the copy before is kept, for a moment as a second name of the present one
_KEPT: Final = (".previous", ".linked")


def catalog_link(path: Path) -> str | None:
    """Return a sentence where a catalog, or what SQLite keeps beside it, is a link; else None."""
    for suffix in _BESIDE:
        beside = path.with_name(path.name + suffix)
        # the catalog itself may have a second name; beside it, SQLite would write into one
        fault = inner_fault(beside, writing=bool(suffix))
        if fault is not None and not _is_kept(beside):
            return f"{beside}: {fault}"
    return None


def refuse_links(path: Path) -> None:
    """Raise unless a catalog and what SQLite keeps beside it are files of the archive's own.

    Raises
    ------
    CatalogDamaged
        If one is a link, or has a name elsewhere.
    """
    fault = catalog_link(path)
    if fault is not None:
        raise CatalogDamaged(
            f"the catalog is not opened: {fault}; put the file itself in its place, or remove it "
            "and open the archive by its mirror"
        )


def _is_kept(path: Path) -> bool:
    """Return whether all names of a catalog are those that a replaced copy is kept under."""
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode):
        return False
    names = [path, *(path.with_name(path.name + suffix) for suffix in _KEPT)]
    kept = [_file_identity(name) for name in names if not name.is_symlink()]
    return status.st_nlink == kept.count((status.st_dev, status.st_ino))


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
        raise CatalogError("a value is too large for the catalog, or no text") from None


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
    kind, sentence = _MEANINGS[(code or 0) & 0xFF]
    return kind(sentence.format(path=path))


class Database:
    """One open database file.

    Parameters
    ----------
    path : Path
        Existing file (may be empty: migrations fill it).
    busy_timeout_seconds : float, default 10
        How long a transaction waits for another process.
    make_room : callable, optional
        Called before each transaction, so that a full disk has room for it.

    Raises
    ------
    CatalogError
        If the file cannot be opened or is no SQLite database.

    Notes
    -----
    May be used from several threads: each transaction takes a lock. Do not carry it
    through a fork.
    """

    def __init__(
        self,
        path: Path,
        *,
        busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS,
        make_room: Callable[[], None] | None = None,
    ) -> None:
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            raise CatalogError(
                f"SQLite {sqlite3.sqlite_version} is too old; the catalog needs 3.37 or later"
            )
        self.path = path
        self._lock = threading.RLock()
        self._depth = 0
        self._make_room = make_room
        self._after_commit: dict[str, Callable[[], None]] = {}
        #: called after every commit of this process, at once: it must not wait for anything
        self.on_commit: Callable[[], None] | None = None
        #: called at the end of each transaction, inside it; an error undoes the transaction
        self.before_commit: Callable[[sqlite3.Connection], None] | None = None
        refuse_links(path)
        if not path.is_file():
            raise CatalogError(f"there is no catalog at {path}; create one first")
        self._identity = _file_identity(path)
        self._checked_schema: tuple[Callable[[sqlite3.Connection], None], int] | None = None
        with translated_errors(path):
            self._connection = _connect(path, busy_timeout_seconds)

    @property
    def in_transaction(self) -> bool:
        """Whether this thread is inside :meth:`write`."""
        return self._depth > 0

    @contextmanager
    def still(self) -> Iterator[None]:
        """Hold other threads of this process off, so that several reads are of one moment."""
        with self._lock:
            yield

    def data_version(self) -> int:
        """Return a number that is another once another connection has written."""
        return int(self.read("PRAGMA data_version")[0][0])

    def read(self, sql: str, *parameters: object) -> list[sqlite3.Row]:
        """Return the rows of one SELECT.

        Parameters
        ----------
        sql : str
            Statement with ``?`` where parameters go.
        *parameters : object
            Values for them.
        """
        with self._lock, translated_errors(self.path):
            return self._connection.execute(sql, parameters).fetchall()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """All or nothing: commit what is done inside, or nothing if an error leaves it.

        A `write` inside a `write` joins it.

        Yields
        ------
        sqlite3.Connection
            For statements; never commit on it.

        Raises
        ------
        CatalogError
            If the database refuses; nothing of the transaction is stored then.
        """
        with self._lock, translated_errors(self.path):
            if self._depth:
                yield self._connection
                return
            self._check_file()
            if self._make_room is not None:
                self._make_room()
            self._after_commit.clear()
            self._connection.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                self._check_schema()
                yield self._connection
                if self.before_commit is not None:
                    self.before_commit(self._connection)
                self._connection.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise
            finally:
                self._depth = 0
            self._check_file()
            for call in tuple(self._after_commit.values()):
                call()
            if self.on_commit is not None:
                self.on_commit()

    def after_commit(self, name: str, call: Callable[[], None]) -> None:
        """Call `call` once the transaction that is open now is on the disk.

        Parameters
        ----------
        name : str
            A later call of the same name in the same transaction takes its place.
        call : callable
            Not called if the transaction fails.
        """
        self._after_commit[name] = call

    def empty_journal(self) -> bool:
        """Move the write-ahead log into the database and cut it to nothing.

        Returns
        -------
        bool
            False if another process reads at this moment, so that the log, which may
            hold deleted content, is still there.
        """
        with self._lock, translated_errors(self.path):
            busy, _, _ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy

    def check(self) -> None:
        """Read the whole database and check it.

        Raises
        ------
        CatalogDamaged
            If a page, an index or a reference between tables is wrong.
        """
        faults = [row[0] for row in self.read("PRAGMA integrity_check(10)")]
        orphans = self.read("PRAGMA foreign_key_check")
        if faults != ["ok"] or orphans:
            count = len(orphans) + (0 if faults == ["ok"] else len(faults))
            raise CatalogDamaged(
                f"the catalog {self.path} is damaged ({count} faults found); 'workbench mirror "
                "repair' restores it from the mirror, 'workbench archive restore' from a backup"
            )

    def close(self) -> None:
        """Close the file; the last process to close it removes the log."""
        with self._lock, translated_errors(self.path):
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _roll_back(self) -> None:
        self._after_commit.clear()
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def watch_schema(self, check: Callable[[sqlite3.Connection], None]) -> None:
        """Check the schema in the next transaction, and whenever somebody changed it.

        Parameters
        ----------
        check : callable
            Raises an error if the schema is not the program's.
        """
        self._checked_schema = check, -1

    def _check_schema(self) -> None:
        if self._checked_schema is None:
            return
        check, checked = self._checked_schema
        version = int(self._connection.execute("PRAGMA schema_version").fetchone()[0])
        if version != checked:
            check(self._connection)
            self._checked_schema = check, version

    def _check_file(self) -> None:
        """Refuse to write into a file that is no longer the one at this path."""
        if _file_identity(self.path) != self._identity:
            raise CatalogError(
                f"the catalog {self.path} was removed or replaced while it was open, as when its "
                "disk goes: nothing is written into its place; put the right folder back, or go on "
                "with the mirror"
            )


def _file_identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _connect(path: Path, busy_timeout_seconds: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode=rw",
        uri=True,
        timeout=busy_timeout_seconds,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        connection.row_factory = sqlite3.Row
        _check_application(connection, path)
        _use_write_ahead_log(connection, path)
        for pragma in _PRAGMAS:
            connection.execute(pragma)
    except BaseException:
        connection.close()
        raise
    return connection


def _use_write_ahead_log(connection: sqlite3.Connection, path: Path) -> None:
    if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
        raise CatalogError(
            f"the disk that holds {path} cannot keep a write-ahead log (network disks cannot); "
            "put the catalog on a local disk"
        )


def _check_application(connection: sqlite3.Connection, path: Path) -> None:
    found = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if found != APPLICATION_ID and tables:
        raise CatalogError(f"{path} is a database of another program, not a catalog")

"""The SQLite connection: durable settings, transactions and errors in clear words.

Every commit is on the disk before it returns (WAL with ``synchronous=FULL``). Two
processes may write at once: a write transaction takes the lock at its beginning and
the other waits. Deleted content is overwritten with zeros (``secure_delete``).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from recorder_core.catalog.database.links import file_identity, refuse_links
from recorder_core.catalog.database.rows import decode_text
from recorder_core.catalog.database.sqlite_errors import translated_errors
from recorder_core.errors import (
    CatalogDamaged,
    CatalogError,
)

__all__ = ["APPLICATION_ID", "Database"]

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


class Database:
    """One open database file.

    Parameters
    ----------
    path : Path
        Existing file (may be empty: migrations fill it).
    busy_timeout_seconds : float, default 10
        How long a transaction waits for another process.
    free_space : callable, optional
        Called before each transaction, so that a full disk has space for it.

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
        free_space: Callable[[], None] | None = None,
    ) -> None:
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            raise CatalogError(
                f"SQLite {sqlite3.sqlite_version} is too old; the catalog needs 3.37 or later"
            )
        self.path = path
        self._lock = threading.RLock()
        #: the thread that is inside `write`
        self._writer: int | None = None
        self._free_space = free_space
        self._after_commit: dict[str, Callable[[], None]] = {}
        #: called after every commit of this process, at once: it must not wait for anything
        self.on_commit: Callable[[], None] | None = None
        #: called at the end of each transaction, inside it; an error undoes the transaction
        self.before_commit: Callable[[sqlite3.Connection], None] | None = None
        refuse_links(path)
        if not path.is_file():
            raise CatalogError(f"there is no catalog at {path}; create one first")
        self._identity = file_identity(path)
        self._checked_schema: tuple[Callable[[sqlite3.Connection], None], int] | None = None
        with translated_errors(path):
            self._connection = _connect(path, busy_timeout_seconds)

    @property
    def in_transaction(self) -> bool:
        """Whether this thread is inside :meth:`write`."""
        return self._writer == threading.get_ident()

    @contextmanager
    def still(self) -> Iterator[None]:
        """Hold one snapshot for several reads, whatever other threads and processes write."""
        with self._lock, translated_errors(self.path):
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.execute("ROLLBACK")

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
            if self._writer is not None:
                yield self._connection
                return
            self._check_file()
            if self._free_space is not None:
                self._free_space()
            self._after_commit.clear()
            self._connection.execute("BEGIN IMMEDIATE")
            self._writer = threading.get_ident()
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
                self._writer = None
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
        if file_identity(self.path) != self._identity:
            raise CatalogError(
                f"the catalog {self.path} was removed or replaced while it was open, as when its "
                "disk goes: nothing is written into its place; put the right folder back, or go on "
                "with the mirror"
            )


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
        connection.text_factory = decode_text
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

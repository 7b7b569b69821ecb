"""The head of the audit log, kept a second time in a small file outside the database.

Cutting rows off the end of a hash chain leaves a chain that is sound in itself; only
somebody who remembers the head notices. The file is replaced atomically, and only by
a later head: several processes take turns through a lock on it.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from recorder_core.errors import AuditError, SettingsError
from recorder_core.model.inner_files import create_inner, open_inner, read_inner
from recorder_core.model.json_text import parse_json

__all__ = ["EMPTY_HEAD", "AuditHead", "read_anchor", "replace_anchor", "write_anchor"]


#: SQLite's integers
_MAX_SEQ = 2**63


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The last row of the audit log."""

    seq: int
    #: SHA-256 of that row, 64 hexadecimal digits
    hash: str

    def __post_init__(self) -> None:
        if not 0 <= self.seq < _MAX_SEQ:
            raise SettingsError("the number of a row of the audit log is below 0 or too large")


#: head of a log without rows
EMPTY_HEAD = AuditHead(0, "0" * 64)


def read_anchor(path: Path, archive_id: str | None = None) -> AuditHead | None:
    """Return the head that the file remembers, None if there is no file.

    Parameters
    ----------
    path : Path
        The file.
    archive_id : str, optional
        Of the archive, for an anchor that lies outside its folders and names it; one that an
        earlier program made names none.

    Raises
    ------
    AuditError
        If the file is there but cannot be read, is not an anchor, or names another archive.
    """
    try:
        content = parse_json(read_inner(path).decode("ascii"))
        head = AuditHead(int(content["seq"]), str(content["hash"]))
        named = content.get("archive", archive_id)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AuditError(f"the audit anchor {path} cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise AuditError(
            f"the audit anchor {path} is damaged; compare the log with a copy of the anchor"
        ) from error
    if archive_id is not None and named != archive_id:
        raise AuditError(
            f"the audit anchor {path} is of the archive {named}, not of this one, which is "
            f"{archive_id}; name this archive's anchor, or a new file"
        )
    return head


def write_anchor(
    path: Path, head: AuditHead, archive_id: str | None = None, *, beside: str | None = None
) -> None:
    """Remember `head` durably, unless the file already remembers a later one.

    Parameters
    ----------
    path : Path
        The file.
    head : AuditHead
        The newest row.
    archive_id : str, optional
        Of the archive, for an anchor that lies outside its folders.
    beside : str, optional
        Name of a file without which the folder is not the right one; see `open_inner`.

    Raises
    ------
    AuditError
        If the file cannot be written, or names another archive.
    """
    with _locked(path, beside):
        present = read_anchor(path, archive_id)
        if present is None or present.seq < head.seq:
            _replace(path, head, archive_id, beside)


def replace_anchor(path: Path, head: AuditHead) -> None:
    """Remember `head` whatever the file remembers; for a break that a person accepted."""
    with _locked(path):
        _replace(path, head)


def _replace(
    path: Path, head: AuditHead, archive_id: str | None = None, beside: str | None = None
) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(create_inner(partial, beside=beside), "w", encoding="ascii") as file:
        json.dump(asdict(head) | ({"archive": archive_id} if archive_id else {}), file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _locked(path: Path, beside: str | None = None) -> Iterator[None]:
    """Hold the anchor against other processes; every OSError becomes an AuditError."""
    try:
        name = path.with_name(path.name + ".lock")
        lock = open_inner(name, os.O_RDONLY | os.O_CREAT, beside=beside)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)
    except OSError as error:
        raise AuditError(
            f"the audit anchor {path} cannot be written ({error.strerror}); check "
            "the disk and its permissions"
        ) from error

"""The head of the audit log, kept a second time in a small file outside the database.

Cutting rows off the end of a hash chain leaves a chain that is sound in itself; only
somebody who remembers the head notices. The file is replaced atomically, and only by
a later head: several processes take turns through a lock on it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from recorder_core.errors import AnchorDamaged, AuditError, SettingsError
from recorder_core.model.files.file_locks import disk_advice
from recorder_core.model.files.inner_files import create_inner, open_inner, read_inner
from recorder_core.model.values.json_text import parse_json

__all__ = ["EMPTY_HEAD", "AuditHead", "read_anchor", "replace_anchor", "write_anchor"]


#: SQLite's integers
_MAX_SEQ = 2**63
_DAMAGED: Final = "the audit anchor {} is damaged; compare the log with a copy of the anchor"


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
        If the file is there but cannot be read, is not an anchor (AnchorDamaged), or names another
        archive.
    """
    try:
        content = parse_json(read_inner(path).decode("ascii"))
        head = AuditHead(int(content["seq"]), str(content["hash"]))
        named = content.get("archive", archive_id)
        checksum = content.get("checksum")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AuditError(f"the audit anchor {path} cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise AnchorDamaged(_DAMAGED.format(path)) from error
    if checksum not in (None, _checksum(head)):
        raise AnchorDamaged(_DAMAGED.format(path))
    if archive_id is not None and named != archive_id:
        raise AuditError(
            f"the audit anchor {path} is of the archive {named}, not of this one, which is "
            f"{archive_id}; name this archive's anchor, or a new file"
        )
    return head


def write_anchor(
    path: Path,
    head: AuditHead,
    archive_id: str | None = None,
    *,
    beside: str | None = None,
    renew_damaged: bool = False,
) -> bool:
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
    renew_damaged : bool, default False
        Write a damaged one anew: another anchor, or another copy of the log, agrees with the head.

    Returns
    -------
    bool
        Whether a damaged one was written anew.

    Raises
    ------
    AuditError
        If the file cannot be written, is damaged, or names another archive.
    """
    with _locked(path, beside):
        is_damaged = False
        try:
            present = read_anchor(path, archive_id)
        except AnchorDamaged:
            if not renew_damaged:
                raise
            present, is_damaged = None, True
        if present is None or present.seq < head.seq:
            _replace(path, head, archive_id, beside)
        return is_damaged


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
        content = asdict(head) | {"checksum": _checksum(head)}
        json.dump(content | ({"archive": archive_id} if archive_id else {}), file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _checksum(head: AuditHead) -> str:
    """Return what tells a damaged anchor from one that another log has."""
    return hashlib.sha256(f"{head.seq} {head.hash}".encode("ascii")).hexdigest()[:16]


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
            f"the audit anchor {path} cannot be written ({error.strerror}); {disk_advice(error)}"
        ) from error

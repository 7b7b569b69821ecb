"""Errors of disks without space, as Python, FFmpeg's bindings and SQLite raise them."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from recorder_core.errors import CatalogError, EncodeError
from recorder_core.full_disk import is_full_disk


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_the_cause_of_a_sentence_counts(code: int) -> None:
    error = EncodeError("the copy cannot be written")
    error.__cause__ = OSError(code, os.strerror(code))
    assert is_full_disk(error)


def test_a_catalog_without_room_counts(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "small.db")
    database.execute("CREATE TABLE rows (value)")
    database.execute("PRAGMA max_page_count = 3")
    with pytest.raises(sqlite3.OperationalError) as raised:
        database.execute("INSERT INTO rows VALUES (zeroblob(100000))")
    database.close()
    assert is_full_disk(raised.value)


@pytest.mark.parametrize(
    "error",
    [None, OSError(errno.EACCES, "Permission denied"), CatalogError("no"), sqlite3.Error("no")],
)
def test_nothing_else_counts(error: BaseException | None) -> None:
    assert not is_full_disk(error)

"""A catalog on a disk that cannot be written is read, with what only its journal has."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from recorder_core.catalog import Action, Actor, Catalog, Profile
from recorder_core.catalog.care.checks import newest_head, reading_catalog, with_other
from recorder_core.catalog.database.read_only import readable_catalog
from recorder_core.errors import CatalogError


@pytest.fixture
def cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Leave a catalog as a power cut would, on a disk that is read-only now."""
    made, disk = tmp_path / "made.db", tmp_path / "disk"
    disk.mkdir()
    with Catalog.create(made) as catalog:
        catalog.audit.append(Actor("adam", Profile.ADMINISTRATOR, "local"), Action.LOG_IN)
        for suffix in ("", "-wal"):
            shutil.copy(f"{made}{suffix}", disk / f"catalog.db{suffix}")
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != disk and real(path, mode))
    return disk / "catalog.db"


def test_what_only_the_journal_has_is_read_and_nothing_is_made_beside_it(cut_off: Path) -> None:
    with reading_catalog(cut_off) as connection:
        assert newest_head(connection).seq == 1
    with reading_catalog(cut_off) as connection, with_other(connection, cut_off):
        assert connection.execute("SELECT count(*) FROM other.audit").fetchone()[0] == 1
    assert {path.name for path in cut_off.parent.iterdir()} == {"catalog.db", "catalog.db-wal"}


def test_a_copy_that_finds_no_room_is_one_sentence(
    cut_off: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", no_room)
    with (
        pytest.raises(
            CatalogError, match=r"copied to .* \(No space left on device\): free up space"
        ),
        readable_catalog(cut_off),
    ):
        pass

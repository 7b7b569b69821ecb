"""What a cut-off file holds, sealed again as its next generation."""

from __future__ import annotations

from pathlib import Path

import pytest

from recorder_core.archive import (
    FileIdentity,
    PrivateKey,
    ReaderSet,
    SealedReader,
    SealedWriter,
    SealSettings,
)
from recorder_core.errors import NoKeyMatches, PayloadDamaged
from recorder_core.jobs.archive.files.sealing import copy_content, seal_again
from recorder_core.jobs.archive.place.roles import file_name, make_file_id

IDENTITY = FileIdentity("event-1", "original")
BASE = file_name(make_file_id(IDENTITY))
CONTENT = bytes(range(250)) * 4
REVIEWER, RECOVERY = PrivateKey.generate(), PrivateKey.generate()


@pytest.fixture
def cut(tmp_path: Path) -> list[Path]:
    """A mirrored recording of many small segments that was cut off; its roots."""
    roots = [tmp_path / "archive", tmp_path / "mirror"]
    for root in roots:
        (root / "events").mkdir(parents=True)
    readers = ReaderSet(RECOVERY.public_key, (REVIEWER.public_key,))
    settings = SealSettings(segment_bytes=96)
    writer = SealedWriter(roots, BASE, IDENTITY, readers, settings=settings)
    writer.write(CONTENT)
    writer.abandon()
    return roots


def _opened(roots: list[Path]) -> SealedReader:
    return SealedReader([root / BASE for root in roots], REVIEWER, IDENTITY, incomplete=True)


def _damage(root: Path, segment: int) -> None:
    stream = root / f"{BASE}.sealed"
    damaged = bytearray(stream.read_bytes())
    damaged[segment * 96 + 9] ^= 1
    stream.write_bytes(damaged)


def test_the_new_file_is_whole_and_the_old_one_untouched(cut: list[Path]) -> None:
    old = [(root / f"{BASE}.sealed").read_bytes() for root in cut]
    with _opened(cut) as source:
        new, size_bytes = seal_again(cut, source, copy_content)
    assert (new.file_id, size_bytes) == ("event-1/original.2", 1000)
    for root in cut:
        for key in (REVIEWER, RECOVERY):
            with SealedReader(root / file_name(new.file_id), key, new.identity) as reader:
                assert reader.complete
                assert reader.read() == CONTENT
    with pytest.raises(NoKeyMatches):
        SealedReader(cut[0] / file_name(new.file_id), PrivateKey.generate(), new.identity)
    assert old == [(root / f"{BASE}.sealed").read_bytes() for root in cut]


def test_different_damage_on_the_roots_is_put_together(cut: list[Path]) -> None:
    for root, segment in zip(cut, (3, 8), strict=True):
        _damage(root, segment)
    with _opened(cut[:1]) as source, pytest.raises(PayloadDamaged, match="segment 3"):
        seal_again(cut[:1], source, copy_content)
    assert not list((cut[0] / "events" / "event-1").glob("original.2*"))
    with _opened(cut) as source:
        new, _ = seal_again(cut, source, copy_content)
    with SealedReader(cut[1] / file_name(new.file_id), REVIEWER, new.identity) as reader:
        assert reader.read() == CONTENT

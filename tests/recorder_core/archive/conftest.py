"""Keys and small sealed files for the archive's tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from recorder_core.archive import (
    FileIdentity,
    PrivateKey,
    ReaderSet,
    SealedPaths,
    SealedReader,
    SealedWriter,
    SealSettings,
)

IDENTITY = FileIdentity("7d0c6a52-event", "original")
#: 40 content bytes in segment 0, 80 in the others
TINY = SealSettings(segment_bytes=96, sync_seconds=1.0)


@dataclass
class People:
    """Who may read what: a reviewer, someone without a grant, and the paper in the safe."""

    reviewer: PrivateKey
    stranger: PrivateKey
    recovery: PrivateKey

    @property
    def readers(self) -> ReaderSet:
        return ReaderSet(self.recovery.public_key, (self.reviewer.public_key,))


@pytest.fixture
def identity() -> FileIdentity:
    return IDENTITY


@pytest.fixture
def tiny() -> SealSettings:
    return TINY


@pytest.fixture(scope="session")
def people() -> People:
    return People(PrivateKey.generate(), PrivateKey.generate(), PrivateKey.generate())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    folder = tmp_path / "mirror"
    folder.mkdir()
    return folder


@dataclass
class Sealer:
    """Seals small files below one root and opens them again."""

    root: Path
    people: People

    def seal(
        self,
        content: bytes,
        name: str = "file",
        identity: FileIdentity = IDENTITY,
        settings: SealSettings = TINY,
    ) -> SealedPaths:
        with SealedWriter(
            [self.root], name, identity, self.people.readers, settings=settings
        ) as writer:
            writer.write(content)
        return SealedPaths.of(self.root / name)

    def cut(self, content: bytes, name: str = "file") -> SealedPaths:
        """Leave a recording as a crash would, everything written so far durable."""
        writer = SealedWriter([self.root], name, IDENTITY, self.people.readers, settings=TINY)
        writer.write(content)
        writer.abandon()
        return SealedPaths.of(self.root / name)

    def open(
        self, name: str = "file", identity: FileIdentity = IDENTITY, *, incomplete: bool = False
    ) -> SealedReader:
        return SealedReader(self.root / name, self.people.reviewer, identity, incomplete=incomplete)


@pytest.fixture
def sealer(root: Path, people: People) -> Sealer:
    return Sealer(root, people)


@pytest.fixture
def content() -> Callable[[int], bytes]:
    """Bytes that differ at every place of a small file."""
    return lambda size: bytes((place * 7 + place // 251) % 256 for place in range(size))

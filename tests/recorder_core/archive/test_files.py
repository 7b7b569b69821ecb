"""What one root lacks another gives, and destroying keys."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from recorder_core.archive import (
    SealedReader,
    SealedWriter,
    destroy_keys,
)
from recorder_core.errors import ArchiveError

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def cut(root, mirror, people, identity, tiny, content):
    """A mirrored recording of 1000 bytes that was cut off; both folders."""
    writer = SealedWriter([root, mirror], "f", identity, people.readers, settings=tiny)
    writer.write(content(1000))
    writer.abandon()
    return root, mirror


def test_the_longer_copy_is_read(cut, people, identity, content):
    root, mirror = cut
    for path in (root / "f.sealed", root / "f.tail"):
        path.write_bytes(path.read_bytes()[:300])
    bases = [folder / "f" for folder in cut]
    with SealedReader(bases, people.reviewer, identity, incomplete=True) as reader:
        assert reader.read() == content(1000)
        assert reader.bases == (mirror / "f", root / "f")


def test_a_lost_key_file_is_covered_by_the_mirror(cut, people, identity, content):
    bases = [folder / "f" for folder in cut]
    (cut[0] / "f.key").unlink()
    with SealedReader(bases, people.reviewer, identity, incomplete=True) as reader:
        assert reader.read() == content(1000)
    (cut[1] / "f.key").unlink()
    with pytest.raises(ArchiveError, match="key file cannot be read"):
        SealedReader(bases, people.reviewer, identity, incomplete=True)


def test_destroyed_keys_are_gone_everywhere(cut, people, identity):
    leftover = cut[0] / "f.key.0a1b2c3d.new"
    leftover.write_bytes((cut[0] / "f.key").read_bytes())
    kept = os.open(cut[0] / "f.key", os.O_RDONLY)
    before = os.pread(kept, 4096, 0)
    destroy_keys(cut, "f")
    assert os.pread(kept, 4096, 0) != before  # overwritten, not only unlinked
    os.close(kept)
    assert not list(cut[0].glob("f.key*"))
    assert not list(cut[1].glob("f.key*"))
    for folder in cut:
        with pytest.raises(ArchiveError, match="key file cannot be read"):
            SealedReader(folder / "f", people.recovery, identity, incomplete=True)


def test_a_root_that_keeps_its_keys_is_named(cut, monkeypatch):
    real = Path.unlink

    def unlink(path, missing_ok=False):
        if cut[0] in path.parents:
            raise OSError(30, "Read-only file system")
        real(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink)
    with pytest.raises(ArchiveError, match=r"root .*Read-only"):
        destroy_keys(cut, "f")
    assert not (cut[1] / "f.key").exists()


def test_killed_at_random_moments(tmp_path):
    """A few of the kills that profiling/faults/fault_archive.py makes by the hundred."""
    output = tmp_path / "counts.json"
    done = subprocess.run(
        [sys.executable, "profiling/faults/fault_archive.py", "--kills", "30", "--out", output],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    counts = json.loads(output.read_text())
    assert counts["kills"] == sum(counts["outcomes"].values()) == 30
    assert counts["outcomes"]["cut off, finalised"] >= 3

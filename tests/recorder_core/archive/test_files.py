"""Finalising what a crash cut off, and destroying keys."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from recorder_core.archive import (
    SealedReader,
    SealedWriter,
    destroy_keys,
    finalise_sealed,
)
from recorder_core.errors import ArchiveError, NoKeyMatches, PayloadDamaged, SettingsError

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def cut(root, mirror, people, identity, tiny, content):
    """A mirrored recording of 1000 bytes that was cut off; both folders."""
    writer = SealedWriter([root, mirror], "f", identity, people.readers, settings=tiny)
    writer.write(content(1000))
    writer.abandon()
    return root, mirror


def test_finalised_recordings_are_whole(cut, people, identity, content, tiny):
    old = [(folder / "f.sealed").read_bytes() for folder in cut]
    report = finalise_sealed(cut, "f", people.reviewer, identity, "g", settings=tiny)
    assert report.content_bytes == 1000
    newer = replace(identity, generation=2)
    for folder in cut:
        for private_key in (people.reviewer, people.recovery):
            with SealedReader(folder / "g", private_key, newer) as reader:
                assert reader.complete
                assert reader.read() == content(1000)
    with pytest.raises(NoKeyMatches):
        SealedReader(cut[0] / "g", people.stranger, newer)
    assert old == [(folder / "f.sealed").read_bytes() for folder in cut]


def test_the_longer_copy_is_taken(cut, people, identity, content):
    root, mirror = cut
    for path in (root / "f.sealed", root / "f.tail"):
        path.write_bytes(path.read_bytes()[:300])
    report = finalise_sealed(cut, "f", people.reviewer, identity, "g")
    assert report.content_bytes == 1000
    assert report.sources == (mirror, root)


def test_each_copy_repairs_the_other(cut, people, identity, content):
    """Different segments are damaged on the two roots; one root's key file is gone as well."""
    for folder, segment in zip(cut, (3, 8), strict=True):
        stream = folder / "f.sealed"
        damaged = bytearray(stream.read_bytes())
        damaged[segment * 96 + 9] ^= 1
        stream.write_bytes(damaged)
    with pytest.raises(PayloadDamaged, match="segment 3"):
        finalise_sealed(cut[:1], "f", people.reviewer, identity, "alone")
    assert not list(cut[0].glob("alone*"))
    finalise_sealed(cut, "f", people.reviewer, identity, "g")


def test_a_lost_key_file_is_covered_by_the_mirror(cut, people, identity):
    (cut[0] / "f.key").unlink()
    assert finalise_sealed(cut, "f", people.reviewer, identity, "g").content_bytes == 1000
    (cut[1] / "f.key").unlink()
    with pytest.raises(ArchiveError, match="key file cannot be read"):
        finalise_sealed(cut, "f", people.reviewer, identity, "h")


def test_whole_files_are_not_finalised(sealer, people, identity, content):
    sealer.seal(content(10))
    with pytest.raises(SettingsError, match="nothing to finalise"):
        finalise_sealed([sealer.root], "file", people.reviewer, identity, "g")


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
    """A few of the kills that profiling/fault_archive.py makes by the hundred."""
    output = tmp_path / "counts.json"
    done = subprocess.run(
        [sys.executable, "profiling/fault_archive.py", "--kills", "30", "--out", output],
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

"""Reading a recording without its end from all the roots it lies on."""

from __future__ import annotations

import io
import os

import pytest

from recorder_core.archive import MirroredReader, SealedWriter
from recorder_core.errors import ArchiveError, NoKeyMatches, PayloadDamaged, SettingsError


@pytest.fixture
def cut(root, mirror, people, identity, tiny, content):
    """A mirrored recording of 1000 bytes that was cut off; both folders."""
    writer = SealedWriter([root, mirror], "f", identity, people.readers, settings=tiny)
    writer.write(content(1000))
    writer.abandon()
    return root, mirror


def opened(roots, people, identity):
    return MirroredReader(roots, "f", people.reviewer, identity)


def damage(folder, segment):
    stream = folder / "f.sealed"
    content = bytearray(stream.read_bytes())
    content[segment * 96 + 50] ^= 1
    stream.write_bytes(content)


def test_it_reads_like_a_file(cut, people, identity, content):
    with opened(cut, people, identity) as reader, io.BufferedReader(reader) as file:
        assert (reader.size_bytes, reader.complete, reader.segment_count) == (1000, False, 12)
        assert reader.roots == cut
        assert file.read() == content(1000)
        assert file.seek(-7, os.SEEK_END) == 993
        assert file.read(100) == content(1000)[993:]
        assert file.seek(500) == 500
        assert file.read(300) == content(1000)[500:800]
        file.seek(2000)
        assert file.read() == b""
        assert "2 copies" in repr(reader)
    with pytest.raises(SettingsError), opened(cut, people, identity) as reader:
        reader.seek(-1)


def test_a_segment_that_one_copy_lost_is_read_from_the_other(cut, people, identity, content):
    damage(cut[0], 3)
    damage(cut[1], 8)
    with opened(cut, people, identity) as reader:
        assert io.BufferedReader(reader).read() == content(1000)
    damage(cut[1], 3)
    with opened(cut, people, identity) as reader:
        assert reader.read_segment(0, 40) == content(40)
        with pytest.raises(PayloadDamaged, match="segment 3"):
            reader.read_segment(200, 10)


def test_the_longest_copy_says_how_long_it_is(cut, people, identity, content):
    root, mirror = cut
    (root / "f.tail").write_bytes(b"")
    with opened(cut, people, identity) as reader:
        assert reader.roots == (mirror, root)
        assert io.BufferedReader(reader).read() == content(1000)
    with opened([root], people, identity) as reader:
        assert 900 < reader.size_bytes < 1000


def test_what_no_copy_opens_is_told_of_the_first(cut, people, identity):
    with pytest.raises(NoKeyMatches):
        MirroredReader(cut, "f", people.stranger, identity)
    (cut[0] / "f.key").unlink()
    with opened(cut, people, identity) as reader:
        assert reader.roots == cut[1:]
    (cut[1] / "f.key").unlink()
    with pytest.raises(ArchiveError, match="key file cannot be read"):
        opened(cut, people, identity)

"""Reading one file from all the roots it lies on: what one copy lost, another gives."""

from __future__ import annotations

import hashlib
import io
import os

import pytest

from recorder_core.archive import SealedPaths, SealedReader, SealedWriter
from recorder_core.errors import ArchiveError, NoKeyMatches, PayloadDamaged, SettingsError


@pytest.fixture
def cut(root, mirror, people, identity, tiny, content):
    """A mirrored recording of 1000 bytes that was cut off; both folders."""
    writer = SealedWriter([root, mirror], "f", identity, people.readers, settings=tiny)
    writer.write(content(1000))
    writer.abandon()
    return root, mirror


@pytest.fixture
def whole(root, mirror, people, identity, tiny, content):
    """A mirrored file of 1000 bytes with its end; both folders."""
    with SealedWriter([root, mirror], "f", identity, people.readers, settings=tiny) as writer:
        writer.write(content(1000))
    return root, mirror


def opened(roots, people, identity, *, incomplete=False):
    bases = [folder / "f" for folder in roots]
    return SealedReader(bases, people.reviewer, identity, incomplete=incomplete)


def damage(folder, segment):
    flip(folder / "f.sealed", segment * 96 + 50)


def flip(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def shorten(path, size):
    path.write_bytes(path.read_bytes()[:size])


def append(path):
    path.write_bytes(path.read_bytes() + b"more")


def zero(path, size):
    path.write_bytes(bytes(size) + path.read_bytes()[size:])


def without_end(folder):
    """Leave the key file that was there before the stream was complete."""
    key = folder / "f.key"
    lines = key.read_bytes().splitlines(keepends=True)
    kept = b"".join(line for line in lines if not line.startswith((b"complete", b"checksum")))
    key.write_bytes(kept + b"checksum " + hashlib.sha256(kept).hexdigest().encode() + b"\n")


DAMAGES = {
    "a segment": lambda folder: damage(folder, 3),
    "the first segment": lambda folder: damage(folder, 0),
    "the header": lambda folder: flip(folder / "f.sealed", 7),
    "the first sector": lambda folder: zero(folder / "f.sealed", 150),
    "the end": lambda folder: damage(folder, 12),
    "cut in the header": lambda folder: shorten(folder / "f.sealed", 12),
    "cut in the middle": lambda folder: shorten(folder / "f.sealed", 5 * 96 + 11),
    "an empty stream": lambda folder: shorten(folder / "f.sealed", 0),
    "no stream": lambda folder: (folder / "f.sealed").unlink(),
    "something appended": lambda folder: append(folder / "f.sealed"),
    "a key file's bit": lambda folder: flip(folder / "f.key", 200),
    "a cut key file": lambda folder: shorten(folder / "f.key", 120),
    "an empty key file": lambda folder: shorten(folder / "f.key", 0),
    "no key file": lambda folder: (folder / "f.key").unlink(),
    "a key file without the end": without_end,
}
#: on the other root at the same time: nothing of the above hits the same bytes
ELSEWHERE = {
    "nothing": lambda folder: None,
    "a segment": lambda folder: damage(folder, 8),
}


@pytest.mark.parametrize("first", DAMAGES)
@pytest.mark.parametrize("second", ELSEWHERE)
@pytest.mark.parametrize("turned", [False, True])
def test_a_whole_file_opens_with_different_damage_on_both_roots(
    whole, people, identity, content, first, second, turned
):
    lacks_eight = {"an empty stream", "no stream", "cut in the header", "cut in the middle"}
    one, other = reversed(whole) if turned else whole
    DAMAGES[first](one)
    ELSEWHERE[second](other)
    if second == "a segment" and first in lacks_eight:
        with opened(whole, people, identity) as reader:
            assert reader.read_at(0, 600) == content(600)
            with pytest.raises(PayloadDamaged, match="segment 8"):
                reader.read()
        return
    with opened(whole, people, identity) as reader:
        assert (reader.size_bytes, reader.complete) == (1000, True)
        assert reader.read() == content(1000)
        for place in range(0, 1000, 7):
            assert reader.read_at(place, 5) == content(1000)[place : place + 5]
        assert all(reader.is_authentic(index) for index in range(reader.segment_count))


def test_key_file_of_one_root_and_stream_of_the_other(whole, people, identity, content):
    (whole[0] / "f.sealed").unlink()
    (whole[1] / "f.key").unlink()
    with opened(whole, people, identity) as reader:
        assert reader.bases == (whole[1] / "f",)
        assert reader.read() == content(1000)


def test_headers_of_both_and_a_segment_of_each(whole, people, identity, content):
    for folder, segment in zip(whole, (2, 9), strict=True):
        flip(folder / "f.sealed", 20)
        damage(folder, segment)
    with opened(whole, people, identity) as reader:
        assert reader.read() == content(1000)


def test_the_same_damage_on_every_root_is_said_and_never_handed_out(whole, people, identity):
    for folder in whole:
        damage(folder, 5)
    with opened(whole, people, identity) as reader:
        reader.read_at(0, 350)
        with pytest.raises(PayloadDamaged, match="segment 5 is not authentic on any root"):
            reader.read()
    for folder in whole:
        zero(folder / "f.sealed", (folder / "f.sealed").stat().st_size)
    with pytest.raises(ArchiveError):
        opened(whole, people, identity)


def test_a_stranger_is_refused_whatever_is_damaged(whole, people, identity):
    (whole[0] / "f.key").unlink()
    with pytest.raises(NoKeyMatches):
        SealedReader([folder / "f" for folder in whole], people.stranger, identity)


def test_a_stream_of_another_making_is_passed_over(
    whole, people, identity, content, tiny, tmp_path
):
    with SealedWriter([tmp_path], "f", identity, people.readers, settings=tiny) as writer:
        writer.write(bytes(1000))
    foreign = SealedPaths.of(tmp_path / "f").stream.read_bytes()
    (whole[0] / "f.sealed").write_bytes(foreign)
    with opened(whole, people, identity) as reader:
        assert reader.read() == content(1000)


def test_a_recording_without_its_end_reads_like_a_file(cut, people, identity, content):
    with opened(cut, people, identity, incomplete=True) as reader, io.BufferedReader(reader) as f:
        assert (reader.size_bytes, reader.complete, reader.segment_count) == (1000, False, 12)
        assert reader.bases == tuple(folder / "f" for folder in cut)
        assert f.read() == content(1000)
        assert f.seek(-7, os.SEEK_END) == 993
        assert f.read(100) == content(1000)[993:]
        assert f.seek(500) == 500
        assert f.read(300) == content(1000)[500:800]
        f.seek(2000)
        assert f.read() == b""
    with (
        pytest.raises(SettingsError),
        opened(cut, people, identity, incomplete=True) as reader,
    ):
        reader.seek(-1)


def test_a_segment_that_one_copy_lost_is_read_from_the_other(cut, people, identity, content):
    damage(cut[0], 3)
    damage(cut[1], 8)
    with opened(cut, people, identity, incomplete=True) as reader:
        assert io.BufferedReader(reader).read() == content(1000)
    damage(cut[1], 3)
    with opened(cut, people, identity, incomplete=True) as reader:
        assert reader.read_at(0, 40) == content(40)
        with pytest.raises(PayloadDamaged, match="segment 3"):
            reader.read_at(200, 10)


def test_the_longest_copy_says_how_long_it_is(cut, people, identity, content):
    root, mirror = cut
    (root / "f.tail").write_bytes(b"")
    with opened(cut, people, identity, incomplete=True) as reader:
        assert reader.bases == (mirror / "f", root / "f")
        assert io.BufferedReader(reader).read() == content(1000)
    with opened([root], people, identity, incomplete=True) as reader:
        assert 900 < reader.size_bytes < 1000


def test_what_no_copy_opens_is_told_of_the_first(cut, people, identity, content):
    with pytest.raises(NoKeyMatches):
        SealedReader([folder / "f" for folder in cut], people.stranger, identity, incomplete=True)
    (cut[0] / "f.key").unlink()
    with opened(cut, people, identity, incomplete=True) as reader:
        assert reader.read() == content(1000)
    (cut[1] / "f.key").unlink()
    with pytest.raises(ArchiveError, match="key file cannot be read"):
        opened(cut, people, identity, incomplete=True)

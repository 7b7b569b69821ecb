"""The tail: what a crash leaves of the segment that was being filled."""

from __future__ import annotations

import pytest

from recorder_core.archive.secrets.secret import SecretBytes
from recorder_core.archive.segments.stream import StreamHeader
from recorder_core.archive.segments.tail import TailCipher, read_tail

PARTS = [(4, 0, b"abc"), (4, 3, b"defgh"), (4, 8, b"i")]


@pytest.fixture
def cipher():
    return TailCipher(SecretBytes.random(32), StreamHeader.random(), b"file")


@pytest.fixture
def records(cipher):
    return [cipher.seal(*part) for part in PARTS]


def test_records_join(cipher, records):
    assert read_tail(b"".join(records), cipher, 4) == b"abcdefghi"
    assert read_tail(b"", cipher, 4) == b""


def test_other_segments_are_passed_over(cipher, records):
    assert read_tail(b"".join(records), cipher, 5) == b""
    following = cipher.seal(5, 0, b"next")
    assert read_tail(b"".join(records) + following, cipher, 5) == b"next"


def test_cut_at_every_byte(cipher, records):
    data = b"".join(records)
    ends = [len(records[0]), len(records[0] + records[1]), len(data)]
    for size in range(len(data)):
        whole = sum(size >= end for end in ends)
        assert read_tail(data[:size], cipher, 4) == b"".join(p for _, _, p in PARTS[:whole])


def test_every_bit(cipher, records):
    data = b"".join(records)
    for place in range(len(data)):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[place] ^= 1 << bit
            assert b"abcdefghi".startswith(read_tail(bytes(damaged), cipher, 4))
            assert read_tail(bytes(damaged), cipher, 4) != b"abcdefghi"


def test_swapped_repeated_dropped(cipher, records):
    first, second, third = records
    assert read_tail(second + first + third, cipher, 4) == b""
    assert read_tail(first + first + second, cipher, 4) == b"abc"
    assert read_tail(first + third, cipher, 4) == b"abc"


def test_another_files_tail(records):
    other = TailCipher(SecretBytes.random(32), StreamHeader.random(), b"file")
    assert read_tail(b"".join(records), other, 4) == b""


def test_a_tail_is_read_after_a_crash(sealer, content):
    for size in (0, 5, 40, 41, 120, 121, 333):
        sealer.cut(content(size), f"file{size}")
        with sealer.open(f"file{size}", incomplete=True) as reader:
            assert not reader.complete
            assert reader.read() == content(size)


def test_half_a_segment_on_the_disk_is_covered_by_the_tail(sealer, content):
    """The kernel may have written part of a segment that was never acknowledged."""
    paths = sealer.cut(content(130))
    paths.stream.write_bytes(paths.stream.read_bytes() + bytes(50))
    with sealer.open(incomplete=True) as reader:
        assert reader.read() == content(130)

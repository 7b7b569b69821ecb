"""What the reader hands out, and what it says when something is wrong."""

from __future__ import annotations

import io
import shutil
import threading
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from recorder_core.archive import (
    FileIdentity,
    SealedReader,
    SealedWriter,
    SealSettings,
    format_key_file,
)
from recorder_core.archive.segments.stream import HEADER_BYTES
from recorder_core.errors import (
    ArchiveError,
    ArchiveTruncated,
    HeaderDamaged,
    NoKeyMatches,
    PayloadDamaged,
    SettingsError,
    WrongCopy,
)

#: ends of segments (40, 120, 200), and around them
SIZES = [0, 1, 39, 40, 41, 119, 120, 121, 200, 777]


@pytest.mark.parametrize("size", SIZES)
def test_content_comes_back(sealer, content, size):
    sealer.seal(content(size))
    with sealer.open() as reader:
        assert reader.read() == content(size)
        assert reader.size_bytes == size
        assert reader.complete


def test_chunks_are_the_whole_content_wherever_the_reader_stood(sealer, content, monkeypatch):
    monkeypatch.setattr("recorder_core.archive.reading.reader._CHUNK_BYTES", 100)
    sealer.seal(content(777))
    with sealer.open() as reader:
        reader.seek(500)
        pieces = list(reader.chunks())
    assert [len(piece) for piece in pieces] == [100] * 7 + [77]
    assert b"".join(pieces) == content(777)


@pytest.mark.parametrize("chunk", [1, 7, 40, 80, 500])
def test_any_chunks_in_and_out(sealer, content, people, chunk, identity, tiny):
    data = content(777)
    with SealedWriter([sealer.root], "file", identity, people.readers, settings=tiny) as writer:
        for place in range(0, len(data), chunk):
            assert writer.write(data[place : place + chunk]) == len(data[place : place + chunk])
    with sealer.open() as reader:
        assert b"".join(iter(lambda: reader.read(chunk), b"")) == data


@pytest.mark.parametrize("size", SIZES)
def test_a_writer_s_content_is_read_back_while_it_is_open_and_no_longer(
    sealer, content, people, identity, tiny, tmp_path, size
):
    roots = [sealer.root, tmp_path / "other"]
    roots[1].mkdir()
    bases = [root / "live" for root in roots]
    with SealedWriter(roots, "live", identity, people.readers, settings=tiny) as writer:
        writer.write(content(size))
        writer.sync()
        with SealedReader.of_writer(writer, bases) as reader:
            assert reader.readall() == content(size)
            assert not reader.complete
        shutil.rmtree(roots[1])
        with SealedReader.of_writer(writer, bases) as reader:
            assert reader.readall() == content(size)
        writer.write(b"goes on")
        writer.abandon()
    with pytest.raises(SettingsError, match="was wiped"):
        SealedReader.of_writer(writer, bases)


def test_a_writer_s_content_is_read_back_by_the_key_that_it_lent(
    content, people, identity, tiny, tmp_path
):
    with SealedWriter([tmp_path], "live", identity, people.readers, settings=tiny) as writer:
        writer.write(content(130))
        key, other = writer.copy_key(), writer.copy_key()
    with SealedReader.with_key(writer.key_file, key, [tmp_path / "live"]) as reader:
        assert reader.complete
        assert reader.readall() == content(130)
    (tmp_path / "live.sealed").unlink()
    with pytest.raises(ArchiveError):
        SealedReader.with_key(writer.key_file, other, [tmp_path / "live"])


def test_damage_before_the_tail_of_a_cut_recording_is_no_end(sealer, content):
    data = content(130)  # segments of 40 and 80 bytes, 10 bytes in the tail
    paths = sealer.cut(data)
    stored = bytearray(paths.stream.read_bytes())
    stored[-20] ^= 1
    paths.stream.write_bytes(stored)
    with sealer.open(incomplete=True) as reader:
        assert reader.size_bytes == 130
        assert reader.read_at(0, 40) == data[:40]
        assert reader.read_at(120, 10) == data[120:]
        with pytest.raises(PayloadDamaged, match="segment 1"):
            reader.read_at(0, 130)
    # without a tail nobody knows that the disk ever had it
    tail = paths.tail.read_bytes()
    for torn in (b"", tail[:-1]):
        paths.tail.write_bytes(torn)
        with sealer.open(incomplete=True) as reader:
            assert reader.read() == data[:40]


def test_every_range(sealer, content):
    data = content(260)
    sealer.seal(data)
    with sealer.open() as reader:
        for start in range(262):
            for stop in range(start, 264, 5):
                assert reader.read_at(start, stop - start) == data[start:stop]


def test_is_a_file_object(sealer, content):
    data = content(300)
    sealer.seal(data)
    with sealer.open() as reader:
        assert isinstance(reader, io.RawIOBase)
        assert reader.readable()
        assert reader.seekable()
        assert not reader.writable()
        assert reader.seek(-10, io.SEEK_END) == 290
        assert reader.read() == data[290:]
        assert reader.read() == b""
        reader.seek(5)
        assert reader.seek(10, io.SEEK_CUR) == 15
        buffer = bytearray(250)
        assert reader.readinto(buffer) == 250
        assert buffer == data[15:265]
        assert reader.tell() == 265
        assert reader.seek(10_000) == 10_000
        assert reader.read(1) == b""
        assert reader.readinto(buffer) == 0
        with pytest.raises(SettingsError):
            reader.seek(-1)
        with pytest.raises(SettingsError):
            reader.seek(0, 9)
    with pytest.raises(ArchiveError, match="closed"):
        reader.read_at(0, 1)


def test_pandas_reads_and_writes_through_it(sealer, people, identity, tiny):
    table = pd.DataFrame({"seconds": np.arange(50) * 5.0, "bis": np.linspace(40, 60, 50)})
    with SealedWriter([sealer.root], "file", identity, people.readers, settings=tiny) as writer:
        table.to_csv(writer, index=False, mode="wb")
    with sealer.open() as reader:
        pd.testing.assert_frame_equal(pd.read_csv(reader), table)


def test_threads_share_a_reader(sealer, content):
    data = content(8000)
    sealer.seal(data)
    wrong = []

    def work(seed):
        numbers = np.random.default_rng(seed)
        for _ in range(300):
            start, size = int(numbers.integers(0, 8000)), int(numbers.integers(1, 400))
            if reader.read_at(start, size) != data[start : start + size]:
                wrong.append(start)

    with sealer.open() as reader:
        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong


def test_cache_is_bounded(sealer, content, monkeypatch):
    monkeypatch.setattr("recorder_core.archive.reading.reader.CACHED_BYTES", 3 * 96)
    sealer.seal(content(2000))
    with sealer.open() as reader:
        for place in range(0, 2000, 10):
            reader.read_at(place, 1)
        assert len(reader._cache) <= 3


def test_a_stranger_is_refused(sealer, content, people, identity):
    sealer.seal(content(100))
    with pytest.raises(NoKeyMatches, match=people.stranger.key_id):
        SealedReader(sealer.root / "file", people.stranger, identity)


def test_the_recovery_key_opens_everything(sealer, content, people, identity):
    sealer.seal(content(100))
    with SealedReader(sealer.root / "file", people.recovery, identity) as reader:
        assert reader.read() == content(100)


def test_every_bit_of_the_stream(sealer, content, tiny):
    """A flipped bit is found, named as what it is, and at its place."""
    stream = sealer.seal(content(140)).stream
    original = bytearray(stream.read_bytes())
    for place in range(len(original)):
        for bit in range(8):
            damaged = bytearray(original)
            damaged[place] ^= 1 << bit
            stream.write_bytes(damaged)
            if place < HEADER_BYTES:
                with pytest.raises(HeaderDamaged, match="its segments are not"):
                    sealer.open()
            else:
                with pytest.raises(PayloadDamaged) as caught, sealer.open() as reader:
                    reader.read()
                assert caught.value.segment == place // tiny.segment_bytes


def test_every_bit_of_the_key_file(sealer, content):
    key = sealer.seal(content(50)).key
    original = key.read_bytes()
    for place in range(len(original)):
        damaged = bytearray(original)
        damaged[place] ^= 1 << place % 8
        key.write_bytes(damaged)
        with pytest.raises(HeaderDamaged, match="key file"):
            sealer.open()


def test_truncated_at_every_byte(sealer, content, tiny):
    """Cut anywhere, the file says how many whole segments are authentic, and reads them."""
    data = content(250)
    stream = sealer.seal(data).stream
    original = stream.read_bytes()
    for size in range(len(original)):
        stream.write_bytes(original[:size])
        whole = size // tiny.segment_bytes
        with pytest.raises(ArchiveTruncated, match=rf"\b{whole} segments authentic") as caught:
            sealer.open()
        assert caught.value.segments_authentic == whole
        if size >= HEADER_BYTES:
            with sealer.open(incomplete=True) as reader:
                assert not reader.complete
                assert reader.read() == data[: max(0, whole * 80 - 40)]


def test_truncation_counts_only_the_authentic_beginning(sealer, content):
    stream = sealer.seal(content(500)).stream
    damaged = bytearray(stream.read_bytes()[:-30])
    damaged[2 * 96 + 5] ^= 1
    stream.write_bytes(damaged)
    with pytest.raises(ArchiveTruncated) as caught:
        sealer.open()
    assert caught.value.segments_authentic == 2


@pytest.mark.parametrize("extra", [1, 16, 96, 97, 500])
def test_appended_bytes(sealer, content, extra):
    stream = sealer.seal(content(250)).stream
    stream.write_bytes(stream.read_bytes() + bytes(extra))
    with pytest.raises(PayloadDamaged, match=f"{extra} bytes were appended"):
        sealer.open()


def test_segments_swapped_repeated_dropped(sealer, content):
    stream = sealer.seal(content(500)).stream
    whole = stream.read_bytes()
    parts = [whole[:96], *(whole[place : place + 96] for place in range(96, len(whole), 96))]
    swapped = [parts[0], parts[2], parts[1], *parts[3:]]
    repeated = [parts[0], parts[1], parts[1], *parts[3:]]
    for changed, first in ((swapped, 1), (repeated, 2)):
        stream.write_bytes(b"".join(changed))
        with pytest.raises(PayloadDamaged) as caught, sealer.open() as reader:
            reader.read()
        assert caught.value.segment == first
    stream.write_bytes(b"".join(parts[:2] + parts[3:]))
    with pytest.raises(ArchiveTruncated) as caught, sealer.open() as reader:
        reader.read()
    assert caught.value.segments_authentic == 2


def test_a_last_segment_cannot_be_made_of_an_inner_one(sealer, content):
    """Without the recorded size, the last-segment flag alone finds a cut at a boundary."""
    paths = sealer.seal(content(500))
    with sealer.open() as reader:
        bare = replace(reader.key_file, completion=None)
    paths.key.write_bytes(format_key_file(bare))
    paths.stream.write_bytes(paths.stream.read_bytes()[: 3 * 96])
    with pytest.raises(ArchiveTruncated) as caught:
        sealer.open()
    assert caught.value.segments_authentic == 3


def test_another_files_stream(sealer, content):
    ours = sealer.seal(content(200))
    theirs = sealer.seal(content(200), "other", FileIdentity("other-event", "original"))
    ours.stream.write_bytes(theirs.stream.read_bytes())
    with pytest.raises(WrongCopy, match="another file's"):
        sealer.open()


def test_another_files_pair(sealer, content, identity):
    """Key file and stream of the de-identified copy in the place of the original."""
    sealer.seal(content(200), "file", FileIdentity(identity.event_id, "deidentified"))
    with pytest.raises(WrongCopy, match="deidentified"):
        sealer.open()


def test_older_copies(sealer, content, people, identity, tiny):
    """Both a whole older pair and an older stream alone are named as that."""
    old = sealer.seal(content(100), "old")
    newer = replace(identity, generation=2)
    with sealer.open("old") as reader:
        old_key_file = reader.key_file
    with SealedWriter(
        [sealer.root], "new", newer, people.readers, settings=tiny, replaces=old_key_file
    ) as writer:
        writer.write(content(120))
    with pytest.raises(WrongCopy, match="an older copy lies here, generation 1"):
        sealer.open("old", newer)
    with pytest.raises(WrongCopy, match="a newer generation lies here, generation 2"):
        sealer.open("new", identity)
    (sealer.root / "new.sealed").write_bytes(old.stream.read_bytes())
    with pytest.raises(WrongCopy, match="older copy, generation 1"):
        sealer.open("new", newer)


def test_missing_files(sealer, content):
    paths = sealer.seal(content(10))
    paths.stream.rename(sealer.root / "elsewhere")
    with pytest.raises(ArchiveError, match="stream cannot be read"):
        sealer.open()
    paths.key.unlink()
    with pytest.raises(ArchiveError, match="key file cannot be read"):
        sealer.open()


def test_damage_elsewhere_does_not_hide_the_rest(sealer, content):
    data = content(1000)
    stream = sealer.seal(data).stream
    damaged = bytearray(stream.read_bytes())
    damaged[5 * 96 + 3] ^= 4
    stream.write_bytes(damaged)
    with sealer.open() as reader:
        assert reader.read_at(0, 350) == data[:350]
        assert reader.read_at(440, 500) == data[440:940]
        buffer = bytearray(b"\xff" * 200)
        reader.seek(300)
        with pytest.raises(PayloadDamaged, match="segment 5"):
            reader.readinto(buffer)
        assert buffer[60:140] == bytes(80)


def test_large_segments(sealer, content):
    data = content(300_000)
    sealer.seal(data, settings=SealSettings(segment_bytes=65536))
    with sealer.open() as reader:
        assert reader.segment_count == 5
        assert reader.read(250_001) == data[:250_001]
        assert reader.read() == data[250_001:]

"""Sealing: durability within a second, mirrors that fail, and what an end means."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import threading
import time
from pathlib import Path

import av
import numpy as np
import pytest

from recorder_core.archive import SealedReader, SealedWriter, SealSettings
from recorder_core.archive.disk import durable
from recorder_core.archive.writing import copies, copyset, writer as writer_module
from recorder_core.errors import ArchiveError, SettingsError


def writer_on(roots, people, identity, **options):
    settings = SealSettings(**{"segment_bytes": 96, "sync_seconds": 0.05} | options)
    return SealedWriter(roots, "event/file", identity, people.readers, settings=settings)


def fail_below(monkeypatch, folder, code=errno.EIO, after_bytes=0):
    """Let every write to a folder fail, as a disk that is full or gone."""
    real = durable.write_all
    written = {"bytes": 0}

    def write_all(descriptor, data, offset):
        place = Path(f"/proc/self/fd/{descriptor}").readlink()
        if folder in place.parents:
            written["bytes"] += len(data)
            if written["bytes"] > after_bytes:
                raise OSError(code, os.strerror(code))
        real(descriptor, data, offset)

    monkeypatch.setattr(copies, "write_all", write_all)


def test_two_roots_hold_the_same_bytes(root, mirror, people, identity, content):
    with writer_on([root, mirror], people, identity) as writer:
        writer.write(content(1000))
        assert writer.faults == ()
    for ending in (".sealed", ".key"):
        name = f"event/file{ending}"
        assert (root / name).read_bytes() == (mirror / name).read_bytes()
    assert not (root / "event/file.tail").exists()
    assert writer.closed
    assert writer.key_file.completion.stream_bytes == (root / "event/file.sealed").stat().st_size


def test_recorded_hash_is_the_streams(root, people, identity, content):
    import hashlib

    with writer_on([root], people, identity) as writer:
        for _ in range(40):
            writer.write(content(333))
    stream = (root / "event/file.sealed").read_bytes()
    assert writer.key_file.completion.sha256 == hashlib.sha256(stream).hexdigest()


def test_files_are_private(root, people, identity):
    writer_on([root], people, identity).close()
    for path in (root / "event").iterdir():
        assert path.stat().st_mode & 0o077 == 0
    assert (root / "event").stat().st_mode & 0o077 == 0


def until(condition):
    """Wait for a condition as long as a loaded machine may need."""
    deadline = time.monotonic() + 60.0
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("size", [1, 39, 40, 41, 300])
def test_a_slow_source_becomes_durable_by_itself(root, people, identity, content, size):
    """Another reader finds everything that was written a moment ago, sealed or in the tail."""

    def is_there():
        with SealedReader(
            root / "event/file", people.reviewer, identity, incomplete=True
        ) as reader:
            return reader.read() == content(size)

    writer = writer_on([root], people, identity)
    writer.write(content(size))
    until(is_there)
    writer.close()


def test_the_clock_ticks_at_least_once_a_second(root, people, identity, monkeypatch):
    waits = []

    class Event(threading.Event):
        def wait(self, timeout=None):
            waits.append(timeout)
            return super().wait(timeout)

    monkeypatch.setattr(writer_module.threading, "Event", Event)
    with writer_on([root], people, identity, sync_seconds=0.03):
        until(lambda: waits.count(0.03) >= 3)
    assert set(waits) - {None} == {0.03}
    assert SealSettings().sync_seconds <= 1


def test_every_second_is_synced(root, mirror, people, identity, monkeypatch):
    """fdatasync reaches the stream of each root again and again while nothing is closed."""
    synced = []
    real = os.fdatasync

    def fdatasync(descriptor):
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().as_posix())
        real(descriptor)

    monkeypatch.setattr(copies.os, "fdatasync", fdatasync)
    paths = [
        f"{folder}/event/file.{ending}"
        for folder in (root, mirror)
        for ending in ("sealed", "tail")
    ]
    with writer_on([root, mirror], people, identity, sync_seconds=0.02) as writer:

        def is_synced():
            writer.write(b"x" * 30)
            return all(synced.count(path) >= 3 for path in paths)

        until(is_synced)


def test_what_is_not_live_is_written_on_while_it_is_made_durable(
    root, people, identity, content, monkeypatch
):
    """A disk that takes long over a sync holds nothing up, and no tail is written."""
    begun, go_on = threading.Event(), threading.Event()
    real = os.fdatasync

    def fdatasync(descriptor):
        assert Path(f"/proc/self/fd/{descriptor}").readlink().suffix == ".sealed"
        begun.set()
        assert go_on.wait(60)
        real(descriptor)

    monkeypatch.setattr(copies.os, "fdatasync", fdatasync)
    stream = root / "event/file.sealed"
    with writer_on([root], people, identity, is_live=False) as writer:
        assert begun.wait(60)
        writer.write(content(1000))
        until(lambda: stream.stat().st_size >= 960)
        assert (root / "event/file.tail").stat().st_size == 0
        go_on.set()
    with SealedReader(root / "event/file", people.reviewer, identity) as reader:
        assert reader.read() == content(1000)


def test_a_mirror_that_cannot_be_made_durable_is_left(
    root, mirror, people, identity, content, monkeypatch
):
    real = os.fdatasync

    def fdatasync(descriptor):
        if mirror in Path(f"/proc/self/fd/{descriptor}").readlink().parents:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(descriptor)

    monkeypatch.setattr(copies.os, "fdatasync", fdatasync)
    with writer_on([root, mirror], people, identity, is_live=False) as writer:
        writer.write(content(100))
        until(lambda: writer.faults)
        writer.write(content(100))
    assert [(fault.root, fault.reason) for fault in writer.faults] == [
        (mirror, os.strerror(errno.EIO))
    ]
    with SealedReader(root / "event/file", people.reviewer, identity) as reader:
        assert reader.read() == content(100) * 2


def test_sync_waits_until_all_is_durable(root, people, identity, content):
    writer = writer_on([root], people, identity, sync_seconds=1.0)
    for size in (10, 200, 31, 500):
        writer.write(content(size))
        writer.sync()
        with SealedReader(
            root / "event/file", people.reviewer, identity, incomplete=True
        ) as reader:
            assert reader.size_bytes == writer.tell()
    writer.abandon()


def test_an_error_leaves_an_incomplete_file(root, people, identity, content):
    writer = writer_on([root], people, identity)
    writer.write(content(130))
    with pytest.raises(RuntimeError, match="camera gone"), writer:
        raise RuntimeError("camera gone")
    with SealedReader(root / "event/file", people.reviewer, identity, incomplete=True) as reader:
        assert not reader.complete
        assert reader.read() == content(130)
    with pytest.raises(ArchiveError, match="closed"):
        writer.write(b"x")
    writer.close()  # stays abandoned
    assert writer.key_file.completion is None


def test_discard_leaves_nothing(root, mirror, people, identity, content):
    writer = writer_on([root, mirror], people, identity)
    writer.write(content(500))
    writer.discard()
    assert not list((root / "event").iterdir())
    assert not list((mirror / "event").iterdir())


def test_never_written_over(root, mirror, people, identity, content):
    with writer_on([mirror], people, identity) as writer:
        writer.write(content(10))
    before = (mirror / "event/file.sealed").read_bytes()
    with pytest.raises(ArchiveError, match="exists on"):
        writer_on([root, mirror], people, identity)
    assert (mirror / "event/file.sealed").read_bytes() == before
    assert not list((root / "event").iterdir())


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EROFS])
def test_a_failing_mirror_is_reported_and_recording_goes_on(
    root, mirror, people, identity, content, monkeypatch, code
):
    told = []
    fail_below(monkeypatch, mirror, code, after_bytes=600)
    settings = SealSettings(segment_bytes=96, sync_seconds=0.05)
    with SealedWriter(
        [root, mirror],
        "event/file",
        identity,
        people.readers,
        settings=settings,
        on_fault=told.append,
    ) as writer:
        for _ in range(30):
            writer.write(content(100))
            writer.sync()
    assert [fault.root for fault in writer.faults] == [mirror]
    assert told == list(writer.faults)
    assert os.strerror(code) in str(told[0])
    with SealedReader(root / "event/file", people.reviewer, identity) as reader:
        assert reader.read() == content(100) * 30
    with SealedReader(mirror / "event/file", people.reviewer, identity, incomplete=True) as reader:
        assert not reader.complete
        assert (content(100) * 30).startswith(reader.read())


def test_a_mirror_that_is_not_there(root, tmp_path, people, identity, content):
    with writer_on([root, tmp_path / "unplugged"], people, identity) as writer:
        writer.write(content(10))
    assert [fault.root for fault in writer.faults] == [tmp_path / "unplugged"]
    assert not (tmp_path / "unplugged").exists()


def test_both_failing_is_an_error(root, mirror, people, identity, content, monkeypatch):
    fail_below(monkeypatch, root.parent, errno.ENOSPC, after_bytes=800)
    others = set(threading.enumerate())
    writer = writer_on([root, mirror], people, identity)

    def write_on():
        for _ in range(100):
            writer.write(content(100))
            writer.sync()

    with pytest.raises(ArchiveError, match=r"no root can be written any more.*No space left"):
        write_on()
    with pytest.raises(ArchiveError, match="no root"):
        writer.close()
    assert {fault.root for fault in writer.faults} == {root, mirror}
    for thread in set(threading.enumerate()) - others:
        thread.join(60)
        assert not thread.is_alive()


def test_no_root_at_all(tmp_path, people, identity):
    with pytest.raises(ArchiveError, match="No such file"):
        writer_on([tmp_path / "no", tmp_path / "nowhere"], people, identity)


def test_a_replaced_folder_is_noticed(root, mirror, people, identity, content):
    """A mirror that was unplugged and came back empty must not look as if it were recorded."""
    with writer_on([root, mirror], people, identity) as writer:
        writer.write(content(200))
        writer.sync()
        shutil.move(mirror, mirror.with_name("taken away"))
        (mirror / "event").mkdir(parents=True)
        writer.write(content(200))
        writer.sync()
        assert [fault.root for fault in writer.faults] == [mirror]
    with SealedReader(root / "event/file", people.reviewer, identity) as reader:
        assert reader.complete


def test_a_hanging_mirror_is_given_up(root, mirror, people, identity, monkeypatch):
    """A disk that blocks costs the recording one pause, not its life."""
    release = threading.Event()
    real = durable.write_all

    def write_all(descriptor, data, offset):
        if mirror in Path(f"/proc/self/fd/{descriptor}").readlink().parents and offset > 40:
            release.wait(60)
        real(descriptor, data, offset)

    monkeypatch.setattr(copies, "write_all", write_all)
    monkeypatch.setattr(copies, "MAX_QUEUED_BYTES", 2**20)
    monkeypatch.setattr(copies, "STOP_SECONDS", 0.05)
    writer = writer_on([root, mirror], people, identity, segment_bytes=65536, stall_seconds=3.0)
    for _ in range(40):
        writer.write(bytes(100_000))
    writer.close()
    release.set()
    assert [fault.root for fault in writer.faults] == [mirror]
    assert "does not keep up" in str(writer.faults[0])
    with SealedReader(root / "event/file", people.reviewer, identity) as reader:
        assert reader.size_bytes == 4_000_000


@pytest.mark.parametrize(
    ("is_live", "expected"), [(True, [3.5, 2.5, 1.5, 0.5, 0]), (False, [3.5] * 5)]
)
def test_a_live_recording_waits_for_a_slow_mirror_only_so_long_in_all(
    root, mirror, people, identity, monkeypatch, is_live, expected
):
    """A disk that is slower than the source must not slow the recording to its own pace."""
    patience = []
    put_block = copies.SealedCopy.put_block

    def put(copy, block, timeout_seconds):
        if copy.root == mirror:
            patience.append(timeout_seconds)
        put_block(copy, block, timeout_seconds)

    seconds = itertools.count()  # the mirror and the root hold each block up by one
    monkeypatch.setattr(copyset, "monotonic", lambda: float(next(seconds)))
    monkeypatch.setattr(copyset, "PACE_SECONDS", 0.0)
    monkeypatch.setattr(copies.SealedCopy, "put_block", put)
    with writer_on([root, mirror], people, identity, stall_seconds=3.5, is_live=is_live) as writer:
        for _ in range(5):
            writer.write(bytes(96))
    assert patience[:5] == expected


def test_patchable_head(root, people, identity, content):
    data = bytearray(content(500))
    with writer_on([root], people, identity, patchable_head=True) as writer:
        writer.write(data[:30])
        writer.seek(4)
        writer.write(b"early")
        writer.seek(0, os.SEEK_END)
        writer.write(data[30:])
        writer.seek(10)
        assert writer.tell() == 10
        writer.write(b"late")
        writer.seek(0, 2)
        with pytest.raises(ArchiveError, match="already sealed"):
            writer.seek(41)
        writer.seek(38)
        with pytest.raises(ArchiveError, match="not beyond"):
            writer.write(b"four")
        writer.seek(500)
    data[4:9], data[10:14] = b"early", b"late"
    with SealedReader(root / "event/file", people.reviewer, identity) as reader:
        assert reader.read() == data


def test_live_recordings_cannot_seek(root, people, identity):
    with writer_on([root], people, identity) as writer:
        writer.write(b"1234")
        assert not writer.seekable()
        assert writer.seek(0, os.SEEK_CUR) == 4
        with pytest.raises(ArchiveError):
            writer.seek(0)


def make_video(target, fragmented):
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"} if fragmented else {}
    numbers = np.random.default_rng(3)
    with av.open(target, "w", format="mp4", options=options) as container:
        stream = container.add_stream(
            "libx264", rate=30, options={"g": "30", "preset": "ultrafast"}
        )
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for _ in range(60):
            picture = numbers.integers(0, 255, (96, 160, 3), dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


@pytest.mark.parametrize("fragmented", [True, False])
def test_video_goes_in_and_comes_out(root, people, identity, fragmented):
    """PyAV writes a recording, and an ordinary MP4 with its index, straight into the seal."""
    with writer_on(
        [root], people, identity, segment_bytes=8192, patchable_head=not fragmented
    ) as writer:
        make_video(writer, fragmented)
    reader = SealedReader(root / "event/file", people.reviewer, identity)
    with reader, av.open(reader) as container:
        assert sum(1 for _ in container.decode(video=0)) == 60
        container.seek(1_000_000)
        assert next(container.decode(video=0)).time == pytest.approx(1.0)


def test_settings_are_checked(root, people, identity):
    for wrong in ({"sync_seconds": 0}, {"sync_seconds": 1.5}, {"stall_seconds": 0}):
        with pytest.raises(SettingsError):
            SealSettings(**wrong)
    with pytest.raises(SettingsError):
        writer_on([root], people, identity, segment_bytes=40)
    for roots, name in (([], "a"), ([root, root], "a"), ([root], "/a"), ([root], "../a")):
        with pytest.raises(SettingsError):
            SealedWriter(roots, name, identity, people.readers)


def test_memory_stays_flat(root, people, identity):
    """Buffers are used again: a long recording allocates what a short one does."""
    import tracemalloc

    data = bytes(2**20)
    settings = SealSettings(segment_bytes=65536, hash_stream=False)
    with SealedWriter([root], "long", identity, people.readers, settings=settings) as writer:
        for _ in range(4):
            writer.write(data)
            writer.sync()
        tracemalloc.start()
        for _ in range(40):
            writer.write(data)
            writer.sync()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 2 * 2**20


def test_two_writers_of_one_name(root, people, identity):
    """One gets the name, the others are told; the winner's key file stays its own."""
    start = threading.Barrier(6)
    won, refused = [], []

    def begin():
        start.wait()
        try:
            won.append(writer_on([root], people, identity))
        except ArchiveError as exc:
            refused.append(str(exc))

    threads = [threading.Thread(target=begin) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert all("exists on" in reason for reason in refused)
    won[0].write(b"mine")
    won[0].close()
    with SealedReader(root / "event/file", people.reviewer, identity) as reader:
        assert reader.read() == b"mine"

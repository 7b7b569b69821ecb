"""Checking every segment, and naming what lies in the wrong place."""

from __future__ import annotations

import os

import pytest

from recorder_core.archive import FileIdentity, verify_sealed
from recorder_core.errors import PayloadDamaged

OTHER = FileIdentity("another-event", "original")


def parts_of(stream):
    whole = stream.read_bytes()
    return [whole[place : place + 96] for place in range(0, len(whole), 96)]


@pytest.fixture
def verify(sealer, people, identity):
    def run(**options):
        return verify_sealed(sealer.root / "file", people.reviewer, identity, **options)

    return run


def test_a_sound_file(sealer, content, verify):
    sealer.seal(content(500))
    told = []
    report = verify(on_progress=lambda done, total: told.append((done, total)))
    assert report.is_sound
    assert "complete, 7 of 7 segments authentic" in str(report)
    assert told == [(place, 7) for place in range(1, 8)]


def test_damaged_moved_repeated_and_foreign_segments(sealer, content, verify):
    stream = sealer.seal(content(800)).stream
    other = sealer.seal(content(900), "other", OTHER).stream
    parts = parts_of(stream)
    parts[1], parts[2] = parts[2], parts[1]
    parts[4] = parts[3]
    parts[6] = parts_of(other)[6]
    parts[8] = bytes(96)
    stream.write_bytes(b"".join(parts))
    with sealer.open("other", OTHER) as candidate:
        report = verify(others=[candidate])
    assert [str(fault) for fault in report.faults] == [
        "segment 1 holds segment 2 of this file: segments were moved or repeated",
        "segment 2 holds segment 1 of this file: segments were moved or repeated",
        "segment 4 holds segment 3 of this file: segments were moved or repeated",
        f"segment 6 holds segment 6 of another file: {OTHER}",
        "segment 8 is damaged, or comes from a file that was not compared",
    ]
    assert not report.is_sound


def test_a_damaged_end_is_a_fault_and_the_rest_is_checked(sealer, content, verify):
    stream = sealer.seal(content(500)).stream
    damaged = bytearray(stream.read_bytes())
    damaged[-1] ^= 1
    stream.write_bytes(damaged)
    with pytest.raises(PayloadDamaged):
        sealer.open()
    report = verify()
    assert [fault.index for fault in report.faults] == [6]
    with sealer.open(incomplete=True) as reader:
        assert reader.read_at(0, 440) == content(440)
        with pytest.raises(PayloadDamaged, match="segment 6"):
            reader.read_at(440, 1)


def test_an_incomplete_recording(sealer, content, verify):
    sealer.cut(content(500))
    report = verify()
    assert not report.complete
    assert not report.is_sound
    assert report.faults == ()
    assert "incomplete, 6 of 6 segments authentic" in str(report)


def test_a_segment_that_the_disk_cannot_read(sealer, content, verify, monkeypatch):
    sealer.seal(content(500))
    real = os.pread

    def pread(descriptor, size, offset):
        if offset == 3 * 96:
            raise OSError(5, "Input/output error")
        return real(descriptor, size, offset)

    monkeypatch.setattr("recorder_core.archive.reading.reader.os.pread", pread)
    assert [str(fault) for fault in verify().faults] == ["segment 3 cannot be read from the disk"]
    with sealer.open() as reader, pytest.raises(PayloadDamaged, match="Input/output error"):
        reader.read_at(200, 1)

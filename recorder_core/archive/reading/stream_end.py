"""Finding out whether a stream is the right one and whole, and how long its content is."""

from __future__ import annotations

from dataclasses import dataclass, field

from recorder_core.archive.reading.stored import SegmentStore, StoredStream
from recorder_core.archive.segments.stream import HEADER_BYTES, TAG_BYTES
from recorder_core.archive.segments.tail import TailCipher, read_tail, safe_segments
from recorder_core.errors import (
    ArchiveError,
    ArchiveTruncated,
    HeaderDamaged,
    PayloadDamaged,
    WrongCopy,
)

__all__ = ["StreamEnd", "find_end", "header_fault", "holds_anything", "refuse_appended"]


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """How far a stream goes.

    Attributes
    ----------
    segment_count : int
        Segments, a cut one not counted.
    is_complete : bool
        Whether the last of them is the end.
    size_bytes : int
        Of the content, the tail included.
    tail : bytes
        What follows the last segment of a recording without its end.
    """

    segment_count: int
    is_complete: bool
    size_bytes: int
    tail: bytes = field(default=b"", repr=False)


def header_fault(store: SegmentStore, copy: StoredStream) -> ArchiveError | None:
    """Return what is wrong with the first 40 bytes of a copy, None if nothing is.

    The key file holds the same bytes, so that segments can be opened without them.
    """
    identity, key_file = store.key_file.identity, store.key_file
    if copy.size_bytes < HEADER_BYTES:
        return ArchiveTruncated(f"{identity}: truncated inside the header, 0 segments authentic", 0)
    try:
        found = copy.header()
    except OSError as exc:
        return HeaderDamaged(f"{identity}: the header cannot be read ({exc.strerror})")
    if found == key_file.header.to_bytes():
        return None
    for old in key_file.superseded:
        if found == old.header.to_bytes():
            return WrongCopy(
                f"{identity}: the stream is an older copy, generation {old.generation}"
            )
    if any(store.is_authentic_in(copy, 0, last=last) for last in (False, True)):
        return HeaderDamaged(
            f"{identity}: the header of the stream is damaged and its segments are not; "
            "the key file holds the right 40 bytes, or restore the stream from the mirror"
        )
    return WrongCopy(
        f"{identity}: the stream is not the one that its key file was made for: it is "
        "another file's, or an older copy"
    )


def find_end(store: SegmentStore, tail_cipher: TailCipher, *, incomplete: bool) -> StreamEnd:
    """Find out whether a stream is whole on any copy, and how long its content is.

    The longest copy of a recording without its end becomes the first of the store.

    Raises
    ------
    ArchiveTruncated
        If the end is missing and `incomplete` is False.
    PayloadDamaged
        If the last segment is damaged and `incomplete` is False.
    """
    end = _promised_end(store, incomplete=incomplete)
    if end is not None:
        return end
    ends = {copy: _end_of(store, copy, tail_cipher) for copy in store.copies}
    store.copies.sort(
        key=lambda copy: (ends[copy].is_complete, ends[copy].size_bytes), reverse=True
    )
    best = ends[store.copies[0]]
    if not (best.is_complete or incomplete):
        authentic = _authentic_prefix(store, best.segment_count)
        raise ArchiveTruncated(
            f"{store.key_file.identity}: truncated, {authentic} segments authentic; it can be "
            "opened as incomplete, finalised, or repaired from the mirror",
            authentic,
        )
    return best


def holds_anything(store: SegmentStore) -> bool:
    """Return whether the beginning or the end of any copy is authentic."""
    done = store.key_file.completion
    lengths = [copy.size_bytes for copy in store.copies] if done is None else [done.stream_bytes]
    ends = [max(store.layout.segment_count(length) - 1, 0) for length in lengths]
    return any(
        store.is_authentic(index, last=last) for index in (0, *ends) for last in (False, True)
    )


def refuse_appended(store: SegmentStore) -> None:
    """Raise `PayloadDamaged` if something was appended to the only copy."""
    done, copy = store.key_file.completion, store.copies[0]
    if done is not None and copy.size_bytes > done.stream_bytes:
        extra = copy.size_bytes - done.stream_bytes
        raise PayloadDamaged(
            f"{store.key_file.identity}: {extra} bytes were appended to the stream",
            store.layout.segment_count(copy.size_bytes) - 1,
        )


def _promised_end(store: SegmentStore, *, incomplete: bool) -> StreamEnd | None:
    """Return the end that the key file promises, None if every copy is too short for it."""
    done = store.key_file.completion
    if done is None:
        return None
    last = store.layout.segment_count(done.stream_bytes) - 1
    if not store.is_authentic(last, last=True):
        if all(copy.size_bytes < done.stream_bytes for copy in store.copies):
            return None
        if not incomplete:
            raise store.damaged(last)
        # the end is there; reading it raises
    return _whole(store, done.stream_bytes)


def _whole(store: SegmentStore, stream_bytes: int) -> StreamEnd:
    count = store.layout.segment_count(stream_bytes)
    last_bytes = stream_bytes - store.layout.stream_offset(count - 1) - TAG_BYTES
    return StreamEnd(count, True, store.layout.content_offset(count - 1) + last_bytes)


def _end_of(store: SegmentStore, copy: StoredStream, tail_cipher: TailCipher) -> StreamEnd:
    """Return how far one copy goes by what lies in it."""
    count = store.layout.segment_count(copy.size_bytes)
    is_promised = store.key_file.completion is not None
    if count and not is_promised and store.is_authentic_in(copy, count - 1, last=True):
        return _whole(store, copy.size_bytes)
    count, stored = copy.whole_segments(), copy.tail()
    # what the tail says was safe is damaged where it is not authentic: reading it says so
    safe = safe_segments(stored, tail_cipher)
    while count > safe and not store.is_authentic_in(copy, count - 1, last=False):
        count -= 1
    tail = read_tail(stored, tail_cipher, count)
    return StreamEnd(count, False, store.layout.content_offset(count) + len(tail), tail)


def _authentic_prefix(store: SegmentStore, count: int) -> int:
    index = 0
    while index < count and store.is_authentic(index, last=False):
        index += 1
    return index

"""The copies of one stream as they lie on the disks, and the segments that are authentic there."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag

from recorder_core.archive.disk.durable import SealedPaths
from recorder_core.archive.keyfile import KeyFile
from recorder_core.archive.reading.opening import open_stream
from recorder_core.archive.segments.stream import (
    HEADER_BYTES,
    TAG_BYTES,
    SegmentCipher,
    SegmentLayout,
)
from recorder_core.errors import ArchiveError, PayloadDamaged
from recorder_core.model.files.inner_files import EVENT_FOLDERS, read_inner

__all__ = ["SegmentStore", "StoredStream"]


class StoredStream:
    """One copy of a stream; what it gives is not verified.

    Parameters
    ----------
    base : Path
        Base path of the file.
    layout : SegmentLayout
        Where its segments lie.

    Raises
    ------
    ArchiveError
        If it cannot be opened.
    """

    def __init__(self, base: Path, layout: SegmentLayout) -> None:
        self.base = base
        self._layout = layout
        self._descriptor = open_stream(SealedPaths.of(base).stream)
        self.size_bytes = os.fstat(self._descriptor).st_size

    def header(self) -> bytes:
        """Return the first 40 bytes, or what is there of them; OSError if unreadable."""
        return os.pread(self._descriptor, HEADER_BYTES, 0)

    def segment(self, index: int, size: int) -> bytes:
        """Return a segment, or what is there of it; OSError if unreadable."""
        return os.pread(self._descriptor, size, self._layout.stream_offset(index))

    def read_into(self, index: int, view: memoryview) -> None:
        """Write a segment to a buffer, as far as it is there; OSError if unreadable."""
        os.preadv(self._descriptor, [view], self._layout.stream_offset(index))

    def whole_segments(self) -> int:
        """Return how many segments of full size there are."""
        return self.size_bytes // self._layout.segment_bytes

    def tail(self) -> bytes:
        """Return what lies beside the stream of a running recording."""
        try:
            return read_inner(SealedPaths.of(self.base).tail, folders=EVENT_FOLDERS)
        except OSError:
            return b""

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


class SegmentStore:
    """The segments of a stream, each from the first copy where it is authentic.

    Parameters
    ----------
    copies : sequence of StoredStream
        At least one; the first is tried first.
    key_file : KeyFile
        Of the stream.
    cipher : SegmentCipher
        That opens its segments.
    """

    def __init__(
        self, copies: Sequence[StoredStream], key_file: KeyFile, cipher: SegmentCipher
    ) -> None:
        self.copies = list(copies)
        self.key_file = key_file
        self.layout = key_file.layout
        self._cipher = cipher
        self._scratch = memoryview(bytearray(self.layout.segment_bytes))

    def open(self, index: int, content_bytes: int, *, last: bool) -> bytes:
        """Return the content of a segment.

        Raises
        ------
        PayloadDamaged
            If it is authentic on no copy.
        """
        fault: Exception | None = None
        for copy in self.copies:
            try:
                stored = copy.segment(index, content_bytes + TAG_BYTES)
                return self._cipher.open(index, stored, last=last)
            except (InvalidTag, OSError) as exc:
                fault = fault or exc
        raise self._error(index, fault)

    def open_into(self, index: int, view: memoryview, *, last: bool) -> None:
        """Write the content of a whole segment to a buffer; else as `open`."""
        fault: Exception | None = None
        stored = self._scratch[: len(view) + TAG_BYTES]
        for copy in self.copies:
            try:
                copy.read_into(index, stored)
                self._cipher.open_into(index, stored, view, last=last)
            except (InvalidTag, OSError) as exc:
                fault = fault or exc
            else:
                return
        raise self._error(index, fault)

    def stored(self, index: int) -> bytes:
        """Return a segment as it lies in the first copy, unverified.

        Raises
        ------
        PayloadDamaged
            If the disk cannot read it.
        """
        try:
            return self.copies[0].segment(index, self._stored_bytes(index))
        except OSError as exc:
            raise self._error(index, exc) from exc

    def authenticates(self, stored: bytes, index: int, *, last: bool) -> bool:
        """Return whether these bytes are what the file's key sealed for a place."""
        try:
            self._cipher.open(index, stored, last=last)
        except InvalidTag:
            return False
        return True

    def is_authentic_in(self, copy: StoredStream, index: int, *, last: bool) -> bool:
        """Return whether a copy can be read at a segment, and its tag agrees."""
        try:
            stored = copy.segment(index, self._stored_bytes(index))
        except OSError:
            return False
        return self.authenticates(stored, index, last=last)

    def is_authentic(self, index: int, *, last: bool) -> bool:
        """Return whether a segment is authentic on any copy."""
        return any(self.is_authentic_in(copy, index, last=last) for copy in self.copies)

    def damaged(self, index: int) -> PayloadDamaged:
        """Return the error that says that a segment is not authentic."""
        where = "" if len(self.copies) == 1 else " on any root"
        return PayloadDamaged(
            f"{self.key_file.identity}: segment {index} is not authentic{where}: it is damaged or "
            "does not belong there; verify says which",
            index,
        )

    def close(self) -> None:
        """Close every copy."""
        for copy in self.copies:
            copy.close()
        self.copies = []

    def _stored_bytes(self, index: int) -> int:
        """Return how many bytes at most a segment has in the stream."""
        done = self.key_file.completion
        begin = self.layout.stream_offset(index)
        stop = (index + 1) * self.layout.segment_bytes
        return (stop if done is None else min(stop, done.stream_bytes)) - begin

    def _error(self, index: int, fault: Exception | None) -> ArchiveError:
        if isinstance(fault, OSError):
            return PayloadDamaged(
                f"{self.key_file.identity}: segment {index} cannot be read from the disk "
                f"({fault.strerror}); the mirror can repair it",
                index,
            )
        return self.damaged(index)

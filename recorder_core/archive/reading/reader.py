"""Reading a sealed file: a seekable, read-only binary file object over verified segments.

Every byte that is handed out comes from a segment whose tag was checked. Whether the file
is whole is settled when it is opened, by its last segment. Where the file lies on several
roots, what one copy lost another gives, segment by segment: nothing in a copy is needed but
the segments themselves, since a sound key file on any root says how to open them.
"""

from __future__ import annotations

import io
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from recorder_core.archive.identity import FileIdentity
from recorder_core.archive.keyfile import KeyFile
from recorder_core.archive.reading.opening import open_any_key_file
from recorder_core.archive.reading.stored import SegmentStore, StoredStream
from recorder_core.archive.reading.stream_end import (
    find_end,
    header_fault,
    holds_anything,
    refuse_appended,
)
from recorder_core.archive.secrets.secret import SecretBytes
from recorder_core.archive.secrets.wrapping import PrivateKey
from recorder_core.archive.segments.stream import SegmentCipher
from recorder_core.archive.segments.tail import TailCipher
from recorder_core.archive.writing.writer import SealedWriter
from recorder_core.errors import ArchiveError, SettingsError

__all__ = ["CACHED_BYTES", "SealedReader"]

#: content that `chunks` hands out at once
_CHUNK_BYTES: Final = 1 << 20

#: content kept after decryption
CACHED_BYTES: Final = 2 * 2**20


class SealedReader(io.RawIOBase):
    """The content of a sealed file; threads may share it and use `read_at`.

    Parameters
    ----------
    bases : Path or sequence of Path
        Base path of the file's three files, without their endings, on each root; the copy
        that is read first is the first. Of several, one that is damaged, cut or missing is
        no fault as long as another holds what is read; a single one must be as it was written.
    private_key : PrivateKey
        Of someone to whom the file is sealed.
    expected : FileIdentity
        What the catalog says lies here.
    incomplete : bool
        Whether a file without an end may be opened too; its content is then every whole
        segment and what the tail holds, of the longest copy. A damaged end is then found only
        when it is read.

    Raises
    ------
    NoKeyMatches
        If the file is not sealed to this key.
    WrongCopy
        If this is another file, or an older making of it, than the one expected.
    HeaderDamaged
        If the key file or the first 40 bytes of the stream are damaged.
    ArchiveTruncated
        If the end is missing and `incomplete` is False.
    PayloadDamaged
        If the last segment is damaged, or something was appended.
    """

    def __init__(
        self,
        bases: Path | Sequence[Path],
        private_key: PrivateKey,
        expected: FileIdentity,
        *,
        incomplete: bool = False,
    ) -> None:
        places = [bases] if isinstance(bases, Path) else list(bases)
        self._open(places, *open_any_key_file(places, private_key, expected), incomplete=incomplete)

    @classmethod
    def of_writer(cls, writer: SealedWriter, bases: Sequence[Path]) -> SealedReader:
        """Read back what a writer that is open has made durable; needs nobody's private key.

        Parameters
        ----------
        writer : SealedWriter
            Neither completed nor abandoned; what was written after its last `sync` may be missing.
        bases : sequence of Path
            Base path of the file on each root.

        Raises
        ------
        ArchiveError
            If no copy can be read.
        SettingsError
            If the writer was closed: its key is wiped.
        """
        reader = cls.__new__(cls)
        reader._open(list(bases), writer.key_file, writer.copy_key(), incomplete=True)
        return reader

    @classmethod
    def with_key(
        cls, key_file: KeyFile, file_key: SecretBytes, bases: Sequence[Path]
    ) -> SealedReader:
        """Read back what a writer has completed; needs nobody's private key.

        Parameters
        ----------
        key_file : KeyFile
            Of the writer, once it is closed.
        file_key : SecretBytes
            From `SealedWriter.copy_key`, before; wiped here.
        bases : sequence of Path
            Base path of the file on each root.

        Raises
        ------
        ArchiveError
            If no copy can be read, or the file has no end.
        """
        reader = cls.__new__(cls)
        reader._open(list(bases), key_file, file_key, incomplete=False)
        return reader

    def _open(
        self, places: list[Path], key_file: KeyFile, file_key: SecretBytes, *, incomplete: bool
    ) -> None:
        self._cache: OrderedDict[int, bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._position = 0
        self._key_file = key_file
        self._layout = key_file.layout
        self._cached_bytes = max(CACHED_BYTES, self._layout.segment_bytes)
        bound = (file_key, key_file.header, key_file.identity.associated_data())
        cipher, tail_cipher = SegmentCipher(*bound), TailCipher(*bound)
        file_key.wipe()
        self._store = SegmentStore(_open_copies(places, key_file), key_file, cipher)
        try:
            _check_headers(self._store, is_only=len(places) == 1)
            self._end = find_end(self._store, tail_cipher, incomplete=incomplete)
        except BaseException:
            self.close()
            raise

    # -- state --------------------------------------------------------------------------

    @property
    def identity(self) -> FileIdentity:
        """What the file is."""
        return self._key_file.identity

    @property
    def key_file(self) -> KeyFile:
        """The key file, as read."""
        return self._key_file

    @property
    def bases(self) -> tuple[Path, ...]:
        """Base paths of the copies that are read, the first one first."""
        return tuple(copy.base for copy in self._store.copies)

    @property
    def size_bytes(self) -> int:
        """Size of the content."""
        return self._end.size_bytes

    @property
    def segment_count(self) -> int:
        """Number of segments in the stream, a cut one not counted."""
        return self._end.segment_count

    @property
    def complete(self) -> bool:
        """Whether the file has its end; False only for a file opened as incomplete."""
        return self._end.is_complete

    # -- file object --------------------------------------------------------------------

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position in the content, in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position; past the end is allowed and reads nothing."""
        starts = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size_bytes}
        if whence not in starts:
            raise SettingsError(f"whence is 0, 1 or 2, not {whence}")
        target = starts[whence] + offset
        if target < 0:
            raise SettingsError(f"cannot seek to byte {target}")
        self._position = target
        return target

    def read(self, size: int | None = -1) -> bytes:
        """Return exactly `size` bytes, fewer only at the end; all if negative or None."""
        left = max(0, self.size_bytes - self._position)
        wanted = left if size is None or size < 0 else min(size, left)
        data = self.read_at(self._position, wanted)
        self._position += len(data)
        return data

    def readall(self) -> bytes:
        """Return everything from the position to the end."""
        return self.read(-1)

    def chunks(self) -> Iterator[bytes]:
        """Yield the whole content from its beginning, in pieces of at most 1 MiB."""
        self.seek(0)
        while chunk := self.read(_CHUNK_BYTES):
            yield chunk

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill a buffer as far as the content goes; return how many bytes were written."""
        with memoryview(buffer) as raw, raw.cast("B") as view:
            wanted = max(0, min(len(view), self.size_bytes - self._position))
            self._fill(self._position, view[:wanted])
        self._position += wanted
        return wanted

    def read_at(self, offset: int, size: int) -> bytes:
        """Return bytes of the content without moving the position.

        Parameters
        ----------
        offset : int
            First byte.
        size : int
            How many; fewer are returned at the end.

        Raises
        ------
        PayloadDamaged
            If a segment that was read is not authentic; nothing of it is returned.
        """
        wanted = min(offset + size, self.size_bytes) - offset
        if wanted <= 0:
            return b""
        index = self._layout.index_at(offset)
        begin = offset - self._layout.content_offset(index)
        if begin + wanted <= self._content_bytes(index):
            return self._segment(index)[begin : begin + wanted]
        data = bytearray(wanted)
        with memoryview(data) as view:
            self._fill(offset, view)
        return bytes(data)

    def close(self) -> None:
        """Close the file and forget the decrypted segments."""
        if not self.closed and hasattr(self, "_store"):
            self._cache.clear()
            self._store.close()
        super().close()

    def __repr__(self) -> str:
        state = "complete" if self.complete else "incomplete"
        return f"<SealedReader {self.identity}, {self.segment_count} segments, {state}>"

    # -- verification -------------------------------------------------------------------

    def is_authentic(self, index: int) -> bool:
        """Return whether a segment can be read and its tag agrees, bypassing the cache."""
        return self._store.is_authentic(index, last=self._is_last(index))

    def stored_segment(self, index: int) -> bytes:
        """Return a segment as it lies in the first copy of the stream, unverified.

        Raises
        ------
        PayloadDamaged
            If the disk cannot read it.
        """
        return self._store.stored(index)

    def authenticates(self, stored: bytes, index: int, *, last: bool) -> bool:
        """Return whether these bytes are what this file's key sealed for a place."""
        return self._store.authenticates(stored, index, last=last)

    # -- segments -----------------------------------------------------------------------

    def _content_bytes(self, index: int) -> int:
        whole = self._layout.capacity(index)
        return min(whole, self.size_bytes - self._layout.content_offset(index))

    def _fill(self, offset: int, view: memoryview) -> None:
        """Write content to a buffer; whole segments are decrypted straight into it."""
        while view:
            index = self._layout.index_at(offset)
            size = self._content_bytes(index)
            begin = offset - self._layout.content_offset(index)
            taken = min(size - begin, len(view))
            if taken == size and index < self.segment_count and index not in self._cache:
                self._open_into(index, view[:taken])
            else:
                view[:taken] = self._segment(index)[begin : begin + taken]
            offset += taken
            view = view[taken:]

    def _open_into(self, index: int, view: memoryview) -> None:
        with self._lock:
            self._check_open()
            self._store.open_into(index, view, last=self._is_last(index))

    def _segment(self, index: int) -> bytes:
        """Return a segment's content, from the cache or verified from the disk."""
        if index == self.segment_count:
            return self._end.tail
        with self._lock:
            self._check_open()
            if index in self._cache:
                self._cache.move_to_end(index)
                return self._cache[index]
            size = self._content_bytes(index)
            content = self._store.open(index, size, last=self._is_last(index))
            self._keep(index, content)
            return content

    def _keep(self, index: int, content: bytes) -> None:
        self._cache[index] = content
        while len(self._cache) * self._layout.segment_bytes > self._cached_bytes:
            self._cache.popitem(last=False)

    def _is_last(self, index: int) -> bool:
        return self.complete and index == self.segment_count - 1

    def _check_open(self) -> None:
        if self.closed:
            raise ArchiveError(f"{self.identity}: the file is closed")


def _open_copies(bases: Sequence[Path], key_file: KeyFile) -> list[StoredStream]:
    copies: list[StoredStream] = []
    errors: list[ArchiveError] = []
    for base in bases:
        try:
            copies.append(StoredStream(base, key_file.layout))
        except ArchiveError as exc:
            errors.append(exc)
    if not copies:
        raise errors[0]
    return copies


def _check_headers(store: SegmentStore, *, is_only: bool) -> None:
    """Order copies that begin wrongly last; raise if nothing authentic lies in any."""
    faults = {copy: header_fault(store, copy) for copy in store.copies}
    store.copies.sort(key=lambda copy: faults[copy] is not None)
    first = faults[store.copies[0]]
    if first is not None and (is_only or not holds_anything(store)):
        raise first
    if is_only:
        refuse_appended(store)

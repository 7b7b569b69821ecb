"""Reading a sealed file: a seekable, read-only binary file object over verified segments.

Every byte that is handed out comes from a segment whose tag was checked. Whether the file
is whole is settled when it is opened, by its last segment.
"""

from __future__ import annotations

import io
import os
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Final, NoReturn

from cryptography.exceptions import InvalidTag

from recorder_core.archive.durable import SealedPaths
from recorder_core.archive.grants import check_completion, open_file_key
from recorder_core.archive.identity import FileIdentity
from recorder_core.archive.keyfile import KeyFile
from recorder_core.archive.opening import open_stream, read_key_file
from recorder_core.archive.stream import HEADER_BYTES, TAG_BYTES, SegmentCipher
from recorder_core.archive.tail import TailCipher, read_tail
from recorder_core.archive.wrapping import PrivateKey
from recorder_core.errors import (
    ArchiveError,
    ArchiveTruncated,
    HeaderDamaged,
    PayloadDamaged,
    SettingsError,
    WrongCopy,
)

__all__ = ["CACHED_BYTES", "SealedReader"]

#: content kept after decryption
CACHED_BYTES: Final = 2 * 2**20


class SealedReader(io.RawIOBase):
    """The content of a sealed file; threads may share it and use `read_at`.

    Parameters
    ----------
    base : Path
        Base path of the file's three files, without their endings.
    private_key : PrivateKey
        Of someone to whom the file is sealed.
    expected : FileIdentity
        What the catalog says lies here.
    incomplete : bool
        Whether a file without an end may be opened too; its content is then every whole
        segment and what the tail holds. A damaged end is then found only when it is read.

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
        base: Path,
        private_key: PrivateKey,
        expected: FileIdentity,
        *,
        incomplete: bool = False,
    ) -> None:
        self._descriptor = -1
        self._cache: OrderedDict[int, bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._position = 0
        self._tail = b""
        self._paths = SealedPaths.of(base)
        self._key_file = read_key_file(base, expected)
        self._layout = self._key_file.layout
        self._scratch = memoryview(bytearray(self._layout.segment_bytes))
        self._cached_bytes = max(CACHED_BYTES, self._layout.segment_bytes)
        self._make_ciphers(private_key)
        self._descriptor = open_stream(self._paths.stream)
        try:
            self._stream_bytes = os.fstat(self._descriptor).st_size
            self._check_header()
            self._settle_end(incomplete)
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
    def size_bytes(self) -> int:
        """Size of the content."""
        return self._size

    @property
    def segment_count(self) -> int:
        """Number of segments in the stream, a cut one not counted."""
        return self._segments

    @property
    def complete(self) -> bool:
        """Whether the file has its end; False only for a file opened as incomplete."""
        return self._complete

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
        starts = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}
        if whence not in starts:
            raise SettingsError(f"whence is 0, 1 or 2, not {whence}")
        target = starts[whence] + offset
        if target < 0:
            raise SettingsError(f"cannot seek to byte {target}")
        self._position = target
        return target

    def read(self, size: int | None = -1) -> bytes:
        """Return exactly `size` bytes, fewer only at the end; all if negative or None."""
        left = max(0, self._size - self._position)
        wanted = left if size is None or size < 0 else min(size, left)
        data = self.read_at(self._position, wanted)
        self._position += len(data)
        return data

    def readall(self) -> bytes:
        """Return everything from the position to the end."""
        return self.read(-1)

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill a buffer as far as the content goes; return how many bytes were written."""
        with memoryview(buffer) as raw, raw.cast("B") as view:
            wanted = max(0, min(len(view), self._size - self._position))
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
        wanted = min(offset + size, self._size) - offset
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
        if not self.closed:
            self._cache.clear()
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1
        super().close()

    def __repr__(self) -> str:
        state = "complete" if self._complete else "incomplete"
        return f"<SealedReader {self.identity}, {self._segments} segments, {state}>"

    # -- verification -------------------------------------------------------------------

    def is_authentic(self, index: int) -> bool:
        """Say whether a segment can be read and its tag agrees, bypassing the cache."""
        try:
            return self._try_open(index, last=self._is_last(index))
        except PayloadDamaged:
            return False

    def stored_segment(self, index: int) -> bytes:
        """Return a segment as it lies in the stream, unverified.

        Raises
        ------
        PayloadDamaged
            If the disk cannot read it.
        """
        begin = self._layout.stream_offset(index)
        size = (index + 1) * self._layout.segment_bytes - begin
        try:
            return os.pread(self._descriptor, size, begin)
        except OSError as exc:
            raise self._unreadable(index, exc) from exc

    def authenticates(self, stored: bytes, index: int, *, last: bool) -> bool:
        """Say whether these bytes are what this file's key sealed for a place."""
        try:
            self._cipher.open(index, stored, last=last)
        except InvalidTag:
            return False
        return True

    # -- opening ------------------------------------------------------------------------

    def _make_ciphers(self, private_key: PrivateKey) -> None:
        file_key = open_file_key(self._key_file, private_key)
        try:
            check_completion(self._key_file, file_key)
            bound = (file_key, self._key_file.header, self.identity.associated_data())
            self._cipher, self._tail_cipher = SegmentCipher(*bound), TailCipher(*bound)
        finally:
            file_key.wipe()

    def _check_header(self) -> None:
        """Compare the stream's header with the key file's; say what a difference means."""
        if self._stream_bytes < HEADER_BYTES:
            raise ArchiveTruncated(
                f"{self.identity}: truncated inside the header, 0 segments authentic", 0
            )
        found = os.pread(self._descriptor, HEADER_BYTES, 0)
        if found == self._key_file.header.to_bytes():
            return
        for old in self._key_file.superseded:
            if found == old.header.to_bytes():
                raise WrongCopy(
                    f"{self.identity}: the stream is an older copy, generation {old.generation}"
                )
        self._raise_foreign_header()

    def _raise_foreign_header(self) -> NoReturn:
        if self._try_open(0, last=False) or self._try_open(0, last=True):
            raise HeaderDamaged(
                f"{self.identity}: the header of the stream is damaged and its segments are not; "
                "the key file holds the right 40 bytes, or restore the stream from the mirror"
            )
        raise WrongCopy(
            f"{self.identity}: the stream is not the one that its key file was made for: it is "
            "another file's, or an older copy"
        )

    def _settle_end(self, incomplete: bool) -> None:
        """Find out whether the stream is whole, and how long its content is."""
        count = self._layout.segment_count(self._stream_bytes)
        done = self._key_file.completion
        if done is not None and self._stream_bytes > done.stream_bytes:
            extra = self._stream_bytes - done.stream_bytes
            raise PayloadDamaged(
                f"{self.identity}: {extra} bytes were appended to the stream", count - 1
            )
        is_short = done is not None and self._stream_bytes < done.stream_bytes
        self._segments = count
        self._complete = not is_short and count > 0 and self._try_open(count - 1, last=True)
        if done is not None and not (is_short or self._complete):
            if not incomplete:
                raise self._damaged(count - 1)
            self._complete = True  # the end is there; reading it raises
        if self._complete:
            last_bytes = self._stream_bytes - self._layout.stream_offset(count - 1) - TAG_BYTES
            self._size = self._layout.content_offset(count - 1) + last_bytes
        else:
            self._open_without_end(incomplete)

    def _open_without_end(self, incomplete: bool) -> None:
        self._segments = self._whole_segments()
        if not incomplete:
            authentic = self._authentic_prefix()
            raise ArchiveTruncated(
                f"{self.identity}: truncated, {authentic} segments authentic; it can be opened as "
                "incomplete, finalised, or repaired from the mirror",
                authentic,
            )
        if self._paths.tail.exists():
            data = self._paths.tail.read_bytes()
            self._tail = read_tail(data, self._tail_cipher, self._segments)
        self._size = self._layout.content_offset(self._segments) + len(self._tail)

    def _whole_segments(self) -> int:
        """Return the number of segments up to the last authentic one, looking from the end."""
        index = self._stream_bytes // self._layout.segment_bytes - 1
        while index >= 0 and not self._try_open(index, last=False):
            index -= 1
        return index + 1

    def _authentic_prefix(self) -> int:
        index = 0
        while index < self._segments and self._try_open(index, last=False):
            index += 1
        return index

    # -- segments -----------------------------------------------------------------------

    def _content_bytes(self, index: int) -> int:
        whole = self._layout.capacity(index)
        return min(whole, self._size - self._layout.content_offset(index))

    def _fill(self, offset: int, view: memoryview) -> None:
        """Write content to a buffer; whole segments are decrypted straight into it."""
        while view:
            index = self._layout.index_at(offset)
            size = self._content_bytes(index)
            begin = offset - self._layout.content_offset(index)
            taken = min(size - begin, len(view))
            if taken == size and index < self._segments and index not in self._cache:
                self._open_into(index, view[:taken])
            else:
                view[:taken] = self._segment(index)[begin : begin + taken]
            offset += taken
            view = view[taken:]

    def _open_into(self, index: int, view: memoryview) -> None:
        with self._lock:
            self._check_open()
            stored = self._scratch[: len(view) + TAG_BYTES]
            try:
                os.preadv(self._descriptor, [stored], self._layout.stream_offset(index))
                self._cipher.open_into(index, stored, view, last=self._is_last(index))
            except InvalidTag as exc:
                raise self._damaged(index) from exc
            except OSError as exc:
                raise self._unreadable(index, exc) from exc

    def _segment(self, index: int) -> bytes:
        """Return a segment's content, from the cache or verified from the disk."""
        if index == self._segments:
            return self._tail
        with self._lock:
            self._check_open()
            if index in self._cache:
                self._cache.move_to_end(index)
                return self._cache[index]
            try:
                content = self._cipher.open(
                    index, self.stored_segment(index), last=self._is_last(index)
                )
            except InvalidTag as exc:
                raise self._damaged(index) from exc
            self._keep(index, content)
            return content

    def _keep(self, index: int, content: bytes) -> None:
        self._cache[index] = content
        while len(self._cache) * self._layout.segment_bytes > self._cached_bytes:
            self._cache.popitem(last=False)

    def _try_open(self, index: int, *, last: bool) -> bool:
        return self.authenticates(self.stored_segment(index), index, last=last)

    def _is_last(self, index: int) -> bool:
        return self._complete and index == self._segments - 1

    def _check_open(self) -> None:
        if self._descriptor < 0:
            raise ArchiveError(f"{self.identity}: the file is closed")

    def _damaged(self, index: int) -> PayloadDamaged:
        reason = "is not authentic: it is damaged or does not belong there; verify says which"
        return PayloadDamaged(f"{self.identity}: segment {index} {reason}", index)

    def _unreadable(self, index: int, error: OSError) -> PayloadDamaged:
        reason = f"cannot be read from the disk ({error.strerror}); the mirror can repair it"
        return PayloadDamaged(f"{self.identity}: segment {index} {reason}", index)

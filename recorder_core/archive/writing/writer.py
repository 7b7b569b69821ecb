"""Writing a sealed file: content goes in, authenticated segments lie on one or two roots.

Nothing in clear touches a disk. What was written of a live recording is durable within a second,
whatever the rate: whole segments in the stream, the rest in the tail. Other files are of no use
before their end: they have no tail meanwhile, and are made durable beside the writing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from recorder_core.archive.identity import FileIdentity
from recorder_core.archive.keyfile import KeyFile, format_key_file
from recorder_core.archive.keys.grants import (
    ReaderSet,
    complete_key_file,
    create_key_file,
)
from recorder_core.archive.secrets.secret import SecretBytes
from recorder_core.archive.segments.stream import TAG_BYTES, SegmentCipher
from recorder_core.archive.segments.tail import TailCipher
from recorder_core.archive.writing.blocks import Block, BlockPool
from recorder_core.archive.writing.copies import CopyFault
from recorder_core.archive.writing.copyset import CopySet, check_place
from recorder_core.archive.writing.settings import DEFAULT_SEAL_SETTINGS, SealSettings
from recorder_core.errors import ArchiveError

__all__ = ["SealedWriter"]


class SealedWriter:
    """A write-only binary file object whose content is sealed as it comes.

    Leaving a ``with`` block normally completes the file; leaving it with an error abandons
    it: what is durable stays readable as incomplete and never claims to be whole.

    Parameters
    ----------
    roots : sequence of Path
        One or two existing folders; two make a mirror.
    name : str
        Base name of the files below each root, such as ``EVENT/original``.
    identity : FileIdentity
        What the file is.
    readers : ReaderSet
        Who may read it.
    settings : SealSettings
        How it is sealed.
    replaces : KeyFile, optional
        Key file of the generation before.
    on_fault : callable, optional
        Told of each copy that stops while another goes on; called from that copy's thread.

    Raises
    ------
    ArchiveError
        If no root can be written, or the name exists on one already.
    """

    _position: int
    _length: int

    def __init__(
        self,
        roots: Sequence[Path],
        name: str,
        identity: FileIdentity,
        readers: ReaderSet,
        *,
        settings: SealSettings = DEFAULT_SEAL_SETTINGS,
        replaces: KeyFile | None = None,
        on_fault: Callable[[CopyFault], None] | None = None,
    ) -> None:
        check_place(roots, name)
        self._settings = settings
        self._key_file, self._file_key = create_key_file(
            identity, readers, segment_bytes=settings.segment_bytes, replaces=replaces
        )
        bound = (self._file_key, self._key_file.header, identity.associated_data())
        self._cipher, self._tail_cipher = SegmentCipher(*bound), TailCipher(*bound)
        self._layout = self._key_file.layout
        self._begin_content()
        header = self._key_file.header.to_bytes()
        self._copies = CopySet(
            str(identity), settings.stall_seconds, on_fault, is_live=settings.is_live
        )
        self._copies.create(roots, name, format_key_file(self._key_file), header)
        # a head that is patched at the end cannot be hashed at the beginning
        if settings.hash_stream and not settings.patchable_head:
            self._copies.begin_digest(header)
        self._stopped = threading.Event()
        self._clock = threading.Thread(target=self._run_clock, name="seal clock", daemon=True)
        self._clock.start()

    # -- state --------------------------------------------------------------------------

    @property
    def key_file(self) -> KeyFile:
        """The key file as it was made; it has a completion after `close`."""
        return self._key_file

    @property
    def faults(self) -> tuple[CopyFault, ...]:
        """The copies that stopped, in the order in which they did."""
        return tuple(self._copies.faults)

    @property
    def whole_roots(self) -> tuple[Path, ...]:
        """The roots whose copy has not stopped; after `close` it is whole there."""
        return tuple(copy.root for copy in self._copies.working())

    @property
    def closed(self) -> bool:
        """Whether the file was completed or abandoned."""
        return self._closed

    @property
    def segment_count(self) -> int:
        """How many segments were sealed."""
        return self._index

    def readable(self) -> bool:
        """Return False."""
        return False

    def writable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True only with a patchable head."""
        return self._settings.patchable_head

    def tell(self) -> int:
        """Return the position in the content, in bytes."""
        return self._position

    def copy_key(self) -> SecretBytes:
        """Return a copy of the file's key, to read back what was written; wipe it after use."""
        with self._file_key.view() as raw:
            return SecretBytes(raw)

    # -- writing ------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Write content; of a live recording it is durable within a second.

        Returns
        -------
        int
            How many bytes were taken: all of them.

        Raises
        ------
        ArchiveError
            If no copy can be written any more, or the file is closed.
        """
        with memoryview(data) as raw, raw.cast("B") as view, self._lock:
            self._check_writable()
            patched = min(len(view), self._length - self._position)
            if patched:
                self._patch_head(view[:patched])
            self._append(view[patched:])
            self._position += len(view)
            return len(view)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Seek to the end, or into the head that is still in memory.

        Raises
        ------
        ArchiveError
            If that place is already sealed, or the head is not patchable.
        """
        with self._lock:
            target = offset + {0: 0, 1: self._position, 2: self._length}[whence]
            head = self._layout.capacity(0) if self._settings.patchable_head else 0
            if target != self._length and not 0 <= target < min(head, self._length):
                raise ArchiveError(f"byte {target} is already sealed and cannot be written again")
            self._position = target
            return target

    def flush(self) -> None:
        """Flush nothing: the clock makes everything durable; `sync` waits for it."""

    def sync(self) -> None:
        """Wait until everything written so far is durable on every working copy."""
        with self._lock:
            self._check_writable()
            self._save_tail()
        self._copies.sync()

    def request_sync(self) -> None:
        """Request that what was written so far is made durable, and wait for nothing."""
        with self._lock:
            if self._closed:
                return
            if self._settings.is_live:
                self._save_tail()
            self._copies.request_sync()

    def close(self) -> None:
        """Seal the last segment and make the whole file durable.

        Raises
        ------
        ArchiveError
            If no copy could be completed.
        """
        if not self._begin_end():
            return
        try:
            stream_bytes = self._seal_end()
            sha256 = self._copies.digest()
            self._key_file = complete_key_file(self._key_file, self._file_key, stream_bytes, sha256)
            self._copies.complete(self._key_file)
        finally:
            self._release()

    def abandon(self) -> None:
        """Stop without completing; what was written stays readable as incomplete."""
        if not self._begin_end():
            return
        try:
            self._save_tail()
            if self._copies.working():
                self._copies.sync()
        finally:
            self._release()

    def discard(self) -> None:
        """Stop, and remove the files: for a derived file that must not exist by halves."""
        self.abandon()
        self._copies.discard()

    def __enter__(self) -> SealedWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()

    def __repr__(self) -> str:
        return f"<SealedWriter {self._key_file.identity}, {self._index} segments>"

    # -- sealing ------------------------------------------------------------------------

    def _begin_content(self) -> None:
        self._lock, self._closed = threading.RLock(), False
        self._index = 0  # of the segment that is being filled
        self._pending = bytearray(self._layout.segment_bytes)
        self._fill = self._saved = 0  # bytes of `_pending` in use, and that the tail holds
        self._head: bytearray | None = None  # segment 0, where it is patchable
        self._pool = BlockPool(self._layout.segment_bytes)
        self._block: Block | None = None  # sealed segments not handed over yet
        self._position = self._length = 0

    def _append(self, view: memoryview) -> None:
        """Fill and seal; a full segment waits for the next byte, because it may be the last."""
        self._length += len(view)
        while view:
            capacity = self._layout.capacity(self._index)
            if self._fill == capacity:
                self._seal_pending(len(view))
            elif self._fill == 0 and len(view) > capacity:
                self._seal(view[:capacity], len(view))
                view = view[capacity:]
            else:
                taken = min(capacity - self._fill, len(view))
                self._pending[self._fill : self._fill + taken] = view[:taken]
                self._fill += taken
                view = view[taken:]
        self._hand_over()

    def _seal_pending(self, following: int) -> None:
        with memoryview(self._pending) as pending, pending[: self._fill] as content:
            self._seal(content, following)
        self._fill = self._saved = 0

    def _seal(self, content: memoryview, following: int) -> None:
        if self._index == 0 and self._settings.patchable_head:
            self._head = bytearray(content)
        else:
            self._put(self._index, content, len(content) + following, last=False)
        self._index += 1

    def _put(self, index: int, content: bytearray | memoryview, wanted: int, *, last: bool) -> None:
        """Seal a segment into the block that is being filled; hand the block over when full."""
        if self._block is None:
            self._block = self._pool.take(wanted, self._layout.stream_offset(index))
        block, size = self._block, len(content) + TAG_BYTES
        self._cipher.seal_into(
            index, content, block.view[block.fill : block.fill + size], last=last
        )
        block.fill += size
        if block.capacity_bytes - block.fill < self._layout.segment_bytes:
            self._hand_over()

    def _hand_over(self) -> None:
        if self._block is not None:
            block, self._block = self._block, None
            self._copies.put_block(block)

    def _patch_head(self, view: memoryview) -> None:
        end = self._position + len(view)
        if end > self._layout.capacity(0):
            raise ArchiveError("only the first segment can be written again, and not beyond it")
        head = self._pending if self._head is None else self._head
        head[self._position : end] = view

    def _seal_end(self) -> int:
        """Seal what is left as the last segment; return the size of the stream."""
        if self._head is not None:
            self._put(0, self._head, 0, last=False)
            self._hand_over()
        self._put(self._index, self._pending[: self._fill], 0, last=True)
        self._hand_over()
        self._index += 1
        return self._layout.stream_offset(self._index - 1) + self._fill + TAG_BYTES

    def _save_tail(self) -> None:
        """Append what is pending and not saved yet to the tail of every copy."""
        if self._saved == self._fill or self._settings.patchable_head:
            return
        new = self._pending[self._saved : self._fill]
        self._copies.put_tail(self._tail_cipher.seal(self._index, self._saved, new), self._index)
        self._saved = self._fill

    # -- clock and end ------------------------------------------------------------------

    def _run_clock(self) -> None:
        while not self._stopped.wait(self._settings.sync_seconds):
            self.request_sync()

    def _check_writable(self) -> None:
        if self._closed:
            raise ArchiveError(f"{self._key_file.identity}: the file is closed")
        self._copies.check()

    def _begin_end(self) -> bool:
        """Stop accepting content; return False if that was so before."""
        with self._lock:
            was_open, self._closed = not self._closed, True
        return was_open

    def _release(self) -> None:
        """End the threads and wipe what was in clear."""
        self._stopped.set()
        self._clock.join()
        self._copies.stop()
        self._file_key.wipe()
        self._pending[:] = bytes(len(self._pending))

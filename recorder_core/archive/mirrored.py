"""Reading one sealed file from all the roots it lies on: what one copy lost, another gives."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from recorder_core.archive.identity import FileIdentity
from recorder_core.archive.keyfile import KeyFile
from recorder_core.archive.reader import SealedReader
from recorder_core.archive.wrapping import PrivateKey
from recorder_core.errors import ArchiveError, PayloadDamaged, SettingsError

__all__ = ["MirroredReader"]


class MirroredReader(io.RawIOBase):
    """The content of a file without an end, as far as any root holds it; seekable, read-only.

    The longest copy says how long the content is. A segment that is damaged there, or cannot
    be read, is taken from another copy.

    Parameters
    ----------
    roots : sequence of Path
        Where the file lies.
    name : str
        Its base name below each root.
    private_key : PrivateKey
        Of someone to whom it is sealed.
    expected : FileIdentity
        What the catalog says lies there.

    Raises
    ------
    ArchiveError
        If no copy can be opened; the message is about the first.
    """

    def __init__(
        self, roots: Sequence[Path], name: str, private_key: PrivateKey, expected: FileIdentity
    ) -> None:
        self._position = 0
        with ExitStack() as stack:
            copies: list[tuple[Path, SealedReader]] = []
            errors: list[ArchiveError] = []
            for root in roots:
                try:
                    reader = SealedReader(root / name, private_key, expected, incomplete=True)
                except ArchiveError as exc:
                    errors.append(exc)
                else:
                    copies.append((root, stack.enter_context(reader)))
            if not copies:
                raise errors[0]
            copies.sort(key=lambda copy: (copy[1].complete, copy[1].size_bytes), reverse=True)
            self._copies = stack.pop_all()
        #: the roots that can be read, the longest copy first
        self.roots = tuple(root for root, _ in copies)
        self._readers = [reader for _, reader in copies]

    @property
    def key_file(self) -> KeyFile:
        """The key file of the longest copy, as read."""
        return self._readers[0].key_file

    @property
    def size_bytes(self) -> int:
        """Size of the content."""
        return self._readers[0].size_bytes

    @property
    def segment_count(self) -> int:
        """Number of whole segments of the longest copy."""
        return self._readers[0].segment_count

    @property
    def complete(self) -> bool:
        """Whether the longest copy has its end."""
        return self._readers[0].complete

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
        begin = (0, self._position, self.size_bytes)[whence]
        if begin + offset < 0:
            raise SettingsError(f"cannot seek to byte {begin + offset}")
        self._position = begin + offset
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill a buffer up to the end of the segment; return how many bytes were written."""
        with memoryview(buffer) as raw, raw.cast("B") as view:
            data = self.read_segment(self._position, len(view))
            view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def read_segment(self, offset: int, size: int) -> bytes:
        """Return content from one segment: fewer bytes than asked for at its end.

        Raises
        ------
        PayloadDamaged
            If every copy of the segment is damaged.
        """
        layout = self.key_file.layout
        index = layout.index_at(offset)
        end = min(layout.content_offset(index) + layout.capacity(index), self.size_bytes)
        wanted = max(0, min(offset + size, end) - offset)
        fault: PayloadDamaged | None = None
        for reader in self._readers:
            try:
                data = reader.read_at(offset, wanted)
            except PayloadDamaged as exc:
                fault = fault or exc
                continue
            if len(data) == wanted:
                return data
        raise fault or ArchiveError(f"no copy holds byte {offset} of the content")

    def close(self) -> None:
        """Close every copy."""
        if not self.closed:
            self._copies.close()
        super().close()

    def __repr__(self) -> str:
        return f"<MirroredReader {self.key_file.identity}, {len(self._readers)} copies>"

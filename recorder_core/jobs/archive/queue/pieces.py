"""What a running job shows to who watches it: pieces, each with its kind and its length before it.

A piece is one byte for its kind, four for the length of its content (big-endian), and the content.
The last one says how it ends; while nothing is new an empty one comes now and then, by which each
side knows that the other is there.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import TracebackType
from typing import Any, Final, Self

from recorder_core.errors import ArchiveError, RecorderError
from recorder_core.jobs.archive.queue.calling import error_content, raise_refusal

__all__ = [
    "MAX_PREVIEW_BYTES",
    "MAX_STATE_BYTES",
    "JobUpdate",
    "JobWatch",
    "PieceKind",
    "end_bytes",
    "piece_bytes",
]

#: of a state as JSON
MAX_STATE_BYTES: Final = 65_536
#: of a picture as JPEG
MAX_PREVIEW_BYTES: Final = 1 << 20
_HEAD: Final = struct.Struct(">BI")


class PieceKind(IntEnum):
    """What a piece is."""

    #: nothing is new
    BEAT = 0
    #: JSON
    STATE = 1
    #: JPEG
    PREVIEW = 2
    #: JSON: an error, or nothing where the job has ended
    END = 3


@dataclass(frozen=True, slots=True)
class JobUpdate:
    """What a job shows at once: a state or a preview.

    Attributes
    ----------
    state : mapping or None
        What the kind of job says of itself.
    preview : bytes or None
        A picture, as JPEG.
    """

    state: Mapping[str, Any] | None = None
    preview: bytes | None = field(default=None, repr=False)


def piece_bytes(kind: PieceKind, content: bytes = b"") -> bytes:
    """Return a piece as it is sent."""
    return _HEAD.pack(kind, len(content)) + content


def end_bytes(error: RecorderError | None = None) -> bytes:
    """Return the last piece: the job has ended, or why there is no more of it for this person."""
    content = {} if error is None else error_content(error)
    return piece_bytes(PieceKind.END, json.dumps(content).encode("ascii"))


class JobWatch:
    """What a running job shows, piece by piece: an iterator and a context manager.

    It ends when the job does, however that was: ask `archive.job` afterwards. It raises NotAllowed
    when the person may watch no longer. Who is slow gets the newest piece next, and those between
    never.

    Parameters
    ----------
    read : callable
        Returns so many bytes of the stream, fewer where it ends.
    close : callable
        Ends it.
    lost : RecorderError
        What to raise where it breaks off, without a last piece: the job may have been killed.
    """

    def __init__(
        self,
        read: Callable[[int], bytes],
        close: Callable[[], object],
        *,
        lost: RecorderError,
    ) -> None:
        self._read, self._close, self._lost = read, close, lost
        self._is_over = False

    @property
    def is_over(self) -> bool:
        """Whether the last piece was read, or this was closed."""
        return self._is_over

    def close(self) -> None:
        """Watch no longer."""
        self._is_over = True
        self._close()

    def end(self, error: RecorderError) -> bytes:
        """Watch no longer, and return the last piece for who gets the stream passed on."""
        self.close()
        return end_bytes(error)

    def read_piece(self) -> bytes:
        """Return the next piece as it was sent, to pass it on; the last one where all is over.

        Raises
        ------
        RecorderError
            `lost`, if the stream ended without a word.
        ArchiveError
            If it is none of pieces.
        """
        kind, content = self._next()
        return piece_bytes(kind, content)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> JobUpdate:
        while True:
            kind, content = self._next()
            if kind is PieceKind.END:
                raise_refusal(_parsed(content))
                raise StopIteration
            if kind is PieceKind.STATE:
                return JobUpdate(state=_parsed(content))
            if kind is PieceKind.PREVIEW:
                return JobUpdate(preview=content)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _next(self) -> tuple[PieceKind, bytes]:
        """Return kind and content of the next piece."""
        ended = PieceKind.END, b"{}"
        if self.is_over:
            return ended
        head = self._read(_HEAD.size)
        if len(head) == _HEAD.size:
            kind, size = _known(head)
            content = self._read(size) if size else b""
            if len(content) == size:
                self._is_over = kind is PieceKind.END
                return kind, content
        if self._is_over:  # closed meanwhile
            return ended
        self._is_over = True
        raise self._lost


def _known(head: bytes) -> tuple[PieceKind, int]:
    """Return kind and size of a piece; ArchiveError where it can be none."""
    kind, size = _HEAD.unpack(head)
    if kind not in set(PieceKind) or size > MAX_PREVIEW_BYTES:
        raise ArchiveError("what is sent is nothing that a job shows: watch it again")
    return PieceKind(kind), size


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ArchiveError("what is sent is no state of a job: watch it again")
    return found

"""What videos are read from and written to: file objects, such as those that decrypt and seal."""

from __future__ import annotations

from typing import Protocol

__all__ = ["ByteSink", "ByteSource"]


class ByteSource(Protocol):
    """What a video can be read from: a binary file object that can go back."""

    def read(self, size: int = -1, /) -> bytes:
        """Return bytes from the position on."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move the position."""

    def tell(self) -> int:
        """Return the position."""


class ByteSink(Protocol):
    """What a video is written to: forward, but for a size near the beginning."""

    def write(self, data: bytes, /) -> int:
        """Write bytes at the position."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move the position."""

    def tell(self) -> int:
        """Return the position."""

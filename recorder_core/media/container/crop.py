"""What a container hides of its frames: the crop of Matroska and of MP4.

FFmpeg's decoders apply the crop that a stream states itself; the container's own is left
to players, which do hide what lies outside it. Layout: RFC 9559 (Matroska), 5.1.4.1.28;
ISO/IEC 14496-12, 12.1.4 (``clap``, the clean aperture).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NamedTuple, Protocol

__all__ = ["NO_CROP", "Crop", "matroska_elements", "read_crops"]

_EBML: Final = 0x1A45DFA3
_SEGMENT, _TRACKS = 0x18538067, 0x1654AE6B
_TRACK, _TRACK_TYPE, _VIDEO = 0xAE, 0x83, 0xE0
_IS_VIDEO: Final = 1
_EDGES: Final = {0x54CC: "left", 0x54BB: "top", 0x54DD: "right", 0x54AA: "bottom"}
#: bytes of a sample description before its entries, and of a video entry before its boxes
_STSD_BYTES, _ENTRY_BYTES = 8, 78


class _Source(Protocol):
    """A file object that can go back."""

    def read(self, size: int = -1, /) -> bytes: ...

    def seek(self, offset: int, whence: int = 0, /) -> int: ...


class _Part(NamedTuple):
    """An element or a box: its kind, and where its content lies."""

    kind: int | bytes
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Crop:
    """Pixels of the decoded frame that players do not show, at each edge."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0

    def __bool__(self) -> bool:
        return any((self.left, self.top, self.right, self.bottom))

    def size_of(self, width: int, height: int) -> tuple[int, int]:
        """Return what is left of a frame of a size."""
        return width - self.left - self.right, height - self.top - self.bottom

    def even(self, width: int, height: int) -> Crop:
        """Return the crop moved in to whole chroma samples of a frame of a size."""
        left, top = self.left + self.left % 2, self.top + self.top % 2
        right = self.right + (width - left - self.right) % 2
        bottom = self.bottom + (height - top - self.bottom) % 2
        return Crop(left, top, right, bottom)


NO_CROP: Final = Crop()


def read_crops(file: _Source) -> list[Crop]:
    """Return the crop of each video track, in the file's order; none where nothing is known.

    Parameters
    ----------
    file : file object
        Read from its beginning; its position is where it was afterwards no more.
    """
    end = file.seek(0, os.SEEK_END)
    file.seek(0)
    start = file.read(8)
    if start[:4] == _EBML.to_bytes(4, "big"):
        return list(_matroska_crops(file, end))
    return [
        crop
        for box in _boxes(file, 0, end)
        if box.kind == b"moov"
        for crop in _mp4_crops(file, box)
    ]


def _matroska_crops(file: _Source, end: int) -> Iterator[Crop]:
    for segment in matroska_elements(file, 0, end):
        if segment.kind != _SEGMENT:
            continue
        for part in matroska_elements(file, segment.start, segment.stop):
            if part.kind == _TRACKS:
                yield from _track_crops(file, part)
                return


def _track_crops(file: _Source, tracks: _Part) -> Iterator[Crop]:
    for track in matroska_elements(file, tracks.start, tracks.stop):
        if track.kind != _TRACK:
            continue
        parts = {part.kind: part for part in matroska_elements(file, track.start, track.stop)}
        kind, video = parts.get(_TRACK_TYPE), parts.get(_VIDEO)
        if kind is None or video is None or _number(file, kind) != _IS_VIDEO:
            continue
        edges = {
            _EDGES[part.kind]: _number(file, part)
            for part in matroska_elements(file, video.start, video.stop)
            if isinstance(part.kind, int) and part.kind in _EDGES
        }
        yield Crop(**edges)


def matroska_elements(file: _Source, start: int, stop: int) -> Iterator[_Part]:
    """Yield the elements of EBML between two places; what is damaged ends them."""
    offset = start
    while offset < stop:
        file.seek(offset)
        head = file.read(12)
        id_bytes = _vint_bytes(head[:1])
        size_bytes = _vint_bytes(head[id_bytes : id_bytes + 1])
        if not 0 < id_bytes <= 4 or not size_bytes or len(head) < id_bytes + size_bytes:
            return
        value = int.from_bytes(head[id_bytes : id_bytes + size_bytes], "big")
        largest = (1 << 7 * size_bytes) - 1
        size = value & largest
        content = offset + id_bytes + size_bytes
        end = stop if size == largest else min(content + size, stop)
        yield _Part(int.from_bytes(head[:id_bytes], "big"), content, end)
        offset = end


def _vint_bytes(first: bytes) -> int:
    return 9 - first[0].bit_length() if first and first[0] else 0


def _number(file: _Source, part: _Part) -> int:
    file.seek(part.start)
    return int.from_bytes(file.read(min(part.stop - part.start, 8)), "big")


def _mp4_crops(file: _Source, movie: _Part) -> Iterator[Crop]:
    for track in _boxes(file, movie.start, movie.stop):
        media = _inner(file, track, b"mdia") if track.kind == b"trak" else None
        handler = media and _inner(file, media, b"hdlr")
        if not media or not handler or _four_letters(file, handler.start + 8) != b"vide":
            continue
        information = _inner(file, media, b"minf")
        table = information and _inner(file, information, b"stbl")
        description = table and _inner(file, table, b"stsd")
        yield _entry_crop(file, description) if description else NO_CROP


def _inner(file: _Source, box: _Part, kind: bytes) -> _Part | None:
    """Return the first box of a kind inside another."""
    return next((each for each in _boxes(file, box.start, box.stop) if each.kind == kind), None)


def _four_letters(file: _Source, offset: int) -> bytes:
    file.seek(offset)
    return file.read(4)


def _entry_crop(file: _Source, description: _Part) -> Crop:
    """Return the crop of a sample description of video."""
    entry = next(_boxes(file, description.start + _STSD_BYTES, description.stop), None)
    if entry is None:
        return NO_CROP
    file.seek(entry.start)
    head = file.read(_ENTRY_BYTES)
    width, height = int.from_bytes(head[24:26], "big"), int.from_bytes(head[26:28], "big")
    inner = _boxes(file, entry.start + _ENTRY_BYTES, entry.stop)
    aperture = next((box for box in inner if box.kind == b"clap"), None)
    return NO_CROP if aperture is None else _clean_aperture(file, aperture, width, height)


def _clean_aperture(file: _Source, box: _Part, width: int, height: int) -> Crop:
    file.seek(box.start)
    content = file.read(32)
    numbers = [int.from_bytes(content[at : at + 4], "big", signed=True) for at in range(0, 32, 4)]
    if len(content) < 32 or any(divisor <= 0 for divisor in numbers[1::2]):
        return NO_CROP
    seen_width, seen_height, across, down = (
        Fraction(numbers[at], numbers[at + 1]) for at in range(0, 8, 2)
    )
    left, top = (width - seen_width) / 2 + across, (height - seen_height) / 2 + down
    edges = (left, top, width - left - seen_width, height - top - seen_height)
    return Crop(*(max(0, round(edge)) for edge in edges))


def _boxes(file: _Source, start: int, stop: int) -> Iterator[_Part]:
    """Yield the boxes of MP4 between two places; what is damaged ends them."""
    offset = start
    while offset + 8 <= stop:
        file.seek(offset)
        head = file.read(16)
        size, kind = int.from_bytes(head[:4], "big"), head[4:8]
        header_bytes = 8
        if size == 1:
            size, header_bytes = int.from_bytes(head[8:16], "big"), 16
        size = size or stop - offset
        if size < header_bytes or not (kind.isascii() and kind.decode("ascii").isprintable()):
            return
        yield _Part(kind, offset + header_bytes, min(offset + size, stop))
        offset += size

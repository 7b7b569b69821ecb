"""Find a second file that was joined byte by byte to one that cannot be joined so.

Of MP4, ASF (WMV) and FLV every reader takes the first file and passes over the rest; of MXF FFmpeg
gives the frames of all the times of the first.
"""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import BinaryIO, Final

from recorder_core.errors import DecodeError
from recorder_core.media.container.mp4_boxes import top_level_boxes
from recorder_core.media.files.media_file import MediaFile

__all__ = ["refuse_second_file"]

#: of the header object (ASF specification, 10.1), and what begins each object: it and its size
_ASF_HEADER: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_OBJECT_BYTES: Final = 24
#: FLV specification, E.2 and E.4: header with the size of no tag; header and end of a tag
_FLV_START: Final = b"FLV"
_FLV_HEADER_BYTES: Final = 13
_FLV_TAG_BYTES, _FLV_END_BYTES = 11, 4
#: the key of a header partition (SMPTE ST 377-1, 7.1), less its last two bytes; what may come
#: before the first one; a key, and the first byte of a length
_MXF_HEADER: Final = bytes.fromhex("060e2b34020501010d0102010102")
_MXF_RUN_IN_BYTES: Final = 1 << 16
_MXF_KEY_BYTES, _MXF_LENGTH_BYTES = 16, 9
#: with which every key begins
_MXF_LABEL_BYTES: Final = 4
_LONG_LENGTH: Final = 0x80


def refuse_second_file(video: MediaFile, container: str) -> None:
    """Refuse a file that holds another one behind its end.

    Parameters
    ----------
    video : MediaFile
    container : str
        FFmpeg's name of the container.

    Raises
    ------
    DecodeError
        If there is another one; the message says how to divide them.
    """
    with video.open() as file:
        start = _second_start(file, container)
    if start is not None:
        name, suffix = video.name, PurePath(video.name).suffix
        raise DecodeError(
            f"{name} holds a second file from byte {start} on, which no player shows: files of "
            "this kind cannot be joined as they are; pass its parts as separate files: "
            f"head -c {start} {name} > first{suffix}; tail -c +{start + 1} {name} > second{suffix}"
        )


def _second_start(file: BinaryIO, container: str) -> int | None:
    if "mp4" in container:
        return _second_mp4(file)
    if container == "asf":
        return _second_asf(file)
    if container == "mxf":
        return _second_mxf(file)
    return _second_flv(file) if container == "flv" else None


def _second_mp4(file: BinaryIO) -> int | None:
    """Return where a file with an index of its own begins; fragments may repeat the index."""
    boxes = top_level_boxes(file)
    indexes = [place for place, box in enumerate(boxes) if box.kind == b"moov"]
    if len(indexes) < 2 or any(box.kind == b"moof" for box in boxes[indexes[-1] :]):
        return None
    types = [box.offset for box in boxes[1:] if box.kind == b"ftyp"]
    follows_media = any(box.kind == b"mdat" for box in boxes[: indexes[0]])
    other = boxes[indexes[0]].stop if follows_media else boxes[indexes[1]].offset
    return types[0] if types else other


def _second_asf(file: BinaryIO) -> int | None:
    end, offset = file.seek(0, os.SEEK_END), 0
    while offset + _ASF_OBJECT_BYTES <= end:
        file.seek(offset)
        head = file.read(_ASF_OBJECT_BYTES)
        if offset and head.startswith(_ASF_HEADER):
            return offset
        size = int.from_bytes(head[len(_ASF_HEADER) :], "little")
        if size < _ASF_OBJECT_BYTES:
            return None
        offset += size
    return None


def _second_flv(file: BinaryIO) -> int | None:
    end, offset = file.seek(0, os.SEEK_END), _FLV_HEADER_BYTES
    while offset + _FLV_TAG_BYTES <= end:
        file.seek(offset)
        head = file.read(_FLV_TAG_BYTES)
        if head.startswith(_FLV_START):
            return offset
        offset += _FLV_TAG_BYTES + int.from_bytes(head[1:4], "big") + _FLV_END_BYTES
    return None


def _second_mxf(file: BinaryIO) -> int | None:
    """Return where a header partition begins behind the first; each file has one."""
    end = file.seek(0, os.SEEK_END)
    file.seek(0)
    first = max(file.read(_MXF_RUN_IN_BYTES).find(_MXF_HEADER), 0)
    offset = first
    while offset + _MXF_KEY_BYTES < end:
        file.seek(offset)
        head = file.read(_MXF_KEY_BYTES + _MXF_LENGTH_BYTES)
        if offset > first and head.startswith(_MXF_HEADER):
            return offset
        if not head.startswith(_MXF_HEADER[:_MXF_LABEL_BYTES]):
            return None
        short, long = head[_MXF_KEY_BYTES], head[_MXF_KEY_BYTES + 1 :]
        count = short - _LONG_LENGTH if short >= _LONG_LENGTH else 0
        size = int.from_bytes(long[:count], "big") if count else short
        offset += _MXF_KEY_BYTES + 1 + count + size
    return None

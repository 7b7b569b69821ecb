"""Walk through an FLV file from tag to tag.

References
----------
.. [1] Adobe Flash Video File Format Specification, version 10.1, annex E.
"""

from __future__ import annotations

import re
from typing import Final

from recorder_core.media.container.chain.block_reader import BlockReader
from recorder_core.media.container.chain.walk import Walk

__all__ = ["walk_flv"]

#: of the header: where it says its own length, which the size of no tag follows
_LENGTH_PLACE: Final = slice(5, 9)
_HEADER_BYTES: Final = 9
_TAG_BYTES, _SIZE_BYTES = 11, 4
#: audio, video and script data, encrypted or not
_KINDS: Final = frozenset({8, 9, 18, 40, 41, 50})
#: a tag of a stream with the number 0, as all have
_TAG: Final = re.compile(rb"[\x08\x09\x12](?=.{7}\0\0\0)", re.DOTALL)
_SEARCHED_BYTES: Final = 1 << 16


def walk_flv(file: BlockReader) -> Walk:
    """Return where no tag follows a tag."""
    found = Walk()
    place = int.from_bytes(file.at(0, _HEADER_BYTES)[_LENGTH_PLACE], "big") + _SIZE_BYTES
    while 0 <= place <= file.size - _TAG_BYTES:
        found.pieces += 1
        if file.at(place, 1)[0] in _KINDS:
            place += _tag_bytes(file, place)
            continue
        following = _next_tag(file, place)
        if following >= 0 or file.skip_zeros(place) < file.size:  # zeros at the end are padding
            found.note(place, following)
        place = following
    return found


def _tag_bytes(file: BlockReader, place: int) -> int:
    """Return the length of a tag, with its size that follows it."""
    return _TAG_BYTES + int.from_bytes(file.at(place, _TAG_BYTES)[1:4], "big") + _SIZE_BYTES


def _next_tag(file: BlockReader, place: int) -> int:
    """Return where the next tag begins that its own size follows; -1: nowhere."""
    while place < file.size:
        for match in _TAG.finditer(file.at(place, _SEARCHED_BYTES)):
            tag = place + match.start()
            size = _tag_bytes(file, tag)
            if file.at(tag + size - _SIZE_BYTES, _SIZE_BYTES) == (size - _SIZE_BYTES).to_bytes(
                _SIZE_BYTES, "big"
            ):
                return tag
        place += _SEARCHED_BYTES - _TAG_BYTES
    return -1

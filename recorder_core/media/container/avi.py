"""Whether an AVI file is as long as its chunks say.

A file of more than a gigabyte is a row of chunks ``RIFF``, each with its size.

References
----------
.. [1] OpenDML AVI File Format Extensions, version 1.02, section 2.
"""

from __future__ import annotations

import os
from typing import Final

from recorder_core.media.files.media_file import MediaFile

__all__ = ["is_cut_off"]

_HEADER_BYTES: Final = 8
#: a recorder fills the size in when it ends
_UNKNOWN_SIZES: Final = (0, 2**32 - 1)


def is_cut_off(video: MediaFile) -> bool:
    """Return whether the file is shorter than its chunks say."""
    with video.open() as file:
        end, place = file.seek(0, os.SEEK_END), 0
        while place + _HEADER_BYTES <= end:
            file.seek(place)
            header = file.read(_HEADER_BYTES)
            size = int.from_bytes(header[4:], "little")
            if header[:4] != b"RIFF" or size in _UNKNOWN_SIZES:
                return False
            place += _HEADER_BYTES + size
    return place > end

"""What the header of an ASF file (WMV) says of its size.

References
----------
.. [1] Microsoft, Advanced Systems Format specification, revision 01.20.06, sections 3.1 (header
   object) and 3.2 (file properties object).
"""

from __future__ import annotations

import os
import struct
from typing import Final
from uuid import UUID

from recorder_core.media.files.media_file import MediaFile

__all__ = ["is_cut_off"]

_FILE_PROPERTIES: Final = UUID("8cabdca1-a947-11cf-8ee4-00c00c205365").bytes_le
#: identifier and size of the header object, number of objects in it, two reserved bytes
_HEADER: Final = struct.Struct("<16sQI2x")
#: identifier of the object, its size, identifier of the file, and size of the file
_PROPERTIES: Final = struct.Struct("<16sQ16sQ")
#: headers are a few kilobytes
_MAX_HEADER_BYTES: Final = 1 << 20
#: where the object has its flags, of which the lowest says that its size is not known
_FLAGS_AT: Final = 88
_IS_BROADCAST: Final = 1


def is_cut_off(video: MediaFile) -> bool:
    """Return whether the file is shorter than its header says."""
    with video.open() as file:
        header = file.read(_HEADER.size)
        if len(header) < _HEADER.size:
            return True
        _, size, _ = _HEADER.unpack(header)
        objects = file.read(min(size, _MAX_HEADER_BYTES))
        place = objects.find(_FILE_PROPERTIES)
        if place < 0 or len(objects) < place + _FLAGS_AT + 4:
            return False
        _, _, _, promised_bytes = _PROPERTIES.unpack_from(objects, place)
        if objects[place + _FLAGS_AT] & _IS_BROADCAST:
            return False
        return bool(file.seek(0, os.SEEK_END) < promised_bytes)

"""Read packets of a file, whatever streams turn up in the middle of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import av.logging
from av.container import InputContainer
from av.packet import Packet

__all__ = ["late_streams", "read_packets"]

_STREAM_LINE: Final = re.compile(r"Stream #0:(\d+).*?: (Video|Audio):")


def read_packets(container: InputContainer, streams: Iterable[Any]) -> Iterator[Packet[Any]]:
    """Yield the packets of some streams in the file's order, and an empty one of each at its end.

    PyAV fails at the end of a file in which FFmpeg found more streams than at its beginning.
    """
    try:
        yield from container.demux(list(streams))
    except IndexError:
        return


def late_streams(container: InputContainer) -> list[str]:
    """Return the kind of each stream of video and audio that turned up while a file was read."""
    level = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)  # FFmpeg tells about streams in its log only
    try:
        described: Any = container  # PyAV does not declare it
        lines = described.dumps_format().splitlines()
    finally:
        av.logging.set_level(level)
    found = [match for line in lines if (match := _STREAM_LINE.search(line))]
    return [match[2].lower() for match in found if int(match[1]) >= len(container.streams)]

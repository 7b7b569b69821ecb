"""Whether a video of the archive is what a recorder wrote: as it came, or made seekable since."""

from __future__ import annotations

import hashlib
import io

import av
import av.error

__all__ = ["is_recording"]


def is_recording(content: bytes, fragments: bytes, size_bytes: int) -> bool:
    """Return whether a video has what was recorded.

    Parameters
    ----------
    content : bytes
        The video as the archive has it.
    fragments : bytes
        All that the recorder writes: fragmented MP4.
    size_bytes : int
        How much of that must be there.
    """
    if fragments.startswith(content):
        return len(content) >= size_bytes
    try:
        return _packets(content) == _packets(fragments)
    except av.error.FFmpegError:
        return False


def _packets(content: bytes) -> dict[str, tuple[int, str]]:
    """Return of video and audio how many packets there are, and the hash of all."""
    found = {}
    for kind in ("video", "audio"):
        count, digest = 0, hashlib.sha256()
        with av.open(io.BytesIO(content), "r") as container:
            for packet in container.demux(
                [each for each in container.streams if each.type == kind]
            ):
                count += bool(packet.size)
                digest.update(bytes(packet))
        found[kind] = (count, digest.hexdigest())
    return found

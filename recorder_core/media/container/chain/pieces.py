"""Whether each piece of a file follows the one before, in the containers that say nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from recorder_core.media.container.chain.asf_packets import walk_asf
from recorder_core.media.container.chain.avi import walk_avi
from recorder_core.media.container.chain.block_reader import BlockReader
from recorder_core.media.container.chain.flv import walk_flv
from recorder_core.media.container.chain.fragments import walk_fragments
from recorder_core.media.container.chain.gif import walk_gif
from recorder_core.media.container.chain.matroska import walk_matroska
from recorder_core.media.container.chain.mxf import walk_mxf
from recorder_core.media.container.chain.ogg import walk_ogg
from recorder_core.media.container.chain.program_stream import walk_program_stream
from recorder_core.media.container.chain.walk import Walk
from recorder_core.media.files.media_file import MediaFile

__all__ = ["walk_pieces"]

#: by one of FFmpeg's names; of the others the index or the counters of packets are known
_WALKS: Final[Mapping[str, Callable[[BlockReader], Walk]]] = {
    "mp4": walk_fragments,
    "matroska": walk_matroska,
    "asf": walk_asf,
    "avi": walk_avi,
    "flv": walk_flv,
    "gif": walk_gif,
    "mpeg": walk_program_stream,
    "mxf": walk_mxf,
    "ogg": walk_ogg,
}


def walk_pieces(video: MediaFile, container: str) -> Walk:
    """Walk through a file, where its container is one that has to be; elsewhere nothing is found.

    Parameters
    ----------
    video : MediaFile
    container : str
        FFmpeg's names of it.
    """
    walk = next((_WALKS[name] for name in container.split(",") if name in _WALKS), None)
    if walk is None:
        return Walk()
    with video.open() as file:
        return walk(BlockReader(file))

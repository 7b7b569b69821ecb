"""Whole frames from cameras that give fields: rows of two moments, every other of each.

A composite scales what it shows, and scaling mixes the rows of both moments. So they are taken
apart before: each frame has the moment of its first field, and comes one frame later.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import av.error
from av.filter.graph import Graph
from av.video.frame import VideoFrame

__all__ = ["Deinterlacer", "FieldOrder"]

#: of frames that do not say it themselves: which rows are earlier
FieldOrder = Literal["top", "bottom"]
_FILTER: Final = "bwdif"
_USUAL: Final = "mode=send_frame:parity=auto:deint=interlaced"
_KNOWN: Final = {
    "top": "mode=send_frame:parity=tff:deint=all",
    "bottom": "mode=send_frame:parity=bff:deint=all",
}


class Deinterlacer:
    """Makes whole frames where they are interlaced; others pass as they are.

    Parameters
    ----------
    order : {"top", "bottom"}, optional
        Of an input whose frames are all interlaced, without saying it; unless given, frames that
        say it are.
    """

    def __init__(self, order: FieldOrder | None = None) -> None:
        self._order = order
        self._graph: Graph | None = None
        #: size and format of the frames that the graph takes
        self._taken: tuple[int, int, str] | None = None

    def whole(self, frame: VideoFrame) -> Iterator[VideoFrame]:
        """Yield the whole frames that a frame completes.

        Raises
        ------
        FFmpegError
            If frames of its format cannot be taken apart.
        """
        taken = frame.width, frame.height, frame.format.name
        if self._graph is None or taken != self._taken:
            if self._order is None and not frame.interlaced_frame:
                self._graph = None
                yield frame
                return
            self._graph, self._taken = self._made(frame), taken
        self._graph.push(frame)
        while True:
            try:
                yield self._graph.vpull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return

    def _made(self, frame: VideoFrame) -> Graph:
        graph = Graph()
        source = graph.add_buffer(
            width=frame.width,
            height=frame.height,
            format=frame.format,
            time_base=frame.time_base,
        )
        how = _USUAL if self._order is None else _KNOWN[self._order]
        graph.link_nodes(source, graph.add(_FILTER, how), graph.add("buffersink")).configure()
        return graph

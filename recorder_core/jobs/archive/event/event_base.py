"""What an event is to read wherever its archive lies: on this machine or behind a server."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from recorder_core.catalog import Event, EventState, Marker
from recorder_core.jobs.archive.place.roles import FileRole, VideoRole, role_of
from recorder_core.model import FrameTimes

if TYPE_CHECKING:
    from recorder_core.media import Video
    from recorder_core.tables import RedactionTable

__all__ = ["BaseEvent"]

#: with which a Parquet file begins
_PARQUET: Final = b"PAR1"
#: of the table of markers
_MARKER_COLUMNS: Final = ("marker_id", "kind", "start_seconds", "stop_seconds", "author")


class BaseEvent(ABC):
    """One event, to read.

    Attributes
    ----------
    row : Event
        What the catalog says, without names.
    """

    def __init__(self, row: Event) -> None:
        self.row = row

    @property
    def event_id(self) -> str:
        """The event's id."""
        return self.row.event_id

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.event_id}, {self.row.state}>"

    def open_video(
        self,
        role: VideoRole = "original",
        *,
        incomplete: bool = False,
        stream_index: int | None = None,
        salvage: bool = False,
    ) -> Video:
        """Open a video: any frame of it, decoding, its index; nothing in clear touches a disk.

        Parameters
        ----------
        role : {"original", "deidentified"}
            Which of the two.
        incomplete : bool, default False
            As for :meth:`video`.
        stream_index : int, optional
            The number of a stream of video; unless given, the one that a player shows.
        salvage : bool, default False
            Take what a damaged or cut-off file still holds instead of refusing it.

        Returns
        -------
        Video
            A context manager.

        Raises
        ------
        ArchiveTruncated
            If it is incomplete, and that was not allowed.
        DecodeError
            If it is no video.
        """
        from recorder_core.media import open_video
        from recorder_core.media.files.media_file import SharedFile

        file = self.video(role, incomplete=incomplete)
        name = f"the {role_of(role).words} of event {self.event_id}"
        shared = SharedFile(file, name, close=file.close)
        try:
            is_cut = incomplete and self.row.state is EventState.RECORDING
            times = None if is_cut or stream_index is not None else self._frame_times(role)
            return open_video(shared, stream_index=stream_index, salvage=salvage, times=times)
        except BaseException:
            file.close()
            raise

    def frames(self, role: VideoRole = "original") -> Any:
        """Return a pandas table of the frames: frame, pts, seconds from the first frame."""
        import numpy as np
        import pandas as pd

        index = self.pts_index(role)
        seconds = (index.pts - index.pts[:1]) * float(index.time_base)
        return pd.DataFrame({"frame": np.arange(len(index)), "pts": index.pts, "seconds": seconds})

    def signals(self, *, incomplete: bool = False) -> Any:
        """Return a pandas table of all signals: signal, unit, seconds, value.

        Parameters
        ----------
        incomplete : bool, default False
            Whether signals without their end will do: what is durable of those that are being
            recorded, or that a crash cut off, up to the last whole batch, as they came.

        Raises
        ------
        ArchiveTruncated
            If they are incomplete, and that was not allowed.
        """
        if not (incomplete and self.row.state is EventState.RECORDING):
            return self._table("signals")
        import pandas as pd

        from recorder_core.tables import read_signal_log

        content = self._table_bytes("signals", incomplete=True)
        if content.startswith(_PARQUET):  # they have got their end meanwhile
            return pd.read_parquet(io.BytesIO(content))
        return read_signal_log(content).frame

    def raw(self) -> Any:
        """Return a pandas table of what monitors said: source, seconds, bytes as they arrived."""
        return self._table("raw")

    def markers(self) -> Any:
        """Return a pandas table of the markers: kind, start and stop in seconds, author."""
        import pandas as pd

        values = [[getattr(row, name) for name in _MARKER_COLUMNS] for row in self.marker_rows()]
        return pd.DataFrame(values, columns=list(_MARKER_COLUMNS))

    def detections(self) -> Any:
        """Return a pandas table of what the detector saw; see docs/tables.md."""
        return self._table("detections")

    def redactions(self) -> Any:
        """Return a pandas table of what was redacted; see docs/tables.md."""
        return self._table("redactions")

    def redaction_table(self) -> RedactionTable:
        """Return what was redacted as arrays, for what loads no pandas; see `redactions`."""
        from recorder_core.tables import TableContent, read_redactions

        return read_redactions(TableContent("redactions", self._table_bytes("redactions")))

    def _table(self, role: FileRole) -> Any:
        import pandas as pd

        return pd.read_parquet(io.BytesIO(self._table_bytes(role)))

    @abstractmethod
    def video(self, role: VideoRole = "original", *, incomplete: bool = False) -> io.BufferedReader:
        """Open a video as a seekable, read-only file object."""

    @abstractmethod
    def copy_report(self) -> Mapping[str, Any]:
        """Return how the de-identified copy was made: the JSON beside it; docs/copies.md."""

    @abstractmethod
    def marker_rows(self) -> list[Marker]:
        """Return the rows of the markers, in the order of their time."""

    @abstractmethod
    def pts_index(self, role: VideoRole = "original") -> FrameTimes:
        """Return when each frame of a video is shown."""

    @abstractmethod
    def _table_bytes(self, role: FileRole, *, incomplete: bool = False) -> bytes:
        """Return a table as it is kept, or, without its end, as it was recorded."""

    @abstractmethod
    def _frame_times(self, role: VideoRole) -> FrameTimes | None:
        """Return when the frames of a video are shown; None where nobody knows."""

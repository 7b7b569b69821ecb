"""What belongs to an event: files, frame times, devices, markers, screenshots, signals."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from recorder_core.catalog.database.connection import Database
from recorder_core.catalog.database.rows import fetch, insert
from recorder_core.catalog.events.events import Events
from recorder_core.catalog.model.codes import Clock, check_hash, new_id
from recorder_core.catalog.model.records import EventDevice, EventFile, Marker, Screenshot, Signal
from recorder_core.errors import CatalogDamaged, CatalogError, NotInCatalog
from recorder_core.model import FrameTimes

__all__ = ["UNKNOWN_HASH", "Contents"]

#: stands for a SHA-256 that nobody knows, such as that of a file that is not complete yet
UNKNOWN_HASH: Final = "0" * 64


class Contents:
    """Rows that describe the inside of an event.

    Parameters
    ----------
    database : Database
        Migrated.
    events : Events
        Refuses additions to deleted events.
    clock : callable
        Gives the wall time.
    """

    def __init__(self, database: Database, events: Events, clock: Clock) -> None:
        self._database = database
        self._events = events
        self._clock = clock

    def add_file(
        self,
        event_id: str,
        role: str,
        *,
        size_bytes: int,
        sha256: str,
        segment_count: int,
        file_id: str | None = None,
    ) -> EventFile:
        """Store that an encrypted file belongs to an event, and return its row.

        Parameters
        ----------
        event_id : str
            An event that is not deleted.
        role : str
            What it holds: original, deidentified, signals, screenshot, ...
        size_bytes : int
            Of the encrypted file.
        sha256 : str
            Of the encrypted file, hexadecimal.
        segment_count : int
            Authenticated segments in it.
        file_id : str, optional
            Name on disk; random when not given.
        """
        file = EventFile(
            file_id=file_id or new_id(),
            event_id=event_id,
            role=role,
            size_bytes=size_bytes,
            sha256=sha256,
            segment_count=segment_count,
            created_utc=self._clock(),
        )
        self._add("files", event_id, file)
        return file

    def open_file(self, event_id: str, role: str, *, file_id: str) -> EventFile:
        """Store that a file is being recorded, and return its row.

        Parameters
        ----------
        event_id : str
            An event that is not deleted.
        role : str
            What it will hold.
        file_id : str
            Name on disk.
        """
        file = EventFile(
            file_id=file_id,
            event_id=event_id,
            role=role,
            size_bytes=0,
            sha256=UNKNOWN_HASH,
            segment_count=0,
            created_utc=self._clock(),
            is_complete=False,
        )
        self._add("files", event_id, file)
        return file

    def complete_file(
        self, file_id: str, *, size_bytes: int, sha256: str, segment_count: int
    ) -> None:
        """Store what became of a file that was being recorded; as for :meth:`add_file`."""
        check_hash(sha256, "sha256")
        with self._database.write() as connection:
            done = connection.execute(
                "UPDATE files SET size_bytes = ?, sha256 = ?, segment_count = ?, is_complete = 1 "
                "WHERE file_id = ? AND is_complete = 0",
                (size_bytes, sha256, segment_count, file_id),
            )
            if not done.rowcount:
                raise NotInCatalog(f"there is no file {file_id} that is being recorded")

    def set_readers(self, file_id: str, key_ids: Sequence[str]) -> None:
        """Store whose keys open a file, so that an older key file is told from the present one."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE files SET readers = ? WHERE file_id = ?",
                (" ".join(sorted(key_ids)), file_id),
            )

    def files(self, event_id: str, role: str | None = None) -> list[EventFile]:
        """Return the files of an event, oldest first, or those of one role."""
        rows = self._database.read(
            "SELECT * FROM files WHERE event_id = ?1 AND (?2 IS NULL OR role = ?2) ORDER BY rowid",
            event_id,
            role,
        )
        return fetch(EventFile, rows)

    def roles(self) -> dict[str, list[str]]:
        """Return which kinds of complete files each event has, oldest first."""
        rows = self._database.read(
            "SELECT event_id, role FROM files WHERE is_complete = 1 ORDER BY rowid"
        )
        found: dict[str, dict[str, None]] = {}
        for event_id, role in rows:
            found.setdefault(event_id, {})[role] = None
        return {event_id: list(roles) for event_id, roles in found.items()}

    def remove_file(self, file_id: str) -> None:
        """Forget a file that another has replaced, with what refers to it."""
        with self._database.write() as connection:
            if not connection.execute("DELETE FROM files WHERE file_id = ?", (file_id,)).rowcount:
                raise NotInCatalog(f"there is no file {file_id} in the catalog")

    def put_pts_index(self, file_id: str, times: FrameTimes) -> None:
        """Store the frame times of a video; a few bytes per thousand frames.

        Parameters
        ----------
        file_id : str
            A file of the catalog.
        times : FrameTimes
            In the order in which the decoder gives the frames.

        Raises
        ------
        CatalogError
            If they do not increase from frame to frame.
        """
        import numpy as np

        if len(times) > 1 and int(np.diff(times.pts).min()) <= 0:
            raise CatalogError("the pts of a video must increase from frame to frame")
        deltas = np.diff(times.pts, prepend=np.int64(0)).astype("<i8")
        with self._database.write() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO pts_indexes VALUES (?, ?, ?, ?, ?)",
                (
                    file_id,
                    times.time_base.numerator,
                    times.time_base.denominator,
                    len(times),
                    zlib.compress(deltas.tobytes()),
                ),
            )

    def pts_index(self, file_id: str) -> FrameTimes:
        """Return the frame times of a video.

        Raises
        ------
        NotInCatalog
            If the file has none.
        CatalogDamaged
            If they do not unpack to the stored number of frames.
        """
        import numpy as np

        rows = self._database.read("SELECT * FROM pts_indexes WHERE file_id = ?", file_id)
        if not rows:
            raise NotInCatalog(
                f"the frame times of {file_id} are not known: its recorder gave none; decode the "
                "video itself, in Python event.video(), and have the recorder give them next time, "
                "to finish(index=...)"
            )
        try:
            row = rows[0]
            time_base = Fraction(row["time_base_numerator"], row["time_base_denominator"])
            deltas = np.frombuffer(zlib.decompress(row["deltas"]), "<i8")
            frame_count = row["frame_count"]
        except (zlib.error, ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise CatalogDamaged(f"the pts index of file {file_id} does not unpack") from error
        if len(deltas) != frame_count:
            raise CatalogDamaged(
                f"the pts index of file {file_id} holds {len(deltas)} frames, not {frame_count}"
            )
        return FrameTimes(time_base, np.cumsum(deltas, dtype=np.int64))

    def add_device(self, device: EventDevice) -> None:
        """Store that a device recorded an event."""
        self._add("devices", device.event_id, device)

    def devices(self, event_id: str) -> list[EventDevice]:
        """Return the devices that recorded an event, in the order in which they were stored."""
        rows = self._database.read(
            "SELECT * FROM devices WHERE event_id = ? ORDER BY rowid", event_id
        )
        return fetch(EventDevice, rows)

    def add_marker(
        self,
        event_id: str,
        kind: str,
        *,
        start_seconds: float,
        stop_seconds: float | None = None,
        author: str,
    ) -> Marker:
        """Store a named moment or span, and return it.

        Parameters
        ----------
        event_id : str
            An event that is not deleted.
        kind : str
            Code; a note goes into the sealed record ``marker:ID``.
        start_seconds, stop_seconds : float
            From the start of the event, half-open; no stop for a moment.
        author : str
            User id, or ``foot-switch``.
        """
        marker = Marker(
            marker_id=new_id(),
            event_id=event_id,
            kind=kind,
            start_seconds=start_seconds,
            stop_seconds=stop_seconds,
            author=author,
            created_utc=self._clock(),
        )
        self.put_marker(marker)
        return marker

    def put_marker(self, marker: Marker) -> None:
        """Store a marker that was made before, as while an event was recorded."""
        self._add("markers", marker.event_id, marker)

    def markers(self, event_id: str) -> list[Marker]:
        """Return the markers of an event in the order of their starts."""
        rows = self._database.read(
            "SELECT * FROM markers WHERE event_id = ? ORDER BY start_seconds, rowid", event_id
        )
        return fetch(Marker, rows)

    def add_screenshot(self, screenshot: Screenshot) -> None:
        """Store where and when a still picture was taken."""
        self._add("screenshots", screenshot.event_id, screenshot)

    def screenshots(self, event_id: str) -> list[Screenshot]:
        """Return the screenshots of an event in the order of their times."""
        rows = self._database.read(
            "SELECT * FROM screenshots WHERE event_id = ? ORDER BY at_seconds, rowid", event_id
        )
        return fetch(Screenshot, rows)

    def add_signal(self, signal: Signal) -> None:
        """Store which signal is in which file, and its gaps."""
        self._add("signals", signal.event_id, signal)

    def signals(self, event_id: str) -> list[Signal]:
        """Return the signals of an event by name."""
        rows = self._database.read(
            "SELECT * FROM signals WHERE event_id = ? ORDER BY name, rowid", event_id
        )
        return fetch(Signal, rows)

    def _add(self, table: str, event_id: str, record: object) -> None:
        with self._database.write() as connection:
            self._events.refuse_deleted(event_id)
            insert(connection, table, record)

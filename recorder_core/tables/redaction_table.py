"""What was redacted in a video and why, in columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recorder_core.errors import DataError
from recorder_core.model import Origin, Redaction
from recorder_core.model.files.paths import StrPath
from recorder_core.tables.arrays import (
    box_array,
    box_columns,
    categories,
    category_column,
    check_boxes,
    check_frame_order,
    check_lengths,
    flag_column,
    number_column,
    numbers,
    text_column,
)
from recorder_core.tables.columns import TableKind
from recorder_core.tables.parquet_file import (
    TableMetadata,
    TableSource,
    read_table,
    reading,
    write_table,
)
from recorder_core.tables.table import Table

__all__ = ["ORIGINS", "RedactionTable", "read_redactions", "write_redactions"]

#: in the order of `RedactionTable.origins`
ORIGINS: Final[tuple[Origin, ...]] = get_args(Origin)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RedactionTable(Table):
    """N rows ordered by frame, one per region, lifted ones included."""

    kind: ClassVar[TableKind] = "redactions"

    #: (N,) int64
    frame_index: NDArray[np.int64]
    #: (N,) int64, in the video's time base
    pts: NDArray[np.int64]
    #: (N, 4) float64, source-frame pixels
    boxes_xyxy_px: NDArray[np.float64]
    #: (N,) int8, places in `ORIGINS`
    origins: NDArray[np.int8]
    #: (N,) int32, -1 where there is none
    tracks: NDArray[np.int32]
    #: (N,) float64, NaN where no detector saw a face
    scores: NDArray[np.float64]
    #: N ids of the corrections that added or lifted a region, None for most
    corrections: tuple[str | None, ...]
    #: (N,) bool, False: lifted by a correction
    applied: NDArray[np.bool_]

    def __post_init__(self) -> None:
        check_lengths(
            {
                "frame": self.frame_index,
                "pts": self.pts,
                "box": self.boxes_xyxy_px,
                "origin": self.origins,
                "track": self.tracks,
                "score": self.scores,
                "correction": self.corrections,
                "applied": self.applied,
            }
        )
        check_frame_order(self.frame_index)
        check_boxes(self.boxes_xyxy_px)

    def __len__(self) -> int:
        return len(self.scores)

    @classmethod
    def from_redactions(
        cls,
        redactions: Sequence[Redaction],
        frame_pts: Sequence[int] | Mapping[int, int] | NDArray[np.int64],
        corrections: Sequence[str | None] | None = None,
        applied: Sequence[bool] | None = None,
    ) -> RedactionTable:
        """Return redactions in columns.

        Parameters
        ----------
        redactions : sequence of Redaction
            N regions, ordered by frame.
        frame_pts : sequence or mapping
            The pts of a frame by its index.
        corrections : sequence of str or None, optional
            N ids of corrections; none unless given.
        applied : sequence of bool, optional
            N flags; all True unless given.
        """
        n = len(redactions)
        frames = [redaction.frame_index for redaction in redactions]
        codes = {origin: code for code, origin in enumerate(ORIGINS)}
        try:
            pts = [frame_pts[frame] for frame in frames]
        except LookupError as exc:
            raise DataError(f"frame_pts does not hold frame {exc}") from exc
        return cls(
            np.array(frames, np.int64),
            np.array(pts, np.int64),
            np.array([redaction.box_xyxy_px for redaction in redactions], float).reshape(n, 4),
            np.array([codes[redaction.origin] for redaction in redactions], np.int8),
            np.array([redaction.track for redaction in redactions], np.int32),
            np.array([redaction.score for redaction in redactions], np.float64),
            (None,) * n if corrections is None else tuple(corrections),
            np.ones(n, np.bool_) if applied is None else np.array(applied, np.bool_),
        )

    def to_redactions(self, *, applied_only: bool = True) -> list[Redaction]:
        """Return the regions, ordered by frame; those that were lifted only if asked."""
        rows = np.flatnonzero(self.applied) if applied_only else np.arange(len(self))
        return [
            Redaction(frame, (x0, y0, x1, y1), ORIGINS[origin], track, score)
            for frame, (x0, y0, x1, y1), origin, track, score in zip(
                self.frame_index[rows].tolist(),
                self.boxes_xyxy_px[rows].tolist(),
                self.origins[rows].tolist(),
                self.tracks[rows].tolist(),
                self.scores[rows].tolist(),
                strict=True,
            )
        ]

    def by_frame(self, *, applied_only: bool = True) -> dict[int, list[Redaction]]:
        """Return the regions of each frame that has any."""
        frames: dict[int, list[Redaction]] = {}
        for redaction in self.to_redactions(applied_only=applied_only):
            frames.setdefault(redaction.frame_index, []).append(redaction)
        return frames

    def counts(self) -> dict[str, int]:
        """Return the numbers of rows, of frames and tracks in them, and of lifted rows."""
        return {
            "rows": len(self),
            "frames": len(np.unique(self.frame_index)),
            "tracks": len(np.unique(self.tracks[self.tracks >= 0])),
            "lifted": int(np.count_nonzero(~self.applied)),
        }

    def _columns(self) -> dict[str, pa.Array]:
        return {
            "frame": number_column(self.frame_index),
            "pts": number_column(self.pts),
            **box_columns(self.boxes_xyxy_px),
            "origin": category_column(self.origins, ORIGINS),
            "track": number_column(self.tracks),
            "score": number_column(self.scores),
            "correction": text_column(self.corrections),
            "applied": flag_column(self.applied),
        }


def write_redactions(path: StrPath, table: RedactionTable, metadata: TableMetadata) -> None:
    """Write what was redacted in a video.

    Raises
    ------
    DataError
        If the file cannot be written.
    """
    write_table(path, table, metadata)


def read_redactions(source: TableSource) -> RedactionTable:
    """Read what was redacted in a video.

    Raises
    ------
    DataError
        If the file is missing, damaged, or another table.
    """
    table = read_table(source, "redactions")
    with reading(source):
        return RedactionTable(
            numbers(table, "frame", np.int64),
            numbers(table, "pts", np.int64),
            box_array(table, np.float64),
            categories(table, "origin", ORIGINS),
            numbers(table, "track", np.int32),
            numbers(table, "score", np.float64),
            tuple(table.column("correction").to_pylist()),
            numbers(table, "applied", np.bool_),
        )

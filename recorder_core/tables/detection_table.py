"""Detections of a video or of pictures, in columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recorder_core.errors import DataError
from recorder_core.model import FrameDetections
from recorder_core.model.files.paths import StrPath
from recorder_core.tables.arrays import (
    box_array,
    box_columns,
    check_frame_order,
    check_lengths,
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

__all__ = [
    "DetectionTable",
    "PictureTable",
    "detections_of",
    "read_detections",
    "read_picture_detections",
    "write_detections",
    "write_picture_detections",
]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DetectionTable(Table):
    """N rows ordered by frame: one per face, and one for each frame without a face.

    In a row without a face, box and score are NaN. A frame that has no row was not
    looked at.
    """

    kind: ClassVar[TableKind] = "detections"

    #: (N,) int64
    frame_index: NDArray[np.int64]
    #: (N,) int64, in the video's time base
    pts: NDArray[np.int64]
    #: (N,) float64
    seconds: NDArray[np.float64]
    #: (N, 4) float32, source-frame pixels
    boxes_xyxy_px: NDArray[np.float32]
    #: (N,) float32 in [0, 1]
    scores: NDArray[np.float32]
    #: (N,) int32, -1 where there is none
    tracks: NDArray[np.int32]

    def __post_init__(self) -> None:
        check_lengths(
            {
                "frame": self.frame_index,
                "pts": self.pts,
                "seconds": self.seconds,
                "box": self.boxes_xyxy_px,
                "score": self.scores,
                "track": self.tracks,
            }
        )
        check_frame_order(self.frame_index)
        _check_faces(self.boxes_xyxy_px, self.scores)

    def __len__(self) -> int:
        return len(self.scores)

    @classmethod
    def from_frames(
        cls,
        frames: Iterable[FrameDetections],
        time_base: Fraction,
        tracks: Sequence[NDArray[np.int32]] | None = None,
    ) -> DetectionTable:
        """Return frames in columns.

        Parameters
        ----------
        frames : iterable of FrameDetections
            Every frame that was looked at, in order, with or without a face.
        time_base : Fraction
            Seconds per unit of pts.
        tracks : sequence of ndarray of int32, optional
            For each frame, the track of each of its boxes; none unless given.
        """
        frames = list(frames)
        rows = [max(1, len(frame)) for frame in frames]
        pts = np.repeat(np.array([frame.pts for frame in frames], np.int64), rows)
        boxes, scores = _stack(frames)
        return cls(
            np.repeat(np.array([frame.frame_index for frame in frames], np.int64), rows),
            pts,
            pts * time_base.numerator / time_base.denominator,
            boxes,
            scores,
            _track_rows(tracks, scores),
        )

    def to_frames(self) -> list[FrameDetections]:
        """Return the frames that were looked at, with or without a face."""
        starts = _run_starts(self.frame_index)
        index, pts = self.frame_index[starts].tolist(), self.pts[starts].tolist()
        faces = _split(starts, self.boxes_xyxy_px, self.scores)
        return [
            FrameDetections(frame, time, boxes, scores)
            for frame, time, (boxes, scores) in zip(index, pts, faces, strict=True)
        ]

    def counts(self) -> dict[str, int]:
        """Return the numbers of rows, of frames that were looked at, and of tracks."""
        tracks = np.unique(self.tracks[self.tracks >= 0])
        return {
            "rows": len(self),
            "frames": len(_run_starts(self.frame_index)),
            "tracks": len(tracks),
        }

    def _columns(self) -> dict[str, pa.Array]:
        return {
            "frame": number_column(self.frame_index),
            "pts": number_column(self.pts),
            "seconds": number_column(self.seconds),
            **_face_columns(self),
        }


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PictureTable(Table):
    """N rows: one per face, and one for each picture without a face (NaN)."""

    kind: ClassVar[TableKind] = "picture_detections"

    #: N names, relative to the searched folder; rows of a picture follow each other
    files: tuple[str, ...]
    #: (N, 4) float32, pixels of the picture
    boxes_xyxy_px: NDArray[np.float32]
    #: (N,) float32 in [0, 1]
    scores: NDArray[np.float32]
    #: (N,) int32, -1 where there is none
    tracks: NDArray[np.int32]

    def __post_init__(self) -> None:
        check_lengths(
            {
                "file": self.files,
                "box": self.boxes_xyxy_px,
                "score": self.scores,
                "track": self.tracks,
            }
        )
        _check_faces(self.boxes_xyxy_px, self.scores)

    def __len__(self) -> int:
        return len(self.scores)

    @classmethod
    def from_pictures(cls, pictures: Iterable[tuple[str, FrameDetections]]) -> PictureTable:
        """Return (name, detections) of every picture that was searched, in columns."""
        pictures = list(pictures)
        boxes, scores = _stack([faces for _, faces in pictures])
        files = tuple(name for name, faces in pictures for _ in range(max(1, len(faces))))
        return cls(files, boxes, scores, _track_rows(None, scores))

    def to_pictures(self) -> list[tuple[str, FrameDetections]]:
        """Return (name, detections) of each picture; frame and pts count the pictures."""
        starts = _run_starts(np.array(self.files, object))
        faces = _split(starts, self.boxes_xyxy_px, self.scores)
        return [
            (self.files[start], FrameDetections(place, place, boxes, scores))
            for place, (start, (boxes, scores)) in enumerate(zip(starts, faces, strict=True))
        ]

    def counts(self) -> dict[str, int]:
        """Return the numbers of rows, of pictures, and of faces."""
        return {
            "rows": len(self),
            "pictures": len(_run_starts(np.array(self.files, object))),
            "faces": int(np.count_nonzero(~np.isnan(self.scores))),
        }

    def _columns(self) -> dict[str, pa.Array]:
        return {"file": text_column(self.files), **_face_columns(self)}


def write_detections(path: StrPath, table: DetectionTable, metadata: TableMetadata) -> None:
    """Write the detections of a video.

    Raises
    ------
    DataError
        If the file cannot be written.
    """
    write_table(path, table, metadata)


def read_detections(source: TableSource) -> DetectionTable:
    """Read the detections of a video.

    Parameters
    ----------
    source : str, Path or TableContent

    Raises
    ------
    DataError
        If the file is missing, damaged, or another table.
    """
    rows = read_table(source, "detections")
    with reading(source):
        return detections_of(rows)


def detections_of(rows: pa.Table) -> DetectionTable:
    """Return rows of the columns of detections as a table.

    Raises
    ------
    DataError
        If they are out of order, or hold half a face.
    """
    return DetectionTable(
        numbers(rows, "frame", np.int64),
        numbers(rows, "pts", np.int64),
        numbers(rows, "seconds", np.float64),
        box_array(rows, np.float32),
        numbers(rows, "score", np.float32),
        numbers(rows, "track", np.int32),
    )


def write_picture_detections(path: StrPath, table: PictureTable, metadata: TableMetadata) -> None:
    """Write the detections of pictures.

    Raises
    ------
    DataError
        If the file cannot be written.
    """
    write_table(path, table, metadata)


def read_picture_detections(path: StrPath) -> PictureTable:
    """Read the detections of pictures.

    Raises
    ------
    DataError
        If the file is missing, damaged, or another table.
    """
    table = read_table(path, "picture_detections")
    with reading(path):
        return PictureTable(
            tuple(table.column("file").to_pylist()),
            box_array(table, np.float32),
            numbers(table, "score", np.float32),
            numbers(table, "track", np.int32),
        )


def _face_columns(table: DetectionTable | PictureTable) -> dict[str, pa.Array]:
    return {
        **box_columns(table.boxes_xyxy_px),
        "score": number_column(table.scores),
        "track": number_column(table.tracks),
    }


def _check_faces(boxes: NDArray[np.float32], scores: NDArray[np.float32]) -> None:
    """Refuse rows that hold half a face, and scores that are none."""
    if boxes.shape != (len(scores), 4):
        raise DataError(f"boxes of shape {boxes.shape} do not fit {len(scores)} scores")
    empty = np.isnan(scores)
    if (np.isnan(boxes) != empty[:, None]).any():
        raise DataError("columns 'x0', 'y0', 'x1', 'y1' and 'score' must be null together")
    if ((scores < 0) | (scores > 1)).any():
        raise DataError("column 'score' must lie in 0 to 1")


def _stack(frames: Sequence[FrameDetections]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return boxes and scores of all frames, NaN for a frame without a face."""
    no_box, no_score = np.full((1, 4), np.nan, np.float32), np.full(1, np.nan, np.float32)
    boxes = [frame.boxes_xyxy_px if len(frame) else no_box for frame in frames]
    scores = [frame.scores if len(frame) else no_score for frame in frames]
    if not frames:
        return no_box[:0], no_score[:0]
    return np.concatenate(boxes, dtype=np.float32), np.concatenate(scores, dtype=np.float32)


def _track_rows(
    tracks: Sequence[NDArray[np.int32]] | None, scores: NDArray[np.float32]
) -> NDArray[np.int32]:
    """Return one track per row, -1 for rows without a face."""
    rows = np.full(len(scores), -1, np.int32)
    if tracks is not None:
        faces = ~np.isnan(scores)
        given = np.concatenate([*tracks, np.zeros(0, np.int32)])
        if len(given) != np.count_nonzero(faces):
            raise DataError(f"{len(given)} tracks do not fit {np.count_nonzero(faces)} boxes")
        rows[faces] = given
    return rows


def _run_starts(values: NDArray[np.int64] | NDArray[np.object_]) -> NDArray[np.int64]:
    """Return the first row of each run of equal values."""
    if not len(values):
        return np.zeros(0, np.int64)
    return np.concatenate([[0], np.flatnonzero(values[1:] != values[:-1]) + 1]).astype(np.int64)


def _split(
    starts: NDArray[np.int64], boxes: NDArray[np.float32], scores: NDArray[np.float32]
) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Return boxes and scores of each run of rows, empty for a row without a face."""
    first = starts.tolist()
    stops = [*first, len(scores)][1:]
    empty = np.isnan(scores[starts]).tolist()
    return [
        (boxes[a:a], scores[a:a]) if nothing else (boxes[a:b], scores[a:b])
        for a, b, nothing in zip(first, stops, empty, strict=True)
    ]

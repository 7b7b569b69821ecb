"""Where the faces of a simulated video really are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, get_args

import numpy as np
import pyarrow as pa

from recorder_core.errors import DataError
from recorder_core.model import TruthFace, TruthState
from recorder_core.model.files.paths import StrPath
from recorder_core.tables.arrays import (
    box_array,
    box_columns,
    categories,
    category_column,
    check_boxes,
    number_column,
    numbers,
)
from recorder_core.tables.columns import TableKind
from recorder_core.tables.parquet_file import TableMetadata, read_table, reading, write_table
from recorder_core.tables.table import Table

__all__ = ["TruthTable", "read_truth", "write_truth"]

_STATES: Final[tuple[TruthState, ...]] = get_args(TruthState)


@dataclass(frozen=True, slots=True, repr=False)
class TruthTable(Table):
    """The faces of a video and the frames that they were drawn into."""

    kind: ClassVar[TableKind] = "truth"

    #: ordered by frame
    faces: tuple[TruthFace, ...]
    #: (frame index, pts) of every frame of the video, with or without a face
    frames: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        listed = dict(self.frames)
        if len(listed) != len(self.frames) or list(listed) != sorted(listed):
            raise DataError("frames of the truth must be ordered and listed once")
        check_boxes(np.array([face.box_xyxy_px for face in self.faces], float).reshape(-1, 4))
        for face in self.faces:
            if listed.get(face.frame_index) != face.pts:
                raise DataError(
                    f"frame {face.frame_index} at pts {face.pts} holds a true face but is "
                    "not among the video's frames"
                )

    def __len__(self) -> int:
        return len(_rows(self))

    def counts(self) -> dict[str, int]:
        """Return the numbers of rows, of frames, and of different faces."""
        return {
            "rows": len(self),
            "frames": len(self.frames),
            "faces": len({face.face_id for face in self.faces}),
        }

    def _columns(self) -> dict[str, pa.Array]:
        rows = _rows(self)
        nowhere = (np.nan,) * 4
        boxes = [face.box_xyxy_px if face else nowhere for _, _, face in rows]
        states = [_STATES.index(face.state) if face else -1 for _, _, face in rows]
        visible = np.array([face.visible if face else np.nan for _, _, face in rows], np.float32)
        return {
            "frame": pa.array([frame for frame, _, _ in rows], pa.int64()),
            "pts": pa.array([pts for _, pts, _ in rows], pa.int64()),
            "face": pa.array([face.face_id if face else None for _, _, face in rows], pa.int32()),
            **box_columns(np.array(boxes, float).reshape(-1, 4)),
            "visible": number_column(visible),
            "state": category_column(np.array(states, np.int8), _STATES),
        }


def write_truth(path: StrPath, table: TruthTable, metadata: TableMetadata) -> None:
    """Write the true faces of a video, one row of nulls for a frame without a face.

    Raises
    ------
    DataError
        If the file cannot be written.
    """
    write_table(path, table, metadata)


def _rows(table: TruthTable) -> list[tuple[int, int, TruthFace | None]]:
    """Return (frame, pts, face) of each row, None for a frame without a face."""
    faces: dict[int, Sequence[TruthFace | None]] = {}
    for face in table.faces:
        faces[face.frame_index] = [*faces.get(face.frame_index, ()), face]
    return [(frame, pts, face) for frame, pts in table.frames for face in faces.get(frame, (None,))]


def read_truth(path: StrPath) -> TruthTable:
    """Read the true faces of a video.

    Raises
    ------
    DataError
        If the file is missing, damaged, or another table.
    """
    table = read_table(path, "truth")
    with reading(path):
        _check_nulls(table)
    frames, pts = table.column("frame").to_pylist(), table.column("pts").to_pylist()
    rows = zip(
        frames,
        pts,
        table.column("face").to_pylist(),
        box_array(table, np.float64).tolist(),
        numbers(table, "visible", np.float32).tolist(),
        categories(table, "state", _STATES).tolist(),
        strict=True,
    )
    faces = tuple(
        TruthFace(frame, time, face, (box[0], box[1], box[2], box[3]), visible, _STATES[state])
        for frame, time, face, box, visible, state in rows
        if face is not None
    )
    with reading(path):
        return TruthTable(faces, tuple(dict(zip(frames, pts, strict=True)).items()))


def _check_nulls(table: pa.Table) -> None:
    """Refuse rows that hold half a face."""
    empty = table.column("face").is_null()
    for name in ("x0", "y0", "x1", "y1", "visible", "state"):
        if table.column(name).is_null() != empty:
            raise DataError(f"column {name!r} must be null where 'face' is null, and only there")

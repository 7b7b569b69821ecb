"""Columns of every table that the program writes; docs/tables.md says the same.

Rows are ordered by frame (or by file). Boxes follow the conventions of
`recorder_core.model.faces.detections`. A frame (or picture) that was looked at and holds no
face has one row whose face columns are null; a frame without any row was not looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

import pyarrow as pa

from recorder_core.model import CorrectionAction, Origin, TruthState

__all__ = ["TABLES", "Column", "ColumnType", "TableKind", "arrow_schema", "arrow_type"]

TableKind = Literal["detections", "picture_detections", "redactions", "corrections", "truth"]
ColumnType = Literal["int64", "int32", "float32", "float64", "bool", "string", "category"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    type: ColumnType
    meaning: str
    nullable: bool = False
    #: the only values that a category may take
    values: tuple[str, ...] = ()
    #: "px" for pixels of the source frame, "s" for seconds; empty for a plain number or text
    unit: Literal["", "px", "s"] = ""


def _box(column_type: ColumnType, nullable: bool) -> tuple[Column, ...]:
    """Return the four columns of a face box."""
    edges = {"x0": "left", "y0": "top", "x1": "right", "y1": "bottom"}
    exclusive = {"x1", "y1"}
    return tuple(
        Column(
            name,
            column_type,
            f"{edge} edge of the face, source-frame pixels"
            + (", exclusive" if name in exclusive else ""),
            nullable,
            unit="px",
        )
        for name, edge in edges.items()
    )


_FRAME: Final = Column("frame", "int64", "index of the frame in presentation order, from 0")
_PTS: Final = Column("pts", "int64", "presentation timestamp, in the time base of the metadata")
_SEEN: Final = (
    *_box("float32", nullable=True),
    Column("score", "float32", "detector's score, 0 to 1; null: no face", nullable=True),
    Column("track", "int32", "track that the face belongs to; -1: none"),
)

#: the columns of each table, in order
TABLES: Final[dict[TableKind, tuple[Column, ...]]] = {
    "detections": (
        _FRAME,
        _PTS,
        Column("seconds", "float64", "pts times the time base", unit="s"),
        *_SEEN,
    ),
    "picture_detections": (
        Column("file", "string", "name of the picture, relative to the searched folder"),
        *_SEEN,
    ),
    # double precision: a plan that is read back must paint the very same pixels
    "redactions": (
        _FRAME,
        _PTS,
        *_box("float64", nullable=False),
        Column("origin", "category", "why the region is redacted", values=get_args(Origin)),
        Column("track", "int32", "track that the region belongs to; -1: none"),
        Column("score", "float64", "detector's score; null: no detector saw it", nullable=True),
        Column("correction", "string", "correction that added or lifted it", nullable=True),
        Column("applied", "bool", "false: lifted by a correction, the pixels are untouched"),
    ),
    "corrections": (
        Column("correction", "string", "id; rows that share it are one correction"),
        Column("action", "category", "what the person did", values=get_args(CorrectionAction)),
        _FRAME,
        *_box("float64", nullable=False),
        Column("track", "int32", "track whose redactions are lifted; -1: those inside the box"),
        Column("author", "string", "id of the user"),
        Column("created_utc", "string", "time of the change, UTC, ISO 8601"),
        Column("note", "string", "reason; may be empty"),
    ),
    "truth": (
        _FRAME,
        _PTS,
        Column("face", "int32", "number of the person; null: no face", nullable=True),
        *_box("float64", nullable=True),
        Column("visible", "float32", "share of the face that is seen, 0 to 1", nullable=True),
        Column("state", "category", "how it is worn or turned", True, get_args(TruthState)),
    ),
}

_ARROW_TYPES: Final[dict[ColumnType, pa.DataType]] = {
    "int64": pa.int64(),
    "int32": pa.int32(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "string": pa.string(),
    "category": pa.dictionary(pa.int32(), pa.string()),
}


def arrow_type(column: Column) -> pa.DataType:
    """Return the type that a column has in the file."""
    return _ARROW_TYPES[column.type]


def arrow_schema(kind: TableKind) -> pa.Schema:
    """Return the columns of a table as Arrow describes them."""
    return pa.schema(
        [
            pa.field(
                column.name,
                arrow_type(column),
                nullable=column.nullable,
                metadata={"meaning": column.meaning},
            )
            for column in TABLES[kind]
        ]
    )

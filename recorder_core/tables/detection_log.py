"""The log of detections that are recorded; see :mod:`recorder_core.tables.row_log`."""

from __future__ import annotations

from dataclasses import dataclass, field

from recorder_core.tables.columns import arrow_schema
from recorder_core.tables.detection_table import DetectionTable, detections_of
from recorder_core.tables.parquet_file import TableMetadata, decode_metadata, encode_metadata
from recorder_core.tables.row_log import begin_log, pack_batch, read_log

__all__ = ["DetectionLog", "begin_detection_log", "pack_detections", "read_detection_log"]


@dataclass(frozen=True, slots=True)
class DetectionLog:
    """What a log of detections holds.

    Attributes
    ----------
    table : DetectionTable
        In the order of the frames.
    metadata : TableMetadata
        Where the detections come from.
    is_whole : bool
        Whether its end was written.
    lost_bytes : int
        How many bytes follow the last whole batch.
    """

    table: DetectionTable = field(repr=False)
    metadata: TableMetadata
    is_whole: bool
    lost_bytes: int


def begin_detection_log(metadata: TableMetadata) -> bytes:
    """Return what a log of detections begins with; it says where they come from."""
    said = encode_metadata("detections", metadata)
    return begin_log(arrow_schema("detections").with_metadata(said))


def pack_detections(table: DetectionTable) -> bytes:
    """Return a batch of at least one row, to append; a frame's faces are in one batch."""
    [batch] = table.to_arrow().combine_chunks().to_batches()
    return pack_batch(batch)


def read_detection_log(content: bytes) -> DetectionLog:
    """Read a log of detections up to its last whole batch.

    Raises
    ------
    DataError
        If it is none.
    """
    log = read_log(content, arrow_schema("detections"), "detections")
    metadata = decode_metadata("the log of detections", log.rows.schema.metadata or {})
    return DetectionLog(detections_of(log.rows), metadata, log.is_whole, log.lost_bytes)

"""Tables in Parquet files: detections, redactions, corrections, truth."""

from recorder_core.tables.columns import TABLES, Column, TableKind
from recorder_core.tables.correction_csv import corrections_csv, read_corrections_csv
from recorder_core.tables.correction_table import (
    CorrectionTable,
    read_corrections,
    write_corrections,
)
from recorder_core.tables.detection_log import (
    DetectionLog,
    begin_detection_log,
    pack_detections,
    read_detection_log,
)
from recorder_core.tables.detection_table import (
    DetectionTable,
    PictureTable,
    read_detections,
    read_picture_detections,
    write_detections,
    write_picture_detections,
)
from recorder_core.tables.join import join_tables, select_rows
from recorder_core.tables.parquet_file import (
    TableContent,
    TableMetadata,
    pack_table,
    read_metadata,
)
from recorder_core.tables.raw_log import (
    RawLog,
    RawRow,
    begin_raw_log,
    pack_raw,
    read_raw_log,
)
from recorder_core.tables.redaction_table import (
    ORIGINS,
    RedactionTable,
    read_redactions,
    write_redactions,
)
from recorder_core.tables.row_log import LOG_END
from recorder_core.tables.signal_log import (
    SignalLog,
    SignalRow,
    begin_signal_log,
    pack_signals,
    read_signal_log,
)
from recorder_core.tables.table import Table
from recorder_core.tables.truth_table import TruthTable, read_truth, write_truth

__all__ = [
    "LOG_END",
    "ORIGINS",
    "TABLES",
    "Column",
    "CorrectionTable",
    "DetectionLog",
    "DetectionTable",
    "PictureTable",
    "RawLog",
    "RawRow",
    "RedactionTable",
    "SignalLog",
    "SignalRow",
    "Table",
    "TableContent",
    "TableKind",
    "TableMetadata",
    "TruthTable",
    "begin_detection_log",
    "begin_raw_log",
    "begin_signal_log",
    "corrections_csv",
    "join_tables",
    "pack_detections",
    "pack_raw",
    "pack_signals",
    "pack_table",
    "read_corrections",
    "read_corrections_csv",
    "read_detection_log",
    "read_detections",
    "read_metadata",
    "read_picture_detections",
    "read_raw_log",
    "read_redactions",
    "read_signal_log",
    "read_truth",
    "select_rows",
    "write_corrections",
    "write_detections",
    "write_picture_detections",
    "write_redactions",
    "write_truth",
]

"""BIS monitors on a serial port: their ASCII and their binary protocol.

The parsers are pure and incremental: they take bytes with the moment of their arrival, in whatever
pieces, and return records. What the monitor marks as invalid, or what cannot be, is NaN. The
thread around them requests the stream, connects again, and says when nothing comes any more.
"""

from recorder_core.capture.bis.ascii_parser import AsciiParser
from recorder_core.capture.bis.binary_parser import BinaryParser
from recorder_core.capture.bis.readings import BisReadings
from recorder_core.capture.bis.records import (
    BisNotice,
    BisRecord,
    BisValues,
    EegBlock,
    NoticeKind,
    Reading,
)
from recorder_core.capture.bis.source import BisSource
from recorder_core.capture.bis.source_settings import BisProtocol, BisSettings

__all__ = [
    "AsciiParser",
    "BinaryParser",
    "BisNotice",
    "BisProtocol",
    "BisReadings",
    "BisRecord",
    "BisSettings",
    "BisSource",
    "BisValues",
    "EegBlock",
    "NoticeKind",
    "Reading",
]

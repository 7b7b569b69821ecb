"""Signals while they are recorded: appended, and read up to the last whole batch."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest

from recorder_core.errors import DataError
from recorder_core.tables import (
    LOG_END,
    SignalRow,
    begin_signal_log,
    pack_signals,
    read_signal_log,
)

BATCHES = [
    [SignalRow("bis", "", float(place), 40.0), SignalRow("heart-rate", "1/min", place, math.nan)]
    for place in range(4)
]
PARTS = [begin_signal_log(), *map(pack_signals, BATCHES)]


def test_arrow_reads_it_as_a_stream() -> None:
    with pa.ipc.open_stream(b"".join([*PARTS, LOG_END])) as stream:
        table = stream.read_all()
    assert table.column_names == ["signal", "unit", "seconds", "value"]
    assert table["signal"].to_pylist() == ["bis", "heart-rate"] * 4
    assert table["seconds"].to_pylist() == [0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0]
    assert table["value"].to_pylist()[0] == 40.0


def test_of_a_log_that_is_cut_anywhere_the_whole_batches_are_read() -> None:
    content, ends = b"".join([*PARTS, LOG_END]), [0]
    for part in PARTS:
        ends.append(ends[-1] + len(part))
    for cut in sorted(
        {*range(ends[1], len(content), 17), *ends[1:], *(end - 1 for end in ends[2:])}
    ):
        found = read_signal_log(content[:cut])
        whole = sum(end <= cut for end in ends[2:])
        assert (len(found.frame), found.is_whole) == (2 * whole, False)
        assert found.lost_bytes == cut - ends[1 + whole]
    found = read_signal_log(content)
    assert (len(found.frame), found.is_whole, found.lost_bytes) == (8, True, 0)


@pytest.mark.parametrize("content", [b"", PARTS[0][:-8], b"no log of signals at all"])
def test_what_is_no_log_is_refused(content: bytes) -> None:
    with pytest.raises(DataError, match="no log of signals"):
        read_signal_log(content)


def test_a_row_that_is_none_is_refused() -> None:
    with pytest.raises(DataError, match="a name, a unit, seconds and a value"):
        pack_signals([SignalRow("bis", "", 0.0, "high")])  # type: ignore[arg-type]

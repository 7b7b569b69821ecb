"""Signals from files that other programs wrote: without units, with numbers as units."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recorder_core.errors import DataError
from recorder_core.jobs.archive.events.signals import read_signal_file


def _csv(path: Path, units: list[str], names: tuple[str, str] = ("hr", "spo2")) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["signal", "unit", "seconds", "value"])
        writer.writerows(
            [name, unit, second, 60 + second]
            for second, (name, unit) in enumerate(zip(names, units, strict=True))
        )
    return path


@pytest.mark.parametrize("units", [["", ""], ["1/min", ""], ["1", ""]])
def test_units_of_a_csv_are_kept_as_text_and_may_be_missing(
    tmp_path: Path, units: list[str]
) -> None:
    frame = read_signal_file(_csv(tmp_path / "signals.csv", units)).frame
    assert frame["unit"].tolist() == units
    assert frame["value"].tolist() == [60.0, 61.0]


@pytest.mark.parametrize("kind", [pa.string(), pa.null(), pa.float64()])
def test_a_parquet_file_without_any_unit_is_read(tmp_path: Path, kind: pa.DataType) -> None:
    table = {"signal": ["hr"], "unit": pa.array([None], kind), "seconds": [0.0], "value": [60.0]}
    # what a file is, its content says: one that is held open has another name
    pq.write_table(pa.table(table), tmp_path / "signals")
    assert read_signal_file(tmp_path / "signals").frame["unit"].tolist() == [""]


def test_a_row_without_the_name_of_its_signal_is_refused(tmp_path: Path) -> None:
    path = _csv(tmp_path / "signals.csv", ["", ""], ("hr", ""))
    with pytest.raises(DataError, match="rows without the name of their signal"):
        read_signal_file(path)

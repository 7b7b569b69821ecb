from __future__ import annotations

from datetime import UTC, datetime

import pytest

from recorder_core.errors import ReportError
from recorder_core.report.quantities import (
    clock_text,
    count_text,
    duration_text,
    number_text,
    size_text,
    time_zone_of,
    wall_time_text,
)

MOMENT = datetime(2026, 7, 1, 2, 30, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        (None, "2026-07-01 02:30:05 (UTC)"),
        ("America/Sao_Paulo", "2026-06-30 23:30:05 (UTC\u221203:00)"),
        ("Asia/Kolkata", "2026-07-01 08:00:05 (UTC+05:30)"),
        ("Europe/Lisbon", "2026-07-01 03:30:05 (UTC+01:00)"),
    ],
)
def test_wall_times(zone: str | None, text: str) -> None:
    assert wall_time_text(MOMENT, time_zone_of(zone)) == text


def test_an_unknown_zone() -> None:
    with pytest.raises(ReportError, match="give an IANA name"):
        time_zone_of("Nowhere")


def test_spans() -> None:
    assert [clock_text(s) for s in (0, 59.9, 3600, 36_061)] == [
        "0:00:00", "0:00:59", "1:00:00", "10:01:01",
    ]  # fmt: skip
    assert [duration_text(s) for s in (0, 59.4, 60, 7650)] == [
        "0 s", "59 s", "1 min 00 s", "2 h 07 min 30 s",
    ]  # fmt: skip


def test_numbers() -> None:
    assert number_text(0.567, "en", 2) == "0.57"
    assert number_text(0.567, "pt") == "0,6"
    assert count_text(1234567) == "1\u202f234\u202f567"
    assert [size_text(n, "es") for n in (999, 1500, 19 * 10**9, 10**15)] == [
        "999 B", "1,5 kB", "19,0 GB", "1000,0 TB",
    ]  # fmt: skip

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from recorder_core.catalog.audit.anchors import EMPTY_HEAD
from recorder_core.catalog.audit.chain import AuditRow, hash_row, search_chain

START = datetime(2026, 5, 4, tzinfo=UTC)


def make_chain(count: int) -> list[AuditRow]:
    rows: list[AuditRow] = []
    for seq in range(1, count + 1):
        row = AuditRow(
            seq=seq,
            at_utc=START + timedelta(seconds=seq),
            who="reviewer1",
            profile="reviewer",
            action="view_original",
            event_id="e1",
            origin="local",
            outcome="done",
            detail="",
            previous_hash=rows[-1].hash if rows else EMPTY_HEAD.hash,
            hash="",
        )
        rows.append(replace(row, hash=hash_row(row)))
    return rows


def test_a_sound_chain() -> None:
    report = search_chain(make_chain(5))
    assert report.is_sound
    assert (report.row_count, report.head.seq) == (5, 5)
    assert search_chain([]).head == EMPTY_HEAD


@pytest.mark.parametrize(
    "change",
    [
        {"who": "operator1"},
        {"profile": "operator"},
        {"action": "list_events"},
        {"event_id": None},
        {"origin": "192.0.2.1"},
        {"outcome": "refused"},
        {"detail": "x"},
        {"at_utc": START},
        {"previous_hash": "0" * 64},
        {"hash": "f" * 64},
    ],
)
def test_an_edit_of_any_field_is_found(change: dict[str, object]) -> None:
    rows = make_chain(5)
    rows[2] = replace(rows[2], **change)  # type: ignore[arg-type]
    finding = search_chain(rows).findings[0]
    assert (finding.kind, finding.seq) == ("edited", 3)


def test_an_edit_with_a_new_hash_breaks_the_next_link() -> None:
    rows = make_chain(5)
    forged = replace(rows[2], who="operator1")
    rows[2] = replace(forged, hash=hash_row(forged))
    assert [(f.kind, f.seq) for f in search_chain(rows).findings] == [("reordered", 4)]


@pytest.mark.parametrize("seq", [1, 2, 4])
def test_a_deleted_row_is_found(seq: int) -> None:
    rows = make_chain(5)
    del rows[seq - 1]
    assert [(f.kind, f.seq) for f in search_chain(rows).findings] == [("deleted", seq + 1)]


def test_exchanged_rows_are_found() -> None:
    rows = make_chain(5)
    rows[1], rows[3] = replace(rows[3], seq=2), replace(rows[1], seq=4)
    assert not search_chain(rows).is_sound
    forged = [replace(rows[1], hash=hash_row(rows[1])), replace(rows[3], hash=hash_row(rows[3]))]
    rows[1], rows[3] = forged
    assert "reordered" in {finding.kind for finding in search_chain(rows).findings}


def test_a_clock_that_went_back_is_a_remark_not_a_finding() -> None:
    rows = make_chain(2)
    late = replace(rows[1], seq=3, at_utc=START - timedelta(hours=1), previous_hash=rows[1].hash)
    rows.append(replace(late, hash=hash_row(late)))
    report = search_chain(rows)
    assert report.is_sound
    assert report.remarks == (
        "row 3: the clock was set back by 3602 s; the order of rows is right",
    )


def test_an_action_without_an_outcome_is_a_remark() -> None:
    row = replace(make_chain(1)[0], outcome="begun")
    assert search_chain([replace(row, hash=hash_row(row))]).remarks == (
        "row 1: view_original has no outcome: it is still in progress, or was cut off",
    )

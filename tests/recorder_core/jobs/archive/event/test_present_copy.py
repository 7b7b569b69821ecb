"""What is read of an event's copy, and which corrections it should have."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from recorder_core.errors import WrongState
from recorder_core.jobs.archive import add_copy, correct_event, undo_correction
from recorder_core.jobs.archive.event.present_copy import (
    corrections_due,
    is_of_an_earlier_copy,
    lacks_corrections,
    read_present_copy,
)
from recorder_core.jobs.deidentify.sidecars import sidecar
from recorder_core.model import CorrectionKeyframe

HIDDEN = (CorrectionKeyframe("a", "add", 2, (300.0, 20.0, 340.0, 60.0), -1, "", "", ""),)
#: of the table of `make_copy`: one region in frame 0, of track 0
LIFTED = (CorrectionKeyframe("b", "remove", 0, (0.0, 0.0, 60.0, 60.0), -1, "", "", ""),)
SIZES = {"width": 384, "height": 192, "frames": 60}


def _add(site: Any, event_id: str, copy: Path) -> str:
    report = json.loads(sidecar(copy, "report").read_text())
    sidecar(copy, "report").write_text(json.dumps(report | {"source": report["source"] | SIZES}))
    with site.opened("rita") as archive:
        add_copy(archive, event_id, copy)
    return event_id


@pytest.fixture
def copied(site: Any, event_id: str, named_video: Path, make_copy: Callable[[Path], Path]) -> str:
    return _add(site, event_id, make_copy(named_video))


def test_an_event_without_a_copy_says_how_to_make_one(site: Any, event_id: str) -> None:
    with site.opened("rita") as archive, pytest.raises(WrongState, match="'workbench event deid"):
        read_present_copy(archive.event(event_id))


def test_it_is_what_the_sealed_files_hold(site: Any, copied: str) -> None:
    with site.opened("rita") as archive:
        event = archive.event(copied)
        copy = read_present_copy(event)
        with event.open_file("redactions") as file:
            table = pq.read_table(io.BytesIO(file.readall()))
        with event.open_file("deidentification") as file:
            report = json.loads(file.readall())
    assert copy.report.copy.sha256 == report["copy"]["sha256"]
    assert copy.redactions.frame_index.tolist() == table.column("frame").to_pylist() == [0]
    assert copy.redactions.boxes_xyxy_px.tolist() == [
        [table.column(edge)[0].as_py() for edge in ("x0", "y0", "x1", "y1")]
    ]
    assert copy.corrections == ()
    facts = copy.facts
    assert (facts.width_px, facts.height_px, facts.frames) == (384, 192, 60)
    assert (facts.sha256, facts.tracks) == (report["source"]["sha256"], {0: (0, 0)})


def test_a_correction_is_due_until_it_is_undone(site: Any, copied: str) -> None:
    with site.opened("rita") as archive:
        session, copy = archive._session, read_present_copy(archive.event(copied))
        assert not lacks_corrections(session, copied, copy)
        (entered,) = correct_event(archive, copied, HIDDEN).corrections
        (row,) = corrections_due(session, copied, copy)
        assert (row.action, row.frame_index, row.box_xyxy_px) == ("add", 2, HIDDEN[0].box_xyxy_px)
        assert lacks_corrections(session, copied, copy)
        undo_correction(archive, copied, entered.correction_id)
        assert corrections_due(session, copied, copy) == []
        assert not lacks_corrections(session, copied, copy)


def test_what_lifts_is_of_the_copy_that_it_was_made_for(
    site: Any, copied: str, named_video: Path, make_copy: Callable[..., Path]
) -> None:
    with site.opened("rita") as archive:
        hides, lifts = correct_event(archive, copied, [*HIDDEN, *LIFTED]).corrections
        assert not is_of_an_earlier_copy(archive._session, lifts)
    site.clock.shift += timedelta(minutes=1)
    _add(site, copied, make_copy(named_video, "another.mp4"))
    with site.opened("rita") as archive:
        session, copy = archive._session, read_present_copy(archive.event(copied))
        assert is_of_an_earlier_copy(session, lifts)
        assert not is_of_an_earlier_copy(session, hides)
        assert [row.action for row in corrections_due(session, copied, copy)] == ["add"]

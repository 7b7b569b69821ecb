"""Markers and screenshots of a recording: whose they are, and who can still set them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recorder_core.errors import CatalogError
from recorder_core.jobs.archive import RecordingRequest, record_event, verify_audit

REQUEST = RecordingRequest(procedure_code="lap-chole")
GREY = np.full((48, 64, 3), 90, np.uint8)


def test_a_marker_and_a_screenshot_are_of_who_gave_them(site: Any, fragmented: bytes) -> None:
    with site.opened("olga") as archive, record_event(archive, REQUEST) as begun:
        begun.sink.write(fragmented)
        begun.journal.mark("incision", start_seconds=1.0)
        begun.journal.mark("closure", start_seconds=2.0, by="rita")
        begun.journal.add_screenshot(GREY, frame_index=20, pts=20, at_seconds=1.0, by="foot-switch")
        with pytest.raises(CatalogError, match="a user id is"):
            begun.journal.mark("closure", start_seconds=2.5, by="Rita Example")
        with pytest.raises(CatalogError, match="a user id is"):
            begun.journal.add_screenshot(GREY, frame_index=0, pts=0, at_seconds=0.0, by="")
        event = begun.finish(3.0)
        assert [(row.kind, row.author) for row in event.marker_rows()] == [
            ("incision", "olga"),
            ("closure", "rita"),
        ]
        [shot] = archive.catalog.contents.screenshots(event.event_id)
        assert shot.author == "foot-switch"
    with site.opened("adam") as archive:
        assert verify_audit(archive).findings == ()

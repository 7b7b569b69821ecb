from __future__ import annotations

import sqlite3
import zlib
from datetime import UTC, datetime
from fractions import Fraction

import numpy as np
import pytest

from recorder_core.catalog import (
    Actor,
    Catalog,
    Event,
    EventDevice,
    EventFile,
    Screenshot,
    Signal,
)
from recorder_core.errors import CatalogDamaged, CatalogError, NotInCatalog, WrongState
from recorder_core.model import FrameTimes

NOW = datetime(2026, 5, 4, tzinfo=UTC)


@pytest.fixture
def video(catalog: Catalog, event: Event) -> EventFile:
    return catalog.contents.add_file(
        event.event_id, "original", size_bytes=10**7, sha256="ab" * 32, segment_count=10
    )


def test_files(catalog: Catalog, event: Event, video: EventFile) -> None:
    copy = catalog.contents.add_file(
        event.event_id, "deidentified", size_bytes=1, sha256="cd" * 32, segment_count=1
    )
    assert catalog.contents.files(event.event_id) == [video, copy]
    assert catalog.contents.files(event.event_id, "deidentified") == [copy]
    catalog.contents.remove_file(copy.file_id)
    assert catalog.contents.files(event.event_id) == [video]
    with pytest.raises(NotInCatalog):
        catalog.contents.remove_file(copy.file_id)


def test_the_kinds_of_files_of_every_event_are_read_at_once(catalog: Catalog) -> None:
    events = [
        catalog.events.begin(site_code="site1", procedure_code="demo", started_utc=NOW, by="olga")
        for _ in range(3)
    ]
    facts = {"size_bytes": 1, "sha256": "ab" * 32, "segment_count": 1}
    for event, roles in zip(
        events, (("signals", "original", "signals"), ("original",), ()), strict=True
    ):
        for role in roles:
            catalog.contents.add_file(event.event_id, role, **facts)  # type: ignore[arg-type]
    catalog.contents.open_file(events[2].event_id, "original", file_id="cut")
    assert catalog.contents.roles() == {
        events[0].event_id: ["signals", "original"],
        events[1].event_id: ["original"],
    }


def test_a_file_is_known_while_it_is_being_recorded(catalog: Catalog, event: Event) -> None:
    contents, file_id = catalog.contents, f"{event.event_id}/original.1"
    opened = contents.open_file(event.event_id, "original", file_id=file_id)
    assert contents.files(event.event_id) == [opened]
    assert not opened.is_complete
    facts = {"size_bytes": 10, "sha256": "ab" * 32, "segment_count": 2}
    with pytest.raises(CatalogError, match="must be a SHA-256"):
        contents.complete_file(file_id, **facts | {"sha256": "no"})  # type: ignore[arg-type]
    contents.complete_file(file_id, **facts)  # type: ignore[arg-type]
    (file,) = contents.files(event.event_id)
    assert (file.is_complete, file.size_bytes, file.segment_count) == (True, 10, 2)
    with pytest.raises(NotInCatalog, match="that is being recorded"):
        contents.complete_file(file_id, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize("change", [{"size_bytes": -1}, {"sha256": "x"}, {"segment_count": -1}])
def test_files_that_cannot_be(change: dict[str, object], catalog: Catalog, event: Event) -> None:
    fields = {"size_bytes": 1, "sha256": "ab" * 32, "segment_count": 1} | change
    with pytest.raises(CatalogError):
        catalog.contents.add_file(event.event_id, "original", **fields)  # type: ignore[arg-type]


def test_a_pts_index_survives_and_is_small(catalog: Catalog, video: EventFile) -> None:
    pts = np.cumsum(np.where(np.arange(200_000) % 1000 == 999, 2, 1) * 512, dtype=np.int64) - 700
    catalog.contents.put_pts_index(video.file_id, FrameTimes(Fraction(1, 15360), pts))
    index = catalog.contents.pts_index(video.file_id)
    assert index.time_base == Fraction(1, 15360)
    assert len(index) == 200_000
    np.testing.assert_array_equal(index.pts, pts)
    catalog.empty_journal()
    assert catalog.path.stat().st_size < 300_000
    catalog.contents.put_pts_index(video.file_id, FrameTimes(Fraction(1, 30), pts[:0]))
    assert len(catalog.contents.pts_index(video.file_id)) == 0


def test_pts_that_are_no_index(catalog: Catalog, video: EventFile) -> None:
    with pytest.raises(CatalogError, match="must increase"):
        catalog.contents.put_pts_index(
            video.file_id, FrameTimes(Fraction(1, 30), np.array([0, 2, 2]))
        )
    with pytest.raises(NotInCatalog, match="its recorder gave none; decode the video"):
        catalog.contents.pts_index(video.file_id)
    with pytest.raises(NotInCatalog):
        catalog.contents.put_pts_index("none", FrameTimes(Fraction(1, 30), np.arange(3)))


#: the same table without the types that SQLite insists on
_LOOSE = (
    "CREATE TABLE kept AS SELECT * FROM pts_indexes",
    "DROP TABLE pts_indexes",
    "ALTER TABLE kept RENAME TO pts_indexes",
)


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        ("UPDATE pts_indexes SET deltas = x'78'", "not unpack"),
        (f"UPDATE pts_indexes SET deltas = x'{zlib.compress(bytes(16)).hex()}'", "2 frames, not 3"),
        ("UPDATE pts_indexes SET time_base_denominator = ''", "not unpack"),
        ("UPDATE pts_indexes SET deltas = 'text'", "not unpack"),
        ("ALTER TABLE pts_indexes DROP COLUMN frame_count", "not unpack"),
    ],
)
def test_a_damaged_pts_index(edit: str, sentence: str, catalog: Catalog, video: EventFile) -> None:
    catalog.contents.put_pts_index(video.file_id, FrameTimes(Fraction(1, 30), np.arange(3)))
    connection = sqlite3.connect(catalog.path)
    for statement in (*_LOOSE, edit):
        connection.execute(statement)
    connection.commit()
    connection.close()
    with pytest.raises(CatalogDamaged, match=sentence):
        catalog.contents.pts_index(video.file_id)


def test_markers_come_in_the_order_of_time(catalog: Catalog, event: Event) -> None:
    late = catalog.contents.add_marker(
        event.event_id, "closure", start_seconds=90.0, stop_seconds=120.0, author="operator1"
    )
    early = catalog.contents.add_marker(
        event.event_id, "incision", start_seconds=10.0, author="foot-switch"
    )
    assert catalog.contents.markers(event.event_id) == [early, late]
    with pytest.raises(CatalogError, match="is not a time span"):
        catalog.contents.add_marker(
            event.event_id, "closure", start_seconds=9.0, stop_seconds=8.0, author="operator1"
        )
    with pytest.raises(CatalogError, match="put free text into a sealed record"):
        catalog.contents.add_marker(
            event.event_id, "Dr. Silva enters", start_seconds=9.0, author="operator1"
        )


def test_screenshots_and_signals(catalog: Catalog, event: Event, video: EventFile) -> None:
    shot = Screenshot(
        screenshot_id="s1", event_id=event.event_id, file_id=video.file_id, frame_index=90,
        pts=46080, at_seconds=3.0, author="operator1", created_utc=NOW,
    )  # fmt: skip
    signal = Signal(
        signal_id="b1", event_id=event.event_id, file_id=video.file_id, name="bis", unit="index",
        rate_hz=None, sample_count=12, start_seconds=0.0, stop_seconds=60.0, gap_count=1,
        gap_seconds=5.0,
    )  # fmt: skip
    catalog.contents.add_screenshot(shot)
    catalog.contents.add_signal(signal)
    assert catalog.contents.screenshots(event.event_id) == [shot]
    assert catalog.contents.signals(event.event_id) == [signal]
    catalog.contents.remove_file(video.file_id)
    assert catalog.contents.screenshots(event.event_id) == []
    assert catalog.contents.signals(event.event_id) == []


def test_devices_come_in_the_order_in_which_they_were_stored(
    catalog: Catalog, event: Event
) -> None:
    fields: dict[str, object] = {
        "event_id": event.event_id, "author": "operator1", "created_utc": NOW,
    }  # fmt: skip
    scope = EventDevice(
        device_id="d2", kind="laparoscope", model="IMAGE1-S", frames_recorded=9000,
        frames_dropped=3, frames_repeated=0, **fields,  # type: ignore[arg-type]
    )  # fmt: skip
    bis = EventDevice(device_id="d1", kind="bis-monitor", **fields)  # type: ignore[arg-type]
    catalog.contents.add_device(scope)
    catalog.contents.add_device(bis)
    assert catalog.contents.devices(event.event_id) == [scope, bis]
    assert catalog.contents.devices("another") == []
    for change in ({"kind": "the blue one"}, {"model": "of Dr. Silva"}, {"frames_dropped": -1}):
        with pytest.raises(CatalogError):
            EventDevice(**({"device_id": "d3", "kind": "x"} | fields | change))  # type: ignore[arg-type]


def test_nothing_is_added_to_a_deleted_event(
    catalog: Catalog, event: Event, administrator: Actor
) -> None:
    catalog.delete_event(administrator, event.event_id, "test_recording")
    with pytest.raises(WrongState, match="nothing can be added"):
        catalog.contents.add_marker(event.event_id, "incision", start_seconds=1, author="x")

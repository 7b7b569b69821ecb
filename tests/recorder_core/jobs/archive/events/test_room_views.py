"""An event knows where its room lies, and its copies are made there."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recorder_core.catalog import EventState
from recorder_core.errors import AuditError, NotAllowed, SettingsError
from recorder_core.jobs import Allowed, DeidentifyOptions
from recorder_core.jobs.archive import (
    Archive,
    EventDeidentifyRequest,
    JobPlace,
    RecordingRequest,
    deidentify_event,
    finalise_event,
    read_audit,
    record_event,
    set_room_view,
    verify_audit,
)
from recorder_core.model import View

#: most of a frame of 384x192
ROOM = "0,0,384,180"
_TABLE = "SELECT name, x, y, width, height, author FROM event_views WHERE event_id = ?"


def _rows(site: Any, sql: str, *values: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(site.path / "catalog.db")) as catalog:
        return catalog.execute(sql, values).fetchall()


def _searched(archive: Archive, event_id: str) -> tuple[str, str]:
    """Return the view in the report of the copy, as asked for and in pixels."""
    with archive.event(event_id).open_file("deidentification") as file:
        settings = json.loads(file.read())["settings"]
    return settings["view"], settings["view_px"]


def test_a_job_searches_the_room_view_that_was_given_at_the_import(
    site: Any, named_video: Path, tmp_path: Path
) -> None:
    event_id = site.bring_in(named_video, view=ROOM)
    assert _rows(site, _TABLE, event_id) == [("room", 0, 0, 384, 180, "olga")]
    with site.opened("adam") as archive:
        stated = [
            row.action for row in read_audit(archive) if f"event_views {event_id}" in row.facts
        ]
        assert stated == ["import_event"]
        assert verify_audit(archive).is_sound
    with site.opened("rita") as archive:
        assert archive.event(event_id).room_view() == View(0, 0, 384, 180)
        archive.job_place = JobPlace(tmp_path)
        job = archive.start_job("deidentify", event_id)
        while job.state in ("queued", "running"):
            time.sleep(0.1)
            job = archive.job(job.job_id)
        assert (job.state, job.error_class) == ("done", None)
        assert _searched(archive, event_id) == (ROOM, ROOM)


def test_the_view_of_a_recording_is_kept_with_it_and_its_copies_are_made_there(
    site: Any, fragmented: bytes, tmp_path: Path
) -> None:
    asked = RecordingRequest(procedure_code="demo", view=View(0, 0, 64, 40))
    with site.opened("olga") as archive, record_event(archive, asked) as begun:
        begun.sink.write(fragmented)  # and a crash cuts it off
    event_id = begun.event_id
    assert _rows(site, _TABLE, event_id) == [("room", 0, 0, 64, 40, "olga")]
    with site.opened("adam") as archive:
        stated = [
            row.action for row in read_audit(archive) if f"event_views {event_id}" in row.facts
        ]
        assert stated == ["record"]
        assert verify_audit(archive).findings == ()
    request = EventDeidentifyRequest(
        options=DeidentifyOptions(), work=tmp_path, allowed=Allowed(True, True)
    )
    with site.opened("rita") as archive:
        finalise_event(archive, event_id)
        deidentify_event(archive, event_id, request)
        assert _searched(archive, event_id) == ("0,0,64,40", "0,0,64,40")
        named = replace(request, options=replace(request.options, view="full"))
        deidentify_event(archive, event_id, named)
        assert _searched(archive, event_id)[0] == "full"
    with closing(sqlite3.connect(site.path / "catalog.db")) as catalog:
        catalog.execute("UPDATE event_views SET width = 20, height = 20")
        catalog.commit()
    with site.opened("rita") as archive, pytest.raises(AuditError):
        deidentify_event(archive, event_id, request)


@pytest.mark.parametrize(
    ("view", "sentence"),
    [
        ("200,0,200,100", "view 200,0,200,100 does not lie inside the frame of 384x192"),
        ("the corner", "neither four whole numbers"),
    ],
)
def test_a_wrong_view_is_refused_before_anything_is_sealed(
    site: Any, named_video: Path, view: str, sentence: str
) -> None:
    before = {path for path in site.path.rglob("*") if path.suffix != ".json"}
    with pytest.raises(SettingsError, match=sentence):
        site.bring_in(named_video, view=view)
    assert {path for path in site.path.rglob("*") if path.suffix != ".json"} == before
    assert _rows(site, "SELECT * FROM events") == []


def test_an_event_of_an_earlier_program_is_searched_whole_until_its_view_is_set(
    site: Any, event_id: str, drawn: Any, tmp_path: Path
) -> None:
    for folder in (site.path, site.mirror):
        _take_back(folder / "catalog.db")
    request = EventDeidentifyRequest(
        options=replace(drawn.options, stop_seconds=1.0), work=tmp_path
    )
    with site.opened("rita") as archive:
        assert archive.event(event_id).room_view() is None
        deidentify_event(archive, event_id, request)
        assert _searched(archive, event_id) == ("full", "0,0,384,192")
        assert set_room_view(archive, event_id, ROOM) == View(0, 0, 384, 180)
        deidentify_event(archive, event_id, request)
        assert _searched(archive, event_id) == (ROOM, ROOM)
        named = replace(request, options=replace(request.options, view="full"))
        deidentify_event(archive, event_id, named)
        assert _searched(archive, event_id) == ("full", "0,0,384,192")
        with pytest.raises(SettingsError, match="does not lie inside"):
            set_room_view(archive, event_id, "0,0,385,192")
    with site.opened("adam") as archive:
        assert verify_audit(archive).is_sound
    assert _rows(site, _TABLE, event_id) == [("room", 0, 0, 384, 180, "rita")]


def _take_back(path: Path) -> None:
    """Make a catalog what the program before the views left."""
    if not path.exists():
        return
    with closing(sqlite3.connect(path)) as catalog:
        rows = catalog.execute("SELECT name FROM migrations ORDER BY rowid").fetchall()
        names = [name for (name,) in rows if name.isidentifier()]
        later = names[names.index("create_event_views") :]
        for table in ("event_views", "sign_offs"):
            catalog.execute(f"DROP TABLE {table}")
        catalog.execute("ALTER TABLE jobs DROP COLUMN result")
        for name in later:
            catalog.execute("DELETE FROM migrations WHERE name = ?", (name,))
        catalog.execute(f"PRAGMA user_version = {len(names) - len(later)}")
        catalog.commit()


def test_a_wide_frame_without_a_view_is_told(site: Any, tmp_path: Path) -> None:
    wide, work = tmp_path / "wide.mp4", tmp_path / "work"
    work.mkdir()
    picture = ["-f", "lavfi", "-i", "testsrc2=size=1296x96:rate=20:duration=0.4"]
    subprocess.run(["ffmpeg", "-v", "error", *picture, "-pix_fmt", "yuv420p", wide], check=True)
    event_id = site.bring_in(wide)
    said: list[str] = []
    request = EventDeidentifyRequest(
        options=DeidentifyOptions(), work=work, allowed=Allowed(True, True), say=said.append
    )
    with site.opened("rita") as archive:
        deidentify_event(archive, event_id, request)
        assert [f"workbench event view {event_id} --set X,Y,W,H" in each for each in said] == [True]
        set_room_view(archive, event_id, "full")
        deidentify_event(archive, event_id, request)
        assert archive.event(event_id).row.state is EventState.DEIDENTIFIED
    assert len(said) == 1


def test_only_a_reviewer_sets_it_and_one_that_was_changed_outside_is_not_used(
    site: Any, event_id: str, drawn: Any, tmp_path: Path
) -> None:
    for login in ("olga", "rosa", "egon", "adam"):
        with site.opened(login) as archive, pytest.raises(NotAllowed):
            set_room_view(archive, event_id, ROOM)
    with site.opened("rita") as archive:
        set_room_view(archive, event_id, ROOM)
    with closing(sqlite3.connect(site.path / "catalog.db")) as catalog:
        catalog.execute("UPDATE event_views SET width = 20, height = 20")
        catalog.commit()
    with site.opened("rita") as archive, pytest.raises(AuditError):
        deidentify_event(
            archive, event_id, EventDeidentifyRequest(options=drawn.options, work=tmp_path)
        )

"""Look at an archive after a power cut, as who comes next does: both its disks, or one alone.

Run by power_cuts.py: ``guest_disk_look.py FOLDER EVENT SCRATCH DISK...``. It prints what is there
of the event, as JSON. Where both disks are there it records a second more.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from guest_site import FOLDERS
from recorded_video import frame_count
from recording_site import RecordingSite, pattern_room

from recorder_core.catalog import EventState
from recorder_core.errors import NotInCatalog
from recorder_core.jobs.archive import (
    Archive,
    adopt_event,
    archive_status,
    check_copies,
    export_event,
    finalise_event,
    repair_copies,
    verify_audit,
)
from recorder_core.jobs.record import RecordRequest, record_room, room_from_values

#: what is said of every small disk
_SMALL: Final = "GiB left"


def main() -> None:
    """Read what is there, and print it."""
    folder, event, scratch, disks = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), sys.argv[4:]
    wrong = [fault for disk in disks for fault in _database_faults(folder / disk, scratch)]
    site = RecordingSite(folder / disks[0], folder / disks[-1])
    with site.opened("adam") as archive:
        is_known = _is_known(archive, event)
    with site.opened("rita") as archive:
        cut = [each for each in archive.events() if each.row.state is EventState.RECORDING]
        for each in cut:
            finalise_event(archive, each.event_id)
        found = _read(archive, event, scratch, wrong) if is_known else {}
    if len(disks) == len(FOLDERS):
        wrong += _next_start(site)
    with site.opened("adam") as archive:
        # what is said of the other disk, that is not there, is right
        parts = {each.part for each in check_copies(archive, read_all=True).findings}
        parts -= {"leftover"} if len(disks) == len(FOLDERS) else {"leftover", "mirror"}
        wrong += [f"its {part} is wrong" for part in sorted(parts)]
        wrong += [] if verify_audit(archive).is_sound else ["the log is not sound"]
    print(json.dumps({"is_known": is_known, "wrong": wrong, **found}))


def _database_faults(root: Path, scratch: Path) -> list[str]:
    """Return what SQLite itself says is wrong with a catalog, by a copy."""
    for name in ("catalog.db", "catalog.db-wal"):
        (scratch / name).unlink(missing_ok=True)
        if (root / name).exists():
            shutil.copyfile(root / name, scratch / name)
    with closing(sqlite3.connect(scratch / "catalog.db")) as database:
        said = [row[0] for row in database.execute("PRAGMA integrity_check")]
        said += [str(row) for row in database.execute("PRAGMA foreign_key_check")]
    return [f"the catalog in {root.name} is not sound: {each}" for each in said if each != "ok"]


def _is_known(archive: Archive, event: str) -> bool:
    """Return whether there is something of an event; take it in where the catalog was not told."""
    if event in {each.event_id for each in archive.events()}:
        return True
    try:
        adopt_event(archive, event)
    except NotInCatalog:
        return False
    return True


def _read(archive: Archive, event_id: str, scratch: Path, wrong: list[str]) -> dict[str, Any]:
    """Return how long the event's video is, and how many markers and screenshots it has."""
    event = archive.event(event_id)
    try:
        times = event.pts_index()
    except NotInCatalog:
        return {"seconds": 0.0}
    export_event(archive, event_id, scratch, ["original"], overwrite=True)
    if frame_count(scratch / f"{event_id}.original.mp4") != len(times.pts):
        wrong.append(f"a video of {len(times.pts)} frames has others")
    return {
        "seconds": times.seconds,
        "markers": len(event.marker_rows()),
        "screenshots": len(archive.catalog.contents.screenshots(event_id)),
    }


def _next_start(site: RecordingSite) -> list[str]:
    """Record a second, and return what is wrong with that, and with the archive."""
    request = RecordRequest(room=room_from_values(pattern_room(["room"])), duration_seconds=1.0)
    with site.opened("olga") as archive, record_room(archive, request) as recorder:
        while recorder.wait(0.1):
            pass
        wrong = [f"the next recording: {each}" for each in recorder.finish().faults]
    with site.opened("adam") as archive:
        repair_copies(archive)
        faults = archive_status(archive).faults
    return wrong + [f"the next start: {each}" for each in faults if _SMALL not in each]


if __name__ == "__main__":
    main()

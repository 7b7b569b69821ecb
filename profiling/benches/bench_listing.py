"""Measure ``workbench event list`` of many events.

    python profiling/benches/bench_listing.py [--events 2000] [--runs 5]

The archive has what a list reads after imports: for each event its row, sealed names, the row of
one file, and two rows of the log. The files are not there: a list opens none. The command is a new
process each time, with its start and its sign-in at the archive's usual cost of a guess at a
password; the same on an archive of one event, run in turn, says how much of it is the list.
"""

from __future__ import annotations

import json
import secrets
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from measuring import benchmark_parser, measure_command, measure_pairs, write_result

from recorder_core.archive import Password, PublicKey
from recorder_core.catalog import IDENTITY, Action, Profile
from recorder_core.catalog.model.codes import new_id
from recorder_core.jobs.archive import (
    Archive,
    Credentials,
    EventNames,
    add_user,
    create_archive,
    open_archive,
)
from recorder_core.jobs.archive.sealed_record import names_associated_data, seal_record

GOALS: Final = {"list_seconds": {"at_most": 0.3}}
SECRET: Final = secrets.token_hex(8)
FIRST_START: Final = datetime(2026, 1, 5, 8, tzinfo=UTC)
#: from one event's start to the next, and how long each is
HOURS_APART: Final = 3
LENGTH_SECONDS: Final = 5400.0
#: of a file that is not there
FILE_SHA256: Final = "0" * 64


def make_archive(folder: Path, events: int) -> list[str]:
    """Make an archive of so many events; return the command that lists them."""
    path, words = folder / f"archive_{events}", Password(SECRET)
    create_archive(path, site_code="bench", administrator="adam", password=words)
    with open_archive(path, Credentials("adam", words)) as archive:
        add_user(archive, "rita", Profile.REVIEWER, words)
    with open_archive(path, Credentials("rita", words)) as archive:
        readers = archive._session.readers(Action.READ_IDENTITY)
        keys = [readers.recovery, *readers.readers]
        for number in range(events):
            add_event(archive, number, keys)
    password = folder / "password"
    password.write_text(SECRET, encoding="ascii")
    password.chmod(0o600)
    workbench = str(Path(sys.executable).with_name("workbench"))
    where = ["--archive", str(path), "--user", "rita", "--password-file", str(password)]
    return [workbench, "event", "list", "--json", *where]


def add_event(archive: Archive, number: int, keys: list[PublicKey]) -> None:
    """Enter an event that was imported, with the row of a file that is not there."""
    event_id, session = new_id(), archive._session
    events, contents = session.catalog.events, session.catalog.contents
    names = EventNames(patient_name=f"Patient {number}").to_dict()
    with session.audited(Action.IMPORT_EVENT, event_id), session.catalog.transaction():
        events.add_recorded(
            event_id,
            site_code="bench",
            procedure_code="bench",
            started_utc=FIRST_START + timedelta(hours=HOURS_APART * number),
            duration_seconds=LENGTH_SECONDS,
            by="rita",
        )
        events.put_sealed(
            event_id, IDENTITY, seal_record(names, keys, names_associated_data(event_id))
        )
        contents.add_file(event_id, "original", size_bytes=1, sha256=FILE_SHA256, segment_count=1)


def check_list(words: list[str], events: int) -> None:
    """Stop unless the command lists every event, with its file."""
    printed = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    files = [row["files"] for row in json.loads(printed)]
    if files != ["original"] * events:
        raise SystemExit(f"{len(files)} events were listed, not {events} with an original each")


def main() -> None:
    """Measure, print and write the result."""
    parser = benchmark_parser(__doc__, seconds=0, runs=5)
    parser.add_argument("--events", type=int, default=2000, help="default: %(default)s")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        many, one = (make_archive(Path(name), events) for events in (options.events, 1))
        check_list(many, options.events)
        many_runs, one_runs = measure_pairs(
            lambda: measure_command(many), lambda: measure_command(one), options.runs
        )
    pairs = list(zip(many_runs, one_runs, strict=True))
    wall = statistics.median(a.wall_seconds - b.wall_seconds for a, b in pairs)
    cpu = statistics.median(a.cpu_seconds - b.cpu_seconds for a, b in pairs)
    command = statistics.median(run.wall_seconds for run in many_runs)
    print(
        f"event list of {options.events}: {command:.2f} s, of which {wall:.2f} s more than of one "
        f"event ({cpu:.2f} s processor)"
    )
    result = {
        "goals": GOALS,
        "events": options.events,
        "command_seconds": round(command, 3),
        "list_seconds": round(wall, 3),
        "list_cpu_seconds": round(cpu, 3),
        "runs": many_runs,
        "runs_of_one_event": one_runs,
    }
    write_result(options.result, "workbench event list of many events, and of one", result)


if __name__ == "__main__":
    main()

"""A few rounds of what profiling/faults/fault_archive_jobs.py does two hundred times."""

from __future__ import annotations

import importlib
import itertools
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from recorder_core.archive import Password
from recorder_core.jobs.archive import (
    Credentials,
    adopt_event,
    check_copies,
    open_archive,
    repair_copies,
)

ROOT = Path(__file__).resolve().parents[4]
_WORKER = """
import sys
from pathlib import Path
from recorder_core.archive import Password
from recorder_core.jobs.archive import Credentials, ImportRequest, import_video, open_archive
with open_archive(Path(sys.argv[1]), Credentials("olga", Password(sys.argv[3]))) as archive:
    while True:
        request = ImportRequest(source=Path(sys.argv[2]), procedure_code="demo")
        print(import_video(archive, request).event.event_id, flush=True)
"""


@pytest.mark.parametrize("name", ["named_video", "minutes_video"])
def test_killed_imports_leave_whole_events_and_nothing_else(
    site: Any, request: pytest.FixtureRequest, name: str
) -> None:
    video: Path = request.getfixturevalue(name)
    said: list[str] = []
    for life_seconds in (0.1, 0.3, 0.5):
        command = [sys.executable, "-c", _WORKER, str(site.path), str(video)]
        worker = subprocess.Popen([*command, "correct horse"], stdout=subprocess.PIPE, text=True)
        assert worker.stdout is not None
        said.append(worker.stdout.readline().strip())
        time.sleep(life_seconds)
        worker.kill()
        said += [line.strip() for line in worker.stdout if line.endswith("\n")]
        worker.wait()
        worker.stdout.close()
    with open_archive(site.path, Credentials("adam", Password("correct horse"))) as archive:
        assert {finding.part for finding in check_copies(archive).findings} <= {"leftover"}
        for finding in repair_copies(archive).findings:
            if not finding.is_repaired:
                # sealed as a whole, and killed before the catalog was told
                adopt_event(archive, finding.what)
        assert repair_copies(archive).findings == ()
        assert archive._session.catalog.audit.verify().is_sound
    with site.opened("rita") as archive:
        listed = archive.events()
        assert {event.event_id for event in listed} >= set(said)
        for event in listed:
            # an import that was cut off in its first second is taken in as far as it went
            with event.video(incomplete=not event.row.is_complete) as file:
                assert file.read(12)[4:8] == b"ftyp"
    folders = {path.name for path in (site.path / "events").iterdir()}
    assert folders == {event.event_id for event in listed}


def test_the_long_run_is_a_script_that_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "profiling" / "faults")
    module = importlib.import_module("fault_archive_jobs")
    assert module.Counts().is_clean
    assert not module.Counts(lost=1).is_clean


def test_killed_workers_are_heard_to_their_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "profiling" / "faults")
    killing = importlib.import_module("killing")

    def count(say: Any) -> None:
        for number in itertools.count():
            say(f"word {number}")

    for seed in range(5):
        said = killing.kill_workers([count, count], killing.numbers(seed), 0.02)
        assert all(re.fullmatch(r"word \d+", line) for line in said)
    with pytest.raises(killing.FaultError, match="ended by itself"):
        killing.kill_workers([lambda say: None], killing.numbers(0), 0.0)
    killing.kill_workers([lambda say: say("done")], killing.numbers(0), 0.0, may_end=True)

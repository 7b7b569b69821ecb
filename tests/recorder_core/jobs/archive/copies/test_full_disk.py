"""A disk that becomes full while corrections are entered and applied; real file systems."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from recorder_core.jobs.archive import add_copy, correct_event
from tests.recorder_core.jobs.archive.corrections.test_rerendering import HIDDEN

#: a small disk at each of the folders, with what was in them; for the program that follows
SMALL_DISKS = """
while [ "$1" != -- ]; do
  cp -a "$1" "$1.before" && mount -t tmpfs -o size=32m tmpfs "$1" || exit 99
  cp -a "$1.before/." "$1" || exit 99
  shift
done
shift
exec "$@"
"""
#: for each number of KiB: leaves that much room on the disks and does a step; at the end what is
#: in the archive is copied out of the disks, which go with the program
STEP = """
import json, os, shutil, sys
from contextlib import suppress
from pathlib import Path
from recorder_core.archive import DelaySettings, Password
from recorder_core.errors import RecorderError
from recorder_core.jobs.archive import (
    Credentials, EventRerenderRequest, correct_event, event_corrections, open_archive,
    rerender_event,
)
from tests.recorder_core.jobs.archive.corrections.test_rerendering import HIDDEN
step, event_id, work, archive_path, kib, *disks = json.loads(sys.argv[1])

def fill(disk, left_bytes):
    filler = Path(disk) / "filler"
    filler.unlink(missing_ok=True)
    with suppress(OSError), filler.open("wb", 0) as file:
        while shutil.disk_usage(disk).free > left_bytes:
            file.write(bytes(min(4096, shutil.disk_usage(disk).free - left_bytes)))

def act(archive):
    if step == "rerender":
        rerender_event(archive, event_id, EventRerenderRequest(work=Path(work)))
    else:
        correct_event(archive, event_id, HIDDEN)

def state(archive):
    event = archive.event(event_id)
    with event.video("deidentified") as file:
        size = len(file.read())
    found = [each.state for each in event_corrections(archive, event_id)]
    return [event.file("deidentified").file_id, size, found, os.listdir(work)]

who = lambda: Credentials("rita", Password("correct horse"))
delays = DelaySettings(free_attempts=10**6)
for number in kib:
    for disk in disks:
        fill(disk, number * 1024)
    said = ""
    try:
        with open_archive(Path(archive_path), who(), delays=delays) as archive:
            act(archive)
            said = "done"
    except (RecorderError, OSError) as error:
        said = f"{type(error).__name__}: {error}"
    for disk in disks:
        (Path(disk) / "filler").unlink(missing_ok=True)
    with open_archive(Path(archive_path), who(), delays=delays) as archive:
        print(json.dumps([number, said, *state(archive)]), flush=True)
    if said == "done":
        break
"""


#: bytes in KiB that are left, until the step is done
LEFT_KIB = [0, 100, 300, 900, 8000]
MAY_MOUNT = (
    subprocess.run(
        ["unshare", "--mount", "--map-root-user", "true"], check=False, capture_output=True
    ).returncode
    == 0
)


@dataclass(frozen=True)
class Outcome:
    """How a step ended with so much room, and what the archive has afterwards."""

    left_kib: int
    said: str
    file_id: str
    size_bytes: int
    corrections: list[str]
    left_in_work: list[str]


def _with_small_disks(site: Any, step: str, event_id: str, work: Path, names: str) -> list[Outcome]:
    """Do a step with ever more room on disks of 32 MiB, which are gone afterwards."""
    folders = {"archive": site.path, "mirror": site.mirror, "work": work}
    disks = [str(folders[name]) for name in names.split()]
    given = json.dumps([step, event_id, str(work), str(site.path), LEFT_KIB, *disks])
    shell = ["unshare", "--mount", "--map-root-user", "sh", "-c", SMALL_DISKS, "sh", *disks, "--"]
    words = [*shell, sys.executable, "-c", STEP, given]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    return [Outcome(*json.loads(line)) for line in done.stdout.splitlines()]


@pytest.mark.skipif(not MAY_MOUNT, reason="a full disk needs a mount of its own")
@pytest.mark.parametrize("disks", ["archive mirror", "archive", "mirror", "work"])
def test_corrections_are_applied_or_nothing_is_changed_and_one_sentence_says_so(
    site: Any, event_id: str, finished: Path, tmp_path: Path, disks: str
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    with site.opened("rita") as archive:
        add_copy(archive, event_id, finished)
        correct_event(archive, event_id, HIDDEN)
    size = finished.stat().st_size
    *refused, last = _with_small_disks(site, "rerender", event_id, work, disks)
    for each in refused:
        assert each.said.startswith(("ArchiveError: ", "EncodeError: ")), each
        assert "No space left" in each.said or "the disk is full" in each.said
        assert each.file_id.endswith("/deidentified.1")
        assert (each.size_bytes, each.corrections) == (size, ["not rendered"])
    assert (last.said, last.corrections) == ("done", ["in the copy"])
    assert last.file_id.endswith("/deidentified.2")
    assert {name for each in (*refused, last) for name in each.left_in_work} == set()
    # what is kept free for small writes may do for a short copy on both disks of an archive
    assert refused or disks != "work"
    assert not refused or disks in ("archive mirror", "work")


@pytest.mark.skipif(not MAY_MOUNT, reason="a full disk needs a mount of its own")
def test_a_correction_is_entered_on_disks_without_any_room(
    site: Any, event_id: str, finished: Path, tmp_path: Path
) -> None:
    with site.opened("rita") as archive:
        add_copy(archive, event_id, finished)
    [only] = _with_small_disks(site, "correct", event_id, tmp_path, "archive mirror")
    assert (only.left_kib, only.said, only.corrections) == (0, "done", ["not rendered"])

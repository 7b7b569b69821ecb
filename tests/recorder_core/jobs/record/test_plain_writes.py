"""Nothing of a recording reaches a disk in clear: every write of its process is looked at."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from tests.recorder_core.jobs.archive.conftest import PASSWORD

PATIENT = "Zephyrina Ångström-Qux"
_PROGRAM = """
import sys
from pathlib import Path
from recorder_core.archive import Password
from recorder_core.jobs.archive import Credentials, EventNames, open_archive
from recorder_core.jobs.record import RecordRequest, hold_room, room_from_values, show_room
from tests.recorder_core.jobs.record.test_job import ROOM
room = room_from_values(ROOM | {"video": ROOM["video"] | {"pre_record_seconds": 1}, "sources": {
    name: {"kind": "pattern", "size": [320, 180], "rate": 25} for name in ("laparoscope", "room")
}})
request = RecordRequest(room=room, names=EventNames(patient_name=sys.argv[3]))
with open_archive(Path(sys.argv[1]), Credentials("olga", Password(sys.argv[2]))) as archive:
    with show_room(archive, request) as shown:
        while shown.preview() is None:
            shown.wait(0.1)
    with hold_room(archive, request) as ready:
        ready.wait(1.5)
        ready.preview()
        with ready.begin() as recorder:
            recorder.wait(1.0)
            recorder.mark("incision", note=sys.argv[3])
            recorder.take_screenshot().result()
            recorder.preview()
            recorder.wait(1.0)
            summary = recorder.finish()
print(summary.event_id, summary.video_bytes)
"""
#: calls that write what a program holds in memory
_CALLS = "write,writev,pwrite64,pwritev,pwritev2,sendfile,copy_file_range"
_LINE = re.compile(r"(?:\[pid +\d+\] )?(\w+)\(\d+<([^>]*)>(?:[^,]*), (.*)")
#: boxes of MP4, the mark of a JPEG, Parquet's and a log's own, and what people typed
PLAIN = (
    *(b"ftyp", b"moov", b"moof", b"mdat", b"avc1", b"JFIF", b"PAR1"),
    *(b"incision", b"Zephyrina", PATIENT.encode()),
)


def _bytes(text: str) -> bytes:
    """Return what strace wrote as hexadecimal escapes."""
    return bytes(int(each, 16) for each in re.findall(r"\\x([0-9a-f]{2})", text))


def test_every_write_of_a_recording_is_sealed_or_says_nothing(site: Any, tmp_path: Path) -> None:
    log, temporary = tmp_path / "writes", tmp_path / "temporary"
    temporary.mkdir()
    words = [sys.executable, "-B", "-c", _PROGRAM, str(site.path), PASSWORD, PATIENT]
    strace = ["strace", "-f", "--seccomp-bpf", "-qq", "-y", "-xx", "-s", "4000000"]
    done = subprocess.run(
        [*strace, "-e", f"trace={_CALLS}", "-o", str(log), *words],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"TMPDIR": str(temporary)},
    )
    event_id, size = done.stdout.split()
    written: dict[str, bytes] = defaultdict(bytes)
    for line in log.read_text().splitlines():
        found = _LINE.search(line)
        if found is not None and found[2].encode().decode("unicode_escape").startswith("/"):
            written[found[2].encode().decode("unicode_escape")] += _bytes(found[3])
    is_device = re.compile("/dev/(?!shm/)").match
    files = {path: content for path, content in written.items() if not is_device(path)}
    for root in (site.path, site.mirror):
        sealed = files[str(root / "events" / event_id / "original.1.sealed")]
        assert len(sealed) > int(size) > 10_000
    roots = (f"{site.path}/", f"{site.mirror}/")
    elsewhere = {path: files[path] for path in files if not path.startswith(roots)}
    # with this Python looks whether there is space for temporary files
    assert set(elsewhere.values()) <= {b"blat"}
    for path, content in files.items():
        is_catalog = Path(path).name.startswith("catalog.db")
        # a marker's code stands in the catalog in clear; see docs/archive.md
        plain = [each for each in PLAIN if not (is_catalog and each == b"incision")]
        assert [each for each in plain if each in content] == [], path
    assert list(temporary.iterdir()) == []

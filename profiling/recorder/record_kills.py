"""Kill recordings at random moments, and count what is lost.

    python profiling/recorder/record_kills.py [--kills 100] [--held SECONDS] [--out FILE.json]

Each trial starts a process that records test signals, kills it with SIGKILL, and looks at what is
there as who comes next does: the catalog must be sound, the event is finalised and its video is
decoded by FFmpeg's own tool. With --held each recording begins with so many seconds of a room that
was held before, which count as what was recorded. Exit status 1 if more than two seconds were lost,
or anything is wrong. SIGKILL is not a power cut: what the kernel had not written yet survives it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final, NoReturn

from recording_site import (
    RecordingSite,
    finish,
    make_site,
    numbers,
    pattern_room,
    script_parser,
)

from recorder_core.catalog import EventState
from recorder_core.jobs.archive import (
    Archive,
    check_copies,
    export_event,
    finalise_event,
    verify_audit,
)
from recorder_core.jobs.record import (
    RecordRequest,
    RoomRecorder,
    hold_room,
    record_room,
    room_from_values,
)

MAX_LOST_SECONDS: Final = 2.0
LONGEST_SECONDS: Final = 8.0
#: what a kill may leave, and any repair removes
HARMLESS: Final = frozenset({"leftover"})


def main() -> int:
    """Kill, print what was lost, and return the exit status."""
    parser = script_parser(__doc__)
    parser.add_argument("--kills", type=int, default=100, help="default: 100")
    parser.add_argument("--seed", type=int, default=1, help="of the moments; default: 1")
    parser.add_argument(
        "--seconds", type=float, default=LONGEST_SECONDS, help="a recording lives at most so long"
    )
    parser.add_argument("--held", type=float, default=0.0, help="seconds before the start")
    parser.add_argument("--record", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.record is not None:
        _record(RecordingSite(options.record / "archive", options.record / "mirror"), options.held)
    chance = numbers(options.seed)
    lost: list[float] = []
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        site = make_site(Path(folder))
        for number in range(options.kills):
            said = _killed(Path(folder), options.held, chance.uniform(0.0, options.seconds))
            lost += _look(site, said, Path(folder), wrong)
            print(f"{number + 1} of {options.kills}: {max(lost, default=0):.2f}", file=sys.stderr)
        with site.opened("adam") as archive:
            findings = {each.part for each in check_copies(archive, read_all=True).findings}
            wrong += [f"a copy is wrong: {part}" for part in findings - HARMLESS]
    wrong += [f"{each:.2f} s were lost" for each in lost if each > MAX_LOST_SECONDS]
    content = {
        "goals": {"most_lost_seconds": {"at_most": MAX_LOST_SECONDS}},
        "kills": options.kills,
        "held_seconds": options.held,
        "recordings": len(lost),
        "most_lost_seconds": round(max(lost, default=0.0), 3),
        "mean_lost_seconds": round(sum(lost) / max(1, len(lost)), 3),
    }
    return finish(content, wrong, options.out)


def _killed(folder: Path, held: float, seconds: float) -> list[str]:
    """Record in another process, kill it so long after its first word, and return its words."""
    command = [sys.executable, __file__, "--record", str(folder), "--held", str(held)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        words = process.stdout
        if words is None or not (first := words.readline()):
            raise SystemExit("a recording ended by itself: run record_kills.py --record FOLDER")
        time.sleep(seconds)
        process.kill()
        return [line for line in (first, *words) if line.endswith("\n")]


def _record(site: RecordingSite, held: float) -> NoReturn:
    """Record until it is killed, and say all the time how long it is."""
    room = room_from_values(pattern_room(["laparoscope", "room"]))
    request = RecordRequest(room=replace(room, pre_record_seconds=held))
    with ExitStack() as stack:
        archive = stack.enter_context(site.opened("olga"))
        recorder = stack.enter_context(_begun(archive, request, stack))
        while recorder.wait(0.01):
            print(recorder.event_id, recorder.seconds, flush=True)
    raise SystemExit("the recording ended by itself")


def _begun(
    archive: Archive, request: RecordRequest, stack: ExitStack
) -> AbstractContextManager[RoomRecorder]:
    """Begin a recording, of a room that was held where that is wanted."""
    held = request.room.pre_record_seconds
    if not held:
        return record_room(archive, request)
    ready = stack.enter_context(hold_room(archive, request))
    while ready.held_seconds < held:
        ready.wait(0.1)
    return ready.begin()


def _look(site: RecordingSite, said: list[str], folder: Path, wrong: list[str]) -> list[float]:
    """Return how many seconds each recording lost that has begun, and note what is wrong."""
    with site.opened("rita") as archive:
        left = [each for each in archive.events() if each.row.state is EventState.RECORDING]
        spoken = dict(line.split() for line in said)
        if set(spoken) - {each.event_id for each in left}:
            wrong.append("an event that was recorded is not in the catalog")
        lost = []
        for event in left:
            result = finalise_event(archive, event.event_id)
            if event.event_id in spoken:
                lost.append(max(0.0, float(spoken[event.event_id])) - result.seconds)
            if result.is_playable:
                export_event(archive, event.event_id, folder, ["original"])
                _decode(folder / f"{event.event_id}.original.mp4", result.frame_count, wrong)
    with site.opened("adam") as archive:
        if not verify_audit(archive).is_sound:
            wrong.append("the log is not sound")
    return lost


def _decode(video: Path, frame_count: int, wrong: list[str]) -> None:
    command = ["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v:0"]
    command += ["-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", str(video)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode or done.stdout.strip() != str(frame_count):
        wrong.append(f"a video of {frame_count} frames has {done.stdout.strip() or 'none'}")
    video.unlink()


if __name__ == "__main__":
    sys.exit(main())

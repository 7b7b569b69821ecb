"""Record test signals that flash and clap, and measure how far pictures and audio are off.

    python profiling/recorder/record_synchrony.py [--seconds 60] [--held 0] [--out FILE.json]

The picture of each source says by its number when it was made, on the recorder's own clock, and a
clap is heard when a whole second begins. With --held the recording begins with so many seconds that
were held in memory before it. Exit status 1 if a source is off by more than one of its
frames, or a clap by more than 40 ms.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from recording_site import finish, make_site, pattern_room, script_parser

from recorder_core.jobs.archive import Archive, export_event
from recorder_core.jobs.record import (
    RecordRequest,
    RoomConfig,
    RoomRecorder,
    hold_room,
    record_room,
    room_from_values,
)
from recorder_core.media import open_video, read_pattern_number

NAMES: Final = ("laparoscope", "vital_signs", "room")
SIZE: Final = (320, 180)
RATE: Final = 30
#: rounding of a quarter of a frame, by which a mailbox shows a frame early, is no fault
MAX_OFF_FRAMES: Final = 1.0
MAX_OFF_SECONDS: Final = 0.04
_SAMPLE_RATE: Final = 48_000
#: a clap is louder than everything else
_CLAP_LEVEL: Final = 0.4


def main() -> int:
    """Record, print how far everything is off, and return the exit status."""
    parser = script_parser(__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="default: 60")
    parser.add_argument("--held", type=float, default=0.0, metavar="SECONDS", help="default: none")
    options = parser.parse_args()
    request = RecordRequest(room=_room(options.held), duration_seconds=options.seconds)
    with tempfile.TemporaryDirectory() as folder:
        site = make_site(Path(folder))
        with site.opened("olga") as archive, _begun(archive, request) as recorder:
            while recorder.wait(0.5):
                pass
            zero = recorder.clock.zero_monotonic_seconds
            summary = recorder.finish()
        with site.opened("rita") as archive:
            export_event(archive, summary.event_id, Path(folder), ["original"])
        video = Path(folder) / f"{summary.event_id}.original.mp4"
        frames = _frames_off(video, zero)
        claps = _claps_off(video, zero)
    wrong = [
        f"{name} is off by {off:.2f} frames"
        for name, off in frames.items()
        if abs(off) > MAX_OFF_FRAMES
    ]
    if not claps.size or np.abs(claps).max() > MAX_OFF_SECONDS:
        wrong.append("a clap is off, or none was heard")
    content = {
        "goals": {
            "most_off_frames": {"at_most": MAX_OFF_FRAMES},
            "clap_off_seconds": {"at_most": MAX_OFF_SECONDS},
        },
        "seconds": options.seconds,
        "held_seconds": round(summary.seconds - options.seconds, 3),
        "dropped_frames": summary.dropped_frames,
        "frames_off": frames,
        "most_off_frames": max(map(abs, frames.values())),
        "claps": int(claps.size),
        "clap_off_seconds": round(float(np.abs(claps).max(initial=0.0)), 4),
    }
    return finish(content, wrong, options.out)


def _room(held_seconds: float) -> RoomConfig:
    values = pattern_room(NAMES, SIZE)
    values["video"]["pre_record_seconds"] = held_seconds
    return room_from_values(values)


@contextmanager
def _begun(archive: Archive, request: RecordRequest) -> Iterator[RoomRecorder]:
    """Begin a recording, with what is held where something is, of which much was forgotten."""
    if not request.room.pre_record_seconds:
        with record_room(archive, request) as recorder:
            yield recorder
        return
    with hold_room(archive, request) as ready:
        ready.wait(3 * request.room.pre_record_seconds)
        with ready.begin() as recorder:
            yield recorder


def _frames_off(video: Path, zero: float) -> dict[str, float]:
    """Return by how many frames each source is off at most; positive is late."""
    most = dict.fromkeys(NAMES, 0.0)
    width, height = SIZE
    with open_video(video) as source:
        for frame in source.decode():
            moment = (zero + frame.seconds) * RATE
            for place, name in enumerate(NAMES):
                luma = frame.planes.y[:height, place * width : (place + 1) * width]
                number = read_pattern_number(luma)
                if number is None:
                    continue  # its signal has not come yet
                off = (moment - number + (1 << 23)) % (1 << 24) - (1 << 23)
                most[name] = max(most[name], off, key=abs)
    return {name: round(off, 3) for name, off in most.items()}


def _claps_off(video: Path, zero: float) -> NDArray[np.float64]:
    """Return how late each clap is heard, in seconds."""
    probe = ["ffprobe", "-v", "error", "-select_streams", "a", "-show_entries"]
    probe += ["stream=start_time", "-of", "csv=p=0", str(video)]
    start = float(subprocess.run(probe, check=True, capture_output=True, text=True).stdout)
    command = ["ffmpeg", "-v", "error", "-i", str(video), "-ac", "1", "-f", "f32le", "-"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    loud = np.flatnonzero(np.abs(np.frombuffer(raw, "<f4")) > _CLAP_LEVEL)
    first = loud[np.diff(loud, prepend=-_SAMPLE_RATE) > _SAMPLE_RATE // 4]
    heard = zero + start + first / _SAMPLE_RATE
    return heard - np.round(heard)


if __name__ == "__main__":
    sys.exit(main())

"""Record three 1080p30 sources, sound and a BIS monitor into one composite, and count.

    python profiling/recorder/record_long.py [--seconds 600] [--folder FOLDER] [--out FILE.json]

The sources are files of a simulated surgery in real time, sound is a tone, and the BIS monitor is
simulated on a pseudo-terminal. Exit status 1 if a composite frame was dropped, less than 99.5 % of
a source's frames were used, or memory grew after the first minute.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from time import process_time
from typing import Any, Final

from recording_site import finish, make_site, script_parser

from recorder_core.capture.source import SourceCounters
from recorder_core.jobs.record import RecordRequest, RoomRecorder, record_room, room_from_values
from recorder_core.simulate import SimulationSettings, simulate_sources
from recorder_core.simulate.devices import BisMonitorModel, SimulatedBisMonitor
from recorder_core.simulate.physiology import Patient

NAMES: Final = ("laparoscope", "vital_signs", "room")
MIN_USED: Final = 0.995
#: what is taken at first is not yet steady
SETTLED_SECONDS: Final = 60.0
MAX_GROWTH_MIB: Final = 32.0
SAMPLE_SECONDS: Final = 10.0
_MIB: Final = 1 << 20
_PAGE_BYTES: Final = 4096


def main() -> int:
    """Record, print what became of it, and return the exit status."""
    parser = script_parser(__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="default: 600")
    parser.add_argument("--lines", type=int, default=1080, help="of the sources; default: 1080")
    parser.add_argument(
        "--loop", type=float, default=20.0, help="seconds of the files; default: 20"
    )
    parser.add_argument("--folder", type=Path, help="where the files are kept for another run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary) / "sources"
        make_sources(folder, options.lines, options.loop)
        content, wrong = _record(Path(temporary), folder, options.seconds)
    return finish(content, wrong, options.out)


def make_sources(folder: Path, lines: int, seconds: float) -> None:
    """Write the files of the sources, unless they are there."""
    if (folder / "room.truth.parquet").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    print("simulating three sources ...", file=sys.stderr)
    settings = SimulationSettings(duration_seconds=seconds, width=lines * 16 // 9, height=lines)
    simulate_sources(folder, settings)


def _record(temporary: Path, sources: Path, seconds: float) -> tuple[dict[str, Any], list[str]]:
    site, port = make_site(temporary), temporary / "bis"
    room = room_from_values(
        {
            "procedure": "rehearsal",
            "sources": {
                name: {"kind": "file", "address": str(sources / f"{name}.mp4")} for name in NAMES
            },
            "sound": {"kind": "tone"},
            "bis": {"port": str(port)},
            "space": {"keep_free_gib": 0.5, "min_minutes": 0},
        }
    )
    request = RecordRequest(room=room, duration_seconds=seconds)
    with (
        SimulatedBisMonitor(port, BisMonitorModel(Patient(72.0, 4.0, 20.0))),
        site.opened("olga") as archive,
        record_room(archive, request) as recorder,
    ):
        began = process_time()
        first, memory = _watch(recorder)
        spent = process_time() - began
        last = {state.name: state.counters for state in recorder.source_states()}
        summary = recorder.finish()
    used = {name: _used(first[name], last[name]) for name in NAMES}
    content = {
        "goals": {"dropped_frames": {"at_most": 0}, "least_used": {"at_least": MIN_USED}},
        "seconds": seconds,
        "frames": summary.frame_count,
        "dropped_frames": summary.dropped_frames,
        "processor_ms_per_frame": round(spent / summary.frame_count * 1000, 1),
        "megabits_per_second": round(summary.video_bytes * 8e-6 / seconds, 2),
        "memory_mib": memory,
        "used": used,
        "least_used": min(used.values()),
        "sources": {name: asdict(counters) for name, counters in summary.sources.items()},
        "gaps": [asdict(gap) for gap in summary.gaps],
    }
    return content, _faults(content)


def _watch(recorder: RoomRecorder) -> tuple[dict[str, SourceCounters], list[float]]:
    """Wait for the end; return the counters after a second, and the memory every ten, in MiB."""
    while recorder.wait(0.1) and recorder.seconds < 1:
        pass
    first = {state.name: state.counters for state in recorder.source_states()}
    memory = [_resident_mib()]
    while recorder.wait(SAMPLE_SECONDS):
        memory.append(_resident_mib())
        print(f"{recorder.seconds:.0f} s, {recorder.dropped_frames} dropped", file=sys.stderr)
    return first, memory


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * _PAGE_BYTES / _MIB, 1)


def _used(first: SourceCounters, last: SourceCounters) -> float:
    """Return which part of the frames that arrived meanwhile was used."""
    return round((last.used - first.used) / max(1, last.received - first.received), 5)


def _faults(content: dict[str, Any]) -> list[str]:
    wrong = []
    if content["dropped_frames"]:
        wrong.append(f"{content['dropped_frames']} frames of the composite were dropped")
    wrong += [
        f"only {used:.2%} of the frames of {name} were used"
        for name, used in content["used"].items()
        if used < MIN_USED
    ]
    settled = content["memory_mib"][round(SETTLED_SECONDS / SAMPLE_SECONDS) :]
    if settled and max(settled) - settled[0] > MAX_GROWTH_MIB:
        wrong.append(f"memory grew from {settled[0]} to {max(settled)} MiB")
    return wrong


if __name__ == "__main__":
    sys.exit(main())

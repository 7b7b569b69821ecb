"""Unplug sources one by one and all at once, and compare the gaps that are recorded.

    python profiling/recorder/record_gaps.py [--cycles 50] [--out FILE.json]

The sources are test signals, whose connections are closed and opened again. Exit status 1 if the
recording stopped, or a gap is not where it was by more than 0.1 s.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from recording_site import finish, make_site, numbers, pattern_room, script_parser

from recorder_core.capture.source import FrameSource
from recorder_core.jobs.record import (
    Gap,
    RecordRequest,
    RoomRecorder,
    RoomSources,
    record_room,
    room_from_values,
)
from recorder_core.jobs.record.room.opening import open_sources

NAMES: Final = ("laparoscope", "vital_signs", "room")
MAX_OFF_SECONDS: Final = 0.1
#: every so many times all are unplugged
ALL_EVERY: Final = 5


def main() -> int:
    """Unplug, print how far the gaps are off, and return the exit status."""
    parser = script_parser(__doc__)
    parser.add_argument("--cycles", type=int, default=50, help="default: 50")
    parser.add_argument("--seed", type=int, default=1, help="of the moments; default: 1")
    options = parser.parse_args()
    room = room_from_values(pattern_room(NAMES))
    sources = open_sources(room)
    with (
        tempfile.TemporaryDirectory() as folder,
        make_site(Path(folder)).opened("olga") as archive,
        record_room(archive, RecordRequest(room=room), sources) as recorder,
    ):
        _run(recorder, 1.0)
        truth = _unplug_all(recorder, sources, options.cycles, options.seed)
        summary = recorder.finish()
    content, wrong = _compare(truth, summary.gaps)
    content |= {
        "goals": {"most_off_seconds": {"at_most": MAX_OFF_SECONDS}},
        "seconds": round(summary.seconds, 1),
        "frames": summary.frame_count,
        "dropped_frames": summary.dropped_frames,
    }
    return finish(content, wrong, options.out)


def _run(recorder: RoomRecorder, seconds: float) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if not recorder.wait(left):
            raise SystemExit("the recording stopped")


def _unplug_all(recorder: RoomRecorder, sources: RoomSources, cycles: int, seed: int) -> list[Gap]:
    """Unplug sources and plug them in again; return when each was out."""
    chance, truth = numbers(seed), []
    for cycle in range(cycles):
        names = NAMES if cycle % ALL_EVERY == ALL_EVERY - 1 else [chance.choice(NAMES)]
        out = [sources.frames[name] for name in names]
        starts = [_act(recorder, source, is_in=False) for source in out]
        _run(recorder, chance.uniform(0.8, 1.6))
        stops = [_act(recorder, source, is_in=True) for source in out]
        truth += [Gap(*each) for each in zip(names, starts, stops, strict=True)]
        _run(recorder, chance.uniform(0.7, 1.2))
    return truth


def _act(recorder: RoomRecorder, source: FrameSource, *, is_in: bool) -> float:
    if is_in:
        moment = recorder.seconds
        source.start()
    else:
        source.close()
        moment = recorder.seconds
    return moment


def _compare(truth: Sequence[Gap], found: Sequence[Gap]) -> tuple[dict[str, object], list[str]]:
    offs, wrong = [], []
    for name in NAMES:
        pairs = [
            [gap for gap in gaps if gap.source == name] for gaps in (truth, sorted_gaps(found))
        ]
        if len(pairs[0]) != len(pairs[1]):
            wrong.append(f"{name} was out {len(pairs[0])} times, and has {len(pairs[1])} gaps")
            continue
        for true, gap in zip(*pairs, strict=True):
            offs += [
                abs(true.start_seconds - gap.start_seconds),
                abs(true.stop_seconds - gap.stop_seconds),
            ]
    wrong += [f"a gap is off by {each:.3f} s" for each in offs if each > MAX_OFF_SECONDS]
    return {"gaps": len(truth), "most_off_seconds": round(max(offs, default=0.0), 4)}, wrong


def sorted_gaps(gaps: Sequence[Gap]) -> list[Gap]:
    """Return gaps in the order of their starts."""
    return sorted(gaps, key=lambda gap: gap.start_seconds)


if __name__ == "__main__":
    sys.exit(main())

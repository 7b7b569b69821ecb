"""Compare composing 1080p from three sources of 1080 lines with encoding the same frames.

Each frame is composed and then encoded, as a recorder does. Composing runs in one thread, so that
its processor time is that thread's; that of encoding is what else the process takes. Run from the
repository: ``python profiling/benches/bench_composite.py``; the result is printed and written to
``profiling/results/bench_composite.json``.
"""

from __future__ import annotations

import io
import statistics
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from time import perf_counter, process_time, thread_time
from typing import Final

import av
from measuring import benchmark_parser, write_result

from recorder_core.composite import Compositor, PanelContent, SignalBoard, preset_layout
from recorder_core.media import EncoderSettings, Frame, FrameEncoder, open_video
from recorder_core.simulate import SimulationSettings, simulate_sources
from recorder_core.tables import SignalRow

RATE: Final = Fraction(30)
#: of the time that encoding takes
MAX_RATIO: Final = 0.2
#: as recordings are capped
CAP_BPS: Final = 12_000_000
#: frames of a round
ROUND: Final = 30
BIS_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Round:
    """What one frame of a round took, milliseconds."""

    compose_processor_ms: float
    encode_processor_ms: float
    compose_wall_ms: float
    slowest_compose_wall_ms: float


def decoded_sources(folder: Path, seconds: float) -> dict[str, list[Frame]]:
    """Return the frames of each simulated source, or of those that an earlier run left."""
    folder = folder / f"sources_{seconds:g}s"
    names = preset_layout("surgery-box").sources
    videos = {name: folder / f"{name}.mp4" for name in names}
    if not (folder / "room.truth.parquet").exists():
        folder.mkdir(parents=True, exist_ok=True)
        print("simulating three sources ...", file=sys.stderr)
        simulate_sources(folder, SimulationSettings(duration_seconds=seconds))
    return {name: decoded(video) for name, video in videos.items()}


def decoded(path: Path) -> list[Frame]:
    """Return the frames of a video."""
    with open_video(path) as video, closing(video.decode()) as frames:
        return list(frames)


class Bench:
    """A compositor and an encoder that take turns.

    Parameters
    ----------
    sources : mapping of str to list of Frame
        What each gives, again and again.
    """

    def __init__(self, sources: Mapping[str, list[Frame]]) -> None:
        self._compositor = Compositor(preset_layout("surgery-box"), RATE)
        self._sources, self._tick = sources, 0
        self._signals = SignalBoard()
        self._content = PanelContent(
            signals=self._signals,
            event_lines=("Simulated surgery", "Room 3", "Laparoscopic cholecystectomy"),
            zero_utc=datetime(2026, 1, 1, tzinfo=UTC),
        )

    def run(self, rounds: int) -> list[Round]:
        """Return what each round took, after one that is not counted."""
        settings = EncoderSettings(preset="live", threads=2, max_bit_rate_bps=CAP_BPS)
        with av.open(io.BytesIO(), "w", format="matroska") as container:
            encoder = FrameEncoder(container, self._compositor.format, settings, frame_rate=RATE)
            found = [self._round(encoder) for _ in range(rounds + 1)]
            encoder.finish()
        return found[1:]

    def compose(self, count: int) -> list[Frame]:
        """Return frames of the composite, one after the other."""
        return [self._compose() for _ in range(count)]

    def _round(self, encoder: FrameEncoder) -> Round:
        composing, walls = 0.0, []
        start = process_time()
        for _ in range(ROUND):
            before, before_wall = thread_time(), perf_counter()
            frame = self._compose()
            composing += thread_time() - before
            walls.append(perf_counter() - before_wall)
            encoder.encode(frame)
        encoding, each = process_time() - start - composing, 1000 / ROUND
        return Round(composing * each, encoding * each, sum(walls) * each, max(walls) * 1000)

    def _compose(self) -> Frame:
        seconds = self._tick / float(RATE)
        if not self._tick % round(RATE * Fraction(BIS_SECONDS)):
            rows = (("bis", "", 41.0 + self._tick % 7), ("sqi", "%", 93.0), ("emg", "dB", 27.0))
            self._signals.add(SignalRow(name, unit, seconds, value) for name, unit, value in rows)
        given = {name: frames[self._tick % len(frames)] for name, frames in self._sources.items()}
        self._tick += 1
        return self._compositor.compose(given, self._content, seconds)


def main() -> None:
    """Measure, print, and write the result."""
    parser = benchmark_parser(__doc__, seconds=1.5, runs=12)
    options = parser.parse_args()
    rounds = Bench(decoded_sources(options.folder, options.seconds)).run(options.runs)
    ratio = statistics.median(r.compose_processor_ms / r.encode_processor_ms for r in rounds)
    medians = {
        name: round(statistics.median(getattr(each, name) for each in rounds), 2)
        for name in Round.__dataclass_fields__
    }
    result = {
        "layout": "surgery-box",
        "frames_per_round": ROUND,
        "rounds": len(rounds),
        "medians_per_frame": medians,
        "goal": {"at_most": MAX_RATIO},
        "compose_to_encode_processor": round(ratio, 3),
    }
    write_result(
        options.result,
        "composing 1080p from three simulated sources of 1080 lines, BIS once a second, against "
        "encoding the same frames by libx264 with the preset live, two threads and at most 12 "
        "Mbit/s; processor time",
        result,
    )
    for name, value in {**medians, "compose_to_encode_processor": ratio}.items():
        print(f"{name:28} {value:8.3f}")


if __name__ == "__main__":
    main()

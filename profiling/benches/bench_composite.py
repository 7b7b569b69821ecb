"""Compare composing 1080p from three 1080p sources with encoding the same frames.

Rounds of composing and of encoding take turns in one process. Composing runs in one thread, so
that its processor time is that thread's; that of encoding is the whole process's. Run from the
repository: ``python profiling/benches/bench_composite.py``; the result is printed and written to
``profiling/results/bench_composite.json``.
"""

from __future__ import annotations

import io
import statistics
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from itertools import islice
from pathlib import Path
from time import perf_counter, process_time, thread_time
from typing import Final

import av
from measuring import benchmark_parser, make_composite, write_result

from recorder_core.composite import Compositor, PanelContent, SignalBoard, preset_layout
from recorder_core.media import EncoderSettings, Frame, FrameEncoder, open_video
from recorder_core.tables import SignalRow

RATE: Final = Fraction(30)
#: frames of a round
ROUND: Final = 30
#: sources show the same video, so many frames apart
APART: Final = 11
BIS_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Round:
    """What composing and encoding of one round took, milliseconds per frame."""

    compose_wall_ms: float
    compose_processor_ms: float
    encode_wall_ms: float
    encode_processor_ms: float
    slowest_compose_ms: float


def decoded(video: Path, count: int) -> list[Frame]:
    """Return the first frames of a video."""
    with open_video(video) as opened, closing(opened.decode()) as frames:
        return list(islice(frames, count))


def ticks(frames: list[Frame], names: tuple[str, ...], count: int) -> Iterator[dict[str, Frame]]:
    """Yield a new frame of each source for each tick."""
    for tick in range(count):
        yield {
            name: frames[(tick + APART * number) % len(frames)] for number, name in enumerate(names)
        }


class Bench:
    """A compositor and an encoder that take turns.

    Parameters
    ----------
    frames : list of Frame
        Of a video of 1920x1080, which every source shows.
    """

    def __init__(self, frames: list[Frame]) -> None:
        self._compositor = Compositor(preset_layout("surgery-box"), RATE)
        self._frames, self._tick = frames, 0
        self._signals = SignalBoard()
        self._content = PanelContent(
            signals=self._signals,
            event_lines=("Simulated surgery", "Room 3", "Laparoscopic cholecystectomy"),
            zero_utc=datetime(2026, 1, 1, tzinfo=UTC),
        )

    def run(self, rounds: int) -> list[Round]:
        """Return what each round took, after one that is not counted."""
        settings = EncoderSettings(preset="veryfast", threads=2)
        with av.open(io.BytesIO(), "w", format="matroska") as container:
            encoder = FrameEncoder(container, self._compositor.format, settings, frame_rate=RATE)
            found = [self._round(encoder) for _ in range(rounds + 1)]
            encoder.finish()
        return found[1:]

    def _round(self, encoder: FrameEncoder) -> Round:
        names = self._compositor.layout.sources
        composed, slowest = [], 0.0
        start, start_processor = perf_counter(), thread_time()
        for sources in ticks(self._frames, names, ROUND):
            before = perf_counter()
            composed.append(self._compose(sources))
            slowest = max(slowest, perf_counter() - before)
        compose, compose_processor = perf_counter() - start, thread_time() - start_processor
        start, start_processor = perf_counter(), process_time()
        for frame in composed:
            encoder.encode(frame)
        encode, encode_processor = perf_counter() - start, process_time() - start_processor
        each = 1000 / ROUND
        return Round(
            compose * each,
            compose_processor * each,
            encode * each,
            encode_processor * each,
            slowest * 1000,
        )

    def _compose(self, sources: dict[str, Frame]) -> Frame:
        seconds = self._tick / float(RATE)
        if not self._tick % round(RATE * Fraction(BIS_SECONDS)):
            rows = (("bis", "", 41.0 + self._tick % 7), ("sqi", "%", 93.0), ("emg", "dB", 27.0))
            self._signals.add(SignalRow(name, unit, seconds, value) for name, unit, value in rows)
        self._tick += 1
        return self._compositor.compose(sources, self._content, seconds)


def main() -> None:
    """Measure, print, and write the result."""
    parser = benchmark_parser(__doc__, seconds=2.0, runs=12)
    options = parser.parse_args()
    video = make_composite(options.folder, options.seconds).video
    rounds = Bench(decoded(video, round(options.seconds * RATE))).run(options.runs)
    ratios = {
        "wall": statistics.median(r.compose_wall_ms / r.encode_wall_ms for r in rounds),
        "processor": statistics.median(
            r.compose_processor_ms / r.encode_processor_ms for r in rounds
        ),
    }
    medians = {
        name: round(statistics.median(getattr(each, name) for each in rounds), 2)
        for name in Round.__dataclass_fields__
    }
    result = {
        "layout": "surgery-box",
        "frames_per_round": ROUND,
        "rounds": len(rounds),
        "medians_per_frame": medians,
        "compose_to_encode": {name: round(ratio, 3) for name, ratio in ratios.items()},
    }
    write_result(
        options.result,
        "composing 1080p from three changing 1080p sources, BIS once a second, against encoding "
        "the same frames by libx264 veryfast with two threads",
        result,
    )
    for name, value in {**medians, **result["compose_to_encode"]}.items():  # type: ignore[dict-item]
        print(f"{name:24} {value:8.3f}")


if __name__ == "__main__":
    main()

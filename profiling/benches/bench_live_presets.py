"""Compare presets of H.264 for recordings: processor time, bits and decibels of the same frames.

    python profiling/benches/bench_live_presets.py [--folder FOLDER] [--seconds 1.5] [--runs 5]

The frames are 1080p composites of three simulated sources. Presets take turns, capped as recordings
are; decibels are the encoder's own count of luma. The result is printed and written to
``profiling/results/bench_live_presets.json``.
"""

from __future__ import annotations

import io
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import process_time
from typing import Final

import av
from bench_composite import CAP_BPS, RATE, Bench, decoded_sources
from measuring import benchmark_parser, write_result

from recorder_core.media import EncoderSettings, Frame, FrameEncoder, psnr_db
from recorder_core.media.encode.settings import Preset

PRESETS: Final[tuple[Preset, ...]] = ("superfast", "live", "ultrafast")


@dataclass(frozen=True, slots=True)
class Encoded:
    """What one preset made of the frames."""

    processor_ms_per_frame: float
    megabits_per_second: float
    psnr_y_db: float
    worst_frame_psnr_y_db: float


def encode(frames: Sequence[Frame], preset: Preset) -> Encoded:
    """Encode frames once, into memory."""
    settings = EncoderSettings(preset=preset, threads=2, max_bit_rate_bps=CAP_BPS)
    size = 0
    with av.open(io.BytesIO(), "w", format="matroska") as container:
        start = process_time()
        encoder = FrameEncoder(
            container, frames[0].format, settings, frame_rate=RATE, counts_errors=True
        )
        for frame in frames:
            size += sum(packet.size for packet in encoder.encode(frame))
        size += sum(packet.size for packet in encoder.finish())
        seconds = process_time() - start
    pixels = frames[0].format.width * frames[0].format.height
    errors = encoder.luma_errors
    return Encoded(
        processor_ms_per_frame=round(seconds / len(frames) * 1000, 2),
        megabits_per_second=round(size * 8e-6 * float(RATE) / len(frames), 3),
        psnr_y_db=round(psnr_db(statistics.mean(errors) / pixels), 2),
        worst_frame_psnr_y_db=round(psnr_db(max(errors) / pixels), 2),
    )


def measure(folder: Path, seconds: float, runs: int) -> dict[str, Encoded]:
    """Return the run with the median time of each preset."""
    frames = Bench(decoded_sources(folder, seconds)).compose(round(seconds * RATE))
    found: dict[str, list[Encoded]] = {preset: [] for preset in PRESETS}
    for _ in range(runs):
        for preset in PRESETS:
            found[preset].append(encode(frames, preset))
    return {
        preset: sorted(each, key=lambda run: run.processor_ms_per_frame)[len(each) // 2]
        for preset, each in found.items()
    }


def main() -> None:
    """Measure, print, and write the result."""
    options = benchmark_parser(__doc__, seconds=1.5, runs=5).parse_args()
    medians = measure(options.folder, options.seconds, options.runs)
    usual, live = medians["superfast"], medians["live"]
    ratios = {
        "processor": round(live.processor_ms_per_frame / usual.processor_ms_per_frame, 3),
        "bits": round(live.megabits_per_second / usual.megabits_per_second, 3),
    }
    write_result(
        options.result,
        "presets of libx264 for the same composed 1080p frames, two threads, at most 12 Mbit/s",
        {
            "runs": options.runs,
            "presets": {preset: asdict(each) for preset, each in medians.items()},
            "live_to_superfast": ratios,
        },
    )
    for preset, each in medians.items():
        print(f"{preset:10}", *(f"{value:8.2f}" for value in asdict(each).values()))
    print("live to superfast:", ratios)


if __name__ == "__main__":
    main()

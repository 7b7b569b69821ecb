"""Measure what presets of the encoder cost and save: bits, decibels and processor time.

    python profiling/benches/bench_presets.py [--folder FOLDER] [--seconds 6]

Each preset encodes the same decoded frames of some of the sources of `hard_sources.py`, with the
quantizer that the trial chooses for it. The worst frame's PSNR-Y is the encoder's own count.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from time import process_time
from typing import Any, Final

from hard_sources import HARD_SOURCES
from measuring import benchmark_parser, make_composite, write_result

from recorder_core.media import (
    EncoderSettings,
    SegmentEncoder,
    choose_quantizer,
    decode_frames,
    index_frames,
    probe,
    psnr_db,
)
from recorder_core.media.encode.settings import Preset

PRESETS: Final[tuple[Preset, ...]] = ("superfast", "compact", "veryfast", "medium")
SOURCES: Final = (
    "h264 at crf 28",
    "h264 at crf 23",
    "hevc at crf 28",
    "webm without a duration",
)


def measure_preset(source: Path, target: Path, preset: Preset) -> dict[str, float]:
    """Return what one preset needs for a source."""
    info = probe(source)
    index = index_frames(info)
    start = process_time()
    settings = choose_quantizer(info, index, EncoderSettings(preset=preset))
    trial_seconds = process_time() - start
    seconds = 0.0
    with (
        closing(decode_frames(info, index)) as frames,
        SegmentEncoder(target, info.video, settings) as encoder,
    ):
        for frame in frames:
            start = process_time()
            encoder.encode(frame)
            seconds += process_time() - start
        start = process_time()
        encoder.finish()
        seconds += process_time() - start
    worst = max(encoder.luma_errors)
    worst_db = psnr_db(worst / (info.video.width * info.video.height))
    copy_bytes = int(index_frames(probe(target)).sizes_bytes.sum())
    return {
        "qp": settings.qp or 0,
        "worst_frame_psnr_y_db": round(worst_db, 2),
        "copy_to_source": round(copy_bytes / int(index.sizes_bytes.sum()), 3),
        "processor_ms_per_frame": round(seconds / len(index) * 1000, 2),
        "trial_processor_seconds": round(trial_seconds, 2),
    }


def main() -> None:
    """Measure, print and write the result."""
    options = benchmark_parser(__doc__, seconds=6, runs=1).parse_args()
    composite = make_composite(options.folder, options.seconds).video
    sources: dict[str, dict[str, Any]] = {}
    for name in SOURCES:
        suffix, make = HARD_SOURCES[name]
        source = options.folder / f"{name.replace(' ', '_')}{suffix}"
        if not source.exists():
            make(composite, source)
        sources[name] = {}
        for preset in PRESETS:
            target = options.folder / f"preset_{preset}.mp4"
            row = sources[name][preset] = measure_preset(source, target, preset)
            print(f"{name}, {preset}: {row}")
    result = {"settings": {"seconds": options.seconds}, "sources": sources}
    write_result(options.result, "presets of libx264 at the same least quality", result)


if __name__ == "__main__":
    main()

"""Measure what encoding costs in frame quality, outside the redactions.

    python profiling/benches/bench_quality.py [--folder FOLDER] [--seconds 20]

PSNR-Y of every frame of the copy against the source, over all samples that no
redaction touches, soft edges included; and the bit rates of both. The same for short videos
whose averages say nothing about what a copy needs (`hard_sources.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import numpy as np
from hard_sources import HARD_SOURCES
from measuring import (
    LAYOUT,
    benchmark_parser,
    deidentify_words,
    make_composite,
    measure_command,
    write_result,
)

from recorder_core.deidentify import RedactionSettings, redact
from recorder_core.jobs import sidecar
from recorder_core.media import decode_frames, index_frames, probe
from recorder_core.model import View
from recorder_core.tables import read_redactions

GOALS: Final = {"worst_frame_psnr_y_db": {"at_least": 40}, "copy_to_source": {"at_most": 1.3}}
PEAK: Final = 255.0
#: of the composite that the hard sources are made from
HARD_SECONDS: Final = 6.0


def view_of(copy: Path) -> View:
    """Return the room view that a copy was made with."""
    report = json.loads(sidecar(copy, "report").read_text(encoding="utf-8"))
    return View(*(int(edge) for edge in report["settings"]["view_px"].split(",")))


def errors_of_frames(source: Path, copy: Path) -> Iterator[float]:
    """Yield each frame's mean squared error of luma where nothing was redacted."""
    view, settings = view_of(copy), RedactionSettings()
    planned = read_redactions(sidecar(copy, "redactions")).by_frame()
    files = [(info, index_frames(info)) for info in (probe(source), probe(copy))]
    with (
        closing(decode_frames(*files[0])) as originals,
        closing(decode_frames(*files[1])) as copies,
    ):
        for original, encoded in zip(originals, copies, strict=True):
            before = original.planes.y
            after = original.writable()
            redact(after, planned.get(original.frame_index, []), settings, view)
            difference = encoded.planes.y.astype(np.float32) - before
            difference[before != after.y] = np.nan
            yield float(np.nanmean(np.square(difference), dtype=np.float64))


def psnr_db(mean_squared_error: float) -> float:
    """Return the peak signal-to-noise ratio of 8-bit samples."""
    return float(10 * np.log10(PEAK**2 / max(mean_squared_error, 1e-10)))


def measure_hard_sources(folder: Path) -> dict[str, dict[str, float]]:
    """Return the worst frame, and the size against the source's, of each hard source's copy."""
    composite = make_composite(folder, HARD_SECONDS).video
    rows = {}
    for name, (suffix, make) in HARD_SOURCES.items():
        source = folder / f"{name.replace(' ', '_')}{suffix}"
        copy = folder / f"{source.stem}_copy.mkv"
        if not source.exists():
            make(composite, source)
        measure_command(deidentify_words(source, copy, "--no-audio"))
        worst = min(psnr_db(error) for error in errors_of_frames(source, copy))
        sizes = [int(index_frames(probe(path)).sizes_bytes.sum()) for path in (source, copy)]
        rows[name] = {
            "worst_frame_psnr_y_db": round(worst, 2),
            "copy_to_source": round(sizes[1] / sizes[0], 3),
        }
        print(f"{name}: worst {worst:.2f} dB at {rows[name]['copy_to_source']:.2f} of the bytes")
    return rows


def main() -> None:
    """Measure, print and write the result."""
    options = benchmark_parser(__doc__, seconds=20, runs=1).parse_args()
    source = make_composite(options.folder, options.seconds).video
    copy = options.folder / "quality_copy.mp4"
    measure_command(deidentify_words(source, copy))
    errors = list(errors_of_frames(source, copy))
    by_picture = [psnr_db(error) for error in errors]
    psnr_y_db = {
        "all": round(psnr_db(float(np.mean(errors))), 2),
        "mean_of_frames": round(float(np.mean(by_picture)), 2),
        "worst_percent": round(float(np.percentile(by_picture, 1)), 2),
        "worst_frame": round(min(by_picture), 2),
    }
    rates = {name: probe(path).video.bit_rate_bps for name, path in
             (("source", source), ("copy", copy))}  # fmt: skip
    print(f"PSNR-Y outside redactions: {psnr_y_db['all']} dB, worst {psnr_y_db['worst_frame']} dB")
    print(f"bit rates: source {rates['source'] / 1e6:.2f}, copy {rates['copy'] / 1e6:.2f} Mbit/s")
    result = {
        "settings": {"seconds": options.seconds, "view": LAYOUT},
        "goals": GOALS,
        "frames": len(errors),
        "psnr_y_db": psnr_y_db,
        "bit_rates_bps": rates,
        "copy_to_source_bit_rate": round(rates["copy"] / rates["source"], 4),
        "hard_sources": measure_hard_sources(options.folder),
        "psnr_y_db_of_frames": [round(value, 2) for value in by_picture],
    }
    write_result(options.result, "frame quality of the copy outside the redactions", result)


if __name__ == "__main__":
    main()

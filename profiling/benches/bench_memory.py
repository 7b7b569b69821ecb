"""Measure how the whole job's peak memory depends on the video's length.

    python profiling/benches/bench_memory.py [--folder FOLDER] [--seconds 60] [--times 10]

The long video is the short one, its packets repeated.
"""

from __future__ import annotations

from typing import Final

from measuring import (
    LAYOUT,
    benchmark_parser,
    deidentify_words,
    loop_video,
    make_composite,
    measure_command,
    write_result,
)

GOALS: Final = {"long_to_short": {"at_most": 1.1}, "peak_rss_mb": {"at_most": 800}}
MB_PER_MIB: Final = 2**20 / 1e6


def main() -> None:
    """Measure, print and write the result."""
    parser = benchmark_parser(__doc__, seconds=60, runs=1)
    parser.add_argument("--times", type=int, default=10, help="default: %(default)s")
    options = parser.parse_args()
    short = make_composite(options.folder, options.seconds).video
    long = loop_video(short, options.times)
    copy = options.folder / "memory_copy.mp4"
    runs = {
        name: [measure_command(deidentify_words(source, copy)) for _ in range(options.runs)]
        for name, source in (("short", short), ("long", long))
    }
    peaks_mb = {
        name: max(run.peak_rss_mib for run in own) * MB_PER_MIB for name, own in runs.items()
    }
    ratio = peaks_mb["long"] / peaks_mb["short"]
    print(
        f"peak memory: {peaks_mb['short']:.0f} MB for {options.seconds:g} s, "
        f"{peaks_mb['long']:.0f} MB for {options.seconds * options.times:g} s: {ratio:.3f} times"
    )
    result = {
        "settings": {"seconds": options.seconds, "times": options.times, "view": LAYOUT},
        "goals": GOALS,
        "long_to_short": round(ratio, 4),
        "peak_rss_mb": {name: round(peak, 1) for name, peak in peaks_mb.items()},
        "runs": runs,
    }
    write_result(options.result, "peak memory of the whole job, long video / short video", result)


if __name__ == "__main__":
    main()

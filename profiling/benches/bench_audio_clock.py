"""Measure how well the audio of a card whose clock is off stays in step for two hours.

A card is simulated, faster than real time: a slow tone, whose phase tells the time, and one that
would tell a click, sampled by a clock that is off, in blocks that arrive with jitter. What
`AudioClock` makes of it is compared with the tones that were really there. Run from the
repository: ``python profiling/benches/bench_audio_clock.py``; the result is printed and written to
``profiling/results/bench_audio_clock.json``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from measuring import RESULTS, write_result
from numpy.typing import NDArray

from recorder_core.capture.audio_clock import AudioClock
from recorder_core.capture.source import AudioBlock, Samples

RATE: Final = 48_000
#: when the card is switched on, and second 0 of the event, by the monotonic clock
ON, ZERO = 1000.0, 1000.3
SLOW_HZ, TONE_HZ, PEAK = 10, 440, 0.5
BLOCK_SAMPLES: Final = 1024
#: mean of how much later than at once a block arrives; some are much later
JITTER_SECONDS, STALL_SECONDS, STALLED_SHARE = 0.005, 0.15, 0.001
#: how far behind the recorder reads
BEHIND_SECONDS: Final = 0.3
#: of the first seconds the tone fades in
FADED_SECONDS: Final = 0.1
#: windows in which the slow tone's phase is measured
WINDOW: Final = RATE // 5


def blocks(seconds: float, error_ppm: float) -> Iterator[AudioBlock]:
    """Yield what a card gives whose clock is off, as it arrives."""
    rng = np.random.default_rng(0)
    arrived = 0.0
    for number in range(int(seconds * RATE / BLOCK_SAMPLES)):
        index = number * BLOCK_SAMPLES + np.arange(BLOCK_SAMPLES)
        heard = ON + index / (RATE * (1 + error_ppm * 1e-6))
        turns = np.stack([SLOW_HZ * heard, TONE_HZ * heard], axis=1)
        samples = (PEAK * np.sin(2 * np.pi * (turns % 1))).astype(np.float32)
        late = rng.exponential(JITTER_SECONDS) + STALL_SECONDS * (rng.random() < STALLED_SHARE)
        arrived = max(arrived, float(heard[-1]) + late)
        yield AudioBlock(samples, RATE, arrived - BLOCK_SAMPLES / RATE, number > 0)


def offsets_seconds(recorded: Samples, first: int) -> NDArray[np.float64]:
    """Return by how much each window is too late, by the phase of the slow tone."""
    count = len(recorded) // WINDOW
    at = ZERO + (first + np.arange(count * WINDOW)) / RATE
    turned = recorded[: count * WINDOW, 0] * np.exp(-2j * np.pi * (SLOW_HZ * at % 1))
    late: NDArray[np.float64] = -np.angle(1j * turned.reshape(count, WINDOW).mean(1)) / (
        2 * np.pi * SLOW_HZ
    )
    return late


def measure(seconds: float, error_ppm: float) -> dict[str, Any]:
    """Return how far off a card's audio ever was, and how rough."""
    clock = AudioClock(ZERO, 2)
    waiting, first, made, offset, bend, used = np.empty((0, 2), np.float32), 0, 0, 0.0, 0.0, 0.0
    last = np.empty((0, 2), np.float32)
    for block in blocks(seconds, error_ppm):
        start = time.process_time()
        clock.add(block)
        arrived = block.seconds + BLOCK_SAMPLES / RATE
        read = clock.read(arrived - BEHIND_SECONDS)
        used += time.process_time() - start
        joined = np.concatenate([last, read])[:, 1]
        if made > FADED_SECONDS * RATE and len(joined) > 2:
            bend = max(bend, float(np.abs(np.diff(joined.astype(np.float64), 2)).max()))
        made += len(read)
        last = np.concatenate([last, read])[-2:]
        waiting = np.concatenate([waiting, read])
        if len(waiting) >= 10 * WINDOW:
            offset = max(offset, float(np.abs(offsets_seconds(waiting, first)).max()))
            whole = len(waiting) // WINDOW * WINDOW
            waiting, first = waiting[whole:], first + whole
    return {
        "card_off_ppm": error_ppm,
        "fitted_ppm": round(clock.rate_error * 1e6, 2),
        "audio_seconds": round(made / RATE, 1),
        "largest_offset_ms": round(offset * 1e3, 3),
        "largest_bend_of_the_pure_tones": round(
            bend / (PEAK * (2 * np.pi * TONE_HZ / RATE) ** 2), 5
        ),
        "silent_samples": clock.silent_samples,
        "breaks": clock.breaks,
        "processor_share": round(used / (made / RATE), 4),
    }


def main() -> None:
    """Measure cards that are off by different amounts, print it, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=7200.0, help="of audio (default: 7200)")
    options = parser.parse_args()
    rows = []
    for error_ppm in (-300.0, 300.0):
        rows.append(measure(options.seconds, error_ppm))
        print(
            f"{error_ppm:+5.0f} ppm   offset at most {rows[-1]['largest_offset_ms']:.3f} ms   "
            f"bend {rows[-1]['largest_bend_of_the_pure_tones']:.4f} of the pure tone's   "
            f"{rows[-1]['silent_samples']} silent samples"
        )
    write_result(
        RESULTS / "bench_audio_clock.json",
        "audio of a simulated card on the clock of an event: offset by the phase of a 10 Hz tone, "
        "largest second difference of a 440 Hz tone as a part of the pure tone's",
        {"cards": rows},
    )


if __name__ == "__main__":
    main()

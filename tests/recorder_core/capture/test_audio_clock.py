"""The audio of a card whose clock is off, seen against the sound that was really there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from recorder_core.capture.audio_clock import AudioClock
from recorder_core.capture.audio_clock_fit import CardClock
from recorder_core.capture.source import AudioBlock, Samples

RATE = 48_000
#: when the card is switched on, and second 0 of the event, by the monotonic clock
ON, ZERO = 1000.0, 1000.3
SLOW_HZ, TONE_HZ, PEAK = 10, 440, 0.5

Sound = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def _two_tones(at: NDArray[np.float64]) -> NDArray[np.float64]:
    """A slow tone, whose phase tells the time, and one that would tell a click."""
    return PEAK * np.sin(2 * np.pi * np.stack([SLOW_HZ * at, TONE_HZ * at], axis=1))


def _blocks(
    seconds: float,
    *,
    error_ppm: float = 0.0,
    sound: Sound = _two_tones,
    rate: int = RATE,
    gaps: tuple[tuple[float, float], ...] = (),
    says_gaps: bool = True,
    jitter: float = 0.005,
) -> Iterator[AudioBlock]:
    """Yield what a card gives, as it arrives; without what lies in gaps."""
    rng = np.random.default_rng(5)
    size, count, arrived, joined = rate // 50, 0, 0.0, False
    while count < seconds * rate:
        heard = ON + (count + np.arange(size)) / (rate * (1 + error_ppm * 1e-6))
        count += size
        if any(begin <= heard[0] - ON < end for begin, end in gaps):
            joined = joined and not says_gaps
            continue
        arrived = max(arrived, heard[-1] + rng.exponential(jitter))
        samples = sound(heard).astype(np.float32)
        yield AudioBlock(samples, rate, arrived - size / rate, joined)
        joined = True


def _recorded(blocks: Iterator[AudioBlock], channels: int = 2) -> tuple[AudioClock, Samples]:
    """Return what a recorder reads a fifth of a second behind."""
    clock, read = AudioClock(ZERO, channels), []
    for block in blocks:
        clock.add(block)
        arrived = block.seconds + len(block.samples) / block.sample_rate
        read.append(clock.read(arrived - 0.2))
    return clock, np.concatenate(read)


def _offsets(recorded: Samples) -> NDArray[np.float64]:
    """Return by how many seconds each fifth of a second is too late, by the slow tone's phase."""
    size = RATE // 5
    count = len(recorded) // size
    at = ZERO + np.arange(count * size) / RATE
    turned = recorded[: count * size, 0] * np.exp(-2j * np.pi * SLOW_HZ * at)
    return -np.angle(1j * turned.reshape(count, size).mean(1)) / (2 * np.pi * SLOW_HZ)


def _roughness(recorded: Samples) -> float:
    """Return the largest second difference of the tone, as a part of the pure tone's."""
    pure = PEAK * (2 * np.pi * TONE_HZ / RATE) ** 2
    return float(np.abs(np.diff(recorded[:, 1], 2)).max() / pure)


@pytest.mark.parametrize("error_ppm", [-300, 300])
def test_a_card_that_is_off_stays_in_step_without_clicks(error_ppm: int) -> None:
    clock, recorded = _recorded(_blocks(90.0, error_ppm=error_ppm))
    assert len(recorded) == pytest.approx((90 - 0.3 - 0.2) * RATE, abs=3000)
    assert np.abs(_offsets(recorded)).max() < 0.003
    assert _roughness(recorded[RATE // 10 :]) < 1.01
    assert np.abs(recorded).max() < PEAK * 1.001
    assert clock.rate_error * 1e6 == pytest.approx(error_ppm, abs=10)
    assert (clock.breaks, clock.silent_samples) == (1, 0)


def test_a_gap_is_silent_and_what_follows_is_in_step() -> None:
    clock, recorded = _recorded(_blocks(20.0, gaps=((8.0, 10.5),)))
    silent = np.flatnonzero(np.abs(recorded).max(1) == 0)[1:]  # it begins at nothing
    assert (silent[0] / RATE + ZERO - ON, silent[-1] / RATE + ZERO - ON) == pytest.approx(
        (8.0, 10.5), abs=0.03
    )
    assert clock.silent_samples == pytest.approx(2.5 * RATE, abs=0.05 * RATE)
    assert clock.breaks == 2
    offsets = _offsets(recorded)
    assert np.abs(offsets[:36]).max() < 0.003
    assert np.abs(offsets[54:]).max() < 0.003
    assert _roughness(recorded[RATE // 10 :]) < 1.3


def test_samples_that_are_missing_unsaid_are_noticed_in_seconds() -> None:
    clock, recorded = _recorded(_blocks(40.0, gaps=((10.0, 10.2),), says_gaps=False))
    offsets = _offsets(recorded)
    assert np.abs(offsets[:45]).max() < 0.003
    assert np.abs(offsets[75:]).max() < 0.005
    assert clock.breaks < 10
    assert _roughness(recorded[RATE // 10 :]) < 1.3


def test_other_rates_and_one_channel_become_the_events() -> None:
    def clap(at: NDArray[np.float64]) -> NDArray[np.float64]:
        since = at - np.floor(at)
        return np.where(since < 0.01, 0.8 * np.sin(2 * np.pi * 500 * since), 0)[:, None]

    _, recorded = _recorded(_blocks(12.0, rate=44_100, sound=clap, jitter=0.002), channels=1)
    assert recorded.shape[1] == 1
    loud = np.flatnonzero(np.abs(recorded[:, 0]) > 0.1)
    starts = [loud[0], *(b for a, b in pairwise(loud) if b - a > RATE // 2)]
    seconds = np.array(starts) / RATE + ZERO
    assert len(seconds) == 11
    assert np.abs(seconds - np.round(seconds)).max() < 0.003


@pytest.mark.parametrize(("hertz", "gain"), [(50, 1.0), (4_000, 1.0), (15_000, 1.0)])
def test_what_people_hear_passes_as_it_is(hertz: int, gain: float) -> None:
    def tone(at: NDArray[np.float64]) -> NDArray[np.float64]:
        return PEAK * np.sin(2 * np.pi * hertz * at)[:, None]

    _, recorded = _recorded(_blocks(4.0, sound=tone, error_ppm=100), channels=1)
    settled = recorded[RATE:-RATE, 0].astype(np.float64)
    assert np.sqrt(2 * (settled**2).mean()) == pytest.approx(PEAK * gain, rel=0.01)


def test_a_card_that_is_not_there_is_silent() -> None:
    clock = AudioClock(ZERO, 2)
    assert clock.read(ZERO - 5).shape == (0, 2)
    read = clock.read(ZERO + 1.0)
    assert read.shape == (RATE, 2)
    assert not read.any()
    assert clock.silent_samples == RATE
    assert clock.rate_error == 0


def test_a_card_that_comes_later_begins_with_a_fade_at_its_moment() -> None:
    clock = AudioClock(ON - 1, 2)
    for block in _blocks(2.0, sound=lambda at: np.full((len(at), 2), 0.5), jitter=0.0001):
        clock.add(block)
    recorded = clock.read(ON + 1.0)[:, 0]
    heard = np.flatnonzero(recorded)
    assert heard[0] / RATE == pytest.approx(1.0, abs=0.001)
    assert recorded[heard[0] + 260] == pytest.approx(0.5, abs=1e-3)
    assert np.abs(np.diff(recorded)).max() < 0.01


def test_what_comes_after_its_moment_was_read_is_left_out() -> None:
    clock, recorded = AudioClock(ZERO, 2), []
    for number, block in enumerate(_blocks(6.0)):
        if 100 <= number < 150:  # nothing came for a second, then all at once
            recorded.append(clock.read(block.seconds - 0.2))
            continue
        clock.add(block)
        recorded.append(clock.read(block.seconds - 0.2))
    sound = np.concatenate(recorded)
    assert len(sound) == pytest.approx((6 - 0.5) * RATE, abs=3000)
    assert clock.silent_samples > 0


def test_nobody_reads_and_memory_stays() -> None:
    clock = AudioClock(ZERO, 2)
    for block in _blocks(70.0):
        clock.add(block)
    assert sum(run.kept_samples for run in clock._runs) < 40 * RATE
    assert not clock.read(ZERO + 10).any()
    assert clock.read(ZERO + 65)[-RATE:].any()


def test_late_arrivals_do_not_move_the_line() -> None:
    clock, rng = CardClock(RATE), np.random.default_rng(3)
    for second in range(60):
        stalled = 0.4 if second % 7 == 3 else 0.0
        for block in range(50):
            index = (second * 50 + block) * 960
            heard = ON + index / (RATE * (1 + 2e-4))
            clock.observe(index, heard + stalled + rng.exponential(0.004))
    assert clock.rate_error * 1e6 == pytest.approx(200, abs=10)
    assert clock.seconds(59 * RATE) == pytest.approx(ON + 59 / (1 + 2e-4), abs=0.001)
    assert clock.position(clock.seconds(1234.5)) == pytest.approx(1234.5)

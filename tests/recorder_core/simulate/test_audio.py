"""The room hums, the monitor beeps with the heart."""

from __future__ import annotations

import numpy as np

from recorder_core.simulate.audio import SAMPLE_RATE_HZ, RoomAudio
from recorder_core.simulate.physiology import Patient

PATIENT = Patient(mean_rate_per_minute=75, swing_per_minute=4, swing_seconds=20)


def test_beeps_come_with_the_heart() -> None:
    audio = RoomAudio(PATIENT, 10, np.random.default_rng(1))
    index = np.arange(5 * SAMPLE_RATE_HZ)
    beeps = audio._beeps(index / SAMPLE_RATE_HZ)
    starts = np.flatnonzero(np.diff((np.abs(beeps) > 0.02).astype(int)) == 1) / SAMPLE_RATE_HZ
    first_of_each = starts[np.concatenate([[True], np.diff(starts) > 0.3])]
    beats = PATIENT.beats(np.array([0.0, 5.0]))
    assert abs(len(first_of_each) - (beats[1] - beats[0])) <= 1
    assert np.all(PATIENT.ecg(first_of_each) > 0.8)


def test_pieces_join_without_a_step() -> None:
    audio = RoomAudio(PATIENT, 4, np.random.default_rng(2))
    whole = audio.samples(0, 3 * SAMPLE_RATE_HZ)
    pieces = [audio.samples(start, start + 1600) for start in range(0, 3 * SAMPLE_RATE_HZ, 1600)]
    assert np.array_equal(whole, np.concatenate(pieces))
    assert whole.dtype == np.float32
    assert 0.01 < float(np.sqrt(np.mean(whole**2))) < 0.3


def test_metal_clatters_now_and_then() -> None:
    audio = RoomAudio(PATIENT, 20, np.random.default_rng(3))
    start = int(audio._clatter[0] * SAMPLE_RATE_HZ)
    loud = audio._clatters(np.arange(start, start + 4800) / SAMPLE_RATE_HZ)
    assert float(np.abs(loud).max()) > 0.05

"""The simulated patient's waves agree with its numbers."""

from __future__ import annotations

import numpy as np
import pytest

from recorder_core.simulate.physiology import Patient

PATIENT = Patient.invent(np.random.default_rng(4))
AT = np.linspace(0, 60, 60_001)


def test_beats_are_the_integral_of_the_rate() -> None:
    counted = float(PATIENT.beats(60.0) - PATIENT.beats(0.0))
    assert counted == pytest.approx(float(PATIENT.heart_rate(AT).mean()), abs=0.05)


def test_each_beat_has_one_r_wave() -> None:
    above = (PATIENT.ecg(AT) > 0.6).astype(int)
    assert int((np.diff(above) == 1).sum()) == pytest.approx(float(PATIENT.beats(60.0)), abs=1)


def test_arterial_wave_stays_between_its_pressures() -> None:
    wave = PATIENT.arterial(AT)
    high, low = PATIENT.pressure(AT)
    assert np.all(wave >= low - 0.5)
    assert np.all(wave <= high + 2)
    assert wave.max() > 110


def test_carbon_dioxide_shows_twelve_breaths_a_minute() -> None:
    above = (PATIENT.carbon_dioxide(AT) > 18).astype(int)
    assert int((np.diff(above) == 1).sum()) == 12

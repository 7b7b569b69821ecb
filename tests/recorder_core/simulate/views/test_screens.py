"""The monitors show traces that sweep and numbers that change."""

from __future__ import annotations

import numpy as np

from recorder_core.simulate.physiology import Patient
from recorder_core.simulate.views.screens import BisScreen, EventBar, VitalSignsScreen

PATIENT = Patient(72, 5, 20)


def test_traces_move_and_old_parts_stay() -> None:
    screen = VitalSignsScreen(180, 320, PATIENT)
    first, second = screen.picture(4.0), screen.picture(4.1)
    changed = np.flatnonzero(np.any(first != second, axis=(0, 2)))
    assert 0 < len(changed) < 0.4 * 320


def test_numbers_follow_the_patient() -> None:
    screen = VitalSignsScreen(180, 320, PATIENT)
    assert not np.array_equal(screen.picture(0.0)[:50, 260:], screen.picture(6.0)[:50, 260:])


def test_bis_screen_draws_trend_and_wave() -> None:
    picture = BisScreen(180, 320, PATIENT).picture(3.0)
    blue = (picture[..., 2] > 200) & (picture[..., 0] < 160)
    assert blue[64:160, 40:].any(axis=0).mean() > 0.8


def test_event_bar_shows_time_and_loudness() -> None:
    bar = EventBar(60, 640)
    quiet, loud = bar.picture(1.0, 0.1), bar.picture(1.0, 0.9)
    assert (quiet != loud).any()
    assert (bar.picture(2.0, 0.1) != quiet).any()

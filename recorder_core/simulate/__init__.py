"""A simulated surgery as a composite video, with the true place of every face.

Nothing of it is filmed: the laparoscope, the monitors, the room and its sound are
computed; the faces are two free photographs, blended and turned (see `portraits`).
"""

from recorder_core.simulate.settings import SimulationResult, SimulationSettings
from recorder_core.simulate.sources import (
    SimulatedMoment,
    SimulatedSources,
    render_sources,
    simulate_sources,
)
from recorder_core.simulate.surgery import SimulatedFrame, render_surgery, simulate
from recorder_core.simulate.truth import truth_in_composite
from recorder_core.simulate.views.room import FaceInView

__all__ = [
    "FaceInView",
    "SimulatedFrame",
    "SimulatedMoment",
    "SimulatedSources",
    "SimulationResult",
    "SimulationSettings",
    "render_sources",
    "render_surgery",
    "simulate",
    "simulate_sources",
    "truth_in_composite",
]

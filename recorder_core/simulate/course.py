"""What happens in a simulated event, and the signals that its monitors give meanwhile."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.signals import SIGNAL_UNITS
from recorder_core.simulate.physiology import Patient

__all__ = ["COURSES", "COURSE_SECONDS", "SIGNALS", "Course", "write_signals"]

#: of the courses that are here
COURSE_SECONDS: Final = 120.0
#: a value of each signal every second, and this many at least
_MIN_VALUES: Final = 120
#: signal -> its unit, as of a BIS monitor and a multiparameter monitor
SIGNALS: Final[Mapping[str, str]] = {
    name: SIGNAL_UNITS[name] for name in ("bis", "sqi", "emg", "sr", "heart-rate", "spo2")
}
#: what the electrodes give; nothing of it comes without them, but how bad the signal is
_OF_ELECTRODES: Final = frozenset({"bis", "emg", "sr"})
#: of somebody who is awake
_AWAKE_BIS: Final = 96.0
#: below which parts of the electroencephalogram are flat
_SUPPRESSED_BIS: Final = 40.0
_Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Course:
    """What happens when in an event; seconds from its start."""

    asleep_seconds: float
    incision_seconds: float
    closure_seconds: float
    awake_seconds: float
    #: span in which the anaesthesia is too light
    light_seconds: tuple[float, float] | None = None
    #: span in which the electrodes give nothing
    silent_seconds: tuple[float, float] | None = None

    def scaled(self, factor: float) -> Course:
        """Return the same course in an event that is as many times as long."""
        return Course(
            self.asleep_seconds * factor,
            self.incision_seconds * factor,
            self.closure_seconds * factor,
            self.awake_seconds * factor,
            _scaled(self.light_seconds, factor),
            _scaled(self.silent_seconds, factor),
        )


#: two that went as planned, the second with a light phase, and one with a gap
COURSES: Final = (
    Course(12, 28, 98, 106),
    Course(16, 36, 102, 110, light_seconds=(44, 62)),
    Course(10, 22, 90, 98, silent_seconds=(55, 68)),
)


def write_signals(
    path: Path,
    course: Course,
    seed: int,
    *,
    duration_seconds: float = COURSE_SECONDS,
    names: Sequence[str] = tuple(SIGNALS),
) -> None:
    """Write the signals of an event, as CSV that an import takes.

    Parameters
    ----------
    path : Path
        Of the file to write.
    course : Course
        What happens in the event.
    seed : int
        Of the patient and the noise.
    duration_seconds : float, optional
        Of the event.
    names : sequence of str, optional
        Which of `SIGNALS`.
    """
    step = min(1.0, duration_seconds / _MIN_VALUES)
    seconds = np.arange(0.0, duration_seconds - step / 2, step)
    values = _values(course, seconds, seed, duration_seconds / COURSE_SECONDS)
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("signal", "unit", "seconds", "value"))
        for name in names:
            rows.writerows(_rows(name, seconds, values[name], course.silent_seconds))


def _rows(
    name: str, seconds: _Values, values: _Values, silent: tuple[float, float] | None
) -> Iterator[tuple[object, ...]]:
    for second, value in zip(seconds.tolist(), values.round(1).tolist(), strict=True):
        is_silent = silent is not None and silent[0] <= second <= silent[1]
        if not (is_silent and name in _OF_ELECTRODES):
            yield name, SIGNALS[name], round(second, 3), value


def _values(course: Course, seconds: _Values, seed: int, factor: float) -> dict[str, _Values]:
    """Return a value of each signal at each time; `factor` is how long the event is of two min."""
    numbers = np.random.default_rng(seed)
    patient = Patient.invent(numbers)
    noise = numbers.normal(0, 1, (4, len(seconds)))
    of_course = seconds / factor

    def phase(start: float, stop: float, width: float) -> _Values:
        return _step((seconds - start) / factor, width) - _step((seconds - stop) / factor, width)

    asleep = phase(course.asleep_seconds, course.awake_seconds, 2.5)
    light = phase(*course.light_seconds, 1.5) if course.light_seconds else 0 * seconds
    silent = phase(*course.silent_seconds, 0.5) if course.silent_seconds else 0 * seconds
    bis = patient.depth(of_course) * asleep + _AWAKE_BIS * (1 - asleep) + 24 * light
    bis = np.clip(bis + 1.2 * noise[0], 0, 98)
    return {
        "bis": bis,
        "sqi": np.clip((94 + 2 * noise[1]) * (1 - silent) + 6 * silent, 0, 100),
        "emg": 27 + 24 * (1 - asleep) + 9 * light + 0.6 * noise[2],
        "sr": np.clip(1.5 * (_SUPPRESSED_BIS - bis) + noise[3], 0, 100),
        "heart-rate": patient.heart_rate(of_course) + 6 * light,
        "spo2": patient.oxygen(of_course),
    }


def _step(seconds: _Values, width_seconds: float) -> _Values:
    """Return a soft step from 0 to 1."""
    return np.asarray(1 / (1 + np.exp(-seconds / width_seconds)))


def _scaled(span: tuple[float, float] | None, factor: float) -> tuple[float, float] | None:
    return None if span is None else (span[0] * factor, span[1] * factor)

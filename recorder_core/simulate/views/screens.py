"""The screens of the composite that are not cameras: vital signs, BIS, event data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from recorder_core.simulate.drawing.arrays import Field, Picture
from recorder_core.simulate.drawing.lettering import write_text
from recorder_core.simulate.physiology import Patient

__all__ = ["BisScreen", "EventBar", "VitalSignsScreen"]

_Color = tuple[int, int, int]
_Wave = Callable[[Field], Field]

_GREEN: Final = (80, 235, 110)
_CYAN: Final = (80, 215, 240)
_RED: Final = (245, 90, 80)
_YELLOW: Final = (240, 225, 110)
_WHITE: Final = (225, 230, 235)
_GREY: Final = (120, 130, 140)
_BACK: Final = (7, 9, 12)
#: points of a trace per pixel column, so that no spike falls between two
_POINTS_PER_PX: Final = 3
#: numbers on the monitor are renewed this often
_RENEW_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class _Trace:
    """One sweeping line; places in pixels of a screen of 640x360."""

    wave: _Wave
    low: float
    high: float
    top: float
    bottom: float
    color: _Color
    #: time from edge to edge
    sweep_seconds: float = 6.0


def _sweep(
    picture: Picture, trace: _Trace, seconds: float, unit: float, span: tuple[float, float]
) -> None:
    """Draw a trace that is renewed from left to right with a gap ahead of the newest point."""
    left, right = (v * unit for v in span)
    count = round((right - left) * _POINTS_PER_PX)
    step = trace.sweep_seconds / count
    newest = int(seconds / step)
    place = np.arange(count)
    height = trace.wave((newest - (newest - place) % count) * step)
    y = trace.bottom - (height - trace.low) / (trace.high - trace.low) * (trace.bottom - trace.top)
    points = np.stack([left + place / _POINTS_PER_PX, y * unit], axis=1) * 16
    points = points.round().astype(np.int32)
    head = newest % count
    gap = max(3, count // 30)
    color, thick = trace.color, max(1, round(1.3 * unit))
    parts = [points[max(0, head + gap - count) : head + 1], points[head + gap :]]
    lines = [part for part in parts if len(part) > 1]
    cv2.polylines(picture, lines, False, color, thick, cv2.LINE_AA, 4)


class _Screen:
    """A screen whose slow parts are drawn on a blank that is renewed from time to time."""

    def __init__(self, height: int, width: int, lines: float) -> None:
        #: pixels of this screen per pixel of a screen with `lines` lines
        self._unit = height / lines
        self._blank = np.empty((height, width, 3), np.uint8)
        self._renewed = -1

    def _write(
        self, text: str, place: tuple[float, float], size: float, color: _Color,
        *, align: float = 0.0, bold: bool = False,
    ) -> None:  # fmt: skip
        spot = (place[0] * self._unit, place[1] * self._unit)
        write_text(self._blank, text, spot, size * self._unit, color, bold=bold, align=align)


class VitalSignsScreen(_Screen):
    """The multiparameter monitor: ECG, oxygen, arterial pressure, carbon dioxide.

    Parameters
    ----------
    height, width : int
        Size of the screen, pixels.
    patient : Patient
        Whose signs are shown.
    """

    def __init__(self, height: int, width: int, patient: Patient) -> None:
        super().__init__(height, width, 360)
        self._patient = patient
        self._traces = [
            _Trace(patient.ecg, -0.35, 1.15, 34, 104, _GREEN),
            _Trace(patient.pleth, -0.1, 1.15, 116, 184, _CYAN),
            _Trace(patient.arterial, 55, 135, 196, 264, _RED),
            _Trace(patient.carbon_dioxide, -2, 42, 276, 344, _YELLOW, sweep_seconds=18.0),
        ]

    def picture(self, seconds: float) -> Picture:
        """Draw the screen at a moment."""
        period = int(seconds / _RENEW_SECONDS)
        if period != self._renewed:
            self._renewed = period
            self._renew(period * _RENEW_SECONDS)
        picture = self._blank.copy()
        for trace in self._traces:
            _sweep(picture, trace, seconds, self._unit, (10, 452))
        return picture

    def _renew(self, seconds: float) -> None:
        """Draw everything but the traces."""
        self._blank[:] = _BACK
        patient = self._patient
        high, low = (float(v) for v in patient.pressure(seconds))
        self._write("SIMULATED PATIENT  OR 3   ADULT", (10, 20), 12, _GREY)
        self._number("ECG", "/min", f"{float(patient.heart_rate(seconds)):.0f}", 34, _GREEN)
        self._number("SpO2", "%", f"{float(patient.oxygen(seconds)):.0f}", 116, _CYAN)
        self._number("ABP", "mmHg", f"{high:.0f}/{low:.0f}", 196, _RED)
        self._write(f"mean {(high + 2 * low) / 3:.0f}", (628, 262), 13, _RED, align=1.0)
        self._number("etCO2", "mmHg", "36", 276, _YELLOW)
        self._write("RR 12", (466, 340), 15, _YELLOW)
        self._write("36.4 °C", (628, 20), 12, _WHITE, align=1.0)
        for y in (110, 190, 270):
            line = round(y * self._unit)
            self._blank[line : line + 1, round(10 * self._unit) : round(630 * self._unit)] = (
                34,
                40,
                46,
            )

    def _number(self, name: str, measure: str, value: str, top: float, color: _Color) -> None:
        size = 46 if len(value) < 4 else 33
        self._write(name, (466, top + 12), 13, color)
        self._write(measure, (628, top + 12), 11, _GREY, align=1.0)
        self._write(value, (628, top + 50), size, color, align=1.0, bold=True)


class BisScreen(_Screen):
    """The monitor of the depth of anaesthesia: brain wave, index and its trend.

    Parameters
    ----------
    height, width : int
        Size of the screen, pixels.
    patient : Patient
        Whose brain is shown.
    """

    def __init__(self, height: int, width: int, patient: Patient) -> None:
        super().__init__(height, width, 360)
        self._patient = patient
        self._trace = _Trace(patient.brain_wave, -2, 2, 30, 104, _WHITE)

    def picture(self, seconds: float) -> Picture:
        """Draw the screen at a moment."""
        if int(seconds) != self._renewed:
            self._renewed = int(seconds)
            self._renew(float(self._renewed))
        picture = self._blank.copy()
        _sweep(picture, self._trace, seconds, self._unit, (190, 626))
        return picture

    def _renew(self, seconds: float) -> None:
        """Draw everything but the brain wave."""
        unit, picture = self._unit, self._blank
        picture[:] = (10, 16, 26)
        index = float(self._patient.depth(seconds))
        self._write("BIS", (14, 30), 20, _WHITE)
        self._write(f"{index:.0f}", (96, 104), 78, (120, 200, 255), align=0.5, bold=True)
        self._write("EEG  25 µV/div", (190, 22), 12, _GREY)
        for y, text in ((128, "100"), (174, "75"), (220, "50"), (266, "25"), (312, "0")):
            line = round(y * unit)
            picture[line : line + 1, round(46 * unit) : round(626 * unit)] = (34, 46, 62)
            self._write(text, (40, y + 5), 11, _GREY, align=1.0)
        band = (round(202 * unit), round(238 * unit), round(46 * unit), round(626 * unit))
        shaded = picture[band[0] : band[1], band[2] : band[3]]
        picture[band[0] : band[1], band[2] : band[3]] = shaded + np.array([0, 16, 10], np.uint8)
        self._trend(seconds)
        self._bar("SQI", 0.93, 46)
        self._bar("EMG", 0.22 + 0.04 * np.sin(seconds), 340)

    def _trend(self, seconds: float) -> None:
        """Draw the index over the last hour; before the video it went from awake to asleep."""
        x = np.linspace(46, 626, 290)
        at = seconds - (626 - x) / 580 * 3600
        asleep = 1 / (1 + np.exp((at + 2900) / 60))
        index = self._patient.depth(at) * (1 - asleep) + 96 * asleep
        y = 128 + (100 - index) * 1.84
        points = (np.stack([x, y], axis=1) * self._unit * 16).round().astype(np.int32)
        thick = max(1, round(1.4 * self._unit))
        cv2.polylines(self._blank, [points], False, (120, 200, 255), thick,
                      cv2.LINE_AA, 4)  # fmt: skip

    def _bar(self, name: str, share: float, x: float) -> None:
        """Draw a horizontal gauge."""
        unit = self._unit
        self._write(name, (x, 348), 12, _GREY)
        left, top, bottom = round((x + 38) * unit), round(339 * unit), round(348 * unit)
        self._blank[top:bottom, left : left + round(200 * unit)] = (34, 46, 62)
        self._blank[top:bottom, left : left + round(200 * share * unit)] = (110, 170, 120)


class EventBar(_Screen):
    """The line below the laparoscope: event, elapsed time, insufflator, sound level.

    Parameters
    ----------
    height, width : int
        Size of the bar, pixels.
    """

    def __init__(self, height: int, width: int) -> None:
        super().__init__(height, width, 120)

    def picture(self, seconds: float, sound_level: float) -> Picture:
        """Draw the bar at a moment.

        Parameters
        ----------
        seconds : float
            Time since the start of the recording.
        sound_level : float
            Loudness of the room, 0..1.
        """
        if int(seconds) != self._renewed:
            self._renewed = int(seconds)
            self._renew(self._renewed)
        picture, unit = self._blank.copy(), self._unit
        right = picture.shape[1] / unit
        if int(2 * seconds) % 2 == 0:
            center = (round((right - 290) * unit), round(45 * unit))
            cv2.circle(picture, center, max(1, round(11 * unit)), (235, 50, 50), -1, cv2.LINE_AA)
        self._meter(picture, sound_level, right)
        return picture

    def _renew(self, seconds: int) -> None:
        """Draw everything but the meter and the recording light."""
        unit, picture = self._unit, self._blank
        picture[:] = (18, 22, 28)
        picture[: max(1, round(2 * unit))] = (48, 58, 70)
        right = picture.shape[1] / unit
        clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        for text, x, y, size, color, align in (
            ("SIMULATED SURGERY", 26, 50, 30, _WHITE, 0.0),
            ("Event 000001    Laparoscopic cholecystectomy    Room 3", 26, 92, 22, _GREY, 0.0),
            (clock, right - 30, 62, 46, _WHITE, 1.0),
            ("CO2 14 mmHg   3.2 l/min", right - 30, 100, 20, (150, 200, 170), 1.0),
        ):
            self._write(text, (x, y), size, color, align=align)

    def _meter(self, picture: Picture, level: float, right: float) -> None:
        """Draw the loudness as twelve blocks."""
        unit = self._unit
        for block in range(12):
            on = level * 12 > block
            color = ((90, 200, 110) if block < 9 else (230, 190, 70)) if on else (40, 48, 56)
            left = round((right - 560 + 17 * block) * unit)
            picture[round(34 * unit) : round(56 * unit), left : left + max(1, round(12 * unit))] = (
                color
            )

"""The networks that search pictures: each is loaded once, whatever the sizes of the pictures."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Final, TypeAlias

from recorder_core.detect.detector import (
    Detector,
    DetectorName,
    DetectorSettings,
    load_detector,
    load_detector_weights,
)
from recorder_core.detect.view_input import InputGeometry
from recorder_core.detect.weights.self_test import refuse_useless
from recorder_core.jobs.verification.detectors import own_detector, second_long_side_px
from recorder_core.model import View
from recorder_core.model.files.paths import StrPath

__all__ = ["PictureNetworks"]

#: name of the detector and its weights file
_LoadedKey: TypeAlias = tuple[DetectorName, StrPath | None]


class PictureNetworks:
    """The detectors of one run, for views of any size.

    Parameters
    ----------
    settings : DetectorSettings
        Of the first search; the second is the program's own detector's.

    Raises
    ------
    ModelMismatch
        If the weights are damaged, or find no faces.
    """

    def __init__(self, settings: DetectorSettings) -> None:
        self._settings: Final = replace(settings, threads=os.cpu_count() or 1)
        self._weights: Final = load_detector_weights(settings)
        if self._weights is not None:
            refuse_useless(self._weights)
        self._loaded: Final[dict[_LoadedKey, Detector]] = {}

    @property
    def weights(self) -> str:
        """Hash of the weights of the first search; its name where it has none."""
        return self._weights.sha256 if self._weights else self._settings.name

    def first(self, view: View) -> Detector:
        """Return the detector that finds what is redacted."""
        return self._load(self._settings, view)

    def second(self, view: View) -> Detector:
        """Return the detector that searches a written view, in another scale than the first."""
        own = own_detector(self._settings, view)
        long_side_px = second_long_side_px(view, own.long_side_px)
        return self._load(replace(own, long_side_px=long_side_px), view)

    def usual(self, view: View) -> Detector:
        """Return the detector that searches a written view in the scale of the first."""
        return self._load(own_detector(self._settings, view), view)

    def _load(self, settings: DetectorSettings, view: View) -> Detector:
        geometry = InputGeometry.fit(view, settings.long_side_px)
        network = settings.name, settings.weights
        if network not in self._loaded:
            is_jobs = network == (self._settings.name, self._settings.weights)
            weights = self._weights if is_jobs else None
            self._loaded[network] = load_detector(settings, view, weights, any_size=True)
        return self._loaded[network].for_geometry(geometry)

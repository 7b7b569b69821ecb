"""What detectors with matched anchors learn from: what each anchor is to say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from recorder_core.detect.anchors import AnchorSettings
from recorder_core.train.learning.loss import LossSettings
from recorder_core.train.learning.matching import MatchingSettings, match_samples
from recorder_core.train.learning.objective import Arrays
from recorder_core.train.samples.views import Sample

__all__ = ["MatchedAnchors"]


class MatchedAnchors:
    """The half of an objective that matches faces with anchors; the losses are its heirs'.

    Parameters
    ----------
    anchors : AnchorSettings
    loss : LossSettings
    matching : MatchingSettings
    """

    #: the targets of `match_samples` that the losses need
    learns: ClassVar[tuple[str, ...]] = ("labels", "offsets", "certainty")

    def __init__(
        self, anchors: AnchorSettings, loss: LossSettings, matching: MatchingSettings
    ) -> None:
        self._anchors, self._loss, self._matching = anchors, loss, matching

    def make_targets(self, samples: Sequence[Sample], size_px: int) -> Arrays:
        """Return what the anchors are to say; see `Objective.make_targets`."""
        found = match_samples(samples, size_px, self._anchors, self._matching)
        return {name: np.stack([getattr(each, name) for each in found]) for name in self.learns}

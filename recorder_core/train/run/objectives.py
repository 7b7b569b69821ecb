"""The objective of each detector family: how its training targets and its loss are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from recorder_core.detect.anchors import AnchorSettings
from recorder_core.detect.networks import COMPACT, FASTER_RCNN, RETINAFACE, RETINANET
from recorder_core.train.learning.anchor_objective import RetinaFaceObjective
from recorder_core.train.learning.compact_objective import CompactObjective
from recorder_core.train.learning.focal_objective import RetinaNetObjective
from recorder_core.train.learning.objective import Objective
from recorder_core.train.learning.two_stage_objective import FasterRcnnObjective

if TYPE_CHECKING:
    from recorder_core.train.settings import TrainingSettings

__all__ = ["OBJECTIVES", "make_objective"]


def _retinaface(anchors: AnchorSettings, settings: TrainingSettings) -> Objective:
    return RetinaFaceObjective(anchors, settings.loss, settings.matching)


def _compact(anchors: AnchorSettings, settings: TrainingSettings) -> Objective:
    return CompactObjective(anchors, settings.loss, settings.assignment)


def _retinanet(anchors: AnchorSettings, settings: TrainingSettings) -> Objective:
    return RetinaNetObjective(anchors, settings.loss, settings.matching)


def _faster_rcnn(anchors: AnchorSettings, settings: TrainingSettings) -> Objective:
    return FasterRcnnObjective(anchors, settings.loss, settings.matching, settings.sampling)


#: name of the detector -> how its objective is made
OBJECTIVES: Final[Mapping[str, Callable[[AnchorSettings, TrainingSettings], Objective]]] = (
    MappingProxyType(
        {
            RETINAFACE.name: _retinaface,
            COMPACT.name: _compact,
            RETINANET.name: _retinanet,
            FASTER_RCNN.name: _faster_rcnn,
        }
    )
)


def make_objective(anchors: AnchorSettings, settings: TrainingSettings) -> Objective:
    """Return what the run's detector minimises, for the anchors of its weights."""
    return OBJECTIVES[settings.run.detector](anchors, settings)

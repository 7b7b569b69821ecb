"""The networks that find faces: one floor for each family, and what they share.

Each family has its ``design`` (sizes and tensors), its ``family`` (what the rest of the
program asks) and its layers on each engine (``_torch``, ``_openvino``), which are imported
only when a network is built.
"""

from recorder_core.detect.networks.families import (
    COMPACT,
    FAMILIES,
    FASTER_RCNN,
    RETINAFACE,
    RETINANET,
    family_named,
    family_of,
)
from recorder_core.detect.networks.family import EngineName, NetworkFamily

__all__ = [
    "COMPACT",
    "FAMILIES",
    "FASTER_RCNN",
    "RETINAFACE",
    "RETINANET",
    "EngineName",
    "NetworkFamily",
    "family_named",
    "family_of",
]

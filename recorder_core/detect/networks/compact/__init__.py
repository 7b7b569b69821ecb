"""The compact detector: a narrow residual network of standard convolutions."""

from recorder_core.detect.networks.compact.design import COMPACT_ANCHORS, CompactDesign
from recorder_core.detect.networks.compact.family import CompactFamily

__all__ = ["COMPACT_ANCHORS", "CompactDesign", "CompactFamily"]

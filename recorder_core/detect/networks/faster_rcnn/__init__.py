"""Faster R-CNN on a ResNet with a feature pyramid."""

from recorder_core.detect.networks.faster_rcnn.design import FASTER_RCNN_ANCHORS, FasterRcnnDesign
from recorder_core.detect.networks.faster_rcnn.family import FasterRcnnFamily

__all__ = ["FASTER_RCNN_ANCHORS", "FasterRcnnDesign", "FasterRcnnFamily"]

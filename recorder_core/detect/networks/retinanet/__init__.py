"""RetinaNet on a ResNet with a feature pyramid, for small faces."""

from recorder_core.detect.networks.retinanet.design import RETINANET_ANCHORS
from recorder_core.detect.networks.retinanet.family import RetinaNetFamily

__all__ = ["RETINANET_ANCHORS", "RetinaNetFamily"]

"""RetinaFace with a quarter-width MobileNet, the default detector."""

from recorder_core.detect.networks.retinaface.design import RetinaFaceDesign
from recorder_core.detect.networks.retinaface.family import RetinaFaceFamily

__all__ = ["RetinaFaceDesign", "RetinaFaceFamily"]

"""ResNet with a feature pyramid: the backbone of RetinaNet and Faster R-CNN."""

from recorder_core.detect.networks.resnet.design import ResNetDesign

__all__ = ["ResNetDesign"]

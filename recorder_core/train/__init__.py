"""Training and measuring of face detectors."""

from recorder_core.train.dataset import LabelledPicture, list_pictures, read_coco
from recorder_core.train.evaluate import (
    EvaluationSettings,
    detect_in_faces,
    evaluate_faces,
    make_detect,
    measure_false_boxes,
)
from recorder_core.train.interpolation import MixChoice, average_tensors, choose_mix, mix_tensors
from recorder_core.train.loop import train
from recorder_core.train.metrics import average_precision, match_detections
from recorder_core.train.settings import TrainingSettings, read_settings

__all__ = [
    "EvaluationSettings",
    "LabelledPicture",
    "MixChoice",
    "TrainingSettings",
    "average_precision",
    "average_tensors",
    "choose_mix",
    "detect_in_faces",
    "evaluate_faces",
    "list_pictures",
    "make_detect",
    "match_detections",
    "measure_false_boxes",
    "mix_tensors",
    "read_coco",
    "read_settings",
    "train",
]

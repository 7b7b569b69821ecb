"""Training of face detectors."""

from recorder_core.train.interpolation import MixChoice, average_tensors, choose_mix, mix_tensors
from recorder_core.train.loop import train
from recorder_core.train.settings import TrainingSettings, read_settings

__all__ = [
    "MixChoice",
    "TrainingSettings",
    "average_tensors",
    "choose_mix",
    "mix_tensors",
    "read_settings",
    "train",
]

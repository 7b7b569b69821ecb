"""Training of face detectors."""

from recorder_core.train.interpolation import MixChoice, average_tensors, choose_mix, mix_tensors
from recorder_core.train.run.loop import train
from recorder_core.train.run.start import load_start
from recorder_core.train.run.validation import (
    VALIDATION_FPPI,
    Validation,
    ValidationMeasures,
    read_validation,
)
from recorder_core.train.settings import TrainingSettings, read_settings

__all__ = [
    "VALIDATION_FPPI",
    "MixChoice",
    "TrainingSettings",
    "Validation",
    "ValidationMeasures",
    "average_tensors",
    "choose_mix",
    "load_start",
    "mix_tensors",
    "read_settings",
    "read_validation",
    "train",
]

"""Weights of the detectors: their files, and the proof that they detect what was drawn.

The weights that come with the program lie in this folder.
"""

from recorder_core.detect.weights.files import default_weights_path, load_weights, save_weights
from recorder_core.detect.weights.weights import SelfTest, Weights

__all__ = ["SelfTest", "Weights", "default_weights_path", "load_weights", "save_weights"]

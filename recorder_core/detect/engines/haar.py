"""Haar cascades, the classical face detector, as a baseline behind the same interface.

OpenCV's own cascades for frontal faces and profiles are used; profiles are looked for
in the mirrored picture too, because the cascade knows one side only.

References
----------
.. [1] P. Viola, M. Jones, "Rapid Object Detection using a Boosted Cascade of Simple
   Features", CVPR 2001.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect.raw_output import RawOutput
from recorder_core.errors import DataError, EngineUnavailable

__all__ = ["HAAR", "HaarEngine", "load_haar_engine"]

#: name of the detector
HAAR: Final = "haar"
FRONTAL: Final = "haarcascade_frontalface_default.xml"
PROFILE: Final = "haarcascade_profileface.xml"
#: growth of the search window from one scale to the next; OpenCV's default
SCALE_FACTOR: Final = 1.1
#: raw hits that must agree on a face; OpenCV's default
MIN_NEIGHBORS: Final = 3
#: luma of blue, green and red (ITU-R BT.601), as OpenCV makes grey
GREY_BGR: Final = (0.114, 0.587, 0.299)


class HaarEngine:
    """Frontal, profile and mirrored profile cascade on the grey picture.

    Its boxes are in input pixels already, so nothing is decoded. Its probabilities
    rank the boxes but are not calibrated: they are the logistic function of the
    cascade's last sum.
    """

    name = "opencv"
    precision = "f32"
    takes_any_size = True

    def __init__(self, frontal: Any, profile: Any, sha256: str) -> None:
        self.device = "processor"
        self.sha256 = sha256
        self._frontal = frontal
        self._profile = profile

    def infer(self, batch: NDArray[np.float32]) -> RawOutput:
        """Find faces in one picture of shape (1, 3, H, W), blue-green-red, no mean taken off.

        Raises
        ------
        DataError
            If there is not exactly one picture: each gives another number of boxes.
        """
        if batch.ndim != 4 or batch.shape[:2] != (1, 3):
            raise DataError(f"the cascades take one picture (1, 3, H, W), not {batch.shape}")
        grey = np.tensordot(np.asarray(GREY_BGR, np.float32), batch[0], axes=1)
        grey = np.ascontiguousarray(np.rint(grey), np.uint8)
        frontal = _find(self._frontal, grey)
        profile = _find(self._profile, grey)
        mirrored = _find(self._profile, np.ascontiguousarray(grey[:, ::-1]))
        mirrored[:, [0, 2]] = grey.shape[1] - mirrored[:, [2, 0]]
        found = np.concatenate([frontal, profile, mirrored])
        probability = 1 / (1 + np.exp(-found[:, 4]))
        return RawOutput(found[None, :, :4], probability[None])

    def describe(self) -> str:
        """Return one line on what runs where."""
        return "OpenCV Haar cascades (frontal and profile), processor"


def load_haar_engine(threads: int = 1) -> HaarEngine:
    """Load OpenCV's cascades.

    Parameters
    ----------
    threads : int
        Processor threads; OpenCV has one setting for the whole process.

    Raises
    ------
    EngineUnavailable
        If this OpenCV has no cascades: version 5 dropped them.
    """
    import cv2

    opencv: Any = cv2
    frontal, profile = (Path(opencv.data.haarcascades) / name for name in (FRONTAL, PROFILE))
    if not (hasattr(opencv, "CascadeClassifier") and frontal.is_file() and profile.is_file()):
        raise EngineUnavailable(
            f"OpenCV {opencv.__version__} has no Haar cascades; install opencv-python-headless "
            "before version 5"
        )
    opencv.setNumThreads(threads)
    return HaarEngine(
        opencv.CascadeClassifier(str(frontal)),
        opencv.CascadeClassifier(str(profile)),
        hashlib.sha256(frontal.read_bytes() + profile.read_bytes()).hexdigest(),
    )


def _find(cascade: Any, grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return rows of x0, y0, x1, y1 and the cascade's last sum."""
    boxes, _, sums = cascade.detectMultiScale3(
        grey, scaleFactor=SCALE_FACTOR, minNeighbors=MIN_NEIGHBORS, outputRejectLevels=True
    )
    found = np.zeros((len(boxes), 5), np.float32)
    if len(boxes):
        found[:, :4] = boxes
        found[:, 2:4] += found[:, :2]
        found[:, 4] = np.ravel(sums)
    return found

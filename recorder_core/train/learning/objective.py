"""How a family of detectors learns: the interface between one loop and many losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from recorder_core.model.values.carriers import carrier_repr
from recorder_core.train.samples.views import Sample

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["Arrays", "Objective", "Prediction", "Tensors", "stack_boxes"]

Arrays = dict[str, NDArray[Any]]
Tensors = Mapping[str, "Tensor"]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a network with anchors says about N pictures with P anchors each."""

    __repr__ = carrier_repr

    #: (N, P, 4)
    offsets: Tensor
    #: (N, P): log-odds of a face
    margins: Tensor
    #: (N, P, 10), where the network gives landmarks
    landmarks: Tensor | None = None


class Objective(Protocol):
    """What one family minimises."""

    #: names of the parts of the loss, in the order of the log
    terms: ClassVar[tuple[str, ...]]

    def make_targets(self, samples: Sequence[Sample], size_px: int) -> Arrays:
        """Prepare what the samples of a batch should give; runs beside the training.

        Parameters
        ----------
        samples : sequence of Sample
            N square pictures with their faces.
        size_px : int
            Their edge.

        Returns
        -------
        dict of str to ndarray
            Each of N rows; they become tensors on the training's device.
        """

    def losses(
        self, network: nn.Module, pictures: Tensor, targets: Tensors, teacher: Prediction | None
    ) -> dict[str, Tensor]:
        """Return the parts of the loss, already weighted; their sum is minimised.

        Parameters
        ----------
        network : torch.nn.Module
            As `NetworkFamily.new_network` makes it; it may calculate in bfloat16.
        pictures : Tensor of shape (N, 3, H, W)
        targets : mapping of str to Tensor
            From `make_targets`, and ``numbers``: those of the samples in the run (N,).
        teacher : Prediction or None
            What the teacher says, as this network would say it.

        Returns
        -------
        dict of str to Tensor
            A scalar for each of `terms`.
        """


def stack_boxes(boxes: Sequence[NDArray[np.float32]]) -> tuple[NDArray[np.float32], NDArray[Any]]:
    """Stack lists of boxes of different lengths into one array.

    Returns
    -------
    boxes : ndarray of shape (N, M, 4), float32
        Zeros where a picture has fewer than M.
    counts : ndarray of shape (N,), int64
    """
    counts = np.array([len(b) for b in boxes], np.int64)
    stacked = np.zeros((len(boxes), int(counts.max(initial=0)), 4), np.float32)
    for row, each in zip(stacked, boxes, strict=True):
        row[: len(each)] = each
    return stacked, counts

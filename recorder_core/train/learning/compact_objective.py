"""How the compact detector learns: assignment by cost, quality focal loss, EIoU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect.anchors import AnchorSettings, make_anchors
from recorder_core.train.learning.assignment import AssignmentSettings, assign_places
from recorder_core.train.learning.box_losses import efficient_iou, quality_loss
from recorder_core.train.learning.loss import LossSettings, distillation_loss
from recorder_core.train.learning.objective import Arrays, Prediction, Tensors, stack_boxes
from recorder_core.train.samples.views import Sample

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["CompactObjective"]


class CompactObjective:
    """One score a place, which is to say how well the box of the place frames a face.

    Parameters
    ----------
    anchors : AnchorSettings
        One square anchor a place, as large as the place.
    loss : LossSettings
    assignment : AssignmentSettings
    """

    terms: ClassVar[tuple[str, ...]] = ("label_loss", "box_loss", "distill_loss")

    def __init__(
        self, anchors: AnchorSettings, loss: LossSettings, assignment: AssignmentSettings
    ) -> None:
        self._anchors, self._loss, self._assignment = anchors, loss, assignment

    def make_targets(self, samples: Sequence[Sample], size_px: int) -> Arrays:
        """Return faces, places that are not judged, and whether the teacher is trusted."""
        faces, counts = stack_boxes([s.boxes_xyxy_px for s in samples])
        places = make_anchors(size_px, size_px, self._anchors)
        return {
            "faces": faces,
            "counts": counts,
            "certainty": _stack_certainty(samples, faces.shape[1]),
            "places": np.repeat(places[None], len(samples), axis=0),
            "ignored": np.stack([_centres_inside(places, s.ignored_xyxy_px) for s in samples]),
            "trusted": np.array([s.trust_teacher for s in samples]),
        }

    def losses(
        self, network: nn.Module, pictures: Tensor, targets: Tensors, teacher: Prediction | None
    ) -> dict[str, Tensor]:
        """Return label, box and distillation loss; see `Objective.losses`."""
        import torch

        from recorder_core.detect.networks.layers._boxes_torch import decode_tensor

        offsets, margins = (v.float() for v in network.predict(pictures))  # type: ignore[operator]
        boxes = decode_tensor(offsets, targets["places"], self._anchors.variances)
        chosen = self._assign(boxes.detach(), margins.detach(), targets)
        is_face = chosen >= 0
        count = is_face.sum().clamp(min=len(pictures))
        picture = torch.nonzero(is_face)[:, 0]
        framed = targets["faces"][picture, chosen[is_face]]
        box_losses, overlaps = efficient_iou(boxes[is_face], framed)
        qualities = torch.zeros_like(margins)
        certainty = targets["certainty"][picture, chosen[is_face]]
        qualities[is_face] = overlaps.detach() * certainty
        trusted = targets["trusted"][:, None] & ~is_face
        judged = is_face | ~targets["ignored"]
        distill = torch.zeros((), device=margins.device)
        if teacher is not None:
            distill = distillation_loss(Prediction(offsets, margins), teacher, trusted, self._loss)
            judged = judged & ~(trusted & (teacher.margins.sigmoid() >= self._loss.veto_score))
        label_loss = (quality_loss(margins, qualities) * judged).sum() / count
        box_loss = self._loss.box_weight * (box_losses * certainty).sum() / count
        return dict(zip(self.terms, (label_loss, box_loss, distill), strict=True))

    def _assign(self, boxes: Tensor, margins: Tensor, targets: Tensors) -> Tensor:
        import torch

        with torch.no_grad():
            return torch.stack(
                [
                    assign_places(b, m, places, faces[:count], self._assignment)
                    for b, m, places, faces, count in zip(
                        boxes,
                        margins,
                        targets["places"],
                        targets["faces"],
                        targets["counts"].tolist(),
                        strict=True,
                    )
                ]
            )


def _stack_certainty(samples: Sequence[Sample], most: int) -> NDArray[np.float32]:
    stacked = np.zeros((len(samples), most), np.float32)
    for row, sample in zip(stacked, samples, strict=True):
        row[: len(sample.certainty)] = sample.certainty
    return stacked


def _centres_inside(
    places: NDArray[np.float32], regions_xyxy_px: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Return for each place whether its centre lies in one of the regions, (P,) bool."""
    centres = places[:, None, :2]
    inside = (centres > regions_xyxy_px[None, :, :2]) & (centres < regions_xyxy_px[None, :, 2:])
    return np.asarray(np.any(inside.all(axis=2), axis=1))

"""How RetinaFace learns: matched anchors, hard negatives, smooth L1, landmarks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from recorder_core.train.learning.loss import (
    AnchorTargets,
    ask_beside_labels,
    detection_loss,
    distillation_loss,
    landmark_loss,
)
from recorder_core.train.learning.matched_anchors import MatchedAnchors
from recorder_core.train.learning.objective import Arrays, Prediction, Tensors
from recorder_core.train.samples.views import Sample

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["RetinaFaceObjective", "predict_retinaface"]


class RetinaFaceObjective(MatchedAnchors):
    """The published loss, and agreement with a teacher; see `MatchedAnchors`."""

    terms: ClassVar[tuple[str, ...]] = ("label_loss", "box_loss", "landmark_loss", "distill_loss")

    learns: ClassVar[tuple[str, ...]] = ("labels", "offsets", "landmarks", "certainty")

    def make_targets(self, samples: Sequence[Sample], size_px: int) -> Arrays:
        """Return what the anchors are to say, and in which pictures the teacher is trusted."""
        trusted = np.array([each.trust_teacher for each in samples])[:, None]
        return {**super().make_targets(samples, size_px), "trusted": trusted}

    def losses(
        self, network: nn.Module, pictures: Tensor, targets: Tensors, teacher: Prediction | None
    ) -> dict[str, Tensor]:
        """Return label, box, landmark and distillation loss; see `Objective.losses`."""
        import torch

        student, labels = predict_retinaface(network, pictures), targets["labels"]
        distill = torch.zeros((), device=pictures.device)
        if teacher is not None:
            labels, counts = ask_beside_labels(labels, teacher, targets["trusted"], self._loss)
            distill = distillation_loss(student, teacher, counts, self._loss)
        learnt = AnchorTargets(
            labels, targets["offsets"], targets["certainty"], self._anchors.variances
        )
        label, box = detection_loss(student, learnt, self._loss)
        landmarks = landmark_loss(student, targets["landmarks"], self._loss)
        return dict(zip(self.terms, (label, box, landmarks, distill), strict=True))


def predict_retinaface(network: nn.Module, pictures: Tensor) -> Prediction:
    """Return what RetinaFace says, in float32."""
    offsets, logits, landmarks = (v.float() for v in network.predict(pictures))  # type: ignore[operator]
    return Prediction(offsets, logits[..., 1] - logits[..., 0], landmarks)

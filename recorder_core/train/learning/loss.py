"""What training minimises: right labels, right boxes, and what the teacher knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from recorder_core.errors import ModelMismatch, SettingsError
from recorder_core.model.values.carriers import carrier_repr
from recorder_core.train.learning.box_losses import efficient_iou
from recorder_core.train.learning.matching import FACE, IGNORED, NO_FACE
from recorder_core.train.learning.objective import Prediction

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "AnchorTargets",
    "LossSettings",
    "ask_beside_labels",
    "detection_loss",
    "distillation_loss",
    "landmark_loss",
]


@dataclass(frozen=True, slots=True)
class LossSettings:
    """Weights of the parts of the loss; the first four as in the published training.

    References
    ----------
    .. [1] J. Deng et al., "RetinaFace", CVPR 2020, section 3.1 and 4.2.
    .. [2] A. Shrivastava et al., "Training Region-based Object Detectors with Online
       Hard Example Mining", CVPR 2016.
    """

    #: negatives that count, for each anchor with a face, hardest first
    negatives_per_face: int = 7
    #: negatives that count in a picture without a face
    min_negatives: int = 16
    #: what such a negative costs, compared with one in a picture with faces
    empty_weight: float = 1.0
    box_weight: float = 2.0
    #: how boxes are learnt: "smooth_l1" compares offsets, as in the published training,
    #: "eiou" compares boxes by their overlap; RetinaFace only
    box_loss: Literal["smooth_l1", "eiou"] = "smooth_l1"
    #: five landmarks, for faces of which they are known; RetinaFace only
    landmark_weight: float = 1.0
    #: agreement with the teacher's face probabilities; 0 needs no teacher
    distill_weight: float = 1.0
    #: agreement with the teacher's boxes where it is sure
    distill_box_weight: float = 0.5
    #: the teacher is sure of a face from this probability
    distill_min_score: float = 0.3
    #: no label does not mean no face: where a trusted teacher gives at least this
    #: probability, the labels do not judge
    veto_score: float = 0.15
    #: weight of faces, and how fast what is right loses its weight; RetinaNet only
    focal_alpha: float = 0.25
    focal_gamma: float = 2.0

    def __post_init__(self) -> None:
        weights = (
            self.empty_weight,
            self.box_weight,
            self.landmark_weight,
            self.distill_weight,
            self.distill_box_weight,
        )
        counts = (self.negatives_per_face, self.min_negatives)
        if min(*weights, *counts, self.focal_gamma) < 0 or not 0 < self.focal_alpha < 1:
            raise SettingsError(
                "weights of the loss must not be below 0, and focal_alpha lies between 0 and 1"
            )


@dataclass(frozen=True, slots=True)
class AnchorTargets:
    """What P anchors should say in each of N pictures."""

    __repr__ = carrier_repr

    #: (N, P) integer: FACE, NO_FACE or IGNORED
    labels: Tensor
    #: (N, P, 4): offsets of the faces
    offsets: Tensor
    #: (N, P): the face probability to learn where the label is FACE, elsewhere 0
    certainty: Tensor
    #: scale of the centre offsets and of the size offsets
    variances: tuple[float, float]


def detection_loss(
    predicted: Prediction, targets: AnchorTargets, settings: LossSettings
) -> tuple[Tensor, Tensor]:
    """Return label loss (cross entropy on hard negatives) and box loss.

    Parameters
    ----------
    predicted : Prediction
    targets : AnchorTargets
    settings : LossSettings

    Returns
    -------
    (Tensor, Tensor)
        Sums over anchors, divided by the number of anchors with a face; a box counts
        as much as its face is certain.
    """
    from torch.nn import functional

    is_face, is_negative = targets.labels == FACE, targets.labels == NO_FACE
    losses = functional.binary_cross_entropy_with_logits(
        predicted.margins, targets.certainty, reduction="none"
    )
    negatives = _hard_negatives(losses.detach(), is_face, is_negative, settings)
    count = is_face.sum().clamp(min=len(is_face))
    weights = (is_face | negatives).float()
    weights[~is_face.any(dim=1)] *= settings.empty_weight
    label_loss = (losses * weights).sum() / count
    box_losses = _box_losses(predicted, targets, is_face, settings)
    box_loss = (box_losses * targets.certainty[is_face]).sum()
    return label_loss, settings.box_weight * box_loss / count


def _box_losses(
    predicted: Prediction, targets: AnchorTargets, is_face: Tensor, settings: LossSettings
) -> Tensor:
    """Return the loss of each anchor with a face, (K,)."""
    import torch
    from torch.nn import functional

    from recorder_core.detect.networks.layers._boxes_torch import decode_tensor

    said, wanted = predicted.offsets[is_face], targets.offsets[is_face]
    if settings.box_loss == "smooth_l1":
        return functional.smooth_l1_loss(said, wanted, reduction="none").sum(dim=1)
    # an overlap does not depend on where the anchor lies and how large it is
    anchor = torch.tensor([0.0, 0.0, 1.0, 1.0], device=said.device)
    boxes, faces = (decode_tensor(v, anchor, targets.variances) for v in (said, wanted))
    return efficient_iou(boxes, faces)[0]


def _hard_negatives(
    losses: Tensor, is_face: Tensor, is_negative: Tensor, settings: LossSettings
) -> Tensor:
    """Choose in each picture the negatives with the largest loss, (N, P) bool."""
    import torch

    wanted = (is_face.sum(dim=1) * settings.negatives_per_face).clamp(min=settings.min_negatives)
    wanted = torch.minimum(wanted, is_negative.sum(dim=1))
    most = max(1, int(wanted.max()))
    ranked, places = losses.masked_fill(~is_negative, -1.0).topk(most, dim=1)
    taken = (torch.arange(most, device=losses.device)[None] < wanted[:, None]) & (ranked >= 0)
    return torch.zeros_like(is_negative).scatter(1, places, taken)


def landmark_loss(predicted: Prediction, targets: Tensor, settings: LossSettings) -> Tensor:
    """Return the smooth L1 loss of the landmarks.

    Parameters
    ----------
    predicted : Prediction
        With landmarks.
    targets : Tensor of shape (N, P, 10)
        Offsets of the landmarks; NaN where none are known.
    settings : LossSettings

    Returns
    -------
    Tensor
        The sum over anchors whose landmarks are known, divided by their number.

    Raises
    ------
    ModelMismatch
        If the network gives no landmarks.
    """
    from torch.nn import functional

    if predicted.landmarks is None:
        raise ModelMismatch("this network gives no landmarks to learn")
    known = ~targets.isnan().any(dim=-1)
    total = functional.smooth_l1_loss(predicted.landmarks[known], targets[known], reduction="sum")
    return settings.landmark_weight * total / known.sum().clamp(min=1)


def ask_beside_labels(
    labels: Tensor, teacher: Prediction, trusted: Tensor, settings: LossSettings
) -> tuple[Tensor, Tensor]:
    """Return where the teacher counts: everywhere but on faces, if it suspects one there.

    Where the labels say that there is no face it counts whatever it says. Where they do
    not judge, it counts only if it suspects a face: there may be one that it misses.

    Parameters
    ----------
    labels : Tensor of shape (N, P), integer
    teacher : Prediction
    trusted : Tensor of shape (N, 1), bool
        Pictures on which the teacher may be believed.
    settings : LossSettings

    Returns
    -------
    labels : Tensor of shape (N, P), integer
        Not judged where the teacher suspects a face that nobody labelled.
    counts : Tensor of shape (N, P), bool
        Anchors on which the network is to agree with the teacher.
    """
    import torch

    suspects = trusted & (torch.sigmoid(teacher.margins) >= settings.veto_score)
    unlabelled = suspects & (labels != FACE)
    counts = unlabelled | (trusted & (labels == NO_FACE))
    return labels.masked_fill(unlabelled, IGNORED), counts


def distillation_loss(
    student: Prediction, teacher: Prediction, trusted: Tensor, settings: LossSettings
) -> Tensor:
    """Return how far the network is from its teacher where the teacher is trusted.

    The teacher's face probabilities are soft labels on every trusted anchor; its
    boxes count where it is sure of a face.

    Parameters
    ----------
    student, teacher : Prediction
        For the same N pictures and P anchors.
    trusted : Tensor of shape (N, P), bool
        Anchors about which the labels say nothing else.
    settings : LossSettings

    Returns
    -------
    Tensor
        A scalar; 0 if both agree.

    References
    ----------
    .. [1] G. Hinton et al., "Distilling the Knowledge in a Neural Network", 2015.
    .. [2] Z. Li and D. Hoiem, "Learning without Forgetting", ECCV 2016.
    """
    import torch
    from torch.nn import functional

    soft = torch.sigmoid(teacher.margins)
    cross = functional.binary_cross_entropy_with_logits
    # less the teacher's own entropy, so that perfect agreement costs nothing
    excess = cross(student.margins, soft, reduction="none")
    excess = excess - cross(teacher.margins, soft, reduction="none")
    sure = trusted & (soft >= settings.distill_min_score)
    count = sure.sum().clamp(min=trusted.shape[0])
    label_part = (excess * trusted).sum() / count
    box_part = functional.smooth_l1_loss(
        student.offsets[sure], teacher.offsets[sure], reduction="sum"
    )
    return settings.distill_weight * label_part + settings.distill_box_weight * box_part / count

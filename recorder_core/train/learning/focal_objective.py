"""How RetinaNet learns: matched anchors, focal loss over all of them, L1 on the boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from recorder_core.train.learning.box_losses import focal_loss
from recorder_core.train.learning.matched_anchors import MatchedAnchors
from recorder_core.train.learning.matching import FACE, IGNORED
from recorder_core.train.learning.objective import Prediction, Tensors

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["RetinaNetObjective"]


class RetinaNetObjective(MatchedAnchors):
    """The published loss; boxes by L1 as in torchvision, whose weights it goes on from.

    See `MatchedAnchors`.

    References
    ----------
    .. [1] T.-Y. Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017,
       sections 3 and 4.
    """

    terms: ClassVar[tuple[str, ...]] = ("label_loss", "box_loss")

    def losses(
        self, network: nn.Module, pictures: Tensor, targets: Tensors, _teacher: Prediction | None
    ) -> dict[str, Tensor]:
        """Return label and box loss; see `Objective.losses`."""
        offsets, margins = (v.float() for v in network.predict(pictures))  # type: ignore[operator]
        labels = targets["labels"]
        is_face = labels == FACE
        count = is_face.sum().clamp(min=1)
        target = targets["certainty"]
        focal = focal_loss(margins, target, self._loss.focal_alpha, self._loss.focal_gamma)
        label_loss = (focal * (labels != IGNORED)).sum() / count
        difference = (offsets[is_face] - targets["offsets"][is_face]).abs().sum()
        box_loss = self._loss.box_weight * difference / count
        return dict(zip(self.terms, (label_loss, box_loss), strict=True))

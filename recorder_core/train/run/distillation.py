"""What the teacher says at every anchor while a network learns, for it to agree with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recorder_core.detect.anchors import AnchorSettings, make_anchors
from recorder_core.detect.networks import RETINAFACE, family_of
from recorder_core.detect.weights import Weights, load_weights
from recorder_core.errors import SettingsError
from recorder_core.train.learning.anchor_objective import predict_retinaface
from recorder_core.train.learning.objective import Prediction

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from recorder_core.train.settings import TrainingSettings

__all__ = ["Teacher", "load_teacher"]


def load_teacher(settings: TrainingSettings) -> Weights | None:
    """Read the teacher's weights; None if the settings need no teacher.

    Raises
    ------
    ModelMismatch
        If the weights are damaged.
    SettingsError
        If they are not those of a RetinaFace.
    """
    if not (settings.teacher.completes_labels or settings.loss.distill_weight):
        return None
    weights = load_weights(settings.teacher.weights)
    if weights.detector != RETINAFACE.network:
        raise SettingsError(
            f"the teacher's weights {weights.path.name} are those of {weights.detector}; "
            f"a teacher is a {RETINAFACE.network}"
        )
    return weights


class Teacher:
    """A RetinaFace that speaks in the anchors of the network that learns from it.

    Parameters
    ----------
    weights : Weights
        The teacher's.
    anchors : AnchorSettings
        Those of the network that learns: the same, or one anchor at each place of the
        same grids; then the surest of the teacher's anchors there speaks.
    mean_bgr : (float, float, float)
        What is taken off the pictures of the network that learns.
    device : torch.device

    Raises
    ------
    SettingsError
        If the teacher cannot speak so.
    """

    def __init__(
        self,
        weights: Weights,
        anchors: AnchorSettings,
        mean_bgr: tuple[float, float, float],
        device: torch.device,
    ) -> None:
        from recorder_core.detect.networks.layers._torch import fold_batch_norm, put_channels_last

        self._own, self._other, self._device = weights.anchors, anchors, device
        single = anchors.aspect_ratios == (1.0,) and all(len(s) == 1 for s in anchors.min_sizes_px)
        if mean_bgr != weights.mean_bgr or not (
            anchors == self._own or (single and anchors.steps_px == self._own.steps_px)
        ):
            raise SettingsError(
                "this teacher cannot teach this network while it learns: their inputs or anchors "
                "differ; set loss.distill_weight to 0"
            )
        network = family_of(weights.detector).build_network(
            weights.tensors, weights.design, weights.anchors
        )
        self._network = put_channels_last(fold_batch_norm(network)).to(device)
        self._anchors: dict[tuple[AnchorSettings, int], torch.Tensor] = {}

    def predict(self, pictures: Tensor) -> Prediction:
        """Return what the teacher says about square pictures (N, 3, size, size)."""
        import torch

        with torch.no_grad():
            said = predict_retinaface(self._network, pictures)
            return said if self._own == self._other else self._translate(said, pictures.shape[2])

    def _translate(self, said: Prediction, size_px: int) -> Prediction:
        """Return the surest anchor of each location, in the other network's offsets."""
        from recorder_core.detect.networks.layers._boxes_torch import decode_tensor, encode_tensor

        own = self._make_anchors(self._own, size_px)
        places = self._make_anchors(self._other, size_px)
        boxes = decode_tensor(said.offsets, own, self._own.variances)
        count = len(said.margins)
        margins, best = said.margins.view(count, len(places), -1).max(dim=2)
        choice = best[..., None, None].expand(-1, -1, 1, 4)
        boxes = boxes.view(count, len(places), -1, 4).gather(2, choice)[:, :, 0]
        return Prediction(encode_tensor(boxes, places, self._other.variances), margins)

    def _make_anchors(self, settings: AnchorSettings, size_px: int) -> Tensor:
        import torch

        key = settings, size_px
        if key not in self._anchors:
            anchors = make_anchors(size_px, size_px, settings).copy()
            self._anchors[key] = torch.from_numpy(anchors).to(self._device)
        return self._anchors[key]

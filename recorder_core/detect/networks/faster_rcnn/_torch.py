"""The layers of Faster R-CNN; imported only when a network is built.

Attribute names are torchvision's, so that its public weights load as they are.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recorder_core.detect.anchors import AnchorSettings, make_anchors
from recorder_core.detect.networks.faster_rcnn._roi_align_torch import level_of_boxes, roi_align
from recorder_core.detect.networks.faster_rcnn.design import CLASSES, CROP_CELLS, FasterRcnnDesign
from recorder_core.detect.networks.layers._boxes_torch import decode_tensor
from recorder_core.detect.networks.layers._torch import by_place
from recorder_core.detect.networks.resnet._torch import FeaturePyramid, ResNet
from recorder_core.detect.nms import suppress_overlaps

__all__ = ["BOX_VARIANCES", "FasterRcnn"]

#: proposals of a level before, and of a picture after overlapping ones are dropped, and
#: the overlap above which they are: as in torchvision
_BEFORE: Final = 1000
_AFTER: Final = 1000
_MAX_PROPOSAL_IOU: Final = 0.7
#: proposals with a shorter side are dropped
_MIN_SIDE_PX: Final = 1e-3
#: scale of the offsets between a proposal and its face [NeurIPS 2015, and torchvision]
BOX_VARIANCES: Final = (0.1, 0.2)
#: boxes of a picture, and the overlap above which the worse of two is dropped
_DETECTIONS: Final = 300
_MAX_IOU: Final = 0.5


class _Backbone(nn.Module):
    def __init__(self, design: FasterRcnnDesign) -> None:
        super().__init__()
        self.body = ResNet(design)
        self.fpn = FeaturePyramid(design.channels, design.pyramid)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        levels: list[Tensor] = self.fpn(self.body(pictures))
        # a fifth level, for proposals only
        return [*levels, functional.max_pool2d(levels[-1], 1, 2)]


class _ProposalHead(nn.Module):
    def __init__(self, width: int, anchors: int) -> None:
        super().__init__()
        inner = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1), nn.ReLU(inplace=True))
        self.conv = nn.Sequential(inner)
        self.cls_logits = nn.Conv2d(width, anchors, 1)
        self.bbox_pred = nn.Conv2d(width, anchors * 4, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, std=0.01)
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]

    def forward(self, level: Tensor) -> tuple[Tensor, Tensor]:
        inner = self.conv(level)
        return by_place(self.cls_logits(inner), 1), by_place(self.bbox_pred(inner), 4)


class _Proposals(nn.Module):
    def __init__(self, width: int, anchors: int) -> None:
        super().__init__()
        self.head = _ProposalHead(width, anchors)


class _BoxHead(nn.Module):
    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.fc6 = nn.Linear(inputs, hidden)
        self.fc7 = nn.Linear(hidden, hidden)

    def forward(self, crops: Tensor) -> Tensor:
        return functional.relu(self.fc7(functional.relu(self.fc6(crops.flatten(1)))))


class _BoxPredictor(nn.Module):
    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.cls_score = nn.Linear(hidden, CLASSES)
        self.bbox_pred = nn.Linear(hidden, CLASSES * 4)


class _BoxHeads(nn.Module):
    def __init__(self, design: FasterRcnnDesign) -> None:
        super().__init__()
        self.box_head = _BoxHead(design.pyramid * CROP_CELLS**2, design.representation)
        self.box_predictor = _BoxPredictor(design.representation)


class FasterRcnn(nn.Module):
    """Faster R-CNN for one class, the face.

    Called on pictures (N, 3, H, W), float32, blue-green-red minus the mean, it
    returns boxes (N, 300, 4) in input pixels and face probabilities (N, 300), best
    first; where there are fewer, zeros. Boxes that overlap more than half are gone.
    """

    def __init__(self, design: FasterRcnnDesign, anchors: AnchorSettings) -> None:
        super().__init__()
        self.anchors = anchors
        self.backbone = _Backbone(design)
        self.rpn = _Proposals(design.pyramid, anchors.count)
        self.roi_heads = _BoxHeads(design)

    def score_anchors(self, levels: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Return the log-odds of something (N, P) and offsets (N, P, 4) of all anchors."""
        found = [self.rpn.head(level) for level in levels]
        margins, offsets = zip(*found, strict=True)
        return torch.cat(margins, dim=1)[..., 0], torch.cat(offsets, dim=1)

    def propose(self, margins: Tensor, offsets: Tensor, size_px: tuple[int, int]) -> list[Tensor]:
        """Return each picture's proposals (R, 4) in input pixels, best first; no gradients.

        Parameters
        ----------
        margins, offsets : Tensor
            From `score_anchors`.
        size_px : (int, int)
            Height and width of the input.
        """
        anchors = torch.from_numpy(make_anchors(*size_px, self.anchors).copy()).to(offsets)
        boxes = decode_tensor(offsets.detach(), anchors, self.anchors.variances)
        boxes = _clip(boxes, size_px)
        counts = [
            -(-size_px[0] // step) * -(-size_px[1] // step) * self.anchors.count
            for step in self.anchors.steps_px
        ]
        pairs = zip(boxes, margins.detach(), strict=True)
        return [_choose_proposals(each, scores, counts) for each, scores in pairs]

    def judge(self, levels: list[Tensor], proposals: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Classify the proposals of all pictures.

        Returns
        -------
        (Tensor, Tensor)
            Logits of background and face (K, 2), and offsets of the face (K, 4) from
            its proposal; the pictures' proposals one after the other.
        """
        crops = [
            _crop([level[number] for level in levels[:-1]], boxes, self.anchors.steps_px)
            for number, boxes in enumerate(proposals)
        ]
        described = self.roi_heads.box_head(torch.cat(crops))
        predictor = self.roi_heads.box_predictor
        return predictor.cls_score(described), predictor.bbox_pred(described)[:, -4:]

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        height, width = pictures.shape[2:]
        levels = self.backbone(pictures)
        proposals = self.propose(*self.score_anchors(levels), (height, width))
        logits, offsets = self.judge(levels, proposals)
        corners = torch.cat(proposals)
        centred = torch.cat(
            [(corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]], dim=1
        )
        boxes = _clip(decode_tensor(offsets, centred, BOX_VARIANCES), (height, width))
        scores = logits.softmax(dim=1)[:, 1]
        counts = [len(each) for each in proposals]
        best = [
            _best_boxes(*pair)
            for pair in zip(torch.split(boxes, counts), torch.split(scores, counts), strict=True)
        ]
        found, probabilities = zip(*best, strict=True)
        return torch.stack(found), torch.stack(probabilities)


def _clip(boxes: Tensor, size_px: tuple[int, int]) -> Tensor:
    limit = torch.tensor([size_px[1], size_px[0]] * 2, device=boxes.device, dtype=boxes.dtype)
    return torch.minimum(boxes.clamp(min=0), limit)


def _choose_proposals(boxes: Tensor, margins: Tensor, counts: list[int]) -> Tensor:
    """Choose one picture's proposals: the best of every level, without near-copies."""
    chosen, scores = [], []
    for level_boxes, level_margins in zip(
        torch.split(boxes, counts), torch.split(margins, counts), strict=True
    ):
        best = level_margins.topk(min(_BEFORE, len(level_margins))).indices
        sides = level_boxes[best, 2:] - level_boxes[best, :2]
        best = best[(sides >= _MIN_SIDE_PX).all(dim=1)]
        kept = best[_suppress(level_boxes[best], level_margins[best], _MAX_PROPOSAL_IOU)]
        chosen.append(level_boxes[kept])
        scores.append(level_margins[kept])
    order = torch.cat(scores).argsort(descending=True, stable=True)[:_AFTER]
    return torch.cat(chosen)[order]


def _suppress(boxes: Tensor, scores: Tensor, max_iou: float) -> Tensor:
    """Return the indices that `recorder_core.detect.nms` keeps, best first."""
    kept = suppress_overlaps(
        boxes.float().cpu().numpy(), scores.float().cpu().numpy().astype(np.float32), max_iou
    )
    return torch.from_numpy(np.asarray(kept, np.int64)).to(boxes.device)


def _crop(levels: list[Tensor], boxes: Tensor, steps_px: tuple[int, ...]) -> Tensor:
    """Return the features of one picture's boxes, each from the level of its size."""
    chosen = level_of_boxes(boxes, len(levels))
    crops = levels[0].new_zeros((len(boxes), levels[0].shape[0], CROP_CELLS, CROP_CELLS))
    for number, (level, step) in enumerate(zip(levels, steps_px, strict=False)):
        here = torch.nonzero(chosen == number)[:, 0]
        cut = roi_align(level, boxes[here], scale=1 / step, output_size=CROP_CELLS)
        crops = crops.index_put((here,), cut.to(crops.dtype))
    return crops


def _best_boxes(boxes: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
    """Return one picture's best boxes, as many as there is room for."""
    sides = boxes[:, 2:] - boxes[:, :2]
    solid = torch.nonzero((sides > 0).all(dim=1))[:, 0]
    kept = solid[_suppress(boxes[solid], scores[solid], _MAX_IOU)][:_DETECTIONS]
    found = boxes.new_zeros((_DETECTIONS, 4))
    probabilities = scores.new_zeros(_DETECTIONS)
    found[: len(kept)], probabilities[: len(kept)] = boxes[kept], scores[kept]
    return found, probabilities

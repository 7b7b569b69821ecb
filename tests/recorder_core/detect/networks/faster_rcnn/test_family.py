from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch

from recorder_core.detect.networks import FASTER_RCNN
from recorder_core.detect.networks.faster_rcnn import FASTER_RCNN_ANCHORS, FasterRcnnDesign
from recorder_core.detect.networks.faster_rcnn._torch import FasterRcnn
from recorder_core.detect.networks.layers._torch import put_channels_last
from recorder_core.errors import ModelMismatch, SettingsError

TINY = FasterRcnnDesign(depth=18, width=4, pyramid=8, representation=16)
SIZE = (64, 96)
#: of "name shape" lines of torchvision 0.28's fasterrcnn_resnet50_fpn, in its order,
#: without the counters of batch norms
TORCHVISION_SHA256 = "5391819748868757fc69e6c3c87fbdc0feb827345d2f17ecf64095ba32363176"


@pytest.fixture
def network():
    torch.manual_seed(3)
    return FasterRcnn(TINY, FASTER_RCNN_ANCHORS).eval()


def test_tensor_shapes_are_those_of_the_layers(network):
    state = network.state_dict()
    shapes = {k: tuple(v.shape) for k, v in state.items() if not k.endswith("batches_tracked")}
    expected = FASTER_RCNN.tensor_shapes(TINY, FASTER_RCNN_ANCHORS)
    assert shapes == expected
    assert list(shapes) == list(expected)


def test_names_and_shapes_are_torchvisions():
    shapes = dict(FASTER_RCNN.tensor_shapes(FasterRcnnDesign(), FASTER_RCNN_ANCHORS))
    name = "roi_heads.box_predictor"
    # 91 classes of COCO in place of background and face
    shapes |= {f"{name}.cls_score.weight": (91, 1024), f"{name}.cls_score.bias": (91,)}
    shapes |= {f"{name}.bbox_pred.weight": (364, 1024), f"{name}.bbox_pred.bias": (364,)}
    text = "\n".join(f"{name} {shape}" for name, shape in shapes.items())
    assert hashlib.sha256(text.encode()).hexdigest() == TORCHVISION_SHA256


def test_every_picture_gives_as_many_boxes_inside_it(network):
    pictures = torch.randn(2, 3, *SIZE, generator=torch.Generator().manual_seed(1)) * 50
    with torch.inference_mode():
        boxes, scores = network(pictures)
        alone = network(pictures[1:])
    assert boxes.shape == (2, 300, 4)
    assert scores.shape == (2, 300)
    assert (scores.diff(dim=1) <= 0).all()
    assert ((boxes >= 0) & (boxes <= torch.tensor([96, 64, 96, 64]))).all()
    assert torch.allclose(alone[0], boxes[1:], atol=1e-3)
    # where there are fewer boxes, zeros
    assert (boxes[scores == 0] == 0).all()


def test_memory_order_changes_nothing(network):
    pictures = torch.randn(1, 3, *SIZE, generator=torch.Generator().manual_seed(1)) * 50
    with torch.inference_mode():
        before = network(pictures)
        after = put_channels_last(network)(pictures)
    assert torch.allclose(before[1], after[1], atol=1e-4)


def test_proposals_are_the_best_anchors_moved_and_not_twice_the_same(network):
    margins = torch.full((1, 16 * 24 * 3 + 8 * 12 * 3 + 4 * 6 * 3 + 2 * 3 * 3 + 1 * 2 * 3), -5.0)
    offsets = torch.zeros(*margins.shape, 4)
    first = 16 * 24 * 3 + (3 * 12 + 5) * 3 + 1  # stride 8, row 3, column 5, the square of 32
    margins[0, first], margins[0, first + 3] = 4.0, 3.0
    offsets[0, first] = torch.tensor([0.25, 0.0, np.log(0.5), 0.0])
    (proposals,) = network.propose(margins, offsets, SIZE)
    # centre 40 + 8, 24; 16 wide and 32 high; the neighbour at 48 overlaps a third
    assert proposals[0].tolist() == pytest.approx([40, 8, 56, 40])
    assert proposals[1].tolist() == pytest.approx([32, 8, 64, 40])
    assert len(proposals) <= 1000


def test_offsets_of_the_second_look_move_the_proposal(network):
    levels = [torch.zeros(1, 8, *(s // step for s in SIZE)) for step in (4, 8, 16, 32, 64)]
    predictor = network.roi_heads.box_predictor
    with torch.no_grad():
        predictor.bbox_pred.weight.zero_()
        predictor.bbox_pred.bias.copy_(torch.arange(8.0))
        logits, offsets = network.judge(levels, [torch.tensor([[0.0, 0, 20, 20]])])
    assert logits.shape == (1, 2)
    # the first four are those of the background
    assert offsets.tolist() == [[4, 5, 6, 7]]


def test_a_box_is_cropped_from_the_level_of_its_size(network):
    levels = [torch.full((1, 8, 64 // step, 96 // step), float(step)) for step in (4, 8, 16, 32)]
    seen = []
    network.roi_heads.box_head.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    boxes = torch.tensor([[8.0, 8, 40, 40], [0, 0, 96, 64], [0, 0, 200, 200]])
    with torch.inference_mode():
        network.judge([*levels, levels[-1]], [boxes])
    assert seen[0].mean(dim=(1, 2, 3)).tolist()[:2] == [4, 4]
    assert seen[0][2].max() == 8


def _public(made, classes=3):
    """The tensors as a public file of the older kind names them, for several classes."""
    renamed = {}
    for name, value in made.items():
        parts = name.split(".")
        if parts[2] in ("inner_blocks", "layer_blocks"):
            del parts[4]
        elif parts[2] == "conv":
            del parts[3:5]
        renamed[".".join(parts)] = value
    for layer, values in (("cls_score", 1), ("bbox_pred", 4)):
        for part in ("weight", "bias"):
            name = f"roi_heads.box_predictor.{layer}.{part}"
            more = np.full((values * (classes - 2), *made[name].shape[1:]), 99, np.float32)
            renamed[name] = np.concatenate([made[name], more])
    return renamed


def test_public_weights_are_taken_over_with_the_person_as_the_face():
    rng = np.random.default_rng(5)
    made = {
        name: rng.random(shape, np.float32)
        for name, shape in FASTER_RCNN.tensor_shapes(TINY, FASTER_RCNN_ANCHORS).items()
    }
    public = _public(made)
    assert "rpn.head.conv.weight" in public
    adopted, design = FASTER_RCNN.adopt_public(public)
    assert FASTER_RCNN.read_design(design) == TINY
    FASTER_RCNN.check_tensors(adopted, TINY, FASTER_RCNN_ANCHORS)
    for name, value in made.items():
        same = adopted[name] + (1e-5 if name.endswith("running_var") else 0)
        assert same == pytest.approx(value, rel=1e-5, abs=1e-6), name


def test_weights_of_something_else_are_not_taken_over():
    shapes = FASTER_RCNN.tensor_shapes(TINY, FASTER_RCNN_ANCHORS)
    public = _public({name: np.zeros(shape, np.float32) for name, shape in shapes.items()})
    for part in ("weight", "bias"):
        name = f"roi_heads.box_predictor.cls_score.{part}"
        public[name] = public[name][:1]
    with pytest.raises(ModelMismatch, match="several classes"):
        FASTER_RCNN.adopt_public(public)
    del public["roi_heads.box_predictor.cls_score.bias"]
    with pytest.raises(
        ModelMismatch, match=r"lack tensor roi_heads\.box_predictor\.cls_score\.bias"
    ):
        FASTER_RCNN.adopt_public(public)


def test_impossible_sizes_are_refused():
    with pytest.raises(SettingsError, match="representation"):
        FASTER_RCNN.read_design({"representation": 0})
    with pytest.raises(SettingsError, match="depth 19"):
        FASTER_RCNN.read_design({"depth": 19})

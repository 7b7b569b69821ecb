from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch

from recorder_core.detect.anchors import make_anchors
from recorder_core.detect.engines._openvino import OpenVinoEngine
from recorder_core.detect.engines._pytorch import PyTorchEngine
from recorder_core.detect.networks import RETINANET
from recorder_core.detect.networks.resnet.design import SCALE_BGR, ResNetDesign
from recorder_core.detect.networks.retinanet import RETINANET_ANCHORS
from recorder_core.detect.networks.retinanet._torch import RetinaNet
from recorder_core.errors import ModelMismatch, SettingsError

TINY = ResNetDesign(depth=18, width=4, pyramid=8)
#: of "name shape" lines of torchvision 0.28's retinanet_resnet50_fpn, in its order, without
#: the counters of batch norms
TORCHVISION_SHA256 = "3f9389702fbeff2cc3c481a92fd3aed0eff04620afd5191c930c191181d80ec7"


def tensors(design):
    """Tensors that keep activations near 1."""
    rng, made = np.random.default_rng(8), {}
    for name, shape in RETINANET.tensor_shapes(design, RETINANET_ANCHORS).items():
        values = rng.standard_normal(shape)
        if len(shape) == 4:
            values *= (2 / np.prod(shape[1:])) ** 0.5
        elif name.endswith("running_var") or (name.endswith("weight") and len(shape) == 1):
            values = 0.5 + 0.1 * np.abs(values)
        else:
            values *= 0.1
        made[name] = values.astype(np.float32)
    return made


@pytest.mark.parametrize("depth", [18, 34, 50])
def test_tensor_shapes_are_those_of_the_layers(depth):
    design = ResNetDesign(depth=depth, width=8, pyramid=16)
    state = RetinaNet(design, 9).state_dict()
    shapes = {k: tuple(v.shape) for k, v in state.items() if not k.endswith("batches_tracked")}
    expected = RETINANET.tensor_shapes(design, RETINANET_ANCHORS)
    assert shapes == expected
    assert list(shapes) == list(expected)


def test_names_and_shapes_are_torchvisions():
    shapes = dict(RETINANET.tensor_shapes(ResNetDesign(), RETINANET_ANCHORS))
    head = "head.classification_head.cls_logits"
    # 91 classes of COCO in place of one
    shapes |= {f"{head}.weight": (91 * 9, 256, 3, 3), f"{head}.bias": (91 * 9,)}
    text = "\n".join(f"{name} {shape}" for name, shape in shapes.items())
    assert hashlib.sha256(text.encode()).hexdigest() == TORCHVISION_SHA256


@pytest.mark.parametrize("depth", [18, 50])
def test_openvino_agrees_with_pytorch(depth):
    design = ResNetDesign(depth=depth, width=4, pyramid=8)
    made = tensors(design)
    batch = np.random.default_rng(4).standard_normal((1, 3, 96, 160)).astype(np.float32) * 60
    network = RETINANET.build_network(made, design, RETINANET_ANCHORS)
    expected = PyTorchEngine(network).infer(batch)
    graph = RETINANET.build_graph(made, design, RETINANET_ANCHORS)
    raw = OpenVinoEngine(graph, precision="f32").infer(batch)
    count = len(make_anchors(96, 160, RETINANET_ANCHORS))
    assert expected.face_probability.shape == (1, count)
    assert expected.face_probability.std() > 0.01
    np.testing.assert_allclose(raw.box_offsets, expected.box_offsets, rtol=0, atol=1e-3)
    np.testing.assert_allclose(raw.face_probability, expected.face_probability, rtol=0, atol=1e-4)


def test_pictures_are_normalised_as_the_published_weights_expect():
    network = RetinaNet(TINY, 9)
    seen = []
    network.backbone.body.conv1.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    pictures = torch.zeros(1, 3, 32, 32)
    # one spread above the mean in blue, nothing in green, two spreads below in red
    pictures[:, 0], pictures[:, 2] = SCALE_BGR[0], -2 * SCALE_BGR[2]
    with torch.inference_mode():
        network.eval()(pictures)
    assert seen[0][0, :, 0, 0].tolist() == pytest.approx([-2, 0, 1])
    assert RETINANET.mean_bgr == pytest.approx((103.53, 116.28, 123.675))


def test_an_untrained_network_sees_few_faces():
    torch.manual_seed(2)
    with torch.inference_mode():
        _, faces = RetinaNet(TINY, 9).eval()(torch.zeros(1, 3, 64, 64))
    assert float(faces.max()) < 0.05


def _public(made, classes=3):
    """The tensors as a public file of the older kind names them, for several classes."""
    renamed = {}
    for name, value in made.items():
        parts = name.split(".")
        if parts[2] in ("inner_blocks", "layer_blocks"):
            del parts[4]
        elif parts[0] == "head" and parts[2] == "conv":
            parts[3:5] = [str(2 * int(parts[3]))]
        renamed[".".join(parts)] = value
    head = "head.classification_head.cls_logits"
    for part in ("weight", "bias"):
        one = made[f"{head}.{part}"]
        several = np.stack([one + 1000 * (c - 1) for c in range(classes)], axis=1)
        renamed[f"{head}.{part}"] = several.reshape(-1, *one.shape[1:])
    return renamed


def test_public_weights_are_taken_over_with_the_person_as_the_face():
    made = tensors(TINY)
    public = _public(made)
    assert "backbone.fpn.inner_blocks.0.weight" in public
    assert "head.regression_head.conv.6.weight" in public
    adopted, design = RETINANET.adopt_public(public)
    assert RETINANET.read_design(design) == TINY
    RETINANET.check_tensors(adopted, TINY, RETINANET_ANCHORS)
    for name, value in made.items():
        if name.endswith("running_var"):
            # trained without anything added to the variance
            assert adopted[name] + 1e-5 == pytest.approx(value, rel=1e-5)
        else:
            assert np.array_equal(adopted[name], value), name


def test_weights_of_something_else_are_refused():
    with pytest.raises(ModelMismatch):
        RETINANET.adopt_public({"fc.weight": np.zeros(3, np.float32)})
    made = _public(tensors(TINY))
    del made["backbone.body.layer3.1.conv1.weight"]
    adopted, design = RETINANET.adopt_public(made)
    with pytest.raises(ModelMismatch, match=r"lack tensor backbone\.body\.layer3\.1\.conv1"):
        RETINANET.check_tensors(adopted, RETINANET.read_design(design), RETINANET_ANCHORS)


@pytest.mark.parametrize("values", [{"depth": 101}, {"width": 0}, {"pyramid": 2.5}])
def test_impossible_sizes_are_refused(values):
    with pytest.raises(SettingsError):
        RETINANET.read_design(values)

from __future__ import annotations

import copy
import subprocess
import sys

import numpy as np
import pytest
import torch

from recorder_core.detect._layers_torch import fold_batch_norm
from recorder_core.detect._retinaface_torch import RetinaFace
from recorder_core.detect.anchors import PUBLISHED_ANCHORS, make_anchors
from recorder_core.detect.families import RETINAFACE
from recorder_core.detect.family import NoDesign
from recorder_core.detect.weights import load_weights
from recorder_core.errors import ModelMismatch


def build_retinaface(tensors):
    return RETINAFACE.build_network(tensors, NoDesign(), PUBLISHED_ANCHORS)


@pytest.fixture(scope="module")
def tensors():
    return load_weights().tensors


@pytest.fixture(scope="module")
def network(tensors):
    return build_retinaface(tensors)


def test_tensor_shapes_are_those_of_the_layers():
    state = RetinaFace().state_dict()
    shapes = {k: tuple(v.shape) for k, v in state.items() if not k.endswith("batches_tracked")}
    expected = RETINAFACE.tensor_shapes(NoDesign(), PUBLISHED_ANCHORS)
    assert shapes == expected
    assert list(shapes) == list(expected)


def test_the_network_has_426608_parameters():
    assert sum(p.numel() for p in RetinaFace().parameters()) == 426_608


@pytest.mark.parametrize("size", [(64, 96), (65, 97), (33, 40)])
def test_outputs_fit_the_anchors_of_any_size(network, size):
    with torch.inference_mode():
        offsets, faces = network(torch.zeros(2, 3, *size))
        boxes, logits, landmarks = network.predict(torch.zeros(2, 3, *size))
    count = len(make_anchors(*size, PUBLISHED_ANCHORS))
    assert offsets.shape == boxes.shape == (2, count, 4)
    assert faces.shape == (2, count)
    assert logits.shape == (2, count, 2)
    assert landmarks.shape == (2, count, 10)
    assert torch.allclose(faces, logits.softmax(-1)[..., 1])


def test_the_network_is_ready_to_use(network):
    assert not network.training
    assert torch.equal(
        network.body.stage1[0][1].running_mean,
        torch.from_numpy(load_weights().tensors["body.stage1.0.1.running_mean"]),
    )


def test_pictures_of_a_batch_do_not_change_each_other(network):
    pictures = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 50
    with torch.inference_mode():
        together = network(pictures)[1]
        alone = network(pictures[1:])[1]
    assert torch.allclose(together[1:], alone, atol=1e-5)


def test_folding_batch_norms_changes_nothing(network):
    folded = fold_batch_norm(copy.deepcopy(network))
    pictures = torch.randn(1, 3, 96, 64, generator=torch.Generator().manual_seed(2)) * 50
    with torch.inference_mode():
        for ours, theirs in zip(folded.predict(pictures), network.predict(pictures), strict=True):
            assert torch.allclose(ours, theirs, atol=1e-3)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in folded.modules())


def test_the_network_does_not_share_memory_with_the_tensors(tensors):
    network = build_retinaface(tensors)
    with torch.no_grad():
        network.ClassHead[0].conv1x1.bias.add_(5)
    assert (
        build_retinaface(tensors).ClassHead[0].conv1x1.bias[0]
        != (network.ClassHead[0].conv1x1.bias[0])
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda t: t.pop("fpn.merge1.0.weight"), "lack tensor fpn.merge1.0.weight"),
        (
            lambda t: t.update({"BboxHead.1.conv1x1.bias": np.zeros(6, np.float32)}),
            r"tensor BboxHead.1.conv1x1.bias has shape \(6,\).*needs \(8,\)",
        ),
        (
            lambda t: t.update({"ssh1.conv3X3.1.bias": np.full(32, np.nan, np.float32)}),
            "ssh1.conv3X3.1.bias holds values that are not finite",
        ),
        (
            lambda t: t.update({"ssh1.conv3X3.1.bias": np.zeros(32, np.float16)}),
            "ssh1.conv3X3.1.bias is float16",
        ),
        (lambda t: t.update({"fc.weight": np.zeros(1, np.float32)}), "fc.weight .* not part"),
    ],
)
def test_the_first_wrong_tensor_is_named(tensors, change, sentence):
    changed = dict(tensors)
    change(changed)
    with pytest.raises(ModelMismatch, match=sentence):
        RETINAFACE.check_tensors(changed, NoDesign(), PUBLISHED_ANCHORS)


def test_importing_the_modules_does_not_import_torch():
    code = (
        "import sys, recorder_core.detect.anchors, recorder_core.detect.families, "
        "recorder_core.detect.weights as w; w.load_weights(); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

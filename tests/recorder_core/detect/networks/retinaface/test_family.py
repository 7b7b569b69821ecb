from __future__ import annotations

import copy
import subprocess
import sys

import numpy as np
import pytest
import torch

from recorder_core.detect._openvino_library import openvino
from recorder_core.detect.anchors import PUBLISHED_ANCHORS, make_anchors
from recorder_core.detect.networks import RETINAFACE
from recorder_core.detect.networks.layers._torch import fold_batch_norm
from recorder_core.detect.networks.retinaface import RetinaFaceDesign
from recorder_core.detect.networks.retinaface._torch import RetinaFace
from recorder_core.detect.weights import load_weights
from recorder_core.errors import ModelMismatch, SettingsError

DEEPER = RetinaFaceDesign(stage_blocks=(1, 2, 0), pyramid_blocks=(0, 1, 2))


def build_retinaface(tensors):
    return RETINAFACE.build_network(tensors, load_weights().design, PUBLISHED_ANCHORS)


def grow(sizes, seed=1, start=None):
    weights = load_weights() if start is None else start
    return RETINAFACE.grow(weights.tensors, weights.design, sizes, seed)


def say(tensors, design, pictures):
    network = RETINAFACE.build_network(tensors, design, PUBLISHED_ANCHORS)
    with torch.inference_mode():
        return [v.numpy() for v in network(pictures)]


@pytest.fixture(scope="module")
def pictures():
    return torch.randn(1, 3, 90, 141, generator=torch.Generator().manual_seed(4)) * 50


@pytest.fixture(scope="module")
def tensors():
    return load_weights().tensors


@pytest.fixture(scope="module")
def network(tensors):
    return build_retinaface(tensors)


@pytest.mark.parametrize("design", [RetinaFaceDesign(), DEEPER])
def test_tensor_shapes_are_those_of_the_layers(design):
    state = RetinaFace(design).state_dict()
    shapes = {k: tuple(v.shape) for k, v in state.items() if not k.endswith("batches_tracked")}
    expected = RETINAFACE.tensor_shapes(design, PUBLISHED_ANCHORS)
    assert shapes == expected
    assert list(shapes) == list(expected)


def test_the_published_network_has_426608_parameters():
    assert sum(p.numel() for p in RetinaFace(RetinaFaceDesign()).parameters()) == 426_608


def test_a_network_grows_without_saying_anything_else(pictures):
    start = load_weights()
    more = [count + 1 for count in start.design.stage_blocks]
    tensors, design = grow({"stage_blocks": more})
    assert design == RetinaFaceDesign(tuple(more), start.design.pyramid_blocks)
    before, after = say(start.tensors, start.design, pictures), say(tensors, design, pictures)
    for ours, theirs in zip(after, before, strict=True):
        assert np.array_equal(ours, theirs)
    assert all(np.array_equal(tensors[name], value) for name, value in start.tensors.items())


@pytest.mark.parametrize("name", ["deeper1.0", "deeper2.1", "finer2.0", "finer3.0", "finer3.1"])
def test_each_new_block_changes_what_is_said_on_both_engines(pictures, name):
    rng = np.random.default_rng(2)
    shapes = RETINAFACE.tensor_shapes(DEEPER, PUBLISHED_ANCHORS)
    plain = RETINAFACE.tensor_shapes(RetinaFaceDesign(), PUBLISHED_ANCHORS)
    start = {k: rng.normal(0, 0.05, s).astype(np.float32) for k, s in plain.items()}
    start |= {k: np.ones(s, np.float32) for k, s in plain.items() if k.endswith("running_var")}
    grown, design = RETINAFACE.grow(
        start, RetinaFaceDesign(), RETINAFACE.write_design(DEEPER), seed=1
    )
    assert {k: v.shape for k, v in grown.items()} == shapes
    last = f"{name}.branch.3.weight"
    changed = grown | {last: rng.normal(0, 0.5, shapes[last]).astype(np.float32)}
    before, after = say(grown, design, pictures), say(changed, design, pictures)
    assert not np.array_equal(before[0], after[0])
    graph = RETINAFACE.build_graph(changed, design, PUBLISHED_ANCHORS)
    precise = {"INFERENCE_PRECISION_HINT": "f32"}
    answers = openvino.Core().compile_model(graph, "CPU", precise)(pictures.numpy())
    for ours, theirs in zip(answers.values(), after, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_growing_follows_the_seed():
    more = {"pyramid_blocks": [count + 1 for count in load_weights().design.pyramid_blocks]}
    first, again, other = (grow(more, seed)[0] for seed in (1, 1, 2))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert any(not np.array_equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize("design", [RetinaFaceDesign(), DEEPER])
def test_the_design_is_known_by_the_tensors(design):
    assert RETINAFACE.find_design(RETINAFACE.tensor_shapes(design, PUBLISHED_ANCHORS)) == design


@pytest.mark.parametrize(
    "sizes",
    [
        {"stage_blocks": [1, 2]},
        {"stage_blocks": [1, 2, -1]},
        {"pyramid_blocks": [1, 2, 0.5]},
        {"pyramid_blocks": 1},
        {"blocks": [1, 1, 1]},
    ],
)
def test_impossible_sizes_are_refused(sizes):
    with pytest.raises(SettingsError):
        grow(sizes)


def test_a_network_does_not_shrink():
    tensors, design = grow({"stage_blocks": [9, 9, 9]})
    with pytest.raises(SettingsError, match="can only be made deeper"):
        RETINAFACE.grow(tensors, design, {"stage_blocks": [9, 8, 9]}, 1)


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
        RETINAFACE.check_tensors(changed, load_weights().design, PUBLISHED_ANCHORS)


def test_importing_the_modules_does_not_import_torch():
    code = (
        "import sys, recorder_core.detect.anchors, recorder_core.detect.networks, "
        "recorder_core.detect.weights as w; w.load_weights(); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

from __future__ import annotations

import numpy as np
import pytest
import torch

from recorder_core.detect.anchors import make_anchors
from recorder_core.detect.engines._openvino import OpenVinoEngine
from recorder_core.detect.engines._pytorch import PyTorchEngine
from recorder_core.detect.networks import COMPACT
from recorder_core.detect.networks.compact import COMPACT_ANCHORS, CompactDesign
from recorder_core.detect.networks.compact._torch import Compact
from recorder_core.errors import SettingsError

SMALL = CompactDesign(
    stem=(4, 6), channels=(8, 12, 16), blocks=(2, 0, 1), pyramid=8, head_convolutions=2
)


def _tensors(design):
    """Tensors that keep the activations near 1 and the probabilities away from 0 and 1."""
    rng, tensors = np.random.default_rng(3), {}
    for name, shape in COMPACT.tensor_shapes(design, COMPACT_ANCHORS).items():
        values = rng.standard_normal(shape)
        if len(shape) == 4:
            values *= (2 / np.prod(shape[1:])) ** 0.5
        elif name.endswith(("running_var", ".weight")):
            values = 1 + 0.2 * np.abs(values)
        tensors[name] = values.astype(np.float32)
    tensors["head.face.weight"] *= np.float32(0.01)
    tensors["head.box.weight"] *= np.float32(0.01)
    return tensors


@pytest.mark.parametrize("design", [CompactDesign(), SMALL])
def test_tensor_shapes_are_those_of_the_layers(design):
    state = Compact(design).state_dict()
    shapes = {k: tuple(v.shape) for k, v in state.items() if not k.endswith("batches_tracked")}
    expected = COMPACT.tensor_shapes(design, COMPACT_ANCHORS)
    assert shapes == expected
    assert list(shapes) == list(expected)


def test_the_default_is_compact():
    assert sum(p.numel() for p in Compact(CompactDesign()).parameters()) == 374_101


@pytest.mark.parametrize("size", [(64, 96), (93, 141)])
def test_openvino_agrees_with_pytorch(size):
    tensors = _tensors(SMALL)
    batch = np.random.default_rng(4).standard_normal((1, 3, *size)).astype(np.float32) * 50
    network = COMPACT.build_network(tensors, SMALL, COMPACT_ANCHORS)
    expected = PyTorchEngine(network).infer(batch)
    graph = COMPACT.build_graph(tensors, SMALL, COMPACT_ANCHORS)
    raw = OpenVinoEngine(graph, precision="f32").infer(batch)
    assert expected.face_probability.shape == (1, len(make_anchors(*size, COMPACT_ANCHORS)))
    assert expected.face_probability.std() > 0.01
    np.testing.assert_allclose(raw.box_offsets, expected.box_offsets, rtol=0, atol=1e-3)
    np.testing.assert_allclose(raw.face_probability, expected.face_probability, rtol=0, atol=1e-4)


def test_each_level_has_its_own_batch_norms():
    network = COMPACT.build_network(_tensors(SMALL), SMALL, COMPACT_ANCHORS)
    pictures = torch.zeros(1, 3, 64, 64)
    with torch.inference_mode():
        before = network(pictures)[1]
        network.head.norms[0][2].bias += 1.0
        after = network(pictures)[1]
    # 64 places at stride 8, 16 at stride 16, 4 at stride 32
    assert torch.equal(before[:, :80], after[:, :80])
    assert not torch.isclose(before[:, 80:], after[:, 80:]).any()


def test_an_untrained_network_sees_few_faces():
    torch.manual_seed(1)
    with torch.inference_mode():
        _, faces = Compact(CompactDesign()).eval()(torch.zeros(1, 3, 64, 64))
    assert float(faces.max()) < 0.05


@pytest.mark.parametrize(
    "values",
    [
        {"stem": [8]},
        {"channels": [8, 8, 0]},
        {"blocks": [1, 1, -1]},
        {"pyramid": 8.5},
        {"pyramid": "wide"},
        {"width": 3},
    ],
)
def test_impossible_sizes_are_refused(values):
    with pytest.raises(SettingsError):
        COMPACT.read_design(values)


def test_sizes_come_back_as_they_were_written():
    assert COMPACT.read_design(COMPACT.write_design(SMALL)) == SMALL

from __future__ import annotations

import numpy as np

from recorder_core.detect.networks import RETINAFACE
from recorder_core.detect.networks.layers._torch import fold_batch_norm
from recorder_core.detect.weights import load_weights
from recorder_core.train.folding import unfold_tensors


def build_retinaface(tensors):
    return RETINAFACE.build_network(tensors, load_weights().design, RETINAFACE.anchors)


def test_unfolding_undoes_folding():
    start = load_weights().tensors
    state = fold_batch_norm(build_retinaface(start)).state_dict()
    again = unfold_tensors({name: value.numpy() for name, value in state.items()}, start)
    RETINAFACE.check_tensors(again, load_weights().design, RETINAFACE.anchors)
    for name, value in start.items():
        np.testing.assert_allclose(again[name], value, rtol=1e-3, atol=1e-4, err_msg=name)


def test_a_change_of_the_folded_network_is_kept():
    start = load_weights().tensors
    state = fold_batch_norm(build_retinaface(start)).state_dict()
    changed = {name: value.numpy().copy() for name, value in state.items()}
    changed["fpn.merge1.0.weight"] *= 1.1
    changed["fpn.merge1.0.bias"] += 0.2
    changed["ClassHead.0.conv1x1.bias"] += 1
    again = unfold_tensors(changed, start)
    folded = fold_batch_norm(build_retinaface(again)).state_dict()
    for name, value in changed.items():
        assert np.abs(folded[name].numpy() - value).max() < 1e-3 * max(1, np.abs(value).max())

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from recorder_core.detect.networks import COMPACT, RETINAFACE, RETINANET
from recorder_core.detect.networks.resnet import ResNetDesign
from recorder_core.detect.networks.retinanet import RETINANET_ANCHORS
from recorder_core.detect.weights import load_weights, save_weights
from recorder_core.errors import ModelMismatch, SettingsError
from recorder_core.train.run.start import build_for_training, load_start
from recorder_core.train.settings import RunSettings, TrainingSettings

TINY = {"depth": 18, "width": 4, "pyramid": 8}


def _settings(detector, **changes):
    run = {name: changes.pop(name) for name in list(changes) if name in RunSettings.__slots__}
    return TrainingSettings(run=RunSettings(detector=detector, **run), **changes)


def _write(path, tensors, prefix=""):
    torch.save({f"{prefix}{k}": torch.from_numpy(v) for k, v in tensors.items()}, path)
    return path


def _save(path, weights, family):
    return save_weights(
        path,
        weights.tensors,
        anchors=weights.anchors,
        version="1",
        card={},
        must_find_faces=False,
        family=family,
        design=weights.design,
    )


def test_without_a_word_training_goes_on_from_the_programs_weights():
    assert load_start(TrainingSettings()).sha256 == load_weights().sha256


def test_a_family_without_weights_begins_anew_by_the_seed():
    first, again, other = (load_start(_settings("compact", seed=s)) for s in (1, 1, 2))
    assert first.detector == "compact"
    assert first.sha256 == again.sha256 != other.sha256
    state = torch.random.get_rng_state()
    load_start(_settings("compact"))
    assert torch.equal(state, torch.random.get_rng_state())


def test_a_new_network_has_the_sizes_and_anchors_that_are_asked_for():
    start = load_start(_settings("compact", network={"blocks": [0, 0, 1], "pyramid": 8}))
    assert (start.design.blocks, start.design.pyramid) == ((0, 0, 1), 8)
    assert start.anchors == COMPACT.anchors
    anchors = {"min_sizes_px": [[10, 20], [32, 64], [128, 256]]}
    start = load_start(_settings(RETINAFACE.name, anchors=anchors))
    assert start.anchors.min_sizes_px == ((10, 20), (32, 64), (128, 256))
    assert start.anchors.variances == (0.1, 0.2)
    with pytest.raises(SettingsError, match=r"no setting anchors\.size"):
        load_start(_settings("compact", anchors={"size": 3}))
    with pytest.raises(SettingsError, match="is not an anchor"):
        load_start(_settings("compact", anchors={"steps_px": ["a"]}))


def test_weights_of_another_detector_or_with_another_network_are_refused():
    path = load_weights().path
    with pytest.raises(ModelMismatch, match=r"weights of retinaface.*not of compact"):
        load_start(_settings("compact", start=path))
    with pytest.raises(SettingsError, match="brings its own network"):
        load_start(_settings(RETINAFACE.name, start=path, backbone=path))
    with pytest.raises(SettingsError, match="brings its own anchors"):
        load_start(_settings(RETINAFACE.name, start=path, anchors={"centre": 0.0}))


def test_a_start_can_be_made_deeper():
    weights = load_weights()
    more = [count + 1 for count in weights.design.stage_blocks]
    start = load_start(
        _settings(RETINAFACE.name, start=weights.path, network={"stage_blocks": more})
    )
    assert start.design.stage_blocks == tuple(more)
    assert start.design.pyramid_blocks == weights.design.pyramid_blocks
    assert start.sha256 != weights.sha256
    RETINAFACE.check_tensors(start.tensors, start.design, start.anchors)
    build_for_training(start, _settings(RETINAFACE.name, batch_norm="folded"))


def test_other_families_do_not_grow(tmp_path):
    first = load_start(_settings("compact"))
    path = _save(tmp_path / "compact.safetensors", first, COMPACT).path
    with pytest.raises(SettingsError, match="compact does not grow; leave out the sizes pyramid"):
        load_start(_settings("compact", start=path, network={"pyramid": 64}))


def test_a_classifiers_backbone_is_taken_over(tmp_path):
    tensors = load_weights().tensors
    body = {k.removeprefix("body."): v for k, v in tensors.items() if k.startswith("body.")}
    path = _write(
        tmp_path / "imagenet.pth.tar",
        {**body, "fc.weight": body["stage1.0.0.weight"]},
        prefix="module.",
    )
    start = load_start(_settings(RETINAFACE.name, backbone=path))
    name = "body.stage3.1.3.weight"
    assert np.array_equal(start.tensors[name], tensors[name])
    assert not np.array_equal(
        start.tensors["fpn.output1.0.weight"], tensors["fpn.output1.0.weight"]
    )
    del body["stage2.0.0.weight"]
    _write(path, body)
    with pytest.raises(ModelMismatch, match=r"not a backbone of .*stage2\.0\.0\.weight"):
        load_start(_settings(RETINAFACE.name, backbone=path))
    with pytest.raises(SettingsError, match=r"compact takes no run\.backbone"):
        load_start(_settings("compact", backbone=path))


def test_a_public_detector_is_taken_over(tmp_path):
    design = ResNetDesign(**TINY)
    rng = np.random.default_rng(1)
    tensors = {
        name: rng.random(shape, np.float32)
        for name, shape in RETINANET.tensor_shapes(design, RETINANET_ANCHORS).items()
    }
    path = _write(tmp_path / "coco.pth", tensors)
    start = load_start(_settings("retinanet", start=path))
    assert (start.design, start.version) == (design, "coco")
    assert start.anchors == RETINANET_ANCHORS
    with pytest.raises(ModelMismatch, match="cannot be adopted as retinanet"):
        load_start(_settings("retinanet", start=path, anchors={"aspect_ratios": [1.0]}))
    with pytest.raises(SettingsError, match="brings its own network"):
        load_start(_settings("retinanet", start=path, network=TINY))


def test_weights_of_this_program_go_on_as_they_are(tmp_path):
    new = load_start(_settings("retinanet", network=TINY))
    saved = _save(tmp_path / "mine.safetensors", new, RETINANET)
    start = load_start(_settings("retinanet", start=saved.path))
    assert (start.sha256, start.design) == (saved.sha256, new.design)


def test_fixed_batch_norms_neither_follow_nor_learn():
    settings = _settings("compact", batch_norm="fixed", network={"pyramid": 8})
    network = build_for_training(load_start(settings), settings)
    norms = [m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    before = [norm.running_mean.clone() for norm in norms]
    offsets, _ = network.predict(torch.randn(1, 3, 64, 64))
    offsets.sum().backward()
    assert all(torch.equal(a, b.running_mean) for a, b in zip(before, norms, strict=True))
    assert all(norm.weight.grad is None for norm in norms)
    assert network.stem[0][0].weight.grad is not None
    live = replace(settings, run=replace(settings.run, batch_norm="live"))
    assert build_for_training(load_start(live), live).stem[0][1].training

"""The weights that a training starts from: a file, the program's, or new ones."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect.anchors import AnchorSettings
from recorder_core.detect.networks import family_named
from recorder_core.detect.networks.family import NetworkFamily
from recorder_core.detect.weights import Weights, load_weights
from recorder_core.detect.weights.tensors import read_checkpoint
from recorder_core.errors import ModelMismatch, SettingsError

if TYPE_CHECKING:
    from torch import nn

    from recorder_core.train.settings import TrainingSettings

__all__ = ["build_for_training", "load_start"]


def load_start(settings: TrainingSettings) -> Weights:
    """Return the weights that a run starts from.

    Parameters
    ----------
    settings : TrainingSettings

    Returns
    -------
    Weights
        With the network's sizes and anchors; new ones depend on the seed only.

    Raises
    ------
    ModelMismatch
        If the file is damaged or belongs to another detector.
    SettingsError
        If the settings contradict each other.
    """
    run, family = settings.run, family_named(settings.run.detector)
    new = bool(run.backbone or settings.network or settings.anchors or not family.shipped)
    if run.start is None and new:
        return _new_weights(settings, family)
    if run.start is not None and run.backbone:
        raise SettingsError("run.start brings its own network; leave out run.backbone")
    if run.start is not None and family.adopts and _stands_alone(run.start):
        if settings.network:
            raise SettingsError("run.start brings its own network; leave out [network]")
        return _adopt_public(run.start, settings, family)
    if run.start is not None and settings.anchors:
        raise SettingsError("run.start brings its own anchors; leave out [anchors]")
    weights = load_weights(run.start, family=family)
    if weights.detector != family.network:
        raise ModelMismatch(
            f"run.start holds weights of {weights.detector}, not of {family.network}; "
            "run.detector must fit them"
        )
    if not settings.network:
        return weights
    tensors, design = family.grow(weights.tensors, weights.design, settings.network, run.seed)
    return _unsaved(family, tensors, weights.anchors, design, f"{weights.version}, deeper")


def _new_weights(settings: TrainingSettings, family: NetworkFamily[Any]) -> Weights:
    import torch

    design = family.read_design(settings.network)
    anchors = _read_anchors(settings, family.anchors)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.run.seed)
        state = family.new_network(design, anchors).state_dict()
    shapes = family.tensor_shapes(design, anchors)
    tensors = {name: state[name].numpy().copy() for name in shapes}
    if settings.run.backbone is not None:
        tensors |= _read_backbone(settings.run.backbone, family, tensors)
    return _unsaved(family, tensors, anchors, design, version="untrained")


def _stands_alone(path: Path) -> bool:
    return path.suffix != ".safetensors" and not path.with_suffix(".json").is_file()


def _adopt_public(path: Path, settings: TrainingSettings, family: NetworkFamily[Any]) -> Weights:
    tensors, sizes = family.adopt_public(read_checkpoint(path))
    design, anchors = family.read_design(sizes), _read_anchors(settings, family.anchors)
    try:
        family.check_tensors(tensors, design, anchors)
    except ModelMismatch as exc:
        raise ModelMismatch(f"{path} cannot be adopted as {family.name}: {exc}") from exc
    return _unsaved(family, tensors, anchors, design, version=path.stem)


def _unsaved(
    family: NetworkFamily[Any],
    tensors: dict[str, NDArray[np.float32]],
    anchors: AnchorSettings,
    design: Any,
    version: str,
) -> Weights:
    digest = hashlib.sha256(b"".join(tensors[name].tobytes() for name in sorted(tensors)))
    return Weights(
        family.network,
        tensors,
        anchors,
        family.mean_bgr,
        digest.hexdigest(),
        Path(version),
        version,
        design=design,
    )


def _read_anchors(settings: TrainingSettings, default: AnchorSettings) -> AnchorSettings:
    if not settings.anchors:
        return default
    known = {name: getattr(default, name) for name in default.__slots__}
    for name in settings.anchors:
        if name not in known:
            raise SettingsError(f"there is no setting anchors.{name}")
    try:
        return AnchorSettings.from_values(known | dict(settings.anchors))
    except (TypeError, ValueError) as exc:
        raise SettingsError(f"[anchors] holds something that is not an anchor: {exc}") from exc


def _read_backbone(
    path: Path, family: NetworkFamily[Any], tensors: dict[str, NDArray[np.float32]]
) -> dict[str, NDArray[np.float32]]:
    """Return the backbone's tensors of a classifier, under the names of the detector."""
    prefix = family.backbone
    if not prefix:
        raise SettingsError(f"{family.name} takes no run.backbone; leave it out")
    found = {f"{prefix}{name}": value for name, value in read_checkpoint(path).items()}
    wanted = [name for name in tensors if name.startswith(prefix)]
    for name in wanted:
        if name not in found or found[name].shape != tensors[name].shape:
            raise ModelMismatch(
                f"{path} is not a backbone of {family.name}: tensor {name.removeprefix(prefix)} is "
                "missing or has another shape"
            )
    return {name: found[name] for name in wanted}


def build_for_training(start: Weights, settings: TrainingSettings) -> nn.Module:
    """Build the network that learns, its batch norms as the settings say.

    Raises
    ------
    SettingsError
        If the family's batch norms cannot be treated so.
    """
    from recorder_core.detect.networks.layers._torch import fold_batch_norm, put_channels_last

    family = family_named(settings.run.detector)
    network = family.build_network(start.tensors, start.design, start.anchors)
    if settings.run.batch_norm == "folded":
        if not family.folds:
            raise SettingsError(
                f"the batch norms of {family.name} are not folded in training; set run.batch_norm "
                'to "live" or "fixed"'
            )
        fold_batch_norm(network)
    put_channels_last(network).train()
    if settings.run.batch_norm == "fixed":
        _fix_norms(network)
    return network


def _fix_norms(network: nn.Module) -> None:
    from torch.nn import BatchNorm2d

    for module in network.modules():
        if isinstance(module, BatchNorm2d):
            module.eval().requires_grad_(False)

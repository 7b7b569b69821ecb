"""Which engines can run on this machine, which one will, and why.

PyTorch is the reference that the others must agree with. Importing this module
imports neither PyTorch nor OpenVINO; asking for facts imports OpenVINO only, unless
an NVIDIA card and a CUDA build of PyTorch are both there.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Final

from recorder_core.detect.networks.family import EngineName
from recorder_core.errors import EngineUnavailable, SettingsError

__all__ = ["ENGINE_NAMES", "EngineChoice", "EngineFact", "choose_engine", "engine_facts"]

ENGINE_NAMES: Final[tuple[EngineName, ...]] = ("openvino", "pytorch", "pytorch-cuda")
#: "auto" takes the first of these that can run
AUTOMATIC_ORDER: Final[tuple[EngineName, ...]] = ("pytorch-cuda", "openvino", "pytorch")
#: where the NVIDIA driver shows its cards: Linux, Windows Subsystem for Linux
DEVICES_FOLDER: Final = Path("/dev")
_NVIDIA_DEVICES: Final = ("nvidia[0-9]*", "dxg")


@dataclass(frozen=True, slots=True)
class EngineFact:
    """Whether an engine can run on this machine, and how."""

    name: EngineName
    available: bool
    #: one sentence: why it can or cannot
    reason: str
    #: version of the library, "" when it is not installed
    version: str = ""
    device: str = ""
    precision: str = ""


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """The engine that will run, and one sentence that says why."""

    name: EngineName
    reason: str


def engine_facts(names: Iterable[EngineName] = ENGINE_NAMES) -> list[EngineFact]:
    """Find out which engines can run on this machine.

    Parameters
    ----------
    names : iterable of str
        The engines to ask about; only their libraries are looked at.

    Returns
    -------
    list of EngineFact
        In the order of `names`.
    """
    return [_FACTS[name]() for name in names]


def choose_engine(
    name: str = "auto", among: Sequence[EngineName] = AUTOMATIC_ORDER
) -> EngineChoice:
    """Choose the engine, and say why.

    Parameters
    ----------
    name : {"auto", "openvino", "pytorch", "pytorch-cuda"}
        "auto" takes an NVIDIA card where one can be used, else OpenVINO, else PyTorch.
    among : sequence of str
        The engines that can run the network, in the order in which "auto" tries them.

    Raises
    ------
    EngineUnavailable
        If the engine that was asked for, or every engine, cannot run here.
    SettingsError
        If there is no engine of this name.
    """
    if name == "auto":
        return _choose_automatically(among)
    for known in ENGINE_NAMES:
        if name == known:
            if known not in among:
                raise EngineUnavailable(
                    f"engine {name} cannot run this detector; choose {' or '.join(among)}"
                )
            fact = _FACTS[known]()
            if not fact.available:
                raise EngineUnavailable(f"engine {name} cannot run here: {fact.reason}")
            return EngineChoice(known, f"{name} was requested; {fact.reason}")
    raise SettingsError(
        f"there is no engine {name!r}; choose one of auto, {', '.join(ENGINE_NAMES)}"
    )


def _choose_automatically(among: Sequence[EngineName]) -> EngineChoice:
    refused: list[str] = []
    for name in among:
        fact = _FACTS[name]()
        if fact.available:
            return EngineChoice(fact.name, "; ".join([*refused, f"{name}: {fact.reason}"]))
        refused.append(f"not {name}: {fact.reason}")
    raise EngineUnavailable(f"no engine can run here; {'; '.join(refused)}")


def _openvino_fact() -> EngineFact:
    version = _installed_version("openvino")
    if not version:
        return EngineFact("openvino", False, "OpenVINO is not installed")
    from recorder_core.detect.engines._openvino import (
        best_precision,
        openvino_core,
        processor_name,
    )

    core = openvino_core()
    if "CPU" not in core.available_devices:
        return EngineFact("openvino", False, "OpenVINO does not know this processor", version)
    precision = best_precision(core)
    reason = (
        "the processor computes in bfloat16"
        if precision == "bf16"
        else "the processor has no bfloat16, so it computes in float32"
    )
    return EngineFact("openvino", True, reason, version, processor_name(core), precision)


def _pytorch_fact() -> EngineFact:
    version = _installed_version("torch")
    if not version:
        return EngineFact("pytorch", False, "PyTorch is not installed")
    device = platform.processor() or platform.machine()
    return EngineFact("pytorch", True, "the reference engine", version, device, "f32")


def _pytorch_cuda_fact() -> EngineFact:
    version = _installed_version("torch")
    obstacle = _cuda_obstacle(version)
    if obstacle:
        return EngineFact("pytorch-cuda", False, obstacle, version)
    import torch

    if not torch.cuda.is_available():
        reason = "PyTorch cannot use the NVIDIA card; check the driver's version"
        return EngineFact("pytorch-cuda", False, reason, version)
    device = torch.cuda.get_device_name()
    return EngineFact("pytorch-cuda", True, f"found {device}", version, device, "f32")


def _cuda_obstacle(version: str) -> str:
    """Return why CUDA is out of the question, without importing PyTorch; "" if it may work."""
    if not version:
        return "PyTorch is not installed"
    has_card = any(any(DEVICES_FOLDER.glob(pattern)) for pattern in _NVIDIA_DEVICES)
    if os.name == "posix" and not has_card:
        return "no NVIDIA card was found"
    if version.endswith("+cpu"):
        return "this PyTorch is built without CUDA; install the CUDA build"
    return ""


def _installed_version(package: str) -> str:
    """Return the version of an installed package without importing it, "" if it is not there."""
    if util.find_spec(package) is None:
        return ""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "unknown"


_FACTS: Final[dict[EngineName, Callable[[], EngineFact]]] = {
    "openvino": _openvino_fact,
    "pytorch": _pytorch_fact,
    "pytorch-cuda": _pytorch_cuda_fact,
}

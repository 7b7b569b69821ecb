"""The detector families of this program, by the name of the detector and of the network."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from recorder_core.detect.networks.compact import CompactFamily
from recorder_core.detect.networks.family import NetworkFamily, NetworkName
from recorder_core.detect.networks.faster_rcnn import FasterRcnnFamily
from recorder_core.detect.networks.retinaface import RetinaFaceFamily
from recorder_core.detect.networks.retinanet import RetinaNetFamily
from recorder_core.errors import ModelMismatch, SettingsError

__all__ = [
    "COMPACT",
    "FAMILIES",
    "FASTER_RCNN",
    "RETINAFACE",
    "RETINANET",
    "family_named",
    "family_of",
]

RETINAFACE: Final = RetinaFaceFamily()
COMPACT: Final = CompactFamily()
RETINANET: Final = RetinaNetFamily()
FASTER_RCNN: Final = FasterRcnnFamily()
#: name of the detector -> family; the first is the default
FAMILIES: Final[Mapping[NetworkName, NetworkFamily[Any]]] = MappingProxyType(
    {family.name: family for family in (RETINAFACE, COMPACT, RETINANET, FASTER_RCNN)}
)


def family_named(name: str) -> NetworkFamily[Any]:
    """Return the family of a detector.

    Raises
    ------
    SettingsError
        If no detector with a network has this name.
    """
    for known, family in FAMILIES.items():
        if name == known:
            return family
    raise SettingsError(f"there is no network {name!r}; choose one of {', '.join(FAMILIES)}")


def family_of(network: str) -> NetworkFamily[Any]:
    """Return the family that a weights file names.

    Raises
    ------
    ModelMismatch
        If this program does not know the network.
    """
    for family in FAMILIES.values():
        if family.network == network:
            return family
    raise ModelMismatch(f"the weights belong to {network!r}, which this program does not know")

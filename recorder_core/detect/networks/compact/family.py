"""The compact detector: how it is built on each engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recorder_core.detect.anchors import AnchorSettings
from recorder_core.detect.networks.compact.design import (
    COMPACT_ANCHORS,
    CompactDesign,
    list_shapes,
)
from recorder_core.detect.networks.family import NetworkFamily, Shape, Tensors

if TYPE_CHECKING:
    import openvino
    from torch import nn

__all__ = ["CompactFamily"]


class CompactFamily(NetworkFamily[CompactDesign]):
    """Narrow standard convolutions, a small pyramid with a way back, shared heads."""

    name = "compact"
    network = "compact"
    #: near the mean of photos; the first batch norm does the rest
    mean_bgr = (104.0, 117.0, 123.0)
    anchors = COMPACT_ANCHORS
    design_type = CompactDesign

    def tensor_shapes(self, design: CompactDesign, _anchors: AnchorSettings) -> dict[str, Shape]:
        """Return name and shape of every tensor, in the order of the network."""
        return dict(list_shapes(design))

    def new_network(self, design: CompactDesign, _anchors: AnchorSettings) -> nn.Module:
        """Return `recorder_core.detect.networks.compact._torch.Compact`, untrained."""
        from recorder_core.detect.networks.compact._torch import Compact

        return Compact(design)

    def build_graph(
        self,
        tensors: Tensors,
        design: CompactDesign,
        anchors: AnchorSettings,
    ) -> openvino.Model:
        """Describe the network in OpenVINO's operations; see `NetworkFamily.build_graph`."""
        from recorder_core.detect.networks.compact._openvino import build_graph

        self.check_tensors(tensors, design, anchors)
        return build_graph(tensors, design)

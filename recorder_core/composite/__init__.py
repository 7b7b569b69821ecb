"""Views of sources and panels of the recorder that become one frame."""

from recorder_core.composite.compositor import Compositor
from recorder_core.composite.layout import (
    CompositeLayout,
    Fit,
    LayoutPanel,
    LayoutView,
    PanelKind,
    StaticZone,
)
from recorder_core.composite.layout_values import layout_from_values, layout_values
from recorder_core.composite.panels.panel import PanelContent
from recorder_core.composite.placement import Placement, place_picture
from recorder_core.composite.presets import LAYOUT_PRESETS, preset_layout
from recorder_core.composite.signal_board import Reading, SignalBoard
from recorder_core.composite.source_picture import picture_without_zones

__all__ = [
    "LAYOUT_PRESETS",
    "CompositeLayout",
    "Compositor",
    "Fit",
    "LayoutPanel",
    "LayoutView",
    "PanelContent",
    "PanelKind",
    "Placement",
    "Reading",
    "SignalBoard",
    "StaticZone",
    "layout_from_values",
    "layout_values",
    "picture_without_zones",
    "place_picture",
    "preset_layout",
]

"""Views of sources and panels of the recorder that become one frame."""

from recorder_core.composite.layout import (
    CompositeLayout,
    Fit,
    LayoutPanel,
    LayoutView,
    PanelKind,
    StaticZone,
)
from recorder_core.composite.layout_values import layout_from_values, layout_values
from recorder_core.composite.presets import LAYOUT_PRESETS, preset_layout

__all__ = [
    "LAYOUT_PRESETS",
    "CompositeLayout",
    "Fit",
    "LayoutPanel",
    "LayoutView",
    "PanelKind",
    "StaticZone",
    "layout_from_values",
    "layout_values",
    "preset_layout",
]

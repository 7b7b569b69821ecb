"""Widgets for notebooks and dashboards: player, timeline of signals, editor of boxes."""

from workbench.widgets.player import Player, Screenshot, pack_boxes

__all__ = ["Player", "Screenshot", "pack_boxes"]

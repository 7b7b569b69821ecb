"""Widgets for notebooks and dashboards: player, timeline of signals, editor of boxes."""

from workbench.widgets.editor import BoxEditor, EditedCorrections, FollowRequest
from workbench.widgets.player import Player, Screenshot, pack_boxes
from workbench.widgets.timeline import Signal, Timeline, link_to_player

__all__ = [
    "BoxEditor",
    "EditedCorrections",
    "FollowRequest",
    "Player",
    "Screenshot",
    "Signal",
    "Timeline",
    "link_to_player",
    "pack_boxes",
]

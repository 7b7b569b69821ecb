"""Widgets for notebooks and dashboards: player, timeline of signals, editor of boxes."""

from workbench.widgets.editor import BoxEditor, EditedCorrections, FollowRequest
from workbench.widgets.player import Player, Screenshot, pack_boxes, pack_table
from workbench.widgets.review import Decision, ReviewDesk, ReviewRequest
from workbench.widgets.timeline import Signal, Timeline, link_to_player

__all__ = [
    "BoxEditor",
    "Decision",
    "EditedCorrections",
    "FollowRequest",
    "Player",
    "ReviewDesk",
    "ReviewRequest",
    "Screenshot",
    "Signal",
    "Timeline",
    "link_to_player",
    "pack_boxes",
    "pack_table",
]

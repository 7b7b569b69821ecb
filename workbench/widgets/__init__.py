"""Widgets for notebooks and dashboards: player, timeline of signals, editor of boxes, pages.

Each is imported when it is asked for: the page of one needs nothing of what another decodes.
"""

from typing import TYPE_CHECKING

from recorder_core.lazy_names import lazy_names

if TYPE_CHECKING:
    from recorder_core.signals import Signal
    from workbench.widgets.editor import BoxEditor, EditedCorrections, FollowRequest
    from workbench.widgets.playback import PlaybackBoard, PlaybackEvent, PlaybackMarker
    from workbench.widgets.player import Player, Screenshot, pack_boxes, pack_table
    from workbench.widgets.profiling import ProfiledRun, ProfilingBoard
    from workbench.widgets.review import Decision, ReviewDesk, ReviewRequest
    from workbench.widgets.signal_packing import pack_signals
    from workbench.widgets.timeline import Timeline, link_to_player

__all__ = [
    "BoxEditor",
    "Decision",
    "EditedCorrections",
    "FollowRequest",
    "PlaybackBoard",
    "PlaybackEvent",
    "PlaybackMarker",
    "Player",
    "ProfiledRun",
    "ProfilingBoard",
    "ReviewDesk",
    "ReviewRequest",
    "Screenshot",
    "Signal",
    "Timeline",
    "link_to_player",
    "pack_boxes",
    "pack_signals",
    "pack_table",
]

__getattr__ = lazy_names(
    __name__,
    {
        "recorder_core.signals": ("Signal",),
        "workbench.widgets.editor": ("BoxEditor", "EditedCorrections", "FollowRequest"),
        "workbench.widgets.playback": ("PlaybackBoard", "PlaybackEvent", "PlaybackMarker"),
        "workbench.widgets.player": ("Player", "Screenshot", "pack_boxes", "pack_table"),
        "workbench.widgets.profiling": ("ProfiledRun", "ProfilingBoard"),
        "workbench.widgets.review": ("Decision", "ReviewDesk", "ReviewRequest"),
        "workbench.widgets.signal_packing": ("pack_signals",),
        "workbench.widgets.timeline": ("Timeline", "link_to_player"),
    },
)

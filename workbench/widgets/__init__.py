"""Widgets for notebooks and dashboards: player, timeline of signals, editor of boxes, pages.

Each is imported when it is asked for: the page of one needs nothing of what another decodes.
"""

from typing import TYPE_CHECKING

from recorder_core.lazy_names import lazy_names

if TYPE_CHECKING:
    from recorder_core.signals import (
        Signal as Signal,
    )
    from workbench.widgets.editor import (
        BoxEditor as BoxEditor,
        EditedCorrections as EditedCorrections,
        FollowRequest as FollowRequest,
    )
    from workbench.widgets.event_copy import (
        copy_seconds as copy_seconds,
        copy_traits as copy_traits,
        frame_traits as frame_traits,
        shown_seconds as shown_seconds,
    )
    from workbench.widgets.pictures import (
        FramePictures as FramePictures,
    )
    from workbench.widgets.playback import (
        PlaybackBoard as PlaybackBoard,
        PlaybackEvent as PlaybackEvent,
        PlaybackMarker as PlaybackMarker,
    )
    from workbench.widgets.player import (
        Player as Player,
        Screenshot as Screenshot,
        pack_boxes as pack_boxes,
        pack_table as pack_table,
    )
    from workbench.widgets.profiling import (
        ProfiledRun as ProfiledRun,
        ProfilingBoard as ProfilingBoard,
    )
    from workbench.widgets.review import (
        Decision as Decision,
        ReviewDesk as ReviewDesk,
        ReviewRequest as ReviewRequest,
    )
    from workbench.widgets.signal_packing import (
        pack_signals as pack_signals,
    )
    from workbench.widgets.timeline import (
        Timeline as Timeline,
        link_to_player as link_to_player,
    )


__getattr__, __all__ = lazy_names(__name__, __file__)

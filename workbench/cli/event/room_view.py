"""``workbench event view``: where the room lies in the frames of an event."""

from __future__ import annotations

import argparse
from typing import Any

from recorder_core.jobs import archive as jobs
from workbench.cli.archive.sign_in import add_archive_arguments, opened
from workbench.cli.arguments.common import add_action, add_event_argument
from workbench.cli.terminal.listing import show

__all__ = ["add_actions"]


def add_actions(actions: Any) -> None:
    """Add the action to ``workbench event``."""
    parser = add_action(
        actions,
        "view",
        _view,
        "show or set the room view of an event",
        "Show the part of the frame in which copies of an event search faces, or set it. What "
        "was made already stays as it is.",
    )
    add_event_argument(parser)
    parser.add_argument(
        "--set",
        dest="new_view",
        metavar="X,Y,W,H",
        help="in pixels or by name, as for 'workbench deidentify --view'; full: the whole frame",
    )
    add_archive_arguments(parser)


def _view(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        event = archive.event(options.event)
        if options.new_view is None:
            view = event.room_view()
        else:
            view = jobs.set_room_view(archive, event.event_id, options.new_view)
    text = None if view is None else str(view)
    said = f"its room view is {text}" if text else "it has no room view"
    show(options, {"event": event.event_id, "room_view": text}, f"event {event.event_id}: {said}")
    return 0

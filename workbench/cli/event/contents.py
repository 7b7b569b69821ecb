"""What a person adds to an event: screenshots, markers, the devices that recorded it."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

from recorder_core.jobs import archive as jobs
from recorder_core.jobs.archive.words import Action
from workbench.cli.archive.sign_in import add_archive_arguments, complain_of_copies, opened
from workbench.cli.arguments.common import (
    add_action,
    add_event_argument,
    add_quiet_argument,
    parse_seconds,
)
from workbench.cli.arguments.numbers import whole_number
from workbench.cli.terminal.console import ask
from workbench.cli.terminal.listing import format_table, show
from workbench.cli.terminal.progress import show_progress

__all__ = ["add_actions"]

_SEALED = "stored sealed; without TEXT it is asked for, so that it is not in the shell's history"


def add_actions(actions: Any) -> None:
    """Add the actions to ``workbench event``."""
    _add_screenshot(actions)
    _add_mark(actions)
    _add_device(actions)


def _add_screenshot(actions: Any) -> None:
    parser = add_action(
        actions,
        "screenshot",
        _screenshot,
        "take pictures out of the recording and store them sealed with the event",
        "Take pictures out of the original and store them, sealed to those who can open it. A "
        "report without names shows the same frames of the released copy instead.",
    )
    add_event_argument(parser)
    parser.add_argument(
        "--at",
        action="append",
        default=[],
        type=parse_seconds,
        metavar="TIME",
        help="from the start of the event: 83.5, 1:23.5 or 0:01:23.5; may be repeated",
    )
    parser.add_argument(
        "--frame",
        action="append",
        default=[],
        type=whole_number(0),
        metavar="N",
        help="may be repeated",
    )
    _add_note(parser, "caption for all of these pictures")
    add_quiet_argument(parser)
    add_archive_arguments(parser)


def _add_mark(actions: Any) -> None:
    parser = add_action(
        actions,
        "mark",
        _mark,
        "mark a moment or a span of an event",
        "Mark a moment or a span of an event. The kind is a code, stored in clear.",
    )
    add_event_argument(parser)
    parser.add_argument("kind", metavar="KIND", help="code, such as incision")
    parser.add_argument(
        "--at",
        required=True,
        type=parse_seconds,
        metavar="TIME",
        help="from the start of the event: 83.5, 1:23.5 or 0:01:23.5",
    )
    parser.add_argument("--until", type=parse_seconds, metavar="TIME", help="end of a span")
    _add_note(parser, "a note about it")
    add_archive_arguments(parser)


def _add_device(actions: Any) -> None:
    parser = add_action(
        actions,
        "device",
        _device,
        "note that a device recorded an event",
        "Note that a device recorded an event, for its report. Kind and model are codes, stored "
        "in clear; the serial number is stored sealed, with the names.",
    )
    add_event_argument(parser)
    parser.add_argument("kind", metavar="KIND", help="laparoscope, room-camera, bis-monitor, ...")
    parser.add_argument("--model", metavar="CODE", help="maker and model, without spaces")
    parser.add_argument("--serial", metavar="TEXT", nargs="?", const="", help=_SEALED)
    for what, means in (
        ("recorded", "frames that it gave"),
        ("dropped", "frames that never came"),
        ("repeated", "frames shown again because no new one had come"),
    ):
        parser.add_argument(f"--frames-{what}", type=whole_number(0), metavar="N", help=means)
    add_archive_arguments(parser)


def _add_note(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--note", metavar="TEXT", nargs="?", const="", help=f"{what}; {_SEALED}")


def _typed(given: str | None, prompt: str) -> str | None:
    return ask(prompt) if given == "" else given


def _screenshot(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        event = archive.event(options.event)
        archive.refuse_unless(Action.TAKE_SCREENSHOT, event.event_id)
        request = jobs.ScreenshotRequest(
            at_seconds=tuple(options.at),
            frame_indexes=tuple(options.frame),
            note=_typed(options.note, "note"),
        )
        with show_progress(event.event_id, quiet=options.quiet, unit="pictures") as progress:
            taken = jobs.take_screenshots(archive, event.event_id, request, progress)
        faults = archive.copy_faults
    rows = [(f"{shot.at_seconds:.3f}", shot.frame_index, shot.pts, shot.file_id) for shot in taken]
    table = format_table(("second", "frame", "pts", "file, sealed"), rows)
    show(options, [dataclasses.asdict(shot) for shot in taken], table)
    return complain_of_copies(faults)


def _mark(options: argparse.Namespace) -> int:
    start, stop = options.at, options.until
    with opened(options) as archive:
        event = archive.event(options.event)
        archive.refuse_unless(Action.MARK, event.event_id)
        note = _typed(options.note, "note")
        marker = jobs.mark_event(
            archive, event.event_id, options.kind, start_seconds=start, stop_seconds=stop, note=note
        )
    until = "" if stop is None else f" to {stop:.1f} s"
    what = f"{marker.kind} at {start:.1f} s{until}"
    sentence = f"event {marker.event_id}: {what}{', with a note' if note else ''}"
    show(options, dataclasses.asdict(marker), sentence)
    return 0


def _device(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        event = archive.event(options.event)
        archive.refuse_unless(Action.WRITE_IDENTITY, event.event_id)
        facts = jobs.DeviceFacts(
            kind=options.kind,
            model=options.model,
            serial_number=_typed(options.serial, "serial number"),
            frames_recorded=options.frames_recorded,
            frames_dropped=options.frames_dropped,
            frames_repeated=options.frames_repeated,
        )
        device = jobs.add_device(archive, event.event_id, facts)
    sentence = f"event {device.event_id} was recorded by: {device.kind}"
    show(options, dataclasses.asdict(device), sentence)
    return 0

"""``workbench event``: import and list; the modules beside this one have the rest."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from recorder_core.errors import Cancelled, RecorderError
from recorder_core.jobs import archive as jobs
from recorder_core.jobs.archive.words import Action, EventState
from recorder_core.model import VIDEO_SUFFIXES
from workbench.cli.archive.sign_in import add_archive_arguments, complain_of_copies, opened
from workbench.cli.arguments.common import (
    add_action,
    add_group,
    add_quiet_argument,
    add_video_stream_argument,
)
from workbench.cli.arguments.inputs import find_files, say_left_out
from workbench.cli.event import (
    contents,
    correct,
    deidentify,
    details,
    export,
    life,
    moments,
    room_view,
)
from workbench.cli.memory.large_blocks import map_large_blocks
from workbench.cli.memory.memory_limit import memory_sentence
from workbench.cli.terminal.console import ask, complain
from workbench.cli.terminal.listing import (
    format_count,
    format_duration,
    format_table,
    format_time,
    print_json,
    show,
)
from workbench.cli.terminal.progress import show_progress

__all__ = ["add_parser", "event_rows"]

_STATES = [state.value for state in EventState]
#: who says when a recording began, and what to do about it
_SAID_BY: Final = {
    "given": "as given",
    "tag": "as the file's own tag says",
    "file time": "a guess: when the file was last written, less its length; if it is wrong, import "
    "with --started",
}


def add_parser(commands: Any) -> None:
    """Add the commands to the parser."""
    actions = add_group(
        commands,
        "event",
        description="Import, list, show, release, export and delete the events of an archive.",
    )
    _add_list(actions)
    details.add_actions(actions)
    _add_import(actions)
    export.add_actions(actions)
    contents.add_actions(actions)
    room_view.add_actions(actions)
    deidentify.add_actions(actions)
    moments.add_actions(actions)
    correct.add_actions(actions)
    life.add_actions(actions)


def _add_list(actions: Any) -> None:
    parser = add_action(actions, "list", _list, "list the events")
    parser.add_argument("--state", choices=_STATES, metavar="STATE", help=", ".join(_STATES))
    parser.add_argument("--procedure", metavar="CODE", help="only of this procedure")
    parser.add_argument("--deleted", action="store_true", help="deleted ones too")
    parser.add_argument(
        "--name",
        metavar="TEXT",
        nargs="?",
        const="",
        help="only events in whose names TEXT occurs and that your key opens; shows the names; "
        "without TEXT it is asked for, so that no name is left in the shell's history",
    )
    add_archive_arguments(parser)


def _add_import(actions: Any) -> None:
    parser = add_action(
        actions,
        "import",
        _import,
        "take videos, or folders of videos, into the archive",
        "Take videos into the archive, one event each. Video and audio are not encoded "
        "again; names, and the names of the files, are stored sealed.",
    )
    parser.add_argument("inputs", nargs="+", type=Path, metavar="VIDEO", help="video or folder")
    parser.add_argument("--procedure", default="unknown", metavar="CODE", help="default: unknown")
    parser.add_argument("--site", metavar="CODE", help="default: the archive's own")
    parser.add_argument(
        "--started",
        metavar="TIME",
        help="2026-05-04T09:30; default: what the file's own tag says, else when the file was last "
        "written, less its length",
    )
    add_video_stream_argument(parser)
    parser.add_argument(
        "--view",
        metavar="X,Y,W,H",
        help="where the room lies in the frame, in pixels or by name; copies are made with it",
    )
    parser.add_argument(
        "--signals", type=Path, metavar="FILE", help="Parquet or CSV: signal, unit, seconds, value"
    )
    parser.add_argument(
        "--names-file",
        type=Path,
        metavar="FILE",
        help="JSON with patient_name, medical_record, physician_names, place, procedure_name, "
        "notes; better than names in the shell's history",
    )
    parser.add_argument(
        "--salvage",
        action="store_true",
        help="keep a damaged or cut-off video too, byte for byte",
    )
    add_quiet_argument(parser)
    add_archive_arguments(parser)


def _list(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        if options.name is None:
            state = EventState(options.state) if options.state else None
            events = archive.events(
                state=state, procedure_code=options.procedure, include_deleted=options.deleted
            )
            rows = event_rows(archive, [(event, jobs.EventNames()) for event in events])
        else:
            archive.refuse_unless(Action.READ_IDENTITY)
            rows = event_rows(archive, archive.search_names(options.name or ask("name")))
    headings = ["event", "started", "length", "procedure", "state", "files"]
    headings += ["patient", "record", "source"] if options.name is not None else []
    cells = [row | {"state": row["incomplete"] or row["state"]} for row in rows]
    table = format_table(headings, [[row[heading] for heading in headings] for row in cells])
    show(options, rows, table if rows else "no event matches")
    return 0


def event_rows(
    archive: jobs.ReadableArchive, found: Sequence[tuple[jobs.ReadableEvent, jobs.EventNames]]
) -> list[dict[str, Any]]:
    """Return what the list says of each event.

    Parameters
    ----------
    archive : ReadableArchive
        Where the events are.
    found : sequence of (ReadableEvent, EventNames)
        Events, and the names to show; empty names where none are to be shown.
    """
    roles = archive.roles([event for event, _ in found])
    return [_event_row(event, names, roles.get(event.event_id, [])) for event, names in found]


def _event_row(
    event: jobs.ReadableEvent, names: jobs.EventNames, roles: Sequence[str]
) -> dict[str, Any]:
    incomplete = event.incomplete()
    return {
        "event": event.event_id,
        "started": format_time(event.row.started_utc),
        "length": format_duration(event.row.duration_seconds),
        "procedure": event.row.procedure_code,
        "state": event.row.state.value,
        "incomplete": incomplete.sentence if incomplete else None,
        "files": ", ".join(roles),
        "patient": names.patient_name,
        "record": names.medical_record,
        "source": names.source_name,
    }


def _import(options: argparse.Namespace) -> int:
    sources = find_files(options.inputs, VIDEO_SUFFIXES)
    say_left_out(options.inputs, VIDEO_SUFFIXES, quiet=options.quiet or options.json)
    started = jobs.parse_started(options.started) if options.started else None
    names = (
        jobs.EventNames.from_file(options.names_file) if options.names_file else jobs.EventNames()
    )
    results, failed = [], 0
    map_large_blocks()
    with opened(options) as archive:
        _warn_of_no_reviewer(archive)
        for place, source in enumerate(sources, start=1):
            request = jobs.ImportRequest(
                source=source,
                procedure_code=options.procedure,
                site_code=options.site,
                started_utc=started,
                names=names,
                signals=options.signals,
                video_stream=options.video_stream,
                view=options.view,
                salvage=options.salvage,
            )
            title = f"{place} of {len(sources)}"
            try:
                with show_progress(title, quiet=options.quiet, unit="MiB") as progress:
                    results.append(jobs.import_video(archive, request, progress))
            except Cancelled:
                raise
            except RecorderError as error:
                if len(sources) == 1:
                    raise
                failed += 1
                complain(memory_sentence(error) or error)
            else:
                _report_import(options, title, results[-1])
    if options.names_file and results and not options.quiet:
        print(f"the names are stored sealed; delete {options.names_file.name} now", file=sys.stderr)
    if options.json:
        print_json([_import_content(result) for result in results])
    return 1 if failed or any(result.faults for result in results) else 0


def _warn_of_no_reviewer(archive: jobs.Archive) -> None:
    warning = archive.seal_warning()
    if warning is not None:
        complain(warning)


def _report_import(options: argparse.Namespace, title: str, result: jobs.ImportResult) -> None:
    """Print what became of a video; its file name, which may be a person's, is not repeated."""
    complain_of_copies(result.faults)
    for event_id in result.same_video:
        complain(
            f"video {title} seems to be in the archive already, as event {event_id}; if so, delete "
            "one of them with 'workbench event delete'"
        )
    if options.json or options.quiet:
        return
    how = "into a seekable file" if result.is_remuxed else "byte for byte"
    print(
        f"video {title}: event {result.event.event_id}, "
        f"{format_count(result.frame_count, 'frame')}, {how}, encrypted"
    )
    print(f"  started {format_time(result.started.utc)}, {_SAID_BY[result.started.source]}")
    for what in result.left_out:
        print(f"  not carried over: {what}")
    if result.damaged_frames or result.is_cut_off:
        print(f"  {_damage(result)}; de-identify it with 'workbench event deidentify --salvage'")


def _damage(result: jobs.ImportResult) -> str:
    parts = []
    if result.damaged_frames:
        parts.append(f"{format_count(result.damaged_frames, 'frame')} of it damaged")
    if result.is_cut_off:
        parts.append("it ends before its container says so")
    return " and ".join(parts)


def _import_content(result: jobs.ImportResult) -> dict[str, Any]:
    return {
        "event": result.event.event_id,
        "started": format_time(result.started.utc),
        **result.findings(),
    }

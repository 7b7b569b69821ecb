"""``workbench event``: import, list, show and export events; `event_life` has the rest."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import Any

from recorder_core.catalog import EventState
from recorder_core.errors import Cancelled, RecorderError
from recorder_core.jobs.archive import (
    Archive,
    ArchivedEvent,
    EventNames,
    ImportRequest,
    ImportResult,
    export_event,
    import_video,
    parse_started,
)
from workbench.cli import event_life
from workbench.cli.inputs import VIDEO_SUFFIXES, find_files
from workbench.cli.listing import (
    format_duration,
    format_size,
    format_table,
    format_time,
    print_json,
)
from workbench.cli.progress import show_progress
from workbench.cli.sign_in import add_archive_arguments, opened

__all__ = ["add_parser", "run"]

_STATES = [state.value for state in EventState]


def add_parser(commands: Any) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser(
        "event",
        help="import, list, show, release, export and delete events",
        description="Import, list, show, release, export and delete the events of an archive.",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_list(actions)
    _add_show(actions)
    _add_import(actions)
    _add_export(actions)
    event_life.add_actions(actions, run)


def run(options: argparse.Namespace) -> int:
    """Run one action."""
    return int(options.act(options))


def _add_list(actions: Any) -> None:
    parser = actions.add_parser("list", help="list the events")
    parser.add_argument("--state", choices=_STATES, metavar="STATE", help=", ".join(_STATES))
    parser.add_argument("--procedure", metavar="CODE")
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
    parser.set_defaults(run=run, act=_list)


def _add_show(actions: Any) -> None:
    parser = actions.add_parser("show", help="show one event")
    parser.add_argument("event", metavar="EVENT", help="its id, or how that begins")
    parser.add_argument("--names", action="store_true", help="show patient, physicians and place")
    add_archive_arguments(parser)
    parser.set_defaults(run=run, act=_show)


def _add_import(actions: Any) -> None:
    parser = actions.add_parser(
        "import",
        help="take videos, or folders of videos, into the archive",
        description=(
            "Take videos into the archive, one event each. Pictures and sound are not encoded "
            "again; names, and the names of the files, are stored sealed."
        ),
    )
    parser.add_argument("inputs", nargs="+", type=Path, metavar="VIDEO", help="video or folder")
    parser.add_argument("--procedure", default="unknown", metavar="CODE", help="default: unknown")
    parser.add_argument("--site", metavar="CODE", help="default: the archive's")
    parser.add_argument(
        "--started", metavar="TIME", help="2026-05-04T09:30; default: by the file's own time"
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
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    add_archive_arguments(parser)
    parser.set_defaults(run=run, act=_import)


def _add_export(actions: Any) -> None:
    parser = actions.add_parser(
        "export",
        help="write files of an event, in clear, to a folder or USB disk",
        description=(
            "Write files of an event in clear to a folder, read each back and compare it, and "
            "write a manifest. Without --role: everything released that you may take."
        ),
    )
    parser.add_argument("event", metavar="EVENT", help="its id, or how that begins")
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="FOLDER")
    parser.add_argument(
        "--role", action="append", metavar="ROLE", help="original, deidentified, signals, ..."
    )
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    add_archive_arguments(parser)
    parser.set_defaults(run=run, act=_export)


def _list(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        if options.name is not None:
            found = archive.search_names(options.name or input("name: "))
        else:
            state = EventState(options.state) if options.state else None
            events = archive.events(
                state=state, procedure_code=options.procedure, include_deleted=options.deleted
            )
            found = [(event, EventNames()) for event in events]
        rows = [_event_row(event, names) for event, names in found]
    if options.json:
        print_json(rows)
        return 0
    if not rows:
        print("no event fits")
        return 0
    headings = ["event", "started", "length", "procedure", "state", "files"]
    headings += ["patient", "record", "source"] if options.name is not None else []
    print(format_table(headings, [[row[heading] for heading in headings] for row in rows]))
    return 0


def _event_row(event: ArchivedEvent, names: EventNames) -> dict[str, Any]:
    return {
        "event": event.event_id,
        "started": format_time(event.row.started_utc),
        "length": format_duration(event.row.duration_seconds),
        "procedure": event.row.procedure_code,
        "state": event.row.state.value,
        "files": ", ".join(dict.fromkeys(row.role for row in event.files())),
        "patient": names.patient_name,
        "record": names.medical_record,
        "source": names.source_name,
    }


def _show(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        event = archive.event(options.event)
        names = event.names() if options.names else None
        content = _event_content(archive, event, names)
    if options.json:
        print_json(content)
    else:
        print(_event_text(content))
    return 0


def _event_content(
    archive: Archive, event: ArchivedEvent, names: EventNames | None
) -> dict[str, Any]:
    catalog, row = archive.catalog, event.row
    frames = archive.frame_count(event.event_id)
    return {
        "event": row.event_id,
        "site": row.site_code,
        "procedure": row.procedure_code,
        "state": row.state.value,
        "started_utc": row.started_utc,
        "duration_seconds": row.duration_seconds,
        "frames": frames,
        "complete": row.is_complete,
        "names": names.to_dict() if names else None,
        "files": [
            {
                "role": file.role,
                "size_bytes": file.size_bytes,
                "segments": file.segment_count,
                "sha256": file.sha256,
                "readers": archive.reader_ids(event.event_id, file.role),
            }
            for file in event.files()
        ],
        "signals": [
            dataclasses.asdict(signal) for signal in catalog.contents.signals(row.event_id)
        ],
        "history": [
            {"state": step.state.value, "at": step.changed_utc, "by": step.changed_by}
            for step in catalog.events.history(row.event_id)
        ],
    }


def _event_text(content: dict[str, Any]) -> str:
    facts = [
        ("event", content["event"]),
        ("procedure", content["procedure"]),
        ("site", content["site"]),
        ("state", content["state"]),
        ("started", format_time(content["started_utc"])),
        ("length", format_duration(content["duration_seconds"])),
        ("frames", str(content["frames"]) if content["frames"] else None),
        ("recording", "complete" if content["complete"] else "cut off"),
        *_name_facts(content["names"]),
    ]
    files = [
        (
            file["role"],
            format_size(file["size_bytes"]),
            file["segments"],
            file["sha256"][:16] + "…",
            " ".join(file["readers"]) or "recovery key only",
        )
        for file in content["files"]
    ]
    history = [(format_time(step["at"]), step["state"], step["by"]) for step in content["history"]]
    parts = [format_table(("what", "is"), facts)]
    if files:
        headings = ("file", "size", "segments", "SHA-256, sealed", "who can open it")
        parts.append(format_table(headings, files))
    if content["signals"]:
        parts.append(_signal_table(content["signals"]))
    parts.append(format_table(("when", "became", "by"), history))
    return "\n\n".join(parts)


def _name_facts(names: dict[str, Any] | None) -> list[tuple[str, object]]:
    if names is None:
        return []
    shown = {
        "patient": names["patient_name"],
        "medical record": names["medical_record"],
        "physicians": ", ".join(names["physician_names"]),
        "place": names["place"],
        "procedure name": names["procedure_name"],
        "notes": names["notes"],
        "source file": names["source_name"],
    }
    return list(shown.items())


def _signal_table(signals: list[dict[str, Any]]) -> str:
    rows = [
        (
            signal["name"],
            signal["unit"],
            signal["sample_count"],
            format_duration(signal["start_seconds"]),
            format_duration(signal["stop_seconds"]),
            f"{signal['gap_count']} ({signal['gap_seconds']:.1f} s)",
        )
        for signal in signals
    ]
    return format_table(("signal", "unit", "samples", "from", "to", "gaps"), rows)


def _import(options: argparse.Namespace) -> int:
    sources = find_files(options.inputs, VIDEO_SUFFIXES)
    started = parse_started(options.started) if options.started else None
    names = EventNames.from_file(options.names_file) if options.names_file else EventNames()
    results, failed = [], 0
    with opened(options) as archive:
        for place, source in enumerate(sources, start=1):
            request = ImportRequest(
                source=source,
                procedure_code=options.procedure,
                site_code=options.site,
                started_utc=started,
                names=names,
                signals=options.signals,
            )
            title = f"{place} of {len(sources)}"
            try:
                with show_progress(title, quiet=options.quiet, unit="MiB") as progress:
                    results.append(import_video(archive, request, progress))
            except Cancelled:
                raise
            except RecorderError as error:
                if len(sources) == 1:
                    raise
                failed += 1
                print(f"workbench: {error}", file=sys.stderr)
            else:
                _report_import(options, title, results[-1])
    if options.json:
        print_json([_import_content(result) for result in results])
    return 1 if failed else 0


def _report_import(options: argparse.Namespace, title: str, result: ImportResult) -> None:
    """Say what became of a video; its file name, which may be a person's, is not repeated."""
    if options.json or options.quiet:
        return
    how = "into a seekable file" if result.is_remuxed else "byte for byte"
    print(
        f"video {title}: event {result.event.event_id}, {result.frame_count} frames, {how}, "
        "encrypted"
    )
    for what in result.left_out:
        print(f"  not carried over: {what}")
    for fault in result.faults:
        print(f"workbench: {fault}; run 'workbench mirror repair'", file=sys.stderr)


def _import_content(result: ImportResult) -> dict[str, Any]:
    return {
        "event": result.event.event_id,
        "frames": result.frame_count,
        "remuxed": result.is_remuxed,
        "not_carried_over": list(result.left_out),
        "faults": [str(fault) for fault in result.faults],
    }


def _export(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        event = archive.event(options.event)
        with show_progress(event.event_id, quiet=options.quiet, unit="MiB") as progress:
            result = export_event(archive, event, options.output, options.role, progress)
    rows = [(file.name, format_size(file.size_bytes), file.sha256) for file in result.files]
    if options.json:
        print_json({"manifest": str(result.manifest), "files": list(result.files)})
    elif not options.quiet:
        print(format_table(("file", "size", "SHA-256, read back"), rows))
        print(f"\nmanifest: {result.manifest}")
    return 0

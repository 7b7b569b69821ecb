"""``workbench event show``: everything that the catalog and the person's key say of an event."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

from recorder_core.jobs import archive as jobs
from workbench.cli.archive.sign_in import add_archive_arguments, opened
from workbench.cli.arguments.common import add_action, add_event_argument
from workbench.cli.deidentify.copy_warnings import warning_lines
from workbench.cli.terminal.listing import (
    format_duration,
    format_size,
    format_table,
    format_time,
    show,
)

__all__ = ["add_actions"]


def add_actions(actions: Any) -> None:
    """Add the action to ``workbench event``."""
    parser = add_action(actions, "show", _show, "show one event")
    add_event_argument(parser)
    parser.add_argument("--names", action="store_true", help="show patient, physicians and place")
    add_archive_arguments(parser)


def _show(options: argparse.Namespace) -> int:
    with opened(options) as archive:
        event = archive.event(options.event)
        names = event.names() if options.names else None
        content = _event_content(archive, event, names)
    show(options, content, _event_text(content))
    return 0


def _event_content(
    archive: jobs.Archive, event: jobs.ArchivedEvent, names: jobs.EventNames | None
) -> dict[str, Any]:
    row = event.row
    frames = archive.frame_count(event.event_id)
    incomplete = event.incomplete()
    view = event.room_view()
    return {
        "event": row.event_id,
        "site": row.site_code,
        "procedure": row.procedure_code,
        "state": row.state.value,
        "started_utc": row.started_utc,
        "duration_seconds": row.duration_seconds,
        "frames": frames,
        "complete": row.is_complete,
        "incomplete": dataclasses.asdict(incomplete) if incomplete else None,
        "room_view": str(view) if view else None,
        "recording": incomplete.sentence if incomplete else _recording(event),
        "original_readers": archive.reader_ids(event.event_id, "original"),
        "names": names.to_dict() if names else None,
        "copy_warnings": warning_lines(archive, event),
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
        "signals": [dataclasses.asdict(signal) for signal in event.signal_rows()],
        "history": [
            {"state": step.state.value, "at": step.changed_utc, "by": step.changed_by}
            for step in event.history()
        ],
    }


def _recording(event: jobs.ArchivedEvent) -> str:
    if event.row.is_complete:
        return "complete"
    return f"cut off after {event.row.duration_seconds or 0.0:.1f} seconds"


def _event_text(content: dict[str, Any]) -> str:
    facts = [
        ("event", content["event"]),
        ("procedure", content["procedure"]),
        ("site", content["site"]),
        ("state", content["state"]),
        ("started", format_time(content["started_utc"])),
        ("length", format_duration(content["duration_seconds"])),
        ("frames", str(content["frames"]) if content["frames"] else None),
        ("room view", content["room_view"]),
        ("recording", content["recording"]),
        *_incomplete_facts(content),
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
    warnings = [(line,) for line in content["copy_warnings"] or ()]
    if warnings:
        parts.append(format_table(("warnings of the copy",), warnings))
    if content["signals"]:
        parts.append(_signal_table(content["signals"]))
    parts.append(format_table(("when", "became", "by"), history))
    return "\n\n".join(parts)


def _incomplete_facts(content: dict[str, Any]) -> list[tuple[str, object]]:
    if not content["incomplete"]:
        return []
    facts: list[tuple[str, object]] = [
        ("who can open it", " ".join(content["original_readers"]) or "recovery key only")
    ]
    if not content["incomplete"]["is_running"]:
        facts.append(("what to do", f"one of them: workbench event finalise {content['event']}"))
    return facts


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

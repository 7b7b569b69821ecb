"""``workbench corrections``: record a person's corrections to a de-identified copy."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from recorder_core.deidentify.corrections import touched_frames
from recorder_core.errors import DataError, SettingsError
from recorder_core.jobs import sidecar
from recorder_core.jobs.deidentify.correcting.checks import (
    CopyFacts,
    check_corrections,
    corrections_in,
    frames_between,
    idle_removals,
)
from recorder_core.media import open_video, output_lock
from recorder_core.model import VIDEO_SUFFIXES, CorrectionKeyframe, group_corrections
from recorder_core.tables import (
    TableMetadata,
    corrections_csv,
    read_corrections,
    read_corrections_csv,
    read_metadata,
    write_corrections,
)
from workbench.cli.arguments.common import (
    add_action,
    add_group,
    add_quiet_argument,
    output_path,
)
from workbench.cli.arguments.corrections import (
    CORRECTION_HEADINGS,
    add_correction_arguments,
    correction_line,
    given_correction,
)
from workbench.cli.terminal.console import complain
from workbench.cli.terminal.listing import format_count, format_table, print_json

__all__ = ["add_parser"]

#: in the metadata of a file: the highest number that a correction in it had
_LAST_NUMBER: Final = "last_number"


def add_parser(commands: Any) -> None:
    """Add the command and its actions to the parser."""
    actions = add_group(
        commands,
        "corrections",
        description=(
            "Write corrections: redact what was missed (add), lift what is not a face (remove). "
            "'workbench deidentify ... --corrections FILE' applies them."
        ),
    )
    _add_new(actions)
    _add_add(actions)
    _add_remove(actions)
    parser = add_action(actions, "list", _list, "show corrections, of a file or in a copy")
    parser.add_argument("file", type=Path, metavar="FILE", help="corrections, or a copy")
    parser.add_argument("--csv", action="store_true", help="print CSV, which new and add read")
    parser.add_argument("--json", action="store_true", help="print JSON for a program to read")


def _add_new(actions: Any) -> None:
    parser = add_action(
        actions,
        "new",
        _new,
        "begin a file of corrections for a copy",
        "Begin a file of corrections for a copy; those that are in the copy are included.",
    )
    parser.add_argument(
        "file", type=output_path, metavar="FILE", help="the file to write (Parquet)"
    )
    _add_copy(parser, required=True)
    parser.add_argument("--csv", type=Path, metavar="ROWS", help="add these corrections, too")
    add_quiet_argument(parser)


def _add_add(actions: Any) -> None:
    parser = add_action(
        actions,
        "add",
        _add,
        "add a correction to a file",
        "Add one correction, or all of a CSV file. Frames are counted from 0, as in the tables.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="from 'workbench corrections new'")
    add_correction_arguments(parser, seconds_need="; needs --for")
    _add_copy(parser, required=False)
    parser.add_argument("--author", default="", help="who makes the correction")
    parser.add_argument("--csv", type=Path, metavar="ROWS", help="in place of all of these")
    add_quiet_argument(parser)


def _add_remove(actions: Any) -> None:
    parser = add_action(
        actions,
        "remove",
        _remove,
        "take a correction out of a file",
        "Take a correction out of a file. To undo one that is in a copy, de-identify again with "
        "the file and --discard-corrections.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="from 'workbench corrections new'")
    parser.add_argument(
        "correction", metavar="NUMBER", help="as 'workbench corrections list' shows it"
    )
    add_quiet_argument(parser)


def _add_copy(parser: argparse.ArgumentParser, *, required: bool) -> None:
    parser.add_argument(
        *("--for",),
        dest="copy",
        type=Path,
        required=required,
        metavar="COPY",
        help="the de-identified copy; its tables lie beside it",
    )


def _new(options: argparse.Namespace) -> int:
    if options.file.exists():
        raise SettingsError(f"{options.file.name} exists; add to it, or give another name")
    facts = CopyFacts.of_copy(options.copy)
    rows = corrections_in(options.copy)
    given = read_corrections_csv(options.csv) if options.csv else []
    taken_over = set(rows)
    new = [row for row in given if row not in taken_over]
    changed = {row.correction_id for row in rows} & {row.correction_id for row in new}
    if changed:
        raise DataError(
            f"{options.csv.name} changes the correction {sorted(changed)[0]}, which is in "
            f"{options.copy.name}; give the changed one another name in the column correction, and "
            "take the old one out of FILE afterwards: 'workbench corrections remove FILE NUMBER'"
        )
    with output_lock(options.file):
        _check(new, facts, options.copy)
        _write(options, rows + new, facts.to_metadata())
    return 0


def _add(options: argparse.Namespace) -> int:
    with output_lock(options.file):
        rows, metadata = list(read_corrections(options.file)), read_metadata(options.file)
        new = _given(options, _last_number(rows, metadata))
        taken = {row.correction_id for row in rows} & {row.correction_id for row in new}
        if taken:
            raise DataError(f"{options.file.name} has the correction {sorted(taken)[0]} already")
        facts = CopyFacts.of_copy(options.copy) if options.copy else CopyFacts.of_metadata(metadata)
        if facts is not None:
            _check_owner(options, metadata, facts)
            _check(new, facts, options.copy)
        _write(options, rows + new, metadata)
    return 0


def _check_owner(options: argparse.Namespace, metadata: TableMetadata, facts: CopyFacts) -> None:
    if facts.sha256 != metadata.source_fingerprint:
        raise DataError(
            f"{options.file.name} holds corrections of another video than {options.copy.name}; "
            f"'workbench corrections new' starts a file for it"
        )


def _check(new: Sequence[CorrectionKeyframe], facts: CopyFacts, copy: Path | None) -> None:
    """Refuse what rendering would refuse, and name removals that lift nothing."""
    check_corrections(new, facts)
    if copy is not None:
        for key in idle_removals(new, copy):
            complain(
                f"correction {key} lifts nothing: in its frames no redaction of {copy.name} has "
                "its centre in the box"
            )


def _remove(options: argparse.Namespace) -> int:
    with output_lock(options.file):
        rows, metadata = read_corrections(options.file), read_metadata(options.file)
        kept = [row for row in rows if row.correction_id != options.correction]
        if len(kept) == len(rows):
            known = ", ".join(dict.fromkeys(row.correction_id for row in rows))
            raise DataError(
                f"{options.file.name} has no correction {options.correction}; it has "
                f"{known or 'none'}"
            )
        _write(options, kept, _numbered(metadata, list(rows)))
    return 0


def _last_number(rows: Sequence[CorrectionKeyframe], metadata: TableMetadata) -> int:
    """Return the highest number that the file ever gave a correction; 0: none."""
    numbers = [int(row.correction_id) for row in rows if row.correction_id.isdecimal()]
    return max([*numbers, int(metadata.settings.get(_LAST_NUMBER, 0))])


def _numbered(metadata: TableMetadata, rows: Sequence[CorrectionKeyframe]) -> TableMetadata:
    """Return the metadata with the highest number: a copy may hold rows that the file lost."""
    number = {_LAST_NUMBER: _last_number(rows, metadata)}
    return replace(metadata, settings={**metadata.settings, **number})


def _write(
    options: argparse.Namespace, rows: Sequence[CorrectionKeyframe], metadata: TableMetadata
) -> None:
    touched_frames(rows)  # refuses what contradicts itself, before it is in the file
    write_corrections(options.file, rows, _numbered(metadata, rows))
    if not options.quiet:
        count = len({row.correction_id for row in rows})
        print(f"{options.file}: {format_count(count, 'correction')}")


def _given(options: argparse.Namespace, last_number: int) -> list[CorrectionKeyframe]:
    """Return what is to be added: the rows of a CSV file, or one correction."""
    if options.csv:
        return read_corrections_csv(options.csv)
    between = partial(_frames_between, options.copy)
    return given_correction(options, str(last_number + 1), options.author, between)


def _frames_between(copy: Path | None, start: float, stop: float) -> tuple[int, int]:
    """Return the first and last frame of the source that a copy shows in a span of time."""
    if copy is None:
        raise SettingsError("--seconds are counted in a copy; name it with --for")
    with open_video(copy) as video:
        pts = video.index.pts
        seconds = (pts - pts[0]) * float(video.info.video.time_base)
    shown = frames_between(seconds, start, stop)
    if not shown:
        raise SettingsError(f"{copy.name} shows no frame from second {start:g} to {stop:g}")
    offset = read_metadata(sidecar(copy, "redactions")).settings["frame_span"][0]
    return shown[0] + offset, shown[-1] + offset


def _list(options: argparse.Namespace) -> int:
    is_copy = options.file.suffix.lower() in VIDEO_SUFFIXES
    rows = list(corrections_in(options.file) if is_copy else read_corrections(options.file))
    if options.csv:
        print(corrections_csv(rows), end="")
    elif options.json:
        print_json([each.to_dict() for each in group_corrections(rows)])
    else:
        lines = [correction_line(each) for each in group_corrections(rows)]
        print(format_table(CORRECTION_HEADINGS, lines))
    return 0

"""Kinds of jobs for the tests: a recording without a camera, and work that ends when it is stopped.

The process of a job is another one: started as a program, this file registers them there, too.
"""

from __future__ import annotations

import io
import json
import os
import runpy
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image

from recorder_core.catalog import Action
from recorder_core.errors import SettingsError
from recorder_core.jobs.archive import (
    CommandKind,
    EventNames,
    JobKind,
    JobSetting,
    RecordingRequest,
    record_event,
)
from recorder_core.jobs.archive.queue.commanding import JobCommand
from recorder_core.jobs.archive.queue.kinds import JOB_KINDS
from recorder_core.jobs.worker.running import RUN
from recorder_core.jobs.worker.running_job import RunningJob

_TEXT = {"type": "string", "minLength": 1, "maxLength": 1000}
TAPE = JobKind(
    name="tape",
    summary="record what is in a file",
    action=Action.RECORD,
    settings=(
        JobSetting(name="patient", schema=_TEXT, is_private=True, is_required=True),
        JobSetting(name="source", schema=_TEXT, is_private=True, is_required=True),
        JobSetting(name="duration_seconds", schema={"type": "number", "minimum": 0}),
    ),
    lane="recording",
    niceness=0,
    stop="finish",
    ends_with_person=False,
    begins_event=True,
    commands={
        "mark": CommandKind(
            action=Action.MARK,
            arguments={
                "type": "object",
                "properties": {"code": _TEXT, "note": {"type": "string"}},
                "required": ["code"],
            },
        ),
        "hold": CommandKind(
            action=Action.MARK,
            arguments={"type": "object", "properties": {"until": _TEXT}, "required": ["until"]},
        ),
        "hide": CommandKind(action=Action.RECORD, is_immediate=True),
    },
    may_queue_beside="all",
    state={
        "type": "object",
        "properties": {"shown": {"type": "integer"}, "is_last": {"type": "boolean"}},
        "required": ["shown"],
    },
    failures={"SettingsError": "the file is none of a camera: {again}"},
    left="what is there is saved with 'workbench event finalise {event}'",
)
TURN = JobKind(name="turn", summary="turn round", action=Action.REPAIR_MIRROR)


@cache
def noise() -> bytes:
    """Return a picture as JPEG that takes more than what waits in a socket."""
    kept = io.BytesIO()
    Image.frombytes("RGB", (480, 360), os.urandom(480 * 360 * 3)).save(kept, "JPEG", quality=90)
    return kept.getvalue()


def picture(number: int) -> bytes:
    """Return a picture as JPEG whose comment is its number."""
    begin, rest = noise()[:2], noise()[2:]
    comment = str(number).encode()
    return begin + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + rest


def tape(running: RunningJob) -> None:
    """Record the first half of a file, wait for the end, record the rest.

    It ends without that when the file is removed, as after a test that failed.
    """
    source = Path(running.private["source"])
    content = source.read_bytes()
    names = EventNames(patient_name=running.private["patient"])
    request = RecordingRequest(procedure_code="demo", names=names)
    with record_event(running.archive, request) as recording:
        recording.sink.write(content[: len(content) // 2])
        recording.sink.sync()

        def answer(command: JobCommand) -> Any:
            if command.name == "hide":
                return source.with_suffix(".hidden").touch()
            if command.name == "hold":
                while not Path(command.arguments["until"]).exists():
                    time.sleep(0.01)
                return None
            if command.arguments["code"] == "none":
                raise SettingsError("there is no such marker")
            marker = recording.journal.mark(
                command.arguments["code"],
                start_seconds=recording.clock.seconds(command.arrived_seconds),
                note=command.arguments.get("note"),
                by=command.by,
            )
            return {
                "marker": marker.marker_id,
                "by": command.by,
                "arrived": command.arrived_seconds,
            }

        with running.commands.answering(answer):
            running.name_event(recording.event_id)
            shown = 0
            while not running.is_stop_requested:
                source.stat()
                shown += 1
                preview = picture(shown) if running.has_watchers else None
                running.show(state={"shown": shown}, preview=preview)
                time.sleep(0.01)
            source.with_suffix(".stopped").touch()
        recording.sink.write(content[len(content) // 2 :])
        recording.finish(json.loads(running.job.settings).get("duration_seconds", 3.0))
        running.show(state={"shown": shown + 1, "is_last": True})


def turn(running: RunningJob) -> None:
    """Turn round until somebody interrupts."""
    while True:
        time.sleep(0.01)


FUNCTIONS = {"tape": tape, "turn": turn}
KINDS = {each.name: each for each in (TAPE, TURN)}

if __name__ == "__main__":
    JOB_KINDS.update(KINDS)  # type: ignore[attr-defined]
    RUN.update(FUNCTIONS)  # type: ignore[attr-defined]
    runpy.run_module(sys.argv[-1], run_name="__main__", alter_sys=True)

"""``workbench record``: record a room into an archive, in this terminal."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from recorder_core.errors import NotAllowed, RecorderError, SettingsError
from recorder_core.jobs.archive import EventNames
from workbench.cli.archive.sign_in import add_archive_arguments, opened
from workbench.cli.arguments.common import add_quiet_argument, parse_seconds
from workbench.cli.recording_health import Absences, describe_held, describe_recording
from workbench.cli.summaries import SUMMARIES
from workbench.cli.terminal.console import complain, has_terminal
from workbench.cli.terminal.keys import reading_keys
from workbench.cli.terminal.listing import show
from workbench.cli.terminal.status_line import StatusLine, takes_text
from workbench.cli.terminal.stop_signals import StopSignals, counting_stops

if TYPE_CHECKING:
    from recorder_core.jobs.archive import Archive
    from recorder_core.jobs.record import LateSealing, ReadyRoom, RecordRequest, RoomRecorder

__all__ = ["add_parser"]

_POLL_SECONDS: Final = 0.1
#: after a recording that could not go on
_AGAIN_SECONDS: Final = 10.0
#: of what takes no longer nothing is said
_QUICK_SEALING_SECONDS: Final = 2.0
#: of those who ask for the end while something is sealed, the second means it
_STOPS_THAT_LEAVE: Final = 2
_MARKER: Final = "marker"
#: what ended a recording: somebody wanted it, as by a key or a length; a full disk; or its signal
_End: TypeAlias = Literal["wanted", "disk", "other"]
_KEYS: Final = "m: marker, s: screenshot, p: pause or resume, q: stop"


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "record",
        help=SUMMARIES["record"],
        description=(
            "Record the sources of a room into a new event: one composite video with audio, the "
            "signals, markers and screenshots, encrypted from the first byte. It ends after "
            "--duration, with Ctrl-C or SIGTERM, and before the disk is full; the event is then "
            "complete. With --unattended each recording begins and ends by itself, until Ctrl-C; "
            "--duration is then the most that each may last. With --ready each begins at the key "
            "r, with the seconds before that, until q is pressed while nothing is recorded. "
            f"Keys in a terminal: {_KEYS}."
        ),
    )
    parser.add_argument(
        "--config", type=Path, required=True, metavar="room.toml", help="the file of the room"
    )
    parser.add_argument(
        "--duration",
        type=parse_seconds,
        metavar="TIME",
        help="how long, such as 90, 1:30 or 2:00:00; default: until it is stopped",
    )
    _add_beginning(parser)
    parser.add_argument(
        "--procedure", metavar="CODE", help="what is done; default: what the room's file says"
    )
    parser.add_argument(
        "--names-file", type=Path, metavar="FILE", help="JSON with names; stored encrypted"
    )
    add_quiet_argument(parser)
    add_archive_arguments(parser)
    parser.set_defaults(run=_run)


def _add_beginning(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what begins a recording that does not begin at once."""
    when = parser.add_mutually_exclusive_group()
    when.add_argument(
        "--ready",
        action="store_true",
        help="hold the last seconds in memory, pre_record_seconds of the room's file, until the "
        "key r begins a recording with them, or q forgets them and ends; with --names-file it "
        "ends after one recording, too",
    )
    when.add_argument(
        "--unattended",
        action="store_true",
        help="record whenever the source of [unattended] in the room's file gives a signal",
    )


def _run(options: argparse.Namespace) -> int:
    from recorder_core.jobs.record import LateSealing, RecordRequest, as_only_recorder, read_room

    if options.unattended and options.names_file is not None:
        raise SettingsError(
            "--names-file would seal the names of one patient onto every recording of "
            "--unattended: leave it out"
        )
    if options.ready and not has_terminal():
        raise SettingsError(
            "--ready begins at the key r, and there is no terminal to press it in: run it in one, "
            "or leave --ready out"
        )
    request = RecordRequest(
        room=read_room(options.config),
        procedure_code=options.procedure,
        names=EventNames()
        if options.names_file is None
        else EventNames.from_file(options.names_file),
        duration_seconds=options.duration,
        is_unattended=options.unattended,
        seals_later=True,
        room_name=options.config.stem,
    )
    with (
        opened(options) as archive,
        counting_stops() as stops,
        LateSealing(partial(_say, options)) as sealing,
    ):
        with as_only_recorder(archive.folders, request), reading_keys() as next_key:
            _record_as_asked(_Room(options, archive, request, stops.is_asked, next_key, sealing))
        _finish_sealing(options, sealing, stops)
    return 0


def _finish_sealing(options: argparse.Namespace, sealing: LateSealing, stops: StopSignals) -> None:
    """Wait until the videos are seekable, or somebody asks twice not to."""
    before, is_told = stops.count, False
    sealing.hurry()
    if sealing.wait(_QUICK_SEALING_SECONDS):
        return
    if not options.quiet:
        _say(options, "the recording is complete; its video is being made seekable")
    while not sealing.wait(_POLL_SECONDS):
        if stops.count - before >= _STOPS_THAT_LEAVE:
            sealing.leave()
            return
        if stops.count > before and not is_told:
            is_told = True
            _say(
                options,
                "the recording is complete, and its video is still being made seekable: press "
                "Ctrl-C once more to leave that for later; nothing is lost",
            )


def _record_as_asked(room: _Room) -> None:
    if room.options.unattended:
        _record_unattended(room)
    elif room.options.ready:
        _record_ready(room)
    else:
        _record(room)


@dataclass(frozen=True, slots=True)
class _Room:
    """What is recorded, and who ends it."""

    options: argparse.Namespace
    archive: Archive
    request: RecordRequest
    is_stopped: Callable[[], bool]
    next_key: Callable[[], str | None]
    #: waited for when the room is free for who records it next
    sealing: LateSealing


def _record(room: _Room) -> _End:
    """Record one event; return what ended it."""
    from recorder_core.jobs.record import record_room

    with ExitStack() as recording:
        recorder = recording.enter_context(record_room(room.archive, room.request))
        return _record_begun(room, recorder, recording)


def _record_begun(room: _Room, recorder: RoomRecorder, recording: ExitStack) -> _End:
    """Record until the end, with which `recording` ends; return what ended it."""
    with recording:
        _drive(recorder, room)
        summary = recorder.finish()
    room.sealing.add(recorder)
    if not room.options.unattended or takes_text(sys.stdout):
        show(room.options, summary.to_dict(), "\n".join(summary.sentences))
    if not recorder.stop_reason:
        return "wanted"
    return "disk" if recorder.space.is_used_up else "other"


def _record_ready(room: _Room) -> None:
    """Record one event after another, each from a key on, until a key forgets what is held."""
    _ = room.request.needed_procedure_code
    while _record_at_key(room) and not room.is_stopped():
        if room.options.names_file is not None:  # they are of one patient
            return


def _record_at_key(room: _Room) -> bool:
    """Hold a room until a key begins its recording, and record one; False: it was forgotten."""
    from recorder_core.jobs.record import hold_room

    line, recorder = StatusLine(is_quiet=room.options.quiet), None
    with hold_room(room.archive, room.request) as ready, ExitStack() as recording:
        _forget_keys(room)
        line.say("r: record, q: forget what is held, and end")
        while recorder is None:
            ready.wait(_POLL_SECONDS)
            line.show(lambda: describe_held(ready))
            key = room.next_key()
            if key == "q" or room.is_stopped():
                line.end()
                return False
            if key == "r":
                recorder = _begin(ready, recording, line.say)
        line.end()
        _record_begun(room, recorder, recording)
    return True


def _record_at_signal(room: _Room, name: str) -> _End | None:
    """Hold a room until a source gives its signal, and record one event; None: it was stopped."""
    from recorder_core.jobs.record import hold_room

    recorder, tried = None, float("-inf")
    with hold_room(room.archive, room.request) as ready, ExitStack() as recording:
        while recorder is None:
            if room.is_stopped():
                return None
            ready.wait(_POLL_SECONDS)
            if ready.has_signal(name) and time.monotonic() - tried >= _AGAIN_SECONDS:
                tried = time.monotonic()
                recorder = _begin(ready, recording, partial(_say, room.options))
        return _record_begun(room, recorder, recording)


def _begin(
    ready: ReadyRoom, recording: ExitStack, say: Callable[[str], None]
) -> RoomRecorder | None:
    """Begin the recording of a room that is held; say why if it cannot, and return None."""
    try:
        return recording.enter_context(ready.begin())
    except (SettingsError, NotAllowed):  # as it would again
        raise
    except RecorderError as error:
        say(f"{error}; the room is still held")
        return None


def _record_unattended(room: _Room) -> None:
    """Record as often as the signal comes; what stops one recording stops no other."""
    from recorder_core.jobs.record import wait_for_signal, wait_until_gone

    settings, is_stopped = room.request.room.unattended, room.is_stopped
    if settings is None:
        raise SettingsError(
            f"{room.options.config.name} names no source for --unattended: write [unattended] and "
            "source"
        )
    name, source = settings.source, room.request.room.sources[settings.source]
    while not is_stopped():
        _tell(room, f"waiting for the signal of {name}")
        if room.request.room.pre_record_seconds:
            end = _record_one_of_many(room, lambda: _record_at_signal(room, name))
        elif wait_for_signal(name, source, is_stopped):
            end = _record_one_of_many(room, lambda: _record(room))
        else:
            return
        if end == "wanted" and not is_stopped():  # it would record the same person again
            _tell(room, f"waiting until the signal of {name} has gone")
            wait_until_gone(name, source, settings, is_stopped)
        elif end == "disk":
            _wait(_AGAIN_SECONDS, is_stopped)


def _record_one_of_many(room: _Room, record: Callable[[], _End | None]) -> _End | None:
    """Record one event; say what made it end early, and raise what would end every other, too."""
    try:
        return record()
    except (SettingsError, NotAllowed):
        raise
    except RecorderError as error:
        _say(room.options, str(error))
        _wait(_AGAIN_SECONDS, room.is_stopped)
        return "other"


def _tell(room: _Room, sentence: str) -> None:
    """Print what is waited for."""
    if not room.options.quiet:
        _say(room.options, sentence)


def _say(options: argparse.Namespace, sentence: str) -> None:
    """Print a sentence on standard error; one recording of many waits for no reader of it."""
    if not options.unattended or takes_text(sys.stderr):
        complain(sentence)


def _wait(seconds: float, is_stopped: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not is_stopped():
        time.sleep(_POLL_SECONDS)


def _drive(recorder: RoomRecorder, room: _Room) -> None:
    """Record until the end: show how it is, and do what keys say."""
    line = StatusLine(is_quiet=room.options.quiet)
    if not room.options.quiet:
        line.say(recorder.encoder)
    _forget_keys(room)
    told, key, absences = 0, None, Absences()
    while key != "q" and recorder.wait(_POLL_SECONDS) and not room.is_stopped():
        key = room.next_key()
        if key is not None and key in _ACTS:
            try:
                line.say(_ACTS[key](recorder))
            except RecorderError as error:
                line.say(str(error))
        for fault in recorder.faults[told:]:
            line.say(fault)
            told += 1
        for sentence in absences.news(recorder.source_states(), time.monotonic()):
            line.say(sentence)
        line.show(lambda: describe_recording(recorder))
    line.end()


def _forget_keys(room: _Room) -> None:
    """Forget the keys that were pressed before it began."""
    while room.next_key() is not None:
        pass


def _mark(recorder: RoomRecorder) -> str:
    marker = recorder.mark(_MARKER)
    return f"marker at {marker.start_seconds:.1f} s"


def _take_screenshot(recorder: RoomRecorder) -> str:
    recorder.take_screenshot()
    return f"screenshot at {recorder.seconds:.1f} s"


def _toggle_pause(recorder: RoomRecorder) -> str:
    if recorder.is_paused:
        recorder.resume()
        return f"resumed at {recorder.seconds:.1f} s"
    recorder.pause()
    return f"paused at {recorder.seconds:.1f} s"


_ACTS: Final[Mapping[str, Callable[[RoomRecorder], str]]] = {
    "m": _mark,
    "s": _take_screenshot,
    "p": _toggle_pause,
}

"""``workbench demo``: what ``make demo`` runs; a first look at everything."""

from __future__ import annotations

import argparse
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from recorder_core.errors import SettingsError
from recorder_core.evaluation.video.exposure_report import format_report
from recorder_core.jobs import score_copy
from recorder_core.jobs.archive.words import Profile
from recorder_core.media import open_video
from workbench.cli import serve
from workbench.cli.arguments.common import output_path
from workbench.cli.arguments.numbers import DAY_SECONDS, number, whole_number
from workbench.cli.deidentify import deidentify
from workbench.cli.demo_archive import (
    IMPORTED,
    RELEASED,
    WAITING,
    DemoArchive,
    begin_demo_archive,
    course_of,
)
from workbench.cli.simulate import truth_path
from workbench.cli.summaries import SUMMARIES

if TYPE_CHECKING:
    from workbench.cli.demo_recording import DemoRoom

__all__ = ["add_parser", "run"]

_SECONDS: Final = 60.0
#: in less nothing can be lost and come back
_MIN_SECONDS: Final = 3.0
#: where the room lies in what is recorded
_VIEW: Final = "surgery-box"


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "demo",
        help=SUMMARIES["demo"],
        description=(
            "Record a simulated surgery (or take your video), de-identify it, score it, make an "
            "archive of three events with it, and serve that to browsers until Ctrl-C. It is "
            "recorded in real time."
        ),
    )
    parser.add_argument("--video", type=Path, help="your own video instead of a recorded one")
    parser.add_argument("--view", help="the room view of your video: X,Y,W,H or a layout's name")
    parser.add_argument("--folder", type=output_path, default="demo", help="default: demo")
    parser.add_argument(
        "--seconds",
        type=number(_MIN_SECONDS, DAY_SECONDS),
        default=_SECONDS,
        help=f"how long is recorded; default: {_SECONDS:g}",
    )
    parser.add_argument(
        "--no-serve", action="store_true", help="end when the archive is made; serve no pages"
    )
    parser.add_argument(
        "--port",
        type=whole_number(0, 65535),
        metavar="N",
        help="of the pages; default: 8420, or any that is free",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the whole round once, and serve what it made."""
    options.folder.mkdir(parents=True, exist_ok=True)
    return _record(options) if options.video is None else _take_own(options)


def _take_own(options: argparse.Namespace) -> int:
    """Make the archive of somebody's own video."""
    status = _deidentify(options.video, options.folder, options.view)
    if status != 0:
        return status
    print("making an archive of three events", flush=True)
    demo = begin_demo_archive(options.folder)
    events = [demo.add_event(number, options.video, options.view) for number in range(3)]
    demo.add_copies(events[WAITING], events[RELEASED], _copy_path(options.video, options.folder))
    print(f"one is imported, one waits for a review, one is signed off: {demo.path}")
    return _serve(options, demo)


def _record(options: argparse.Namespace) -> int:
    """Make the archive of a surgery that is recorded now."""
    # what records is loaded by who records
    from workbench.cli.demo_recording import make_room

    surgery, seconds = options.folder / "surgery.mp4", options.seconds
    if surgery.exists() and not truth_path(surgery).exists():
        raise SettingsError(
            f"{surgery} was not made by this command; give another folder with --folder"
        )
    demo = begin_demo_archive(options.folder)
    print("1. drawing what the sources of a simulated surgery show", flush=True)
    room = make_room(options.folder, seconds)
    with room.monitored():
        event = _record_room(demo, room, surgery, seconds)
        status = _compare(surgery, options.folder)
        if status != 0:
            return status
        print("5. making it one of three events", flush=True)
        # a machine that did not keep up has recorded less
        with open_video(surgery) as video:
            length = min(seconds, video.info.duration_seconds)
        others = [
            demo.add_event(number, surgery, _VIEW, simulated_seconds=length)
            for number in (IMPORTED, RELEASED)
        ]
        demo.add_copies(event, others[-1], _copy_path(surgery, options.folder))
        report = demo.write_report(event, options.folder / "surgery.report.pdf")
        print(
            f"one is imported, the recorded one waits for a review, one is signed off: {demo.path}"
        )
        print(f"each has signals of a simulated BIS monitor, and markers; look at {report}")
        return _serve(options, demo, rooms=room.rooms)


def _record_room(demo: DemoArchive, room: DemoRoom, surgery: Path, seconds: float) -> str:
    """Record the room, and return the event's id; its video and its true faces lie in clear."""
    from workbench.cli.demo_recording import record_surgery, write_true_faces

    print(f"2. recording them into the archive, {seconds:g} seconds in real time", flush=True)
    with demo.opened(Profile.OPERATOR) as archive:
        recorded = record_surgery(archive, room, course_of(WAITING, seconds), seconds)
    for sentence in recorded.summary.sentences:
        print(f"   {sentence}")
    truth_path(surgery).unlink(missing_ok=True)
    demo.write_video(recorded.event_id, surgery)
    write_true_faces(truth_path(surgery), surgery, room, recorded)
    return recorded.event_id


def _compare(surgery: Path, folder: Path) -> int:
    """De-identify what was recorded, and say how well its faces are hidden."""
    print("3. de-identifying it", flush=True)
    status = _deidentify(surgery, folder, _VIEW)
    if status == 0:
        print("4. comparing the result with the true faces")
        copy = _copy_path(surgery, folder)
        hidden = score_copy(copy, truth_path(surgery))["after"]
        print(format_report({"as the copy hides them": hidden}))
        print(f"look at {surgery} and {copy}")
    return status


def _serve(options: argparse.Namespace, demo: DemoArchive, *, rooms: Path | None = None) -> int:
    """Serve the archive, unless that is not wanted."""
    if options.no_serve:
        return 0
    print("serving it to browsers of this machine; Ctrl-C ends it")
    if rooms is not None:
        print("the operator records its sources again on the page Record")
    inbox = demo.path.with_name("inbox")
    inbox.mkdir(exist_ok=True)
    print(f"videos that you put into {inbox} can be imported on the page Import")
    if not _can_run_code(demo.path):
        print(
            "it has no notebooks: other users cannot read this program, or cannot reach the demo's "
            "folder; put both where everybody can, such as /opt"
        )
    print("   login          password, for this demo only")
    for login, password in demo.passwords.items():
        print(f"   {login:<14} {password}", flush=True)
    port = _free_port() if options.port is None else options.port
    words = ["serve", str(demo.path), "--port", str(port), "--inbox", str(inbox)]
    return _serve_with_code(demo.path, words + (["--rooms", str(rooms)] if rooms else []))


def _can_run_code(archive: Path) -> bool:
    """Return whether the system users of kernels can read this program, and reach its folder."""
    from workbench.server.kernels.kernel_launch import START
    from workbench.server.system_users.kernel_users import can_user_reach, can_user_read
    from workbench.server.system_users.uid_range import DEFAULT_UIDS

    uid = DEFAULT_UIDS[0]
    return os.geteuid() != 0 or (can_user_read(uid, START) and can_user_reach(uid, archive.parent))


def _serve_with_code(archive: Path, words: Sequence[str]) -> int:
    """Serve the archive; code runs where that needs nothing that a demo may ask for."""
    if not _can_run_code(archive):
        # dashboards run as root, and nobody's code does
        return _call(serve, *words, is_demo=True)
    whose = [] if os.geteuid() == 0 else ["--kernels-for", Profile.RESEARCHER.value]
    notebooks = str(archive.with_name("notebooks"))
    return _call(serve, *words, "--kernels", "--notebooks", notebooks, *whose)


def _free_port() -> int:
    """Return the usual port, or 0 where another program has it."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", serve.DEFAULT_PORT))
        except OSError:
            return 0
    return serve.DEFAULT_PORT


def _copy_path(video: Path, folder: Path) -> Path:
    return folder / f"{video.stem}.deidentified.mp4"


def _deidentify(video: Path, folder: Path, view: str | None) -> int:
    copy = _copy_path(video, folder)
    times = folder / f"{video.stem}.times.json"
    return _call(
        deidentify,
        *("deidentify", str(video), "-o", str(copy), "--overwrite"),
        *("--view", view or "full", "--times-file", str(times), "--times"),
    )


def _call(module: Any, *arguments: str, **defaults: bool) -> int:
    """Run another command with these words, and with values that no word can give."""
    parser = argparse.ArgumentParser()
    module.add_parser(parser.add_subparsers())
    parsed = parser.parse_args(arguments)
    vars(parsed).update(defaults)
    return int(parsed.run(parsed))

"""``workbench demo``: what ``make demo`` runs; a first look at everything."""

from __future__ import annotations

import argparse
import os
import socket
from pathlib import Path
from typing import Any

from recorder_core.errors import SettingsError
from recorder_core.evaluation.video.exposure_report import format_report
from recorder_core.jobs import score_copy
from recorder_core.jobs.archive.words import Profile
from workbench.cli import serve, simulate
from workbench.cli.arguments.common import output_path
from workbench.cli.arguments.numbers import DAY_SECONDS, number, whole_number
from workbench.cli.deidentify import deidentify
from workbench.cli.demo_archive import make_demo_archive
from workbench.cli.summaries import SUMMARIES

__all__ = ["add_parser", "run"]


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "demo",
        help=SUMMARIES["demo"],
        description=(
            "Make a simulated surgery (or take your video), de-identify it, score it, make an "
            "archive of three events with it, and serve that to browsers until Ctrl-C."
        ),
    )
    parser.add_argument("--video", type=Path, help="your own video instead of a simulated one")
    parser.add_argument("--view", help="the room view of your video: X,Y,W,H or a layout's name")
    parser.add_argument("--folder", type=output_path, default="demo", help="default: demo")
    parser.add_argument(
        "--seconds",
        type=number(0, DAY_SECONDS, above=True),
        default=20.0,
        help="length of the simulation",
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
    video = options.video or options.folder / "surgery.mp4"
    view = options.view or ("surgery-box" if options.video is None else None)
    status = _simulated(options, view) if options.video is None else _own(options, view)
    if status != 0:
        return status
    print("4. making an archive of three events", flush=True)
    archive, passwords = make_demo_archive(
        options.folder,
        video,
        _copy_path(video, options.folder),
        view,
        simulated_seconds=options.seconds if options.video is None else None,
    )
    print(f"one is imported, one waits for a review, one is signed off: {archive}")
    if options.video is None:
        print("each has signals of a simulated BIS monitor, and markers to align it at")
    if options.no_serve:
        return 0
    print("5. serving it to browsers of this machine; Ctrl-C ends it")
    print("   login          password, for this demo only")
    for login, password in passwords.items():
        print(f"   {login:<14} {password}", flush=True)
    return _serve(archive, options.port)


def _own(options: argparse.Namespace, view: str | None) -> int:
    return _deidentify(options.video, options.folder, view)


def _simulated(options: argparse.Namespace, view: str | None) -> int:
    surgery = options.folder / "surgery.mp4"
    made_before = simulate.truth_path(surgery).exists()
    if surgery.exists() and not made_before:
        raise SettingsError(
            f"{surgery} was not made by this command; give another folder with --folder"
        )
    print(f"1. making a simulated surgery of {options.seconds:g} seconds", flush=True)
    again = ("--overwrite",) if made_before and surgery.exists() else ()
    _call(simulate, "simulate", str(surgery), "--seconds", str(options.seconds), *again)
    print("2. de-identifying it", flush=True)
    status = _deidentify(surgery, options.folder, view)
    if status == 0:
        print("3. comparing the result with the true faces")
        copy = _copy_path(surgery, options.folder)
        hidden = score_copy(copy, simulate.truth_path(surgery))["after"]
        print(format_report({"as the copy hides them": hidden}))
        print(f"look at {surgery} and {copy}")
    return status


def _serve(archive: Path, port: int | None) -> int:
    """Serve the archive; code runs where that needs nothing that a demo may ask for."""
    from workbench.server.kernels.kernel_launch import START
    from workbench.server.system_users.kernel_users import can_user_reach, can_user_read
    from workbench.server.system_users.uid_range import DEFAULT_UIDS

    words = ["serve", str(archive), "--port", str(_free_port() if port is None else port)]
    inbox = archive.with_name("inbox")
    inbox.mkdir(exist_ok=True)
    print(f"videos that you put into {inbox} can be imported on the page Import", flush=True)
    words += ["--inbox", str(inbox)]
    code = ["--kernels", "--notebooks", str(archive.with_name("notebooks"))]
    if os.geteuid() != 0:
        return _call(serve, *words, *code, "--kernels-for", Profile.RESEARCHER.value)
    uid = DEFAULT_UIDS[0]
    if can_user_read(uid, START) and can_user_reach(uid, archive.parent):
        return _call(serve, *words, *code)
    # the program lies where root alone can read it: dashboards run as root, and nobody's code does
    return _call(serve, *words, is_demo=True)


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

"""Parse the command line, run one command, turn errors into one sentence."""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from recorder_core import __version__
from recorder_core.errors import Cancelled, RecorderError

__all__ = ["build_parser", "main"]

#: each is a module of this package, imported only when it is asked for
_COMMANDS = (
    "simulate",
    "deidentify",
    "detect",
    "dataset",
    "train",
    "evaluate",
    "score",
    "archive",
    "event",
    "report",
    "user",
    "grant",
    "audit",
    "mirror",
    "retention",
    "doctor",
    "demo",
)
#: exit status of a command that was stopped, by Ctrl-C or by the system, as shells give it
_EXIT_INTERRUPTED = 130


def build_parser(command: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of one command; of every command where there is none such."""
    parser = argparse.ArgumentParser(
        prog="workbench",
        description="Record, de-identify and review operating-room video.",
    )
    parser.add_argument("--version", action="version", version=f"workbench {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in (command,) if command in _COMMANDS else _COMMANDS:
        importlib.import_module(f"workbench.cli.{name}").add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``workbench`` and return its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after ``workbench``; by default those of this process.

    Returns
    -------
    int
        0 done, 1 failed with a sentence on standard error, 2 wrong usage,
        130 stopped by Ctrl-C or SIGTERM.
    """
    words = sys.argv[1:] if arguments is None else arguments
    options = build_parser(words[0] if words else None).parse_args(words)
    try:
        with _terminate_like_interrupt():
            return int(options.run(options))
    except Cancelled as stopped:
        print(f"workbench: stopped. {stopped}", file=sys.stderr)
        return _EXIT_INTERRUPTED
    except KeyboardInterrupt:
        print("workbench: stopped.", file=sys.stderr)
        return _EXIT_INTERRUPTED
    except RecorderError as error:
        print(f"workbench: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        name = Path(str(error.filename)).name if error.filename else "a file"
        reason = error.strerror or type(error).__name__
        print(f"workbench: {name} cannot be read or written: {reason}", file=sys.stderr)
        return 1


@contextmanager
def _terminate_like_interrupt() -> Iterator[None]:
    """Let SIGTERM clean up as Ctrl-C does; only a process's first thread may say so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

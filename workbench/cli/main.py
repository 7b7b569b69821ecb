"""Parse the command line, run one command, turn errors into one sentence."""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
import threading
import traceback
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from recorder_core.errors import Cancelled, RecorderError
from recorder_core.version import __version__
from workbench.cli.memory.memory_limit import memory_sentence
from workbench.cli.parser import Parser
from workbench.cli.summaries import SUMMARIES
from workbench.cli.terminal.console import check_printed, complain, escaped_console

__all__ = ["build_parser", "main"]

#: command -> its module, imported only when it is asked for
_COMMANDS: Final = {
    "record": "workbench.cli.record",
    "simulate": "workbench.cli.simulate",
    "view": "workbench.cli.deidentify.view",
    "deidentify": "workbench.cli.deidentify.deidentify",
    "corrections": "workbench.cli.deidentify.corrections",
    "detect": "workbench.cli.deidentify.detect",
    "dataset": "workbench.cli.dataset.dataset",
    "train": "workbench.cli.detectors.train",
    "evaluate": "workbench.cli.detectors.evaluate",
    "score": "workbench.cli.deidentify.score",
    "archive": "workbench.cli.archive.archive",
    "event": "workbench.cli.event.event",
    "report": "workbench.cli.event.report",
    "user": "workbench.cli.archive.user",
    "grant": "workbench.cli.archive.grant",
    "job": "workbench.cli.archive.job",
    "audit": "workbench.cli.archive.audit",
    "mirror": "workbench.cli.archive.mirror",
    "serve": "workbench.cli.serve",
    "retention": "workbench.cli.archive.retention",
    "devices": "workbench.cli.devices",
    "doctor": "workbench.cli.doctor",
    "demo": "workbench.cli.demo",
}
#: exit status of a command that was stopped, by Ctrl-C or by the system, as shells give it
_EXIT_INTERRUPTED = 130


def build_parser(command: str | None = None) -> Parser:
    """Return the whole parser of one command; of every command where there is none such."""
    parser = _parser_of((command,) if command in _COMMANDS else _COMMANDS)
    parser.complete()
    return parser


def _parser_of(loaded: Collection[str]) -> Parser:
    """Return the parser of some commands, in which what loads much is put off.

    Of none: of every command its name and its line alone.
    """
    parser = Parser(
        prog="workbench",
        description="Record, de-identify and review operating-room video.",
    )
    parser.add_argument("--version", action="version", version=f"workbench {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in loaded:
        importlib.import_module(_COMMANDS[name]).add_parser(commands)
    for name in () if loaded else _COMMANDS:
        commands.add_parser(name, help=SUMMARIES[name])
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
        130 stopped by Ctrl-C, SIGTERM or SIGHUP.
    """
    words = sys.argv[1:] if arguments is None else arguments
    options = argparse.Namespace()
    with escaped_console():
        try:
            return _run(words, options)
        except (Exception, KeyboardInterrupt) as error:
            sentence, status = _explain(error, in_batches="batch_size" in options)
            complain(sentence)
            return status


def _run(words: Sequence[str], options: argparse.Namespace) -> int:
    """Parse the words into `options`, and run the command."""
    command = next((word for word in words if not word.startswith("-")), None)
    try:
        parser = _parser_of((command,) if command in _COMMANDS else ())
        parser.parse_args(words, options)
    except SystemExit as end:
        if not end.code:  # help was shown
            check_printed()
        raise
    with _terminate_like_interrupt():
        status = int(options.run(options))
    check_printed()
    return status


def _explain(error: BaseException, *, in_batches: bool) -> tuple[str, int]:
    """Return the sentence for a person, and the exit status."""
    if isinstance(error, Cancelled):
        return f"stopped. {error}", _EXIT_INTERRUPTED
    if isinstance(error, KeyboardInterrupt):
        return "stopped.", _EXIT_INTERRUPTED
    if sentence := memory_sentence(error, in_batches=in_batches):
        return sentence, 1
    if isinstance(error, RecorderError):
        return str(error), 1
    if isinstance(error, OSError):
        name = Path(str(error.filename)).name if error.filename else "a file"
        return f"{name} cannot be read or written: {error.strerror or type(error).__name__}", 1
    # its own text may hold a name
    place = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"internal error: {type(error).__name__} in {Path(place.filename).name} line "
        f"{place.lineno}; what was finished before is kept: please report this line",
        1,
    )


@contextmanager
def _terminate_like_interrupt() -> Iterator[None]:
    """Make SIGTERM, and a terminal that closes, clean up as Ctrl-C does.

    Only a process's first thread can. One that ``nohup`` started goes on.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGHUP)}
    taken = [each for each, handler in before.items() if handler is not signal.SIG_IGN]
    for each in taken:
        signal.signal(each, signal.default_int_handler)
    try:
        yield
    finally:
        for each in taken:
            signal.signal(each, before[each])

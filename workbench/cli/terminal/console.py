"""Standard output and error, through which no name or file can command the terminal.

Whatever a command prints goes through here, wherever its text comes from: names that people
typed, file names, codes, the messages of libraries. Control characters, marks that turn the
direction of writing, and what the terminal's encoding does not have are shown as escapes.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TextIO, cast

from recorder_core.errors import SettingsError

__all__ = [
    "ask",
    "check_printed",
    "complain",
    "draw",
    "drawing_stream",
    "escape_line",
    "escape_text",
    "escaped_console",
    "has_terminal",
    "print_surely",
    "raw_stream",
]

#: C0 and C1 controls, line and paragraph separators, marks of direction, lone surrogates
_UNSAFE = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_UNSAFE_IN_TEXT = re.compile(f"[{_UNSAFE}]")
_UNSAFE_IN_LINE = re.compile(rf"[\t\n{_UNSAFE}]")
#: standard input, output and error
_STANDARD: Final = (0, 1, 2)


def escape_text(text: str) -> str:
    """Return a text whose only control characters are its tabs and ends of lines."""
    return _UNSAFE_IN_TEXT.sub(_escape, text)


def escape_line(text: str) -> str:
    """Return a text that stays on one line, such as a name in a table or in a message."""
    return _UNSAFE_IN_LINE.sub(_escape, text)


def complain(sentence: object) -> None:
    """Print what is wrong on standard error, on one line."""
    print(f"workbench: {escape_line(str(sentence))}", file=sys.stderr)


def ask(what: str) -> str:
    """Ask for a text that is not secret.

    Raises
    ------
    SettingsError
        If there is nobody to answer.
    """
    try:
        return input(f"{what}: ")
    except EOFError:
        raise SettingsError(
            f"there is no terminal to ask for the {what}; give it on the command line"
        ) from None


def has_terminal() -> bool:
    """Return whether there is somebody at a terminal to answer; standard input may be closed."""
    return sys.stdin is not None and sys.stdin.isatty()


@contextmanager
def escaped_console() -> Iterator[None]:
    """Escape what is printed while the block runs.

    Who reads it may leave early, as ``head`` does, and a stream may be closed from the
    start: the work goes on, and what is printed then is dropped.
    """
    _occupy_standard_files()
    before = sys.stdout, sys.stderr
    # None: closed from the start; `print` knows that of standard output alone
    errors = before[1] or os.fdopen(2, "w", closefd=False)
    sys.stdout, sys.stderr = before[0] and _Escaped(before[0]), _Escaped(errors)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            if stream:
                stream.flush()
        sys.stdout, sys.stderr = before


def check_printed() -> None:
    """Raise unless what was printed could be written, or its reader left early.

    Raises
    ------
    SettingsError
        If standard output is full or broken.
    """
    if isinstance(sys.stdout, _Escaped):
        sys.stdout.flush()
        if sys.stdout.fault is not None:
            raise SettingsError(
                f"standard output cannot be written ({sys.stdout.fault}), so the printed output "
                "is incomplete; what the command did is done"
            )


def raw_stream(stream: Any) -> TextIO:
    """Return the stream below, for what the program itself draws only."""
    found: TextIO = stream.stream if isinstance(stream, _Dropping) else stream
    return found


def drawing_stream() -> TextIO:
    """Return standard error for the program's own colours and progress bars, unescaped.

    What a terminal that has closed does not take is dropped.
    """
    return cast(TextIO, _Dropping(raw_stream(sys.stderr)))


def draw(text: str) -> None:
    """Write the program's own controls to standard error; a terminal that has closed drops them."""
    stream = drawing_stream()
    stream.write(text)
    stream.flush()


def print_surely(text: str, what: str) -> None:
    """Print what is shown this once, escapes and all; what is printed later may be dropped.

    Parameters
    ----------
    text : str
        Of the program's own.
    what : str
        In words, for the error.

    Raises
    ------
    SettingsError
        If standard output is closed, full, or read by nobody any more.
    """
    stream = raw_stream(sys.stdout)
    reason = "it is closed"
    if stream is not None:
        try:
            stream.write(text)
            stream.flush()
        except OSError as error:
            reason = error.strerror or str(error)
            _send_nowhere(stream)
        else:
            return
    raise SettingsError(
        f"{what} cannot be shown on standard output ({reason}), and could not be shown later; "
        "nothing was finished: repeat this in a terminal"
    )


def _send_nowhere(stream: TextIO) -> None:
    """Drop what a stream still holds and is given from now on, at the interpreter's end too."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _occupy_standard_files() -> None:
    """Open what is closed from the start: libraries print there, and no file may have its number.

    A file of an archive that was opened as the second would get what a decoder has to say.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) in _STANDARD:
        os.set_inheritable(number, True)
    os.close(number)


class _Dropping:
    """A text stream whose faults end nothing: what comes after one is dropped.

    Everything else is the stream's own.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        #: why it cannot be written any more, unless its reader left
        self.fault: str | None = None

    def write(self, text: str) -> int:
        with self._or_dropped():
            self.stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._or_dropped():
            self.stream.flush()

    @contextmanager
    def _or_dropped(self) -> Iterator[None]:
        """Send what comes after a fault nowhere, the interpreter's own last flush too."""
        try:
            yield
        except OSError as error:
            if not isinstance(error, BrokenPipeError):
                self.fault = error.strerror or str(error)
            _send_nowhere(self.stream)

    def writelines(self, lines: Iterator[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class _Escaped(_Dropping):
    """The same, and what is written is escaped."""

    def write(self, text: str) -> int:
        encoding = self.stream.encoding or "utf-8"
        super().write(escape_text(text).encode(encoding, "backslashreplace").decode(encoding))
        return len(text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    short = {9: "\\t", 10: "\\n", 13: "\\r"}.get(code)
    return short or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")

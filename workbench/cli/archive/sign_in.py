"""Which archive, as whom, and with which password: the same for every command."""

from __future__ import annotations

import argparse
import getpass
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from recorder_core.errors import SettingsError
from recorder_core.jobs.archive import Archive, Credentials, find_archive, open_archive
from recorder_core.jobs.archive.words import (
    Action,
    CopyFault,
    Password,
    Profile,
    forbid_memory_dumps,
    is_allowed,
)
from workbench.cli.terminal.console import complain, escape_line, has_terminal

__all__ = [
    "add_archive_arguments",
    "complain_of_copies",
    "given_credentials",
    "named_archive",
    "opened",
    "read_old_password",
    "read_password",
    "read_recovery_words",
]

_ARCHIVE_VARIABLE = "WORKBENCH_ARCHIVE"
_USER_VARIABLE = "WORKBENCH_USER"
#: of a file with a password or the recovery words; a device has no end
_MAX_FILE_BYTES = 1 << 16


def add_archive_arguments(parser: argparse.ArgumentParser, *, recovery: bool = False) -> None:
    """Add where the archive is and who asks; passwords are never on the command line."""
    group = parser.add_argument_group("archive and person")
    group.add_argument(
        "--archive",
        type=Path,
        metavar="FOLDER",
        default=os.environ.get(_ARCHIVE_VARIABLE),
        help=f"default: ${_ARCHIVE_VARIABLE}",
    )
    group.add_argument(
        "--user",
        metavar="LOGIN",
        default=os.environ.get(_USER_VARIABLE),
        help=f"who asks; default: ${_USER_VARIABLE}",
    )
    group.add_argument(
        "--password-file",
        type=Path,
        metavar="FILE",
        help="its first line is the password; without it the password is asked for",
    )
    if recovery:
        group.add_argument(
            "--recovery",
            action="store_true",
            help="use the recovery key too; its words are asked for",
        )
        group.add_argument(
            "--recovery-file", type=Path, metavar="FILE", help="holds the words of the recovery key"
        )
    group.add_argument("--json", action="store_true", help="print JSON for a program to read")


@contextmanager
def opened(
    options: argparse.Namespace,
    *,
    password: Password | None = None,
    words_for: Action | None = None,
    check_catalog: bool = False,
) -> Iterator[Archive]:
    """Sign in and lend the open archive.

    Parameters
    ----------
    options : Namespace
        From `add_archive_arguments`.
    password : Password, optional
        Where the command has asked for it already; the caller wipes it.
    words_for : Action, optional
        What the recovery words are for: a profile that may not do it is not asked for them.
    check_catalog : bool, default False
        Read the whole catalog first, and repair it from the other folder's.
    """
    path, credentials = given_credentials(options, password=password, words_for=words_for)
    try:
        with open_archive(path, credentials, check_catalog=check_catalog) as archive:
            for notice in archive.notices:
                complain(notice)
            yield archive
        for fault in archive.mirror_faults:
            complain(fault)
    finally:
        if password is None:
            credentials.password.wipe()


def complain_of_copies(faults: Sequence[CopyFault]) -> int:
    """Print which copies stopped while another went on; return the status of the command."""
    for fault in faults:
        complain(f"{fault}; what was stored is whole on the other: run 'workbench mirror repair'")
    return 1 if faults else 0


def named_archive(options: argparse.Namespace) -> Path:
    """Return which archive was named; it is looked for before anything is asked.

    Raises
    ------
    SettingsError
        If no archive or no person was named.
    ArchiveError
        If there is no archive.
    """
    if options.archive is None or options.user is None:
        raise SettingsError(
            f"say which archive and who you are: --archive and --user, or the variables "
            f"{_ARCHIVE_VARIABLE} and {_USER_VARIABLE}"
        )
    path = Path(options.archive)
    find_archive(path)
    return path


def given_credentials(
    options: argparse.Namespace,
    *,
    password: Password | None = None,
    words_for: Action | None = None,
) -> tuple[Path, Credentials]:
    """Return which archive was named, and what the person gives to open it.

    The recovery words are asked once the password is right, of a profile that may do what they
    are for.

    Raises
    ------
    SettingsError
        If no archive or no person was named.
    ArchiveError
        If there is no archive.
    """
    path = named_archive(options)
    typed = password or read_old_password(options)

    def words(profile: Profile) -> str | None:
        if words_for is not None and not is_allowed(profile, words_for):
            return None
        return read_recovery_words(options.recovery_file)

    is_given = getattr(options, "recovery", False) or getattr(options, "recovery_file", None)
    return path, Credentials(options.user, typed, words if is_given else None)


def read_old_password(options: argparse.Namespace) -> Password:
    """Return the password of who asks, from the file that was named or typed."""
    return read_password(
        options.password_file, f"password of {options.user}", option="--password-file"
    )


def read_password(file: Path | None, prompt: str, *, option: str, repeat: bool = False) -> Password:
    """Return a password from a file's first line, or ask for it without showing it.

    Parameters
    ----------
    file : Path or None
        None: ask.
    prompt : str
        What is asked for.
    option : str
        Of the command line, which names that file.
    repeat : bool
        Ask twice; for a new password.
    """
    forbid_memory_dumps()
    if file is not None:
        return Password(_first_line(file))
    typed = _ask(prompt, option)
    if repeat and _ask(f"{prompt}, again", option) != typed:
        raise SettingsError("the two passwords differ; nothing was changed")
    return Password(typed)


def read_recovery_words(file: Path | None) -> str:
    """Return the words of the recovery key from a file, or ask for them."""
    forbid_memory_dumps()
    if file is not None:
        return _text(file)
    return _ask("recovery words", "--recovery-file")


def _ask(prompt: str, option: str) -> str:
    if not has_terminal():
        raise SettingsError(f"there is no terminal to ask for the {prompt}; give {option} FILE")
    return getpass.getpass(f"{escape_line(prompt)}: ")


def _first_line(file: Path) -> str:
    return _text(file).partition("\n")[0].rstrip("\r")


def _text(file: Path) -> str:
    try:
        if file.is_file() and file.stat().st_mode & 0o077:
            complain(f"others than you can read or change {file.name}: run 'chmod 600 {file.name}'")
        with file.open("rb") as opened:
            content = opened.read(_MAX_FILE_BYTES + 1)
        if len(content) > _MAX_FILE_BYTES:
            raise SettingsError(f"{file.name} is too long to hold a password or the words")
        # Notepad puts a mark of three bytes before UTF-8
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # the original error carries the text
        raise SettingsError(f"{file.name} is not a text file in UTF-8") from None
    except OSError as error:
        raise SettingsError(f"{file.name} cannot be read ({error.strerror})") from error

"""A copy and what lies beside it: all of them appear under their names, or none.

What is older is kept in a folder of its own until the copy has its name. From there it is put
back when anything fails, or, after a run that was killed in between, by the next one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from recorder_core.errors import EncodeError, SettingsError
from recorder_core.media import file_sha256, finished_file
from recorder_core.model.values.json_text import parse_json

__all__ = ["clear_unfinished", "finished_copy", "refuse_long_name"]

_OLDER: Final = "older"
#: as long as the number of a process can be
_PROCESS: Final = "4194304"


@contextmanager
def finished_copy(
    output: Path, beside: Mapping[str, Path]
) -> Iterator[tuple[Path, dict[str, Path]]]:
    """Yield places for a copy and for what lies beside it, which get their names at the end.

    Parameters
    ----------
    output : Path
        Name of the copy; an older one is replaced.
    beside : mapping
        Kind -> name of what lies beside it, the report (JSON) as `report`; what is not written
        at its place is removed.

    Yields
    ------
    Path
        Where to write the copy.
    dict
        Kind -> where to write.

    Raises
    ------
    EncodeError
        If anything cannot be written; what was there before is there again.
    """
    folder = _folder(output)
    try:
        with finished_file(output) as temporary:
            folder.mkdir(exist_ok=True)
            yield temporary, {kind: folder / path.name for kind, path in beside.items()}
            _keep_older(folder, beside)
            for path in beside.values():
                _replace(folder / path.name, path)
    except BaseException:
        clear_unfinished(output, beside)
        raise
    _remove(folder)


def refuse_long_name(output: Path, beside: Mapping[str, Path]) -> None:
    """Refuse a name for a copy that is too long for what is written beside it.

    Parameters
    ----------
    output, beside
        As for :func:`finished_copy`.

    Raises
    ------
    SettingsError
        If the file system does not take a name, which would be known at the end otherwise.
    """
    try:
        most = os.pathconf(output.parent, "PC_NAME_MAX")
    except OSError:
        return
    # tables are written under a name with the number of the process first
    longest = max(len(os.fsencode(f".{path.name}.{_PROCESS}.partial")) for path in beside.values())
    if longest > most:
        raise SettingsError(
            f"the name of the output is {longest - most} bytes too long for the files beside it; "
            "choose a shorter one"
        )


def clear_unfinished(output: Path, beside: Mapping[str, Path]) -> None:
    """Restore what lay beside a copy before a run that did not give the copy its name.

    Parameters
    ----------
    output, beside
        As for :func:`finished_copy`. No other run may be writing them.

    Raises
    ------
    EncodeError
        If it cannot be put back.
    """
    folder = _folder(output)
    older = folder / _OLDER
    if older.is_dir() and not _is_about(beside["report"], output):
        try:
            _put_back(folder, beside)
        except OSError as exc:
            raise EncodeError(
                f"what lay beside {output.name} cannot be put back from {folder.name} "
                f"({exc.strerror}); make the folder writable, and start again"
            ) from exc
    _remove(folder)


def _folder(output: Path) -> Path:
    return output.with_name(f".{output.name}.tables")


def _keep_older(folder: Path, beside: Mapping[str, Path]) -> None:
    """Copy what will be replaced; the folder has its name only when all of it is there."""
    partial = folder / f"{_OLDER}.partial"
    partial.mkdir()
    for path in beside.values():
        if path.exists():
            shutil.copyfile(path, partial / path.name)
    partial.rename(folder / _OLDER)


def _put_back(folder: Path, beside: Mapping[str, Path]) -> None:
    """Restore what is older from its copies: stopped in between, it can be done again."""
    for path in beside.values():
        again, kept = folder / path.name, folder / _OLDER / path.name
        again.unlink(missing_ok=True)
        if kept.exists():
            shutil.copyfile(kept, again)
        _replace(again, path)


def _remove(folder: Path) -> None:
    # half of what is older would be taken for all of it; where it cannot be renamed, all stays
    older = folder / _OLDER
    with suppress(OSError):
        older.rename(folder / f"{_OLDER}.done")
    if not older.exists():
        shutil.rmtree(folder, ignore_errors=True)


def _replace(new: Path, path: Path) -> None:
    if new.exists():
        new.replace(path)
    else:
        path.unlink(missing_ok=True)


def _is_about(report: Path, output: Path) -> bool:
    """Return whether a report is about the file that has the copy's name."""
    try:
        content = parse_json(report.read_text(encoding="utf-8"))
        return bool(content["copy"]["sha256"] == file_sha256(output))
    except (OSError, ValueError, LookupError, TypeError):
        return False

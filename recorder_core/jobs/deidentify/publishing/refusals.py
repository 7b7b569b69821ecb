"""Outputs that must not be replaced: of another copy, of another job, or finished already."""

from __future__ import annotations

from glob import escape
from pathlib import Path
from typing import NoReturn

from recorder_core.errors import AlreadyFinished, DataError, SettingsError
from recorder_core.jobs.deidentify.report.contents import DeidentifyReport
from recorder_core.jobs.deidentify.sidecars import sidecars

__all__ = ["refuse_existing", "refuse_foreign_tables"]


def refuse_foreign_tables(output: Path, *, replace: bool) -> None:
    """Refuse an output whose tables and report would replace those of another copy.

    Copies that differ only in their suffix have the same names beside them.

    Parameters
    ----------
    output : Path
        Not written yet, or to be replaced.
    replace : bool
        Whether tables without a copy may be replaced.

    Raises
    ------
    SettingsError
        If they belong to another file, or to none and `replace` is False.
    """
    names = list(sidecars(output).values())
    beside = next((path for path in names if path.exists()), None)
    if beside is None:
        return
    report = _read_report(output)
    size = report.copy.size_bytes if report else None
    for other in output.parent.glob(f"{escape(output.stem)}.*"):
        is_other = other not in names and other.is_file() and other.name != output.name
        if is_other and other.stat().st_size == size:
            raise SettingsError(
                f"the tables and the report of {output.name} would replace those of "
                f"{other.name}; give the copy another name"
            )
    if not (replace or output.exists()):
        raise SettingsError(
            f"{beside.name} exists without its copy {output.name}; give --overwrite to replace "
            "it, or another name"
        )


def refuse_existing(output: Path, fingerprint: str) -> NoReturn:
    """Refuse to replace an output.

    Raises
    ------
    AlreadyFinished
        If its report says that it is whole and was made by the same job.
    SettingsError
        If it is anything else.
    """
    report = _read_report(output)
    sentence = f"{output.name} exists; give --overwrite to replace it"
    if report and report.job == fingerprint and report.copy.size_bytes == output.stat().st_size:
        raise AlreadyFinished(
            f"{sentence}: it was made from this video with these settings", output
        )
    if report:
        sentence += ": it was made from another video, or with other settings"
    raise SettingsError(sentence)


def _read_report(output: Path) -> DeidentifyReport | None:
    """Return the report beside an output; None where there is none that can be read."""
    try:
        return DeidentifyReport.of_copy(output)
    except DataError:
        return None

"""Turn the paths on a command line into the files to work on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from recorder_core.errors import SettingsError
from recorder_core.model import VIDEO_SUFFIXES

__all__ = [
    "Job",
    "find_files",
    "pair_with_outputs",
    "refuse_inputs",
]

#: what a de-identified copy in a folder is called
_COPY_NAME: Final = "{stem}.deidentified.mp4"


@dataclass(frozen=True, slots=True)
class Job:
    """One input and where its result goes."""

    source: Path
    output: Path


def find_files(paths: Sequence[Path], suffixes: frozenset[str]) -> list[Path]:
    """Return the files, and those inside folders at any depth, in a fixed order.

    A file that is named itself is taken whatever its suffix; results of an earlier
    run inside a folder are left out.

    Raises
    ------
    SettingsError
        If a folder holds no such file.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(
            item
            for item in path.rglob("*")
            if item.suffix.lower() in suffixes
            and item.is_file()
            and not any(part.startswith(".") for part in item.relative_to(path).parts)
            and ".deidentified" not in item.name
        )
        if not inside:
            raise SettingsError(f"the folder {path.name or path} holds no file to work on")
        found += inside
    return found


def refuse_inputs(outputs: Iterable[Path | None], inputs: Sequence[Path]) -> None:
    """Refuse to write over what is read, or where there is no folder.

    Raises
    ------
    SettingsError
        If a file to write is one of the inputs, or its folder does not exist.
    """
    for output in outputs:
        if output is None:
            continue
        if not output.parent.is_dir():
            raise SettingsError(f"there is no folder {output.parent.name} for {output.name}")
        if output.exists() and any(path.exists() and output.samefile(path) for path in inputs):
            raise SettingsError(f"{output.name} is an input; give another name to write to")


def pair_with_outputs(paths: Sequence[Path], output: Path) -> list[Job]:
    """Give every input its output: a file for one input, files in a folder for several.

    Inputs of one folder keep their place below it.

    Raises
    ------
    SettingsError
        If several inputs would go to one file, or two to the same.
    """
    sources = find_files(paths, VIDEO_SUFFIXES)
    if len(paths) == 1 and not paths[0].is_dir() and not output.is_dir():
        return [Job(sources[0], output)]
    if output.exists() and not output.is_dir():
        raise SettingsError(
            f"{len(sources)} inputs cannot all be written to the file {output.name}; "
            "give a folder after -o"
        )
    roots = [path for path in paths if path.is_dir()]
    jobs = [Job(source, _inside(source, roots, output)) for source in sources]
    _refuse_collisions(jobs)
    return jobs


def _inside(source: Path, roots: Sequence[Path], output: Path) -> Path:
    name = _COPY_NAME.format(stem=source.stem)
    for root in roots:
        if source.is_relative_to(root):
            return output / source.parent.relative_to(root) / name
    return output / name


def _refuse_collisions(jobs: Sequence[Job]) -> None:
    seen: dict[Path, Path] = {}
    for job in jobs:
        if job.output in seen:
            raise SettingsError(
                f"{seen[job.output].name} and {job.source.name} would both be written to "
                f"{job.output.name}; work on them one by one"
            )
        seen[job.output] = job.source

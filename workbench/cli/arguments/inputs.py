"""Turn the paths on a command line into the files to work on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from recorder_core.errors import DecodeError, SettingsError
from recorder_core.model import PICTURE_SUFFIXES, VIDEO_SUFFIXES

__all__ = [
    "FilePair",
    "LeftOut",
    "check_new_folder",
    "check_outputs",
    "find_files",
    "list_left_out",
    "pair_with_outputs",
    "refuse_one_file_twice",
    "say_left_out",
]

#: stands in the name of a de-identified copy in a folder, after the source's name
_RESULT: Final = ".deidentified"

#: device and number of a file that is there; the path of one that is not
_Place: TypeAlias = tuple[int, int] | str


@dataclass(frozen=True, slots=True)
class FilePair:
    """One input and where its result goes."""

    source: Path
    output: Path

    @property
    def is_picture(self) -> bool:
        """Whether the input is a picture file, by its name."""
        return self.source.suffix.lower() in PICTURE_SUFFIXES


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file of a folder that is not worked on, and why."""

    path: Path
    reason: str


def find_files(paths: Sequence[Path], suffixes: frozenset[str]) -> list[Path]:
    """Return the files, and those inside folders at any depth, in a fixed order.

    A file that is named itself is taken whatever its suffix, and one inside a folder
    where it holds a video; `list_left_out` says what is not taken.

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
        inside = [item for item in _visible(path) if not _why_left_out(item, suffixes)]
        if not inside:
            raise SettingsError(f"the folder {path.name or path} holds no file to work on")
        found += inside
    return found


def list_left_out(paths: Sequence[Path], suffixes: frozenset[str]) -> list[LeftOut]:
    """Return what `find_files` does not take of folders, in its order; hidden files aside."""
    return [
        LeftOut(item, reason)
        for path in paths
        if path.is_dir()
        for item in _visible(path)
        if (reason := _why_left_out(item, suffixes))
    ]


def say_left_out(paths: Sequence[Path], suffixes: frozenset[str], *, quiet: bool) -> None:
    """Print what `list_left_out` returns, unless only errors are printed."""
    for item in () if quiet else list_left_out(paths, suffixes):
        print(f"left out: {item.path.name}: {item.reason}")


def _visible(folder: Path) -> list[Path]:
    """Return what lies below a folder; hidden files are a system's, not a person's."""
    return sorted(
        item
        for item in folder.rglob("*")
        if not any(part.startswith(".") for part in item.relative_to(folder).parts)
        and (item.is_symlink() or not item.is_dir())
    )


def _why_left_out(item: Path, suffixes: frozenset[str]) -> str:
    """Return why a file of a folder is not worked on; "" if it is."""
    if not item.exists():
        return "a link that leads nowhere"
    if item.is_dir():
        return "a link to a folder: name that folder itself"
    if not item.is_file():
        return "a pipe or device, not a file"
    if _RESULT in item.name:
        return f"by its name ({_RESULT}) a result of this program: name the file itself if not"
    if item.suffix.lower() in suffixes or _holds_video(item):
        return ""
    return "not of a kind that this command works on"


def _holds_video(path: Path) -> bool:
    from recorder_core.media import probe

    try:
        probe(path)
    except DecodeError:
        return False
    return True


def check_outputs(
    outputs: Iterable[Path | None],
    inputs: Iterable[Path | None],
    *,
    overwrite: bool,
    beside: Iterable[Path] = (),
) -> None:
    """Refuse to write over what is read, written otherwise or there, or where there is no folder.

    Parameters
    ----------
    outputs : iterable of Path
        Files to write; None for those that nobody asked for.
    inputs : iterable of Path
        What is read; never written over. None for what nobody named.
    overwrite : bool
        Whether a file that exists may be replaced.
    beside : iterable of Path
        What the command writes otherwise, and checks itself whether it may.

    Raises
    ------
    SettingsError
        If a file to write is one of the inputs or is written twice, exists, or is a folder, or
        if its folder does not exist.
    """
    named = [path for path in outputs if path is not None]
    for output in named:
        if not output.parent.is_dir():
            raise SettingsError(
                f"there is no folder {output.parent.name} for {output.name}; make it first"
            )
    refuse_one_file_twice(named, inputs, beside)
    for output in named:
        if output.is_dir():
            raise SettingsError(f"{output} is a folder; give the name of a file to write to")
        if not overwrite and (output.exists() or output.is_symlink()):
            raise SettingsError(f"{output.name} exists; give --overwrite to replace it")
        _refuse_unwritable(output)


def check_new_folder(folder: Path, inputs: Iterable[Path | None]) -> None:
    """Refuse to make a folder where something is, a link to nothing too, or below a file.

    Parameters
    ----------
    folder : Path
        To be made by the command, with the folders above it.
    inputs : iterable of Path
        What is read; None for what nobody named.

    Raises
    ------
    SettingsError
        If it cannot be made, or if one file is named twice.
    """
    places: set[_Place] = set()
    for path in inputs:
        if path is not None and _place(path) in places:
            raise SettingsError(f"{path.name} is given as two inputs; name another file for one")
        places |= {_place(path)} if path is not None else set()
    if folder.exists() or folder.is_symlink():
        raise SettingsError(f"{folder} already exists; give the name of a new folder")
    above = next(place for place in folder.absolute().parents if place.exists())
    if not above.is_dir():
        raise SettingsError(f"{folder} would lie below the file {above.name}; give another name")


def refuse_one_file_twice(
    outputs: Iterable[Path], inputs: Iterable[Path | None], beside: Iterable[Path] = ()
) -> None:
    """Refuse to write to what is read, or two things to one place; links lead to one place.

    Parameters
    ----------
    outputs : iterable of Path
        Files and folders to write.
    inputs : iterable of Path
        Files and folders that are read; None for what nobody named.
    beside : iterable of Path
        What is written otherwise, under different names.

    Raises
    ------
    SettingsError
        If something to write is an input, or an output is written twice.
    """
    read = {_place(path) for path in inputs if path is not None}
    others, named = list(beside), list(outputs)
    for path in (*named, *others):
        if _place(path) in read:
            raise SettingsError(f"{path.name} is an input; give another name to write to")
    written = set(map(_place, others))
    for output in named:
        place = _place(output)
        if place in written:
            raise SettingsError(
                f"{output.name} would be written twice by this command; give another name to one "
                "of them"
            )
        written.add(place)


def _place(path: Path) -> _Place:
    """Return what is the same for every name of a file: hard links, links, other spellings."""
    try:
        found = path.stat()
    except OSError:
        return str(path.resolve())
    return found.st_dev, found.st_ino


def _refuse_unwritable(output: Path) -> None:
    """Refuse a name under which nothing can be written, before hours of work."""
    if output.is_symlink() or (output.exists() and not output.is_file()):
        return  # opening a link or a pipe may make or stop something
    is_new = not output.exists()
    try:
        output.open("xb" if is_new else "ab").close()
        if is_new:
            output.unlink()
    except OSError as exc:
        raise SettingsError(
            f"{output.name} cannot be written in the folder {output.absolute().parent} "
            f"({exc.strerror}); give another name"
        ) from exc


def pair_with_outputs(
    paths: Sequence[Path], output: Path, container: str | None = None
) -> list[FilePair]:
    """Pair every input with its output: a file for one input, files in a folder for several.

    Inputs of one folder keep their place below it. Where two of them differ in their
    suffix only, the copies have the suffix in their names. Copies of pictures keep their
    format, copies of videos are MP4 files unless another container is given.

    Raises
    ------
    SettingsError
        If several inputs would go to one file, or two to the same, or if a container is
        given for a single file.
    """
    sources = find_files(paths, VIDEO_SUFFIXES | PICTURE_SUFFIXES)
    if len(paths) == 1 and not paths[0].is_dir() and not output.is_dir():
        if container is not None:
            raise SettingsError(
                f"--container is for folders; name the output {output.stem}.{container} instead"
            )
        return [FilePair(sources[0], output)]
    if output.exists() and not output.is_dir():
        raise SettingsError(
            f"{len(sources)} inputs cannot all be written to the file {output.name}; "
            "give a folder after -o"
        )
    roots = [path for path in paths if path.is_dir()]
    folders = [_folder_inside(source, roots, output) for source in sources]
    stems = Counter((folder, s.stem) for folder, s in zip(folders, sources, strict=True))
    pairs = []
    for folder, source in zip(folders, sources, strict=True):
        name = source.stem if stems[folder, source.stem] == 1 else source.name
        pairs.append(FilePair(source, folder / (name + _RESULT + _copy_suffix(source, container))))
    _refuse_collisions(pairs)
    return pairs


def _copy_suffix(source: Path, container: str | None) -> str:
    suffix = source.suffix.lower()
    return suffix if suffix in PICTURE_SUFFIXES else f".{container or 'mp4'}"


def _folder_inside(source: Path, roots: Sequence[Path], output: Path) -> Path:
    for root in roots:
        if source.is_relative_to(root):
            return output / source.parent.relative_to(root)
    return output


def _refuse_collisions(pairs: Sequence[FilePair]) -> None:
    seen: dict[Path, Path] = {}
    for pair in pairs:
        if pair.output in seen:
            raise SettingsError(
                f"{seen[pair.output].name} and {pair.source.name} would both be written to "
                f"{pair.output.name}; work on them one by one"
            )
        seen[pair.output] = pair.source

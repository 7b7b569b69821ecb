"""The part of ``workbench deidentify`` that is about picture files."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from recorder_core.errors import EncodeError, SettingsError
from recorder_core.jobs import Allowed, DeidentifyOptions, sidecar
from recorder_core.jobs.deidentify.report.warnings import copy_warnings
from recorder_core.media import EncoderSettings
from workbench.cli.arguments.inputs import FilePair
from workbench.cli.deidentify.copy_warnings import warn_of

if TYPE_CHECKING:
    from recorder_core.jobs.deidentify.picture.deidentifier import PictureDeidentifier
    from recorder_core.jobs.deidentify.picture.request import PictureResult

__all__ = ["PictureCommand", "beside_whole_copy", "copy_detections"]

#: options of the command that mean something for videos only, and what they are by default
_FOR_VIDEOS: Final[dict[str, object]] = {
    "corrections": None,
    "discard_corrections": False,
    "times_file": None,
    "times": False,
    "start": None,
    "stop": None,
    "every": None,
    "batch_size": 1,
    "salvage": False,
    "codec": None,
    "encoder": None,
    "encoder_threads": EncoderSettings().threads,
    "preset": EncoderSettings().preset,
    "container": None,
    "audio": "auto",
    "min_psnr": EncoderSettings().min_psnr_y_db,
    "video_stream": None,
}


class PictureCommand:
    """De-identifies the pictures among the inputs; loads a network when there is one.

    Parameters
    ----------
    settings : DeidentifyOptions
    options : argparse.Namespace
        The parsed command line.
    """

    def __init__(self, settings: DeidentifyOptions, options: argparse.Namespace) -> None:
        self._settings = settings
        self._options = options
        self._deidentifier: PictureDeidentifier | None = None

    def in_order(self, pairs: Sequence[FilePair]) -> list[FilePair]:
        """Return the inputs, pictures after videos.

        Raises
        ------
        SettingsError
            If all are pictures, and an option is for videos.
        """
        if all(pair.is_picture for pair in pairs):
            self._refuse_for_videos(pairs)
        return sorted(pairs, key=lambda pair: pair.is_picture)

    def _refuse_for_videos(self, pairs: Sequence[FilePair]) -> None:
        options = vars(self._options)
        given = [name for name, default in _FOR_VIDEOS.items() if options[name] != default]
        if options["audio"] == "none":
            given[given.index("audio")] = "no-audio"
        # of a folder, --resume leaves out what is finished
        if options["resume"] and not self._options.inputs[0].is_dir():
            given.append("resume")
        if given:
            what = (
                f"{pairs[0].source.name} is a picture" if len(pairs) == 1 else "these are pictures"
            )
            raise SettingsError(
                f"--{given[0].replace('_', '-')} is for videos; {what}: leave it out"
            )

    def deidentify(self, pair: FilePair) -> None:
        """De-identify one picture, and say what was done.

        Raises
        ------
        RecorderError
            In one sentence what is wrong; there is no output then.
        """
        from recorder_core.jobs.deidentify.picture.deidentifier import PictureDeidentifier
        from recorder_core.jobs.deidentify.picture.request import PictureRequest

        if self._deidentifier is None:
            self._deidentifier = PictureDeidentifier(self._settings)
        request = PictureRequest(
            source=pair.source,
            output=pair.output,
            overwrite=self._options.overwrite,
            allowed=Allowed(self._options.allow_no_faces, self._options.allow_seen_faces),
        )
        result = self._deidentifier.deidentify(request)
        if self._options.quiet:
            warn_of(result.output, result.report)
        else:
            print(_summary(result))
        with beside_whole_copy(result.output):
            copy_detections(result.output, self._options.detections)


@contextmanager
def beside_whole_copy(output: Path) -> Iterator[None]:
    """Add to an error of writing beside a copy that the copy is whole.

    Raises
    ------
    EncodeError
        Instead of the file system's errors.
    """
    try:
        yield
    except (OSError, EncodeError) as exc:
        why = str(exc)
        if isinstance(exc, OSError):
            why = f"the table of the detections cannot be written: {exc.strerror}"
        raise EncodeError(
            f"{why}; the copy {output} is whole nevertheless, with its tables and report beside it"
        ) from exc


def copy_detections(output: Path, wanted: Path | None) -> None:
    """Copy the detections beside a copy to the file that was asked for, if any was."""
    table = sidecar(output, "detections")
    if wanted and wanted.absolute() != table.absolute():
        shutil.copyfile(table, wanted)


def _summary(result: PictureResult) -> str:
    warnings = {each.kind: list(each.lines) for each in copy_warnings(result.report)}
    regions = result.report.redactions.regions
    found = warnings.get("nothing_redacted", [f"{regions} faces redacted"])
    lowered = warnings.get("lowered_safety", [])
    return "\n".join([f"{result.output}: {found[0]}", *lowered])

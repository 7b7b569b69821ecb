"""The part of ``workbench deidentify`` that is about picture files."""

from __future__ import annotations

import argparse
import shutil
from typing import TYPE_CHECKING

from recorder_core.errors import SettingsError
from recorder_core.jobs import DeidentifyOptions, sidecar
from workbench.cli.inputs import Job

if TYPE_CHECKING:
    from recorder_core.jobs.deidentify_picture import PictureDeidentifier, PictureResult

__all__ = ["PictureCommand"]

#: options of the command that mean something for videos only
_FOR_VIDEOS = ("corrections", "profile")


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

    def deidentify(self, job: Job) -> None:
        """De-identify one picture, and say what was done.

        Raises
        ------
        RecorderError
            In one sentence what is wrong; there is no output then.
        """
        from recorder_core.jobs.deidentify_picture import PictureDeidentifier, PictureRequest

        for name in _FOR_VIDEOS:
            if getattr(self._options, name):
                raise SettingsError(f"--{name} is for videos; {job.source.name} is a picture")
        if self._deidentifier is None:
            self._deidentifier = PictureDeidentifier(self._settings)
        request = PictureRequest(
            source=job.source,
            output=job.output,
            overwrite=self._options.overwrite,
            allow_seen_faces=self._options.allow_seen_faces,
        )
        result = self._deidentifier.deidentify(request)
        table = sidecar(result.output, "detections")
        wanted = self._options.detections
        if wanted and wanted.absolute() != table.absolute():
            shutil.copyfile(table, wanted)
        if not self._options.quiet:
            print(_summary(result))


def _summary(result: PictureResult) -> str:
    regions = result.report["redactions"]["regions"]
    found = (
        f"{regions} faces redacted"
        if regions
        else ("no face was found: the copy shows all that the source shows")
    )
    return f"{result.output}: {found}"

"""De-identify picture files: the same picture with its faces redacted, and nothing beside it.

The copy has the format of its source. Outside the redactions its pixels are the source's,
as far as the format keeps them: redactions are painted in YUV 4:2:0, like a video's, and
only pixels that they touch are taken from there.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from recorder_core.deidentify.smoothing import redact_detections
from recorder_core.errors import SettingsError
from recorder_core.jobs.deidentify.picture.networks import PictureNetworks
from recorder_core.jobs.deidentify.picture.painting import paint_redactions, verify_picture
from recorder_core.jobs.deidentify.picture.reporting import (
    PictureOrigin,
    describe_source,
    report_picture,
    write_tables,
)
from recorder_core.jobs.deidentify.picture.request import PictureRequest, PictureResult
from recorder_core.jobs.deidentify.picture.second_search import refuse_doubt, search_again
from recorder_core.jobs.deidentify.picture.work import PictureWork
from recorder_core.jobs.deidentify.publishing.finished_copy import (
    clear_unfinished,
    finished_copy,
    refuse_long_name,
)
from recorder_core.jobs.deidentify.publishing.refusals import (
    refuse_existing,
    refuse_foreign_tables,
)
from recorder_core.jobs.deidentify.report.contents import ReportedCopy, ReportedSource
from recorder_core.jobs.deidentify.sidecars import sidecars
from recorder_core.jobs.inputs.options import DeidentifyOptions, fingerprint
from recorder_core.jobs.verification.second_look import ATTEMPTS
from recorder_core.jobs.verification.seen_faces import SecondLook
from recorder_core.media import FileState, file_sha256, output_lock
from recorder_core.media.files.finished import check_file
from recorder_core.media.pictures.picture_file import (
    PictureFile,
    check_picture_name,
    read_picture_file,
    write_picture_file,
)
from recorder_core.model import FrameDetections, Planes, Redaction, View, parse_view
from recorder_core.model.frames.colours import planes_of_rgb

__all__ = ["PictureDeidentifier"]

#: share of the score that confirms a face in videos, from which a box is redacted: there are
#: no other frames to tell a face from a reflection, and a redaction too many costs less than
#: a face
_SCORE_SHARE: Final = 0.6


class PictureDeidentifier:
    """De-identifies pictures one after the other; networks are loaded once for each size.

    Parameters
    ----------
    options : DeidentifyOptions
        Where and how faces are found and redacted.

    Raises
    ------
    SettingsError
        If the options name a span of time.
    ModelMismatch
        If the weights are damaged, or find no faces.
    """

    def __init__(self, options: DeidentifyOptions) -> None:
        if options.start_seconds is not None or options.stop_seconds is not None:
            raise SettingsError("pictures have no time; leave out --start and --stop")
        self._options = options
        self._networks = PictureNetworks(options.detector)
        self._min_score = _SCORE_SHARE * options.smoothing.birth_score

    def deidentify(self, request: PictureRequest) -> PictureResult:
        """De-identify one picture.

        Writes OUTPUT, its redactions, its detections and a report, as for a video. The
        output appears under its name only after it was read again and compared.

        Raises
        ------
        RecorderError
            In one sentence what is wrong; there is no output then.
        """
        source, output = request.source, request.output
        if output.exists() and source.exists() and output.samefile(source):
            raise SettingsError("the output is the input; give another name after -o")
        refuse_long_name(output, sidecars(output))
        check_file(source, "picture")
        state = FileState.read(source)
        picture, sha256 = read_picture_file(source), file_sha256(source)
        check_picture_name(output, picture)
        with output_lock(output):
            clear_unfinished(output, sidecars(output))
            refuse_foreign_tables(output, replace=request.overwrite)
            job = fingerprint(self._options, sha256, self._networks.weights)
            if output.exists() and not request.overwrite:
                refuse_existing(output, job)
            described = describe_source(picture, sha256, state.size_bytes)
            work = self._find(picture)
            return self._write(request, work, self._origin(job, described, work.view), state)

    def _origin(self, job: str, source: ReportedSource, view: View) -> PictureOrigin:
        networks = self._networks
        return PictureOrigin(job, source, self._options, networks.first(view), networks.weights)

    def _find(self, picture: PictureFile) -> PictureWork:
        """Search a picture, and paint what was found."""
        before = planes_of_rgb(picture.rgb)
        view = parse_view(self._options.searched_view, before.width, before.height)
        boxes = self._networks.first(view).detect(before)
        found = FrameDetections(0, 0, boxes.xyxy_px, boxes.scores)
        untouched = np.zeros((before.height, before.width), np.bool_)
        work = PictureWork(picture, view, before, before, picture.rgb, untouched, found, [])
        redactions = redact_detections([found], self._min_score)[0]
        return paint_redactions(work, redactions, self._options.redaction)

    def _write(
        self, request: PictureRequest, work: PictureWork, origin: PictureOrigin, state: FileState
    ) -> PictureResult:
        output = request.output
        with finished_copy(output, sidecars(output)) as (temporary, beside):
            work, planes, look = self._finish(temporary, work)
            refuse_doubt(look, request, work)
            state.check()
            size_bytes = temporary.stat().st_size
            copy = ReportedCopy(sha256=file_sha256(temporary), size_bytes=size_bytes)
            report = report_picture(origin, copy, work, written=planes, look=look)
            write_tables(beside, work, report)
        return PictureResult(output, report)

    def _finish(self, copy: Path, work: PictureWork) -> tuple[PictureWork, Planes, SecondLook]:
        """Write a copy; hide in it what a second look still sees, and look again."""
        planes, look = self._write_copy(copy, work)
        for _ in range(ATTEMPTS):
            if not look.exposed:
                break
            seen = [
                Redaction(0, face.box_xyxy_px, "detected", -1, face.score) for face in look.exposed
            ]
            redactions = [*work.redactions, *seen]
            work = paint_redactions(work, redactions, self._options.redaction)
            planes, after = self._write_copy(copy, work)
            look = look.then(after)
        return work, planes, replace(look, frames=1)

    def _write_copy(self, copy: Path, work: PictureWork) -> tuple[Planes, SecondLook]:
        write_picture_file(copy, work.rgb, work.picture)
        written = read_picture_file(copy)
        planes = planes_of_rgb(written.rgb)
        verify_picture(written, planes, work, self._options.redaction)
        look = search_again(self._networks, planes, work, self._options.redaction)
        return planes, look

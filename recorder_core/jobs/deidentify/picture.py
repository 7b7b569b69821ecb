"""De-identify picture files: the same picture with its faces redacted, and nothing beside it.

The copy has the format of its source. Outside the redactions its pixels are the source's,
as far as the format keeps them: redactions are painted in YUV 4:2:0, like a video's, and
only pixels that they touch are taken from there.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np

from recorder_core.deidentify.coverage import face_coverage, frame_shapes
from recorder_core.deidentify.redaction import redact
from recorder_core.deidentify.redaction_check import changed_share, shape_mask, writable_copy
from recorder_core.deidentify.smoothing import redact_detections
from recorder_core.detect.detector import (
    Detector,
    DetectorName,
    DetectorSettings,
    load_detector,
    load_detector_weights,
)
from recorder_core.detect.view_input import InputGeometry
from recorder_core.detect.weights.self_test import refuse_useless
from recorder_core.errors import FacesInDoubt, RedactionIncomplete, SettingsError
from recorder_core.jobs.deidentify.doubts.lowered_safety import lowered_safety
from recorder_core.jobs.deidentify.picture_work import (
    PictureWork,
    differing_pixels,
    psnr_outside_db,
)
from recorder_core.jobs.deidentify.publishing.finished_copy import (
    clear_unfinished,
    finished_copy,
    refuse_long_name,
)
from recorder_core.jobs.deidentify.publishing.refusals import (
    refuse_existing,
    refuse_foreign_tables,
)
from recorder_core.jobs.deidentify.report.contents import (
    REPORT_VERSION,
    DeidentifyReport,
    RedactionCounts,
    ReportedCopy,
    ReportedSource,
)
from recorder_core.jobs.deidentify.sidecars import sidecars
from recorder_core.jobs.inputs.options import DeidentifyOptions, fingerprint, plain_options
from recorder_core.jobs.verification.allowed import Allowed
from recorder_core.jobs.verification.follow_faces import is_among
from recorder_core.jobs.verification.second_look import (
    ATTEMPTS,
    MIN_COVERAGE,
    faces_outside,
    own_detector,
    second_long_side_px,
    sure_faces,
)
from recorder_core.jobs.verification.seen_faces import SecondLook, SeenFace
from recorder_core.jobs.verification.way_up import boxes_when_turned
from recorder_core.media import FileState, file_sha256, output_lock
from recorder_core.media.files.finished import check_file
from recorder_core.media.pictures.picture_file import (
    PictureFile,
    check_picture_name,
    read_picture_file,
    write_picture_file,
)
from recorder_core.model import FrameDetections, Planes, Redaction, View, parse_view
from recorder_core.model.colours import planes_of_rgb, rgb_of_planes
from recorder_core.model.paths import StrPath
from recorder_core.tables import (
    DetectionTable,
    RedactionTable,
    TableMetadata,
    write_detections,
    write_redactions,
)
from recorder_core.version import __version__

__all__ = ["PictureDeidentifier", "PictureRequest", "PictureResult"]

#: least share of a redaction's core that is nearer to the plan than to the source in the
#: written file: a coarse JPEG moves single samples
_MIN_CHANGED_SHARE: Final = 0.9
#: share of the score that confirms a face in videos, from which a box is redacted: there are
#: no other frames to tell a face from a reflection, and a redaction too many costs less than
#: a face
_SCORE_SHARE: Final = 0.6

#: name of the detector and its weights file
_LoadedKey: TypeAlias = tuple[DetectorName, StrPath | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRequest:
    """Which picture to de-identify, and where to."""

    source: Path
    output: Path
    #: replace an output that exists
    overwrite: bool = False
    #: what the copy may show nevertheless; does not change it
    allowed: Allowed = field(default_factory=Allowed)


@dataclass(frozen=True, slots=True)
class PictureResult:
    """What was done to a picture."""

    output: Path
    #: what was written to the report file
    report: DeidentifyReport = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Made:
    """What a picture's copy is made from."""

    #: fingerprint of the job
    job: str
    source: ReportedSource
    weights: str


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
        self._settings = replace(options.detector, threads=os.cpu_count() or 1)
        self._weights = load_detector_weights(options.detector)
        if self._weights is not None:
            refuse_useless(self._weights)
        self._min_score = _SCORE_SHARE * options.smoothing.birth_score
        self._loaded: dict[_LoadedKey, Detector] = {}

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
            used = self._weights.sha256 if self._weights else self._options.detector.name
            job = fingerprint(self._options, sha256, used)
            if output.exists() and not request.overwrite:
                refuse_existing(output, job)
            described = _describe(picture, sha256, state.size_bytes)
            return self._write(request, self._find(picture), _Made(job, described, used), state)

    def _find(self, picture: PictureFile) -> PictureWork:
        """Search a picture, and paint what was found."""
        before = planes_of_rgb(picture.rgb)
        view = parse_view(self._options.view, before.width, before.height)
        boxes = self._load(self._settings, view).detect(before)
        found = FrameDetections(0, 0, boxes.xyxy_px, boxes.scores)
        untouched = np.zeros((before.height, before.width), np.bool_)
        work = PictureWork(picture, view, before, before, picture.rgb, untouched, found, [])
        return self._paint(work, redact_detections([found], self._min_score)[0])

    def _paint(self, work: PictureWork, redactions: list[Redaction]) -> PictureWork:
        """Return the picture with all of some redactions in it."""
        picture, before, view = work.picture, work.before, work.view
        after = writable_copy(before)
        redact(after, redactions, self._options.redaction, view)
        whole = View(0, 0, before.width, before.height)
        touched = differing_pixels(before, after)
        touched |= shape_mask(redactions, self._options.redaction, view, whole)
        rgb, painted = picture.rgb.copy(), rgb_of_planes(after)
        if picture.is_gray:
            painted = after.y[:, :, None].repeat(3, axis=2)
        rgb[touched] = painted[touched]
        return replace(work, after=after, rgb=rgb, touched=touched, redactions=redactions)

    def _write(
        self, request: PictureRequest, work: PictureWork, made: _Made, state: FileState
    ) -> PictureResult:
        output = request.output
        with finished_copy(output, sidecars(output)) as (temporary, beside):
            work, planes, look = self._finish(temporary, work)
            _check_look(look, request, work)
            state.check()
            size_bytes = temporary.stat().st_size
            copy = ReportedCopy(sha256=file_sha256(temporary), size_bytes=size_bytes)
            report = self._report(made, copy, work, planes, look)
            _write_tables(beside, work, report)
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
            work = self._paint(work, [*work.redactions, *seen])
            planes, after = self._write_copy(copy, work)
            look = look.then(after)
        return work, planes, replace(look, frames=1)

    def _write_copy(self, copy: Path, work: PictureWork) -> tuple[Planes, SecondLook]:
        write_picture_file(copy, work.rgb, work.picture)
        written = read_picture_file(copy)
        planes = planes_of_rgb(written.rgb)
        self._verify(written, planes, work)
        return planes, self._look_again(planes, work)

    def _verify(self, copy: PictureFile, planes: Planes, work: PictureWork) -> None:
        """Refuse a file that is not what was planned, or holds more than pixels."""
        if copy.rgb.shape != work.rgb.shape or copy.besides:
            raise RedactionIncomplete(
                f"the copy has the shape {copy.rgb.shape} and {len(copy.besides)} things beside "
                f"its pixels, where {work.rgb.shape} and none were written"
            )
        if work.picture.is_lossless and not np.array_equal(copy.rgb, work.rgb):
            raise RedactionIncomplete("the copy does not show what was written")
        shares = changed_share(
            work.before, planes, work.redactions, self._options.redaction, work.view
        )
        if (shares < _MIN_CHANGED_SHARE).any():
            raise RedactionIncomplete(
                f"in the copy only {shares.min():.0%} of a redaction is there; nothing was written"
            )

    def _look_again(self, planes: Planes, work: PictureWork) -> SecondLook:
        """Search the written picture for faces that no redaction hides, in another scale.

        Faces that are upside down are searched for, too.
        Outside the view it is searched in the scale of the first look. The program's own
        detector searches, whichever was chosen for the first look.
        """
        view, whole = work.view, View(0, 0, planes.width, planes.height)
        own = own_detector(self._settings, view)
        own = replace(own, long_side_px=second_long_side_px(view, own.long_side_px))
        detector = self._load(own, view)
        boxes = detector.detect(planes)
        seen = sure_faces(boxes)
        turned = sure_faces(boxes_when_turned(detector, planes, view))
        seen += [face for face in turned if not is_among(face, seen)]
        shapes = frame_shapes(work.redactions, view, self._options.redaction)
        is_hidden = [face_coverage(face.box_xyxy_px, shapes) >= MIN_COVERAGE for face in seen]
        exposed = [face for face, hidden in zip(seen, is_hidden, strict=True) if not hidden]
        around: list[SeenFace] = []
        if view != whole:
            boxes = self._load(own_detector(self._settings, whole), whole).detect(planes)
            around = faces_outside(sure_faces(boxes), view, planes.height)
        best_score = round(max(boxes.scores.tolist(), default=0.0), 3)
        return SecondLook(
            1,
            exposed=tuple(exposed),
            outside_view=tuple(around),
            inside_redactions=sum(is_hidden),
            best_score=best_score,
            frame_indices=(0,),
        )

    def _load(self, settings: DetectorSettings, view: View) -> Detector:
        """Return the loaded network for a view."""
        geometry = InputGeometry.fit(view, settings.long_side_px)
        network = settings.name, settings.weights
        if network not in self._loaded:
            is_jobs = network == (self._settings.name, self._settings.weights)
            weights = self._weights if is_jobs else None
            self._loaded[network] = load_detector(settings, view, weights, any_size=True)
        return self._loaded[network].for_geometry(geometry)

    def _report(
        self, made: _Made, copy: ReportedCopy, work: PictureWork, planes: Planes, look: SecondLook
    ) -> DeidentifyReport:
        return DeidentifyReport(
            version=REPORT_VERSION,
            program=f"surgery-workbench {__version__}",
            job=made.job,
            source=made.source,
            copy=copy,
            settings=plain_options(self._options) | {"view_px": str(work.view)},
            lowered_safety=tuple(lowered_safety(self._options, work.view)),
            detector=self._load(self._settings, work.view).describe(),
            weights=made.weights,
            redactions=RedactionCounts(regions=len(work.redactions)),
            second_look=look,
            psnr_y_outside_redactions_db=psnr_outside_db(work, planes),
            verified=(
                "the copy was read again: its size is the source's, and it holds pixels only",
                "the copy was searched for faces again, in another scale",
                "every planned redaction changed its pixels"
                if work.redactions
                else "no redaction was planned, so none was checked",
            ),
        )


def _check_look(look: SecondLook, request: PictureRequest, work: PictureWork) -> None:
    """Refuse a copy in which faces may be left that nobody allowed."""
    name, allowed = request.source.name, request.allowed
    if look.exposed and not allowed.seen_faces:
        raise FacesInDoubt(
            f"a second look at the finished copy of {name} still sees {len(look.exposed)} boxes "
            "that may be faces and that no redaction hides; nothing was written. Look at "
            f"the picture; to finish the copy give --allow-seen-faces"
            f"{'' if work.redactions else ' --allow-no-faces'}"
        )
    if look.shows_faces_outside_view and not allowed.no_faces:
        raise FacesInDoubt(
            f"{len(look.outside_view)} faces in {name} lie outside the view {work.view}, where "
            "nothing is redacted; nothing was written. Name the view in which persons are with "
            "--view; if they may be seen, give --allow-no-faces"
        )
    if look.could_show_faces and not (work.redactions or allowed.no_faces):
        raise FacesInDoubt(
            f"no face was found in the view {work.view} of {name}, though a box of score "
            f"{look.best_score:.2f} could be one; nothing was written. Look whether --view is "
            "right; if there is nobody in the picture, give --allow-no-faces"
        )


def _describe(picture: PictureFile, sha256: str, size_bytes: int) -> ReportedSource:
    height, width = picture.rgb.shape[:2]
    return ReportedSource(
        sha256=sha256,
        size_bytes=size_bytes,
        format=picture.format,
        width=width,
        height=height,
        not_carried_over=tuple(picture.besides),
    )


def _write_tables(paths: dict[str, Path], work: PictureWork, report: DeidentifyReport) -> None:
    time_base = Fraction(1)
    settings = {
        **report.settings,
        "copy_sha256": report.copy.sha256,
        "source_sha256": report.source.sha256,
    }
    metadata = TableMetadata(report.job, time_base=time_base, settings=settings)
    redactions = RedactionTable.from_redactions(work.redactions, [0])
    write_redactions(paths["redactions"], redactions, metadata)
    write_detections(
        paths["detections"], DetectionTable.from_frames([work.found], time_base), metadata
    )
    paths["report"].write_text(json.dumps(report.to_dict(), indent=2) + "\n", encoding="utf-8")

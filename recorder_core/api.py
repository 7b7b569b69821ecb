"""What a person calls from Python: ``import recorder_core as rc``.

Each function does one job with the settings that the command of the same name uses. Files are
named by text or paths, and options are named as on the command line: what a message calls
``--resume`` is ``resume=True`` here.
"""

from __future__ import annotations

import getpass
import warnings
from collections.abc import Iterable
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from recorder_core.errors import SettingsError
from recorder_core.jobs.deidentify.doubts.review_moments import rank_copy_moments
from recorder_core.jobs.deidentify.report.summary import DeidentifyResult
from recorder_core.jobs.deidentify.report.warnings import urgent_lines
from recorder_core.jobs.deidentify.rerender import deidentify_or_rerender
from recorder_core.jobs.deidentify.video import DeidentifyRequest
from recorder_core.jobs.detection.detect import detect_in_video
from recorder_core.jobs.inputs.options import DeidentifyOptions, DetectOptions
from recorder_core.jobs.inputs.stride import DetectionStride
from recorder_core.jobs.measuring.copy_score import score_copy as _score_copy
from recorder_core.jobs.measuring.detection_score import score_detections as _score_detections
from recorder_core.jobs.progress import Progress, no_progress
from recorder_core.jobs.verification.allowed import Allowed
from recorder_core.media import Video
from recorder_core.model import CorrectionKeyframe, View
from recorder_core.model.files.paths import StrPath
from recorder_core.model.values.argument_kinds import check_callable, check_kind, file_path
from recorder_core.review import Moment, RankingSettings
from recorder_core.tables import DetectionTable, read_corrections, read_detections, read_metadata

if TYPE_CHECKING:
    from recorder_core.archive import Password
    from recorder_core.evaluation import SetMeasures
    from recorder_core.evaluation.video import ExposureReports
    from recorder_core.jobs.archive import Archive

__all__ = [
    "deidentify",
    "detect_faces",
    "open_archive",
    "rank_moments",
    "score_copy",
    "score_detections",
]

#: a layout's name, ``"X,Y,WIDTH,HEIGHT"``, or these four numbers
ViewLike: TypeAlias = str | View | tuple[int, int, int, int] | list[int]
Options = TypeVar("Options", bound=DetectOptions)
_PROGRESS: Final = "a function of two numbers: the finished frames, and all"
_ROWS: Final = "CorrectionKeyframe rows"


def detect_faces(
    video: StrPath | Video,
    *,
    view: ViewLike | None = None,
    every: int | None = None,
    options: DetectOptions | None = None,
    progress: Progress = no_progress,
) -> DetectionTable:
    """Find the faces in a video; nothing is repaired over time, and nothing is written.

    Parameters
    ----------
    video : str, Path or Video
        The video; one that is open stays open.
    view : str, View or tuple of int, optional
        The part of the frames in which faces are looked for: a layout's name, such as
        "surgery-box", or x, y, width and height in pixels. Default: the options' view, which
        without options is the whole frame.
    every : int, optional
        The detector runs on every Nth frame, and on both sides of where the picture jumps.
        Default: as the options say; without options on every frame.
    options : DetectOptions, optional
        Everything else: detector, span of time, video stream.
    progress : callable, optional
        Called with the number of finished frames and of all frames.

    Returns
    -------
    DetectionTable
        Every frame that was looked at, with or without a face; boxes in pixels of the frame.

    Raises
    ------
    DecodeError
        If the video cannot be read.
    SettingsError
        If an option does not fit the video.
    """
    chosen = DetectOptions(stride=DetectionStride(every=1)) if options is None else options
    source = video if isinstance(video, Video) else file_path(video, "the video")
    _check_call(chosen, DetectOptions, progress)
    return detect_in_video(source, _with(chosen, view, every), progress)[0]


def score_detections(found: DetectionTable | StrPath, truth: StrPath) -> SetMeasures:
    """Compare detections of a simulated surgery with its true faces.

    Parameters
    ----------
    found : DetectionTable, str or Path
        What the detector found, or the file of it.
    truth : str or Path
        The true faces of the same video (``.truth.parquet``).

    Returns
    -------
    SetMeasures
        Recall, precision and false positives per image by score, and average precisions, over
        the frames that were looked at. Faces of which too little is seen to recognise anybody
        are neither found nor missed.

    Raises
    ------
    DataError
        If a table cannot be read, or the truth is of another video.
    """
    table = found if isinstance(found, DetectionTable) else read_detections(found)
    return _score_detections(table, file_path(truth, "the truth"))


def score_copy(copy: StrPath, truth: StrPath) -> ExposureReports:
    """Compare a de-identified copy of a simulated surgery with its true faces.

    Parameters
    ----------
    copy : str or Path
        The copy; its tables lie beside it.
    truth : str or Path
        The true faces of its source (``.truth.parquet``).

    Returns
    -------
    ExposureReports
        See :func:`recorder_core.jobs.score_copy`.

    Raises
    ------
    DataError
        If a table cannot be read, or the truth is of another video.
    """
    return _score_copy(_copy_path(copy), file_path(truth, "the truth"))


def rank_moments(
    copy: StrPath,
    *,
    look: bool = True,
    settings: RankingSettings | None = None,
    progress: Progress = no_progress,
) -> list[Moment]:
    """Return the moments of a de-identified copy in which a face may be seen, riskiest first.

    Parameters
    ----------
    copy : str or Path
        The copy; its tables and its report lie beside it.
    look : bool, default True
        Decode the copy and run the detector in another scale on two frames per second. Only this
        finds a person whom the job's inference never saw.
    settings : RankingSettings, optional
        How many moments, and how many spot checks.
    progress : callable, optional
        Called with the number of finished frames and of all frames.

    Returns
    -------
    list of Moment
        Random spot checks stand at the end.

    Raises
    ------
    DataError
        If a table or the report is missing, damaged, or of another copy.
    DecodeError
        If the copy cannot be decoded.
    """
    if settings is not None:
        check_kind(settings, RankingSettings, "settings", "RankingSettings(...)")
    check_callable(progress, "progress", _PROGRESS)
    path = _copy_path(copy)
    return rank_copy_moments(path, look=look, settings=settings, progress=progress)


def deidentify(
    source: StrPath,
    output: StrPath,
    *,
    view: ViewLike | None = None,
    options: DeidentifyOptions | None = None,
    corrections: StrPath | Iterable[CorrectionKeyframe] | None = None,
    discard_corrections: bool = False,
    resume: bool = False,
    overwrite: bool = False,
    allow_no_faces: bool = False,
    allow_seen_faces: bool = False,
    progress: Progress = no_progress,
) -> DeidentifyResult:
    """Write the same video with every face in the view made unrecognisable.

    What the copy does not keep of its source, and what of it needs a look, is warned of
    (`UserWarning`). A person must watch the copy before it leaves.

    Parameters
    ----------
    source : str or Path
        The video's file; it is never changed.
    output : str or Path
        The copy; its tables, its report and a small picture of its view are written beside it.
    view : str, View or tuple of int, optional
        The part of the frames in which persons are: a layout's name, such as "surgery-box", or
        x, y, width and height in pixels. Default: the options' view, which without options is
        the whole frame.
    options : DeidentifyOptions, optional
        Everything else: detector, redaction, encoding, audio.
    corrections : str, Path or iterable of CorrectionKeyframe, optional
        A reviewer's changes, or the file of them; only what they touch is rendered again where
        the copy exists.
    discard_corrections : bool, default False
        Undo corrections in the copy that are not among these.
    resume : bool, default False
        Go on after the last finished segment of an interrupted run.
    overwrite : bool, default False
        Replace a copy that exists.
    allow_no_faces : bool, default False
        Finish a copy in which nothing was redacted though something resembles a face, or that
        shows faces outside the view.
    allow_seen_faces : bool, default False
        Finish a copy in which a second look still sees faces.
    progress : callable, optional
        Called with the number of finished frames and of all frames.

    Returns
    -------
    DeidentifyResult
        What was done; a notebook shows its summary.

    Raises
    ------
    RecorderError
        In one sentence what is wrong; there is no copy then.
    """
    chosen = DeidentifyOptions() if options is None else options
    _check_call(chosen, DeidentifyOptions, progress)
    rows, made_for = _corrections(corrections)
    request = DeidentifyRequest(
        source=file_path(source, "the source"),
        output=file_path(output, "the output"),
        options=_with(chosen, view, None),
        corrections=rows,
        corrections_of=made_for,
        discard_corrections=discard_corrections,
        resume=resume,
        overwrite=overwrite,
        allowed=Allowed(allow_no_faces, allow_seen_faces),
        say=_warn,
    )
    result = deidentify_or_rerender(request, progress)
    for line in urgent_lines(result.report):
        _warn(f"{result.output.name}: {line}")
    return result


def open_archive(
    path: StrPath,
    *,
    user: str,
    password: str | Password | None = None,
    recovery_words: str | None = None,
) -> Archive:
    """Open an archive as one person; use it in a ``with`` statement.

    What somebody should know who opens the archive is warned of (`UserWarning`).

    Parameters
    ----------
    path : str or Path
        The archive's folder.
    user : str
        The login.
    password : str or Password, optional
        Asked for unless given. A password in a notebook is stored with it: better let it ask.
    recovery_words : str, optional
        The words on paper, for an administrator who gives keys to others.

    Returns
    -------
    Archive
        A context manager; every reading and change asks the profile and is logged.

    Raises
    ------
    ArchiveError
        If there is no archive, or the password is wrong.
    SettingsError
        If there is no terminal to ask for the password.
    """
    from recorder_core.archive import Password
    from recorder_core.jobs import archive as archives

    check_kind(user, str, "the user", "the login as text")
    if password is not None:
        check_kind(password, str | Password, "the password", "text, or leave it out to be asked")
    folder = file_path(path, "the archive")
    typed = (
        password
        if isinstance(password, Password)
        else Password(_ask(user) if password is None else password)
    )
    try:
        credentials = archives.Credentials(user, typed, recovery_words)
        archive = archives.open_archive(folder, credentials)
    finally:
        if typed is not password:
            typed.wipe()
    for notice in archive.notices:
        _warn(notice)
    return archive


def _copy_path(copy: StrPath) -> Path:
    path = file_path(copy, "the copy")
    if not path.name:
        raise SettingsError(f"the copy {path} is a folder; name the file of the copy")
    return path


def _check_call(options: object, kind: type[DetectOptions], progress: object) -> None:
    check_kind(options, kind, "options", f"recorder_core.{kind.__name__}(...)")
    check_callable(progress, "progress", _PROGRESS)


def _with(options: Options, view: ViewLike | None, every: int | None) -> Options:
    """Return options with another view and detection interval, where they are given."""
    if view is not None:
        options = replace(options, view=_view_text(view))
    if every is not None:
        options = replace(options, stride=replace(options.stride, every=every))
    return options


def _view_text(view: ViewLike) -> str:
    wanted = "the name of a layout, such as 'surgery-box', or x, y, width and height in pixels"
    check_kind(view, str | View | tuple | list, "the view", wanted)
    return ",".join(map(str, view)) if isinstance(view, tuple | list) else str(view)


def _corrections(
    given: StrPath | Iterable[CorrectionKeyframe] | None,
) -> tuple[tuple[CorrectionKeyframe, ...] | None, str | None]:
    """Return corrections, and the fingerprint of the video that their file is about."""
    if given is None:
        return None, None
    if isinstance(given, str | PathLike):
        file_path(given, "the file of corrections")
        return tuple(read_corrections(given)), read_metadata(given).source_fingerprint
    check_kind(given, Iterable, "corrections", f"a file of them, or {_ROWS}")
    rows = tuple(given)
    for row in rows:
        check_kind(row, CorrectionKeyframe, "a correction", _ROWS)
    return rows, None


def _ask(user: str) -> str:
    try:
        return getpass.getpass(f"password of {user}: ")
    except (EOFError, NotImplementedError) as exc:
        raise SettingsError(
            f"there is no terminal to ask for the password of {user}; give it as password=..."
        ) from exc


def _warn(sentence: str) -> None:
    warnings.warn(sentence, UserWarning, stacklevel=3)

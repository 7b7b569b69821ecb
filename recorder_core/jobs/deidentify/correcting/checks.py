"""Whether a person's corrections belong to a video, and what of earlier ones they would undo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.deidentify.corrections import CorrectionPlan, apply_corrections
from recorder_core.errors import DataError, SettingsError
from recorder_core.jobs.deidentify.correcting.lifted_tracks import check_tracks, track_lives
from recorder_core.jobs.deidentify.rendering.copy_task import CopyTask
from recorder_core.jobs.deidentify.report.contents import DeidentifyReport, known
from recorder_core.jobs.deidentify.sidecars import sidecar
from recorder_core.model import (
    PICTURE_SUFFIXES,
    Correction,
    CorrectionKeyframe,
    group_corrections,
)
from recorder_core.tables import (
    RedactionTable,
    TableMetadata,
    read_metadata,
    read_redactions,
)

__all__ = [
    "CopyFacts",
    "check_corrections",
    "check_owner",
    "corrections_in",
    "frames_between",
    "idle_removals",
    "idle_removals_in",
    "kept_corrections",
    "refuse_loss",
    "whole_corrections",
]

#: digits of a fingerprint that are shown
_SHOWN: Final = 12
#: what a report says of its source, and a file of corrections after it
_SIZES: Final = ("width", "height", "frames")


@dataclass(frozen=True, slots=True)
class CopyFacts:
    """What corrections of a copy are checked against; kept in their file."""

    #: of the source
    sha256: str
    #: size of the source's frame
    width_px: int
    height_px: int
    #: of the source
    frames: int
    #: track -> the first and last frame in which it is redacted, or was until it was lifted
    tracks: Mapping[int, tuple[int, int]] = field(repr=False)

    @classmethod
    def of_copy(cls, copy: Path) -> CopyFacts:
        """Read them from what lies beside the copy of a video.

        Raises
        ------
        SettingsError
            If it is a picture.
        DataError
            If the report or the table of redactions cannot be read.
        """
        if copy.suffix.lower() in PICTURE_SUFFIXES:
            raise SettingsError(f"{copy.name} is a picture; corrections are for copies of videos")
        table = read_redactions(sidecar(copy, "redactions"))
        beside = sidecar(copy, "report")
        try:
            return cls.of_report(DeidentifyReport.of_copy(copy), table)
        except DataError as exc:
            raise DataError(
                f"{beside.name} cannot be read; it belongs beside {copy.name}, as 'workbench "
                "deidentify' wrote it"
            ) from exc

    @classmethod
    def of_report(cls, report: DeidentifyReport, table: RedactionTable) -> CopyFacts:
        """Read them from the report of a copy and its table of redactions.

        Raises
        ------
        DataError
            If the report lacks one.
        """
        source = report.source
        width, height, frames = (known(getattr(source, name)) for name in _SIZES)
        return cls(source.sha256, width, height, frames, track_lives(table))

    @classmethod
    def of_metadata(cls, metadata: TableMetadata) -> CopyFacts | None:
        """Return what a file of corrections keeps of them; None where it keeps nothing."""
        kept = metadata.settings.get("copy")
        if kept is None:
            return None
        try:
            lives = {int(track): (int(first), int(last)) for track, first, last in kept["tracks"]}
            # files of corrections called the frames pictures once
            sizes = {"frames": kept.get("pictures")} | kept
            width, height, frames = (int(sizes[name]) for name in _SIZES)
        except (ValueError, AttributeError, KeyError, TypeError) as exc:
            raise DataError(
                "the file of corrections does not say what it is checked against; start another "
                "with 'workbench corrections new'"
            ) from exc
        return cls(metadata.source_fingerprint, width, height, frames, lives)

    def to_metadata(self) -> TableMetadata:
        """Return what a file of corrections keeps."""
        tracks = [[track, *life] for track, life in self.tracks.items()]
        sizes = zip(_SIZES, (self.width_px, self.height_px, self.frames), strict=True)
        return TableMetadata(self.sha256, {"copy": dict(sizes) | {"tracks": tracks}})


def corrections_in(copy: Path) -> list[CorrectionKeyframe]:
    """Return the corrections that are in a copy, as its table of redactions keeps them.

    Raises
    ------
    DataError
        If the table cannot be read.
    """
    beside = sidecar(copy, "redactions")
    return kept_corrections(read_metadata(beside), beside.name)


def kept_corrections(metadata: TableMetadata, name: str) -> list[CorrectionKeyframe]:
    """Return the corrections that the table of redactions of a copy keeps.

    Parameters
    ----------
    metadata : TableMetadata
        Of the table.
    name : str
        Of the table, for messages.

    Raises
    ------
    DataError
        If it does not say which.
    """
    rows: list[list[Any]] = metadata.settings.get("corrections", [])
    try:
        return [
            CorrectionKeyframe(key, action, frame, (x0, y0, x1, y1), *rest)
            for key, action, frame, (x0, y0, x1, y1), *rest in rows
        ]
    except (TypeError, ValueError) as exc:
        raise DataError(f"{name} does not say which corrections are in it") from exc


def check_owner(owner: str | None, task: CopyTask) -> None:
    """Refuse corrections that were made for another video.

    Parameters
    ----------
    owner : str or None
        Fingerprint in the file of the corrections; None: they are from no file.
    task : CopyTask
        What they are to be applied to.

    Raises
    ------
    DataError
        If it is neither the video's nor the job's.
    """
    if owner is not None and owner not in (task.source.sha256, task.fingerprint):
        raise DataError(
            f"the corrections were made for another video: their fingerprint is "
            f"{owner[:_SHOWN]!r}, that of {task.source.info.name} is "
            f"{task.source.sha256[:_SHOWN]!r}; 'workbench corrections new' starts a file for it"
        )


def check_corrections(corrections: Sequence[CorrectionKeyframe], facts: CopyFacts) -> None:
    """Refuse corrections that rendering would refuse, and boxes that reach far out of the frame.

    Parameters
    ----------
    corrections : sequence of CorrectionKeyframe
    facts : CopyFacts
        Of the copy in which a person saw what is to be corrected.

    Raises
    ------
    DataError
        As `CorrectionPlan` and `check_tracks`, or if a box reaches farther out of the frame than
        the frame is large.
    """
    CorrectionPlan(corrections, facts.width_px, facts.height_px, facts.frames)
    check_tracks(corrections, facts.tracks)
    for row in corrections:
        _check_extent(row, facts)


def _check_extent(row: CorrectionKeyframe, facts: CopyFacts) -> None:
    x0, y0, x1, y1 = row.box_xyxy_px
    width, height = facts.width_px, facts.height_px
    if -width <= x0 and x1 <= 2 * width and -height <= y0 and y1 <= 2 * height:
        return
    raise DataError(
        f"correction {row.correction_id}, keyframe {row.frame_index}: the box "
        f"{x0:g},{y0:g},{x1 - x0:g},{y1 - y0:g} reaches farther out of the frame of "
        f"{width}x{height} pixels than the frame is large; give one that ends near its edge"
    )


def idle_removals(corrections: Sequence[CorrectionKeyframe], copy: Path) -> list[str]:
    """Return the ids of removals that would lift nothing of what is redacted in a copy.

    Raises
    ------
    DataError
        As `CorrectionPlan`, or if what lies beside the copy cannot be read.
    """
    table = read_redactions(sidecar(copy, "redactions"))
    return idle_removals_in(corrections, CopyFacts.of_copy(copy), table)


def idle_removals_in(
    corrections: Sequence[CorrectionKeyframe], facts: CopyFacts, table: RedactionTable
) -> list[str]:
    """Return the ids of removals that would lift nothing of what a table holds.

    Raises
    ------
    DataError
        As `CorrectionPlan`.
    """
    planned = table.by_frame(applied_only=False)
    automatic = {
        frame: [region for region in regions if region.origin != "corrected"]
        for frame, regions in planned.items()
    }
    applied = apply_corrections(automatic, corrections, facts.width_px, facts.height_px)
    return [key for key, lifted in applied.lifted.items() if not lifted]


def frames_between(
    seconds: NDArray[np.float64], start_seconds: float, stop_seconds: float
) -> range:
    """Return the frames that are first shown in a span of time.

    Parameters
    ----------
    seconds : ndarray, (N,) float64
        When each frame is shown, rising.
    start_seconds, stop_seconds : float
        The second is not in the span.
    """
    first, stop = np.searchsorted(seconds, [start_seconds, stop_seconds]).tolist()
    return range(first, stop)


def refuse_loss(copy: Path, corrections: Sequence[CorrectionKeyframe] | None) -> None:
    """Refuse to undo corrections that are in a copy.

    Parameters
    ----------
    copy : Path
        It is to be replaced; one without readable tables holds none.
    corrections : sequence of CorrectionKeyframe or None
        What will be in the new one.

    Raises
    ------
    SettingsError
        If one that is in the copy is not among them as it is, with each of its keyframes.
    """
    try:
        earlier = whole_corrections(corrections_in(copy))
    except DataError:
        return
    given = whole_corrections(corrections or ())
    lost = sorted(key for key, rows in earlier.items() if given.get(key) != rows)
    if lost:
        changed = [key for key in lost if key in given]
        another = f"; the file has another correction {changed[0]}" if changed else ""
        raise SettingsError(
            f"{copy.name} holds {len(lost)} corrections that would be undone ({', '.join(lost)})"
            f"{another}; give a file that has them ('workbench corrections new' includes them), "
            "or --discard-corrections"
        )


def whole_corrections(rows: Sequence[CorrectionKeyframe]) -> dict[str, Correction]:
    """Return each correction by its id, its boxes as tables keep them."""
    return {each.correction_id: each for each in group_corrections(map(_as_kept, rows))}


def _as_kept(row: CorrectionKeyframe) -> CorrectionKeyframe:
    x0, y0, x1, y1 = np.asarray(row.box_xyxy_px, np.float32).tolist()
    return replace(row, box_xyxy_px=(x0, y0, x1, y1))

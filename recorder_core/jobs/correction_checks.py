"""Whether a person's corrections belong to a video, and what of earlier ones they would undo."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from recorder_core.errors import DataError, SettingsError
from recorder_core.jobs.job import Job
from recorder_core.jobs.publish import sidecar
from recorder_core.model import CorrectionKeyframe
from recorder_core.tables import ORIGINS, RedactionTable, read_metadata

__all__ = ["check_owner", "check_tracks", "corrections_in", "refuse_loss"]

#: digits of a fingerprint that are shown
_SHOWN: Final = 12


def corrections_in(copy: Path) -> list[CorrectionKeyframe]:
    """Return the corrections that are in a copy, as its table of redactions keeps them.

    Raises
    ------
    DataError
        If the table cannot be read.
    """
    beside = sidecar(copy, "redactions")
    rows: list[list[Any]] = read_metadata(beside).settings.get("corrections", [])
    try:
        return [
            CorrectionKeyframe(key, action, frame, (x0, y0, x1, y1), *rest)
            for key, action, frame, (x0, y0, x1, y1), *rest in rows
        ]
    except (TypeError, ValueError) as exc:
        raise DataError(f"{beside.name} does not say which corrections are in it") from exc


def check_owner(owner: str | None, job: Job) -> None:
    """Refuse corrections that were made for another video.

    Parameters
    ----------
    owner : str or None
        Fingerprint in the file of the corrections; None: they are from no file.
    job : Job
        What they are to be applied to.

    Raises
    ------
    DataError
        If it is neither the video's nor the job's.
    """
    if owner is not None and owner not in (job.source.sha256, job.fingerprint):
        raise DataError(
            f"the corrections were made for another video: their fingerprint is "
            f"{owner[:_SHOWN]!r}, that of {job.source.info.path.name} is "
            f"{job.source.sha256[:_SHOWN]!r}; 'workbench corrections new' begins a file for it"
        )


def check_tracks(corrections: Sequence[CorrectionKeyframe], table: RedactionTable) -> None:
    """Refuse removals that name a track which is not there in their frames.

    Parameters
    ----------
    corrections : sequence of CorrectionKeyframe
    table : RedactionTable
        What was planned, lifted regions included.

    Raises
    ------
    DataError
        If a track has no region between a correction's first and last keyframe.
    """
    automatic = table.origins != ORIGINS.index("corrected")
    spans: dict[tuple[str, int], list[int]] = {}
    for row in corrections:
        if row.action == "remove" and row.track >= 0:
            spans.setdefault((row.correction_id, row.track), []).append(row.frame_index)
    for (key, track), frames in spans.items():
        own = table.frame_index[automatic & (table.tracks == track)]
        if not np.any((own >= min(frames)) & (own <= max(frames))):
            known = ", ".join(map(str, np.unique(table.tracks[automatic & (table.tracks >= 0)])))
            life = f"lives from frame {own.min()} to {own.max()}" if len(own) else "does not exist"
            raise DataError(
                f"correction {key} lifts track {track} in frames {min(frames)} to {max(frames)}, "
                f"but that track {life}; the tracks are {known or 'none'}"
            )


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
        If one that is in the copy is not among them.
    """
    try:
        earlier = corrections_in(copy)
    except DataError:
        return
    kept = {row.correction_id for row in corrections or ()}
    lost = sorted({row.correction_id for row in earlier} - kept)
    if lost:
        raise SettingsError(
            f"{copy.name} holds {len(lost)} corrections that would be undone ({', '.join(lost)}); "
            "give a file that has them ('workbench corrections new' takes them over), or "
            "--discard-corrections"
        )

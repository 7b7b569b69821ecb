"""What earlier looks at a copy saw: it holds where corrections leave the frames as they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from recorder_core.errors import DataError
from recorder_core.jobs.deidentify.report.contents import DeidentifyReport
from recorder_core.jobs.deidentify.sidecars import sidecar
from recorder_core.jobs.verification.second_look import FaceJudge
from recorder_core.jobs.verification.seen_faces import SecondLook, SeenFace
from recorder_core.tables import read_metadata

__all__ = ["carry_on", "read_earlier_look"]


def read_earlier_look(copy: Path) -> SecondLook | None:
    """Return what the report beside a copy says was seen in it.

    Parameters
    ----------
    copy : Path
        Its table of redactions belongs to it.

    Returns
    -------
    SecondLook or None
        None: the report cannot be read, or is of another copy; all must be looked at again.
    """
    try:
        report = DeidentifyReport.of_copy(copy)
        copy_sha256 = read_metadata(sidecar(copy, "redactions")).settings.get("copy_sha256")
    except DataError:
        return None
    # reports of earlier versions do not say which frames were looked at
    is_complete = bool(report.second_look.frame_indices)
    return report.second_look if is_complete and report.copy.sha256 == copy_sha256 else None


def carry_on(earlier: SecondLook, look: SecondLook, judge: FaceJudge) -> SecondLook:
    """Return what was seen in all of a copy after some of its frames were rendered again.

    Parameters
    ----------
    earlier : SecondLook
        At the copy before.
    look : SecondLook
        At what was rendered again.
    judge : FaceJudge
        Of what is planned now: what a correction hid or lifted is exposed no more.
    """
    frame_indices = tuple(sorted({*earlier.frame_indices, *look.frame_indices}))

    def together(before: Sequence[SeenFace], now: Sequence[SeenFace]) -> tuple[SeenFace, ...]:
        left = [face for face in before if face.frame_index not in look.frame_indices]
        bare = [face for face in left if not (judge.is_hidden(face) or judge.is_lifted(face))]
        return tuple(sorted([*bare, *now], key=lambda face: face.frame_index))

    return SecondLook(
        len(frame_indices),
        together(earlier.exposed, look.exposed),
        earlier.hidden + look.hidden,
        together(earlier.outside_view, look.outside_view),
        earlier.inside_redactions + look.inside_redactions,
        max(earlier.best_score, look.best_score),
        frame_indices,
    )

"""What earlier looks at a copy saw: it holds where corrections leave the frames as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from recorder_core.errors import DataError
from recorder_core.jobs.second_look import FaceJudge, SecondLook, SeenFace
from recorder_core.jobs.sidecars import sidecar
from recorder_core.model.json_text import parse_json
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
        report = parse_json(sidecar(copy, "report").read_bytes())
        metadata = read_metadata(sidecar(copy, "redactions"))
        if report["copy"]["sha256"] != metadata.settings["copy_sha256"]:
            return None
        return _look(report["second_look"])
    except (DataError, OSError, ValueError, KeyError, TypeError):
        return None


def _look(content: Mapping[str, Any]) -> SecondLook:
    frame_indices = tuple(int(frame) for frame in content["frame_indices"])
    return SecondLook(
        len(frame_indices),
        _faces(content["exposed"]),
        _faces(content["hidden"]),
        _faces(content["outside_view"]),
        int(content["inside_redactions"]),
        float(content["best_score"]),
        frame_indices,
    )


def _faces(rows: Sequence[Mapping[str, Any]]) -> tuple[SeenFace, ...]:
    return tuple(map(_face, rows))


def _face(row: Mapping[str, Any]) -> SeenFace:
    x0, y0, x1, y1 = map(float, row["box_xyxy_px"])
    seconds, score = float(row["seconds"]), float(row["score"])
    return SeenFace(int(row["frame_index"]), seconds, score, (x0, y0, x1, y1))


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

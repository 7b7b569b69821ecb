"""Whether the tracks that corrections lift are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from recorder_core.errors import DataError
from recorder_core.model import CorrectionKeyframe, group_corrections
from recorder_core.tables import ORIGINS, RedactionTable

__all__ = ["check_tracks", "track_lives"]


def check_tracks(
    corrections: Sequence[CorrectionKeyframe], tracks: Mapping[int, tuple[int, int]]
) -> None:
    """Refuse removals that name a track which is not there in their frames.

    Parameters
    ----------
    corrections : sequence of CorrectionKeyframe
    tracks : mapping
        From `track_lives`.

    Raises
    ------
    DataError
        If a track does not live between a correction's first and last keyframe.
    """
    for each in group_corrections(corrections):
        if each.action != "remove" or each.track < 0:
            continue
        start, stop = each.keyframes[0].frame_index, each.keyframes[-1].frame_index
        first, last = tracks.get(each.track, (stop + 1, -1))
        if first > stop or last < start:
            known = ", ".join(map(str, sorted(tracks)))
            life = (
                f"lives from frame {first} to {last}" if each.track in tracks else "does not exist"
            )
            raise DataError(
                f"correction {each.correction_id} lifts track {each.track} in frames {start} to "
                f"{stop}, but that track {life}; the tracks are {known or 'none'}"
            )


def track_lives(table: RedactionTable) -> dict[int, tuple[int, int]]:
    """Return the first and last frame of each track, lifted regions included."""
    own = (table.origins != ORIGINS.index("corrected")) & (table.tracks >= 0)
    lives: dict[int, tuple[int, int]] = {}
    # rows are ordered by frame
    for track, frame in zip(
        table.tracks[own].tolist(), table.frame_index[own].tolist(), strict=True
    ):
        lives[track] = lives.get(track, (frame, frame))[0], frame
    return lives

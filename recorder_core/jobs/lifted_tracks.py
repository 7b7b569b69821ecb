"""Whether the tracks that corrections lift are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from recorder_core.errors import DataError
from recorder_core.model import CorrectionKeyframe
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
    spans: dict[tuple[str, int], list[int]] = {}
    for row in corrections:
        if row.action == "remove" and row.track >= 0:
            spans.setdefault((row.correction_id, row.track), []).append(row.frame_index)
    for (key, track), frames in spans.items():
        first, last = tracks.get(track, (max(frames) + 1, -1))
        if first > max(frames) or last < min(frames):
            known = ", ".join(map(str, sorted(tracks)))
            life = f"lives from frame {first} to {last}" if track in tracks else "does not exist"
            raise DataError(
                f"correction {key} lifts track {track} in frames {min(frames)} to {max(frames)}, "
                f"but that track {life}; the tracks are {known or 'none'}"
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

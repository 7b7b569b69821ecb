"""What a second look at a finished copy found: faces that a person should know of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["FAINT_SCORE", "SecondLook", "SeenFace"]

#: where nothing was redacted, a box of this score could be a face: test patterns reach at most
#: 0.24, empty rooms and endoscope views 0.5 and more
FAINT_SCORE: Final = 0.25
#: faces outside the view count if they are sure in so many frames, and in this share of
#: them: what an endoscope sees resembles a face now and then, a room shows it all the time
_MIN_OUTSIDE_FRAMES: Final = 2
_MIN_OUTSIDE_SHARE: Final = 0.1


@dataclass(frozen=True, slots=True)
class SeenFace:
    """A face that the second look found in the copy."""

    frame_index: int
    #: after the first frame of the copy
    seconds: float
    score: float
    box_xyxy_px: tuple[float, float, float, float]
    #: quarter turns counter-clockwise that make it upright
    turns: int = 0


@dataclass(frozen=True, slots=True)
class SecondLook:
    """What the second look found."""

    #: how many frames were looked at
    frames: int
    #: sure faces in the view that no redaction hides and no person left visible
    exposed: tuple[SeenFace, ...] = ()
    #: such faces of an earlier look, which were followed through the frames around and hidden
    hidden: tuple[SeenFace, ...] = ()
    #: sure faces that lie outside the view
    outside_view: tuple[SeenFace, ...] = ()
    #: sure faces in places that are redacted: what is left there resembles one
    inside_redactions: int = 0
    #: score of the likeliest face in the whole frame, hidden or not; 0: none reaches 0.1. Where
    #: nothing was redacted, that of the same frames of the source if it is lower
    best_score: float = 0.0
    #: frame indices of what was looked at, rising; (0,) for a picture
    frame_indices: tuple[int, ...] = ()

    def then(self, after: SecondLook) -> SecondLook:
        """Return what was found in all, after what this look saw was hidden.

        Parameters
        ----------
        after : SecondLook
            At the frames that were rendered again.
        """
        frame_indices = tuple(sorted({*self.frame_indices, *after.frame_indices}))
        return SecondLook(
            len(frame_indices),
            after.exposed,
            self.hidden + self.exposed,
            self.outside_view,
            self.inside_redactions + after.inside_redactions,
            max(self.best_score, after.best_score),
            frame_indices,
        )

    @property
    def could_show_faces(self) -> bool:
        """Whether anything in the whole frame resembles a face even faintly."""
        return self.best_score >= FAINT_SCORE

    @property
    def shows_faces_outside_view(self) -> bool:
        """Whether faces outside the view are no accident of one frame."""
        frames = {face.frame_index for face in self.outside_view}
        enough = max(min(_MIN_OUTSIDE_FRAMES, self.frames), self.frames * _MIN_OUTSIDE_SHARE)
        return bool(frames) and len(frames) >= enough

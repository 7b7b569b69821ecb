"""What a person allows a copy to show; anything else that may be a face ends the job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from recorder_core.errors import FacesInDoubt
from recorder_core.jobs.inputs.job_video import JobVideo
from recorder_core.jobs.verification.seen_faces import SecondLook, SeenFace
from recorder_core.tables import RedactionTable

__all__ = ["Allowed", "name_faces"]

#: in so long a time somebody comes into a view of the room
_SURELY_SOMEBODY_SECONDS: Final = 60.0
#: words for a face that is upright after so many quarter turns
_WAYS_UP: Final = ("", " on its side", " upside down", " on its side")
_AFTERWARDS: Final = "finish the copy with --resume {}"


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a person allows a copy to show."""

    #: nothing was redacted in it, or faces lie outside the view
    no_faces: bool = False
    #: a second look still sees faces in the view
    seen_faces: bool = False

    def check(self, look: SecondLook, table: RedactionTable, source: JobVideo) -> None:
        """Refuse a copy in which faces may be left that nobody allowed.

        Parameters
        ----------
        look : SecondLook
        table : RedactionTable
            What was planned, lifted redactions included.
        source : JobVideo

        Raises
        ------
        FacesInDoubt
            If faces are seen in the view that no redaction hides, or outside the view; or if
            nothing was redacted though something resembles a face, or in a minute or more.
        """
        if look.exposed and not self.seen_faces:
            flags = "--allow-seen-faces" + " --allow-no-faces" * (not len(table))
            raise FacesInDoubt(
                f"a second look at the finished copy still sees {name_faces(look.exposed)} that no "
                "redaction hides; nothing was written. Look there, "
                f"{_AFTERWARDS.format(flags)}, then hide it with --corrections"
            )
        if self.no_faces:
            return
        if look.shows_faces_outside_view:
            raise FacesInDoubt(
                f"{name_faces(look.outside_view)} lies outside the view {source.view}, where "
                "nothing is redacted; nothing was written. Name the view in which persons are with "
                f"--view; if they may be seen: {_AFTERWARDS.format('--allow-no-faces')}"
            )
        if not len(table):
            _refuse_nothing_redacted(look, source)


def _refuse_nothing_redacted(look: SecondLook, source: JobVideo) -> None:
    """Refuse an untouched copy, unless it is short and nothing in it resembles a face."""
    pts = source.index.pts
    seconds = source.video.seconds(int(pts[source.stop - 1] - pts[source.first]))
    if not look.could_show_faces and seconds < _SURELY_SOMEBODY_SECONDS:
        return
    faint = f" though a box of score {look.best_score:.2f} could be one" * look.could_show_faces
    raise FacesInDoubt(
        f"no face was found in the view {source.view} in {seconds:.1f} seconds{faint}, so the copy "
        "would show all that the source shows; nothing was written. Look whether --view is right; "
        f"if there is nobody: {_AFTERWARDS.format('--allow-no-faces')}"
    )


def name_faces(faces: Sequence[SeenFace]) -> str:
    """Return the first of some faces in words, and how many more there are.

    Parameters
    ----------
    faces : sequence of SeenFace
        One or more.
    """
    first = faces[0]
    what = f"what may be a face{_WAYS_UP[first.turns]}"
    x0, y0, x1, y1 = (round(edge) for edge in first.box_xyxy_px)
    others = f" (the first of {len(faces)})" if len(faces) > 1 else ""
    return (
        f"{what}{others}, at second {first.seconds:.1f}, {x0},{y0},{x1 - x0},{y1 - y0} "
        f"(score {first.score:.2f})"
    )

"""Search a written picture for faces that no redaction hides."""

from __future__ import annotations

from recorder_core.deidentify.coverage import face_coverage, frame_shapes
from recorder_core.deidentify.redaction_shape import RedactionSettings
from recorder_core.errors import FacesInDoubt
from recorder_core.jobs.deidentify.picture.networks import PictureNetworks
from recorder_core.jobs.deidentify.picture.request import PictureRequest
from recorder_core.jobs.deidentify.picture.work import PictureWork
from recorder_core.jobs.verification.detectors import other_ways_up
from recorder_core.jobs.verification.second_look import (
    MIN_COVERAGE,
    faces_outside,
    lying_faces,
    sure_faces,
)
from recorder_core.jobs.verification.seen_faces import SecondLook, SeenFace
from recorder_core.model import Planes, View

__all__ = ["refuse_doubt", "search_again"]


def search_again(
    networks: PictureNetworks, planes: Planes, work: PictureWork, settings: RedactionSettings
) -> SecondLook:
    """Search the written picture for faces that no redaction hides, in another scale.

    Faces that lie or are upside down are searched for, too. Outside the view it is searched in the
    scale of the first search. The program's own detector searches, whichever was chosen for
    the first.
    """
    view, whole = work.view, View(0, 0, planes.width, planes.height)
    boxes = networks.second(view).detect(planes)
    seen = sure_faces(boxes)
    seen += lying_faces(other_ways_up(networks.usual(view)), planes, seen)
    shapes = frame_shapes(work.redactions, view, settings)
    is_hidden = [face_coverage(face.box_xyxy_px, shapes) >= MIN_COVERAGE for face in seen]
    exposed = [face for face, hidden in zip(seen, is_hidden, strict=True) if not hidden]
    around: list[SeenFace] = []
    if view != whole:
        boxes = networks.usual(whole).detect(planes)
        around = faces_outside(sure_faces(boxes), view, planes.height)
    return SecondLook(
        1,
        exposed=tuple(exposed),
        outside_view=tuple(around),
        inside_redactions=sum(is_hidden),
        best_score=round(max(boxes.scores.tolist(), default=0.0), 3),
        frame_indices=(0,),
    )


def refuse_doubt(look: SecondLook, request: PictureRequest, work: PictureWork) -> None:
    """Refuse a copy in which faces may be left that nobody allowed.

    Raises
    ------
    FacesInDoubt
        If so: what is seen, and what to do.
    """
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

"""Refuse a copy of a video that plays upside down or on its side: its faces are not found.

The detector knows faces that are upright or lean. The second look turns the frames that it
searches, too: a single face that lies, a patient's, is followed and hidden. Where nearly all
faces lie, it is the video that is turned, and too many of them would be missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from recorder_core.errors import FacesInDoubt
from recorder_core.jobs.verification.allowed import name_faces
from recorder_core.jobs.verification.seen_faces import SecondLook, SeenFace
from recorder_core.tables import RedactionTable

__all__ = ["check_way_up"]

#: least frames in which faces lie the same way, so that it is no accident; and at least half
_MIN_FRAMES: Final = 2


def check_way_up(look: SecondLook, table: RedactionTable) -> None:
    """Check that the faces which a second look still sees do not nearly all lie.

    Parameters
    ----------
    look : SecondLook
        At a whole copy.
    table : RedactionTable
        What was planned in it, lifted redactions included.

    Raises
    ------
    FacesInDoubt
        If half of the frames that were searched show faces that lie the same way, more of
        them than the redactions hide.
    """
    for turns in sorted({face.turns for face in look.exposed} - {0}):
        lying = [face for face in look.exposed if face.turns == turns]
        frames = {face.frame_index for face in lying}
        hidden = np.isin(table.frame_index[table.applied], list(frames)).sum()
        if len(frames) >= max(_MIN_FRAMES, look.frames / 2) and len(lying) > hidden:
            _refuse(lying)


def _refuse(faces: Sequence[SeenFace]) -> None:
    raise FacesInDoubt(
        f"the finished copy shows {name_faces(faces)} that no redaction hides, and more such faces "
        "than upright ones; nothing was written. If the video plays so, turn it first; if a person "
        "lies there, finish the copy with --resume --allow-seen-faces, which hides what is seen of "
        "that face, and look whether it stays hidden"
    )

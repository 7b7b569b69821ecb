"""Paint redactions into a picture, and verify that what was written shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from recorder_core.deidentify.redaction_check import shape_mask
from recorder_core.deidentify.redaction_shape import RedactionSettings
from recorder_core.errors import RedactionIncomplete
from recorder_core.jobs.deidentify.picture.work import PictureWork, differing_pixels
from recorder_core.jobs.pipeline.frame_redactor import FrameRedactor
from recorder_core.media.pictures.picture_file import PictureFile
from recorder_core.model import Planes, Redaction, View
from recorder_core.model.frames.colours import rgb_of_planes

__all__ = ["paint_redactions", "verify_picture"]

#: min share of a redaction's core that is nearer to the plan than to the source in the
#: written file: a coarse JPEG moves single samples
_MIN_CHANGED_SHARE: Final = 0.9


def paint_redactions(
    work: PictureWork, redactions: Sequence[Redaction], settings: RedactionSettings
) -> PictureWork:
    """Return the picture with all of some redactions in it, and nothing of earlier ones.

    Raises
    ------
    RedactionIncomplete
        If one changed nothing.
    """
    picture, before, view = work.picture, work.before, work.view
    after = FrameRedactor(settings, view).redact_copy(before, redactions)
    whole = View(0, 0, before.width, before.height)
    touched = differing_pixels(before, after)
    touched |= shape_mask(redactions, settings, view, whole)
    rgb, painted = picture.rgb.copy(), rgb_of_planes(after)
    if picture.is_gray:
        painted = after.y[:, :, None].repeat(3, axis=2)
    rgb[touched] = painted[touched]
    return replace(work, after=after, rgb=rgb, touched=touched, redactions=list(redactions))


def verify_picture(
    copy: PictureFile, planes: Planes, work: PictureWork, settings: RedactionSettings
) -> None:
    """Refuse a file that is not what was planned, or holds more than pixels.

    Raises
    ------
    RedactionIncomplete
        If so.
    """
    if copy.rgb.shape != work.rgb.shape or copy.besides:
        raise RedactionIncomplete(
            f"the copy has the shape {copy.rgb.shape} and {len(copy.besides)} things beside "
            f"its pixels, where {work.rgb.shape} and none were written"
        )
    if work.picture.is_lossless and not np.array_equal(copy.rgb, work.rgb):
        raise RedactionIncomplete("the copy does not show what was written")
    redactor = FrameRedactor(settings, work.view)
    shares = redactor.changed_share(work.before, planes, work.redactions)
    if (shares < _MIN_CHANGED_SHARE).any():
        raise RedactionIncomplete(
            f"in the copy only {shares.min():.0%} of a redaction is there; nothing was written"
        )

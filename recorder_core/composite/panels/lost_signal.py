"""What a view shows whose source gives nothing, or what may not be shown."""

from __future__ import annotations

from PIL import Image

from recorder_core.composite.lettering import blank_picture, text_width, write_text
from recorder_core.composite.panels.panel import QUIET, WARNING
from recorder_core.model import View

__all__ = ["LOST_BACK", "notice_picture"]

#: darker than any screen, but not the black of a zone
LOST_BACK = (20, 24, 30)
_HEADING_SHARE = 0.75


def notice_picture(inside: View, name: str, heading: str, line: str) -> Image.Image:
    """Return what fills a view in place of its source.

    Parameters
    ----------
    inside : View
        What the view's border leaves.
    name : str
        Of what is missing.
    heading, line : str
        What is wrong, and since when.

    Returns
    -------
    Image
        As large as needed, in the middle of the view; what is around it is of `LOST_BACK`.
    """
    size = min(inside.height / 9, 72.0)
    size = min(size, size * _HEADING_SHARE * inside.width / text_width(heading, size, is_bold=True))
    height = min(inside.height, round(5 * size / 2) * 2)
    picture = blank_picture(inside.width, height, LOST_BACK)
    middle, width = inside.width / 2, 0.92 * inside.width
    write_text(
        picture, name, (middle, 1.0 * size), 0.62 * size, QUIET, align="middle", max_width_px=width
    )
    write_text(picture, heading, (middle, 2.4 * size), size, WARNING, is_bold=True, align="middle")
    write_text(
        picture, line, (middle, 3.7 * size), 0.62 * size, QUIET, align="middle", max_width_px=width
    )
    return picture

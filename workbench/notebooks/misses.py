"""What ``notebooks/find_misses.ipynb`` looks at: an event in whose copy a face is missed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from recorder_core.jobs import Allowed, DeidentifyOptions
from recorder_core.jobs.archive import (
    Archive,
    EventDeidentifyRequest,
    EventRerenderRequest,
    ReadableEvent,
    deidentify_event,
    rank_event,
    rerender_event,
    save_event_corrections,
)
from recorder_core.model import Correction, Keyframe
from recorder_core.tables import read_truth
from workbench.notebooks.simulated_archive import SimulatedArchive, make_archive_of
from workbench.notebooks.true_faces import regions_over_faces
from workbench.notebooks.video import SURGERY, MomentPicture, show_moments

__all__ = [
    "MissedFace",
    "corrections_of",
    "draw_copies",
    "hide_again",
    "make_missed_face",
    "ranked_moments",
    "redactions_over_time",
]

#: where the simulation has its room view
_LAYOUT: Final = "surgery-box"
#: frames of the surgery in which the face is not hidden
_MISSED: Final = range(10, 20)
#: what is drawn around a place, in its sizes
_SURROUNDINGS: Final = 3.0


@dataclass(frozen=True, slots=True)
class MissedFace:
    """An archive, its event, and where in the copy a face shows; all of it is simulated."""

    archive: SimulatedArchive
    event_id: str
    start_seconds: float
    stop_seconds: float
    #: left, top, right and bottom of a box that hides it throughout, in pixels of the frame
    box_xyxy_px: tuple[float, float, float, float]
    #: keeps what is made meanwhile
    work: Path = field(repr=False)


def make_missed_face(folder: Path) -> MissedFace:
    """Make an archive with one event, in whose copy a reviewer lifted a face by mistake.

    Parameters
    ----------
    folder : Path
        An empty folder.
    """
    made, (event_id,) = make_archive_of(folder, [SURGERY])
    with made.opened(made.reviewer) as archive:
        options = DeidentifyOptions(view=_LAYOUT)
        asked = EventDeidentifyRequest(options=options, work=folder)
        copied = deidentify_event(archive, event_id, asked)
        rows = _largest_face(copied.redactions(), folder / "event_0.truth.parquet")
        frames, (first, last) = copied.frames("deidentified"), (_MISSED[0], _MISSED[-1])
        whole = (0.0, 0.0, float(SURGERY.width), float(SURGERY.height))
        mistake = Correction(
            "mistake",
            "remove",
            (Keyframe(first, whole), Keyframe(last, whole)),
            int(rows["track"].iloc[0]),
        )
        save_event_corrections(archive, event_id, [mistake], [], seen=0)
        lifted = EventRerenderRequest(work=folder, allowed=Allowed(seen_faces=True))
        rerender_event(archive, event_id, lifted)
    edges = rows["x0"].min(), rows["y0"].min(), rows["x1"].max(), rows["y1"].max()
    x0, y0, x1, y1 = map(float, edges)
    span = float(frames["seconds"][first]), float(frames["seconds"][last + 1])
    return MissedFace(made, event_id, *span, (x0, y0, x1, y1), folder)


def _largest_face(redactions: pd.DataFrame, truth: Path) -> pd.DataFrame:
    """Return the regions of `_MISSED` over the largest face."""
    rows = redactions[redactions["applied"] & redactions["frame"].isin(_MISSED)]
    over = regions_over_faces(rows, read_truth(truth).to_pandas())
    heights = (over["y1"] - over["y0"]).groupby(over["track"]).agg(["count", "mean"])
    track = heights[heights["count"] >= len(_MISSED)]["mean"].idxmax()
    return rows[rows["track"] == track]


def redactions_over_time(event: ReadableEvent) -> pd.DataFrame:
    """Return what the copy of an event hides: a row for each region, with `seconds`."""
    rows: pd.DataFrame = event.redactions()
    seconds = event.frames("deidentified").set_index("frame")["seconds"]
    return rows[rows["applied"]].assign(seconds=rows["frame"].map(seconds))


def corrections_of(event: ReadableEvent) -> pd.DataFrame:
    """Return the corrections of an event as the archive has them, undone ones too."""
    rows = [
        {
            "correction": each.correction_id,
            "action": each.correction.action,
            "frames": f"{each.correction.keyframes[0].frame_index} to "
            f"{each.correction.keyframes[-1].frame_index}",
            "author": each.correction.author,
            "note": ", ".join(sorted(set(each.correction.notes) - {""})),
            "state": each.state,
        }
        for each in event.corrections()
    ]
    return pd.DataFrame(rows)


def ranked_moments(archive: Archive, event_id: str, count: int = 6) -> list[MomentPicture]:
    """Return the riskiest moments of an event's copy, as the review page has them.

    Parameters
    ----------
    archive : Archive
        Open for a reviewer.
    event_id : str
        With a copy; it is ranked if it is not yet.
    count : int
        At most so many.
    """
    queue = rank_event(archive, event_id)
    moments = [each.moment for each in queue.moments if not each.moment.is_spot_check]
    with archive.event(event_id).open_video("deidentified") as video:
        return show_moments(video, moments[:count])


def hide_again(archive: Archive, missed: MissedFace) -> dict[str, NDArray[np.uint8]]:
    """Render the copy again with the corrections; return a frame of it, before and after.

    Returns
    -------
    dict of str to ndarray
        Each (H, W, 3) uint8, RGB.
    """
    before = _middle(archive, missed)
    rerender_event(archive, missed.event_id, EventRerenderRequest(work=missed.work))
    return {"before": before, "rendered again": _middle(archive, missed)}


def _middle(archive: Archive, missed: MissedFace) -> NDArray[np.uint8]:
    with archive.event(missed.event_id).open_video("deidentified") as video:
        return video.frame_at((missed.start_seconds + missed.stop_seconds) / 2).to_rgb()


def draw_copies(
    frames_rgb: dict[str, NDArray[np.uint8]], box_xyxy_px: tuple[float, float, float, float]
) -> Figure:
    """Draw the surroundings of a place in several copies, side by side.

    Parameters
    ----------
    frames_rgb : dict of str to ndarray
        Title and frame, (H, W, 3) uint8, of each.
    box_xyxy_px : tuple of float
        The place; it is framed.
    """
    figure = Figure(figsize=(4 * len(frames_rgb), 3.4), layout="constrained")
    places = figure.subplots(1, len(frames_rgb), squeeze=False)[0]
    x0, y0, x1, y1 = box_xyxy_px
    reach_x, reach_y = _SURROUNDINGS * (x1 - x0), _SURROUNDINGS * (y1 - y0)
    for axes, (title, rgb) in zip(places, frames_rgb.items(), strict=True):
        axes.imshow(rgb)
        axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, color="#b3261e"))
        axes.set(xlim=(x0 - reach_x, x1 + reach_x), ylim=(y1 + reach_y, y0 - reach_y))
        axes.set_title(title)
        axes.axis("off")
    return figure

"""What ``notebooks/my_video.ipynb`` does with one video; its figures are beside.

Without a video it takes a simulated surgery, whose true faces are known; every face in it is
an even mixture of two public-domain portraits.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.image import imread
from numpy.typing import NDArray

import recorder_core as rc
from recorder_core.errors import DataError
from recorder_core.jobs import sidecar
from recorder_core.jobs.detection.view_proposal import draw_proposal, propose_view
from recorder_core.review import Moment
from recorder_core.simulate import SimulationSettings, simulate
from workbench.notebooks.editing import edit_video
from workbench.widgets import BoxEditor

__all__ = ["MomentPicture", "MyVideo", "open_video", "show_moments"]

#: of the surgery that is simulated where no video is given
SURGERY: Final = SimulationSettings(
    duration_seconds=3, frame_rate=Fraction(10), width=960, height=540, faces=4, blend_only=True,
    audio=False,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MomentPicture:
    """A moment of a copy that a person should look at, with a frame of it."""

    moment: Moment
    #: (H, W, 3) uint8, the middle frame of the moment in the copy
    frame_rgb: NDArray[np.uint8]


class MyVideo:
    """One video and what lies beside its copy.

    Parameters
    ----------
    source : Path
        The video; it is never changed.
    folder : Path
        Keeps the copy, its tables and the corrections.
    view : str
        A layout's name, or "X,Y,WIDTH,HEIGHT" in pixels.
    truth : Path, optional
        The true faces of a simulated surgery.
    """

    def __init__(self, source: Path, folder: Path, view: str, truth: Path | None = None) -> None:
        self.source, self.folder, self.view, self.truth = source, folder, view, truth
        self.copy: Final = folder / f"{source.stem}.deidentified.mp4"
        self.corrections: Final = folder / f"{source.stem}.corrections.parquet"

    def views(self) -> NDArray[np.float32]:
        """Return a frame with the named layouts and a proposed view drawn in, faces hidden.

        Returns
        -------
        ndarray
            Shape (H, W, 3), RGB in 0..1.
        """
        path = self.folder / "views.png"
        draw_proposal(propose_view(self.source, rc.DeidentifyOptions()), path)
        drawn: NDArray[np.float32] = imread(path)
        return drawn

    def deidentify(self) -> Any:
        """Write the copy, with the corrections if there are any; return what was done."""
        given = self.corrections if self.corrections.exists() else None
        return rc.deidentify(
            self.source, self.copy, view=self.view, corrections=given, resume=given is None
        )

    def redactions(self) -> pd.DataFrame:
        """Return what the copy hides: a row for each region, with `seconds`."""
        path = sidecar(self.copy, "redactions")
        rows = rc.read_redactions(path).to_pandas()
        base = rc.read_metadata(path).time_base
        if base is None:
            raise DataError(f"{path.name} does not say when its frames are shown")
        with rc.open_video(self.source) as video:
            first = int(video.index.pts[0])
        shown: pd.DataFrame = rows[rows["applied"]]
        return shown.assign(seconds=(shown["pts"] - first) * float(base))

    def moments(self, count: int = 6) -> list[MomentPicture]:
        """Return the riskiest moments of the copy, as its tables alone rank them.

        Parameters
        ----------
        count : int
            At most so many.
        """
        ranked = [each for each in rc.rank_moments(self.copy, look=False) if not each.is_spot_check]
        with rc.open_video(self.copy) as video:
            return show_moments(video, ranked[:count])

    def frame(self, seconds: float) -> NDArray[np.uint8]:
        """Return the frame of the copy that is shown at a time, shape (H, W, 3), RGB."""
        with rc.open_video(self.copy) as video:
            return video.frame_at(seconds).to_rgb()

    def score(self) -> Any:
        """Compare the copy with the true faces, where they are known."""
        if self.truth is None:
            return "The true faces of this video are not known: watch the copy."
        return rc.score_copy(self.copy, self.truth)

    def edit(self) -> BoxEditor:
        """Return the editor of the review page; what is drawn is saved as corrections."""
        return edit_video(self.source, self.copy, self.corrections)

    def hide(
        self, start_seconds: float, stop_seconds: float, box: tuple[int, int, int, int], note: str
    ) -> pd.DataFrame:
        """Write down that a box is to be hidden in a span of time; return all corrections.

        Parameters
        ----------
        start_seconds, stop_seconds : float
            Of the copy, the stop exclusive.
        box : tuple of int
            Left, top, width and height, pixels of the frame.
        note : str
            Why.

        Raises
        ------
        SettingsError
            If no frame is shown in that span.
        """
        x, y, width, height = map(float, box)
        with closing(self.edit()) as editor:
            editor.hide(start_seconds, stop_seconds, (x, y, x + width, y + height), note=note)
        table: pd.DataFrame = rc.read_corrections(self.corrections).to_pandas()
        return table


def open_video(
    video: str | Path | None = None, view: str = "surgery-box", folder: str | Path | None = None
) -> MyVideo:
    """Return a video to work on; without one, a simulated surgery.

    Parameters
    ----------
    video : str or Path, optional
        The file.
    view : str
        The room view: a layout's name, or "X,Y,WIDTH,HEIGHT" in pixels.
    folder : str or Path, optional
        Keeps what is written; a new temporary folder unless given.
    """
    place = Path(folder or tempfile.mkdtemp(prefix="my-video-"))
    place.mkdir(parents=True, exist_ok=True)
    if video is not None:
        return MyVideo(Path(video), place, view)
    made, truth = place / "surgery.mp4", place / "surgery.truth.parquet"
    if not truth.exists():
        simulate(made, SURGERY, truth)
    return MyVideo(made, place, view, truth)


def show_moments(video: rc.Video, moments: Sequence[Moment]) -> list[MomentPicture]:
    """Return moments of a copy, each with its middle frame."""
    return [
        MomentPicture(each, video.frame((each.first_frame + each.stop_frame) // 2).to_rgb())
        for each in moments
    ]

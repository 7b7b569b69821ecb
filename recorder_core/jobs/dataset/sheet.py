"""A contact sheet: what training sees, as one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from recorder_core.errors import SettingsError
from recorder_core.jobs.progress import Progress, no_progress
from recorder_core.media import finished_file
from recorder_core.train.run.distillation import load_teacher
from recorder_core.train.run.photos import load_sources
from recorder_core.train.samples.samples import SampleMaker
from recorder_core.train.samples.views import Sample
from recorder_core.train.settings import TrainingSettings

__all__ = ["draw_sheet"]

_LEARNT_RGB: Final = (60, 220, 60)
_IGNORED_RGB: Final = (160, 160, 160)
_LANDMARK_RGB: Final = (255, 230, 0)
_GAP_PX: Final = 4
_GAP_LEVEL: Final = 255
_MAX_PX: Final = 30_000


def draw_sheet(
    settings: TrainingSettings,
    output: Path,
    *,
    rows: int = 4,
    columns: int = 6,
    first: int = 0,
    ask_teacher: bool = True,
    progress: Progress = no_progress,
) -> int:
    """Write samples of a training run as one picture with their boxes.

    Green boxes are learnt, grey ones are regions that are not judged, yellow points are
    landmarks.

    Parameters
    ----------
    settings : TrainingSettings
        The run; its seed and settings give the same samples as in training.
    output : Path
        A PNG file.
    rows, columns : int
        Of the sheet.
    first : int
        Number of the first sample.
    ask_teacher : bool
        False: show what the labels alone say, without the wait for the teacher.
    progress : callable, optional
        Told how many samples of all are drawn.

    Returns
    -------
    int
        How many boxes to learn there are.

    Raises
    ------
    SettingsError
        If the sheet would be empty or larger than a picture may be.
    DataError
        If the annotation file or a picture is damaged or missing.
    """
    size, count = settings.sample.view.size_px, rows * columns
    if min(rows, columns) < 1 or first < 0 or max(rows, columns) * (size + _GAP_PX) > _MAX_PX:
        raise SettingsError(
            f"a sheet of {rows} by {columns} samples of {size} pixels cannot be drawn"
        )
    teacher = load_teacher(settings) if ask_teacher else None
    maker = SampleMaker(load_sources(settings, teacher), settings.sample, settings.run.seed)
    step = size + _GAP_PX
    sheet = np.full((rows * step - _GAP_PX, columns * step - _GAP_PX, 3), _GAP_LEVEL, np.uint8)
    learnt = 0
    for place in range(count):
        sample = maker.make(first + place)
        learnt += len(sample.boxes_xyxy_px)
        top, left = place // columns * step, place % columns * step
        sheet[top : top + size, left : left + size] = _draw(sample)
        progress(place + 1, count)
    with finished_file(output) as temporary:
        Image.fromarray(sheet).save(temporary, "PNG")
    return learnt


def _draw(sample: Sample) -> NDArray[np.uint8]:
    drawn = Image.fromarray(np.ascontiguousarray(sample.picture_bgr[:, :, ::-1]))
    pen = ImageDraw.Draw(drawn)
    for boxes, colour in (
        (sample.ignored_xyxy_px, _IGNORED_RGB),
        (sample.boxes_xyxy_px, _LEARNT_RGB),
    ):
        for x0, y0, x1, y1 in np.rint(boxes).astype(int).tolist():
            pen.rectangle((x0, y0, max(x0, x1 - 1), max(y0, y1 - 1)), outline=colour)
    points = sample.landmarks_px.reshape(-1, 2)
    for x, y in np.rint(points[np.isfinite(points).all(axis=1)]).astype(int).tolist():
        pen.point((x, y), fill=_LANDMARK_RGB)
    return np.asarray(drawn, np.uint8)

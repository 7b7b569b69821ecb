"""What ``notebooks/better_detector.ipynb`` trains on and draws.

Two simulated surgeries are de-identified with a detector that sees the room too small, and
corrected by their true faces, as a reviewer who overlooks nothing would.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.patches import Rectangle

import recorder_core
from recorder_core.datasets import LabelledPicture, read_dataset
from recorder_core.detect import DetectorSettings
from recorder_core.evaluation.video import RECOGNISABLE_SHARE
from recorder_core.jobs import Allowed, DeidentifyOptions
from recorder_core.jobs.archive import (
    Archive,
    EventDeidentifyRequest,
    deidentify_event,
    save_event_corrections,
)
from recorder_core.model import Correction, Keyframe
from recorder_core.tables import read_truth
from recorder_core.train import TrainingSettings, ValidationMeasures, read_settings
from workbench.notebooks.simulated_archive import SimulatedArchive, make_archive_of
from workbench.notebooks.true_faces import regions_over_faces
from workbench.notebooks.video import SURGERY

__all__ = [
    "ReviewedEvents",
    "draw_labels",
    "draw_training",
    "few_steps",
    "make_reviewed_events",
    "measures_table",
]

_LAYOUT: Final = "surgery-box"
#: too small for the faces of the simulation: most are missed
_LONG_SIDE_PX: Final = 160
#: of a side: small, so that a step takes a second or two
_SAMPLE_PX: Final = 256
_EXAMPLE: Final = Path(recorder_core.__file__).parent / "train" / "configs" / "my-labels.toml"
_COLOURS: Final = {"corrected": "#6b36b8"}
_OTHER_COLOUR: Final = "#0b5c7a"


@dataclass(frozen=True, slots=True)
class ReviewedEvents:
    """An archive of two events with corrected copies: one to learn from, one to measure with."""

    archive: SimulatedArchive
    learnt: str
    held_out: str


def make_reviewed_events(folder: Path) -> ReviewedEvents:
    """Make an archive with two events that were de-identified, and corrected by the truth.

    Parameters
    ----------
    folder : Path
        An empty folder.
    """
    surgeries = [replace(SURGERY, seed=seed) for seed in range(2)]
    made, (learnt, held_out) = make_archive_of(folder, surgeries)
    detector = DetectorSettings(long_side_px=_LONG_SIDE_PX)
    request = EventDeidentifyRequest(
        options=DeidentifyOptions(view=_LAYOUT, detector=detector),
        work=folder,
        allowed=Allowed(no_faces=True, seen_faces=True),
    )
    with made.opened(made.reviewer) as archive:
        for number, event_id in enumerate((learnt, held_out)):
            deidentify_event(archive, event_id, request)
            truth = read_truth(folder / f"event_{number}.truth.parquet").to_pandas()
            _correct(archive, event_id, truth.dropna(subset=["face"]))
    return ReviewedEvents(made, learnt, held_out)


def _correct(archive: Archive, event_id: str, truth: pd.DataFrame) -> None:
    """Save what a reviewer would who sees every face: what is missed, and what is no face."""
    rows: pd.DataFrame = archive.event(event_id).redactions()
    over = regions_over_faces(rows, truth)
    hidden = pd.MultiIndex.from_frame(over[["frame", "face"]])
    seen = truth[truth["visible"] >= RECOGNISABLE_SHARE]
    missed = seen[~pd.MultiIndex.from_frame(seen[["frame", "face"]]).isin(hidden)]
    corrections = [
        Correction(f"face-{number}", "add", _keyframes(run))
        for number, (_, run) in enumerate(missed.groupby(_runs(missed)))
    ]
    nobody = rows[~rows["track"].isin(over["track"])].groupby("track")
    corrections += [
        Correction(f"track-{track}", "remove", _keyframes(found.iloc[[0, -1]]), int(track))
        for track, found in nobody
    ]
    save_event_corrections(archive, event_id, corrections, [], seen=0)


def _runs(missed: pd.DataFrame) -> pd.Series[int]:
    """Return the number of the run, of one face in frames one after another, for each row."""
    ordered = missed.sort_values(["face", "frame"])
    is_next = (ordered["face"].diff() == 0) & (ordered["frame"].diff() == 1)
    return (~is_next).cumsum()


def _keyframes(rows: pd.DataFrame) -> tuple[Keyframe, ...]:
    distinct = rows.sort_values("frame").drop_duplicates("frame")
    edges = distinct[["x0", "y0", "x1", "y1"]].to_numpy(np.float64).tolist()
    frames = distinct["frame"].tolist()
    return tuple(
        Keyframe(int(frame), (x0, y0, x1, y1))
        for frame, (x0, y0, x1, y1) in zip(frames, edges, strict=True)
    )


def few_steps(learnt: Path, held_out: Path, output: Path, *, steps: int) -> TrainingSettings:
    """Return the settings of ``workbench train --example my-labels`` for so few steps.

    Parameters
    ----------
    learnt, held_out : Path
        Labels, as `extract_event` writes them.
    output : Path
        The folder of the run.
    steps : int
        A run that is to be used takes hundreds.
    """
    example = read_settings(_EXAMPLE)
    run = replace(
        example.run, output=output, steps=steps, batch_size=4, workers=0, log_every_steps=1,
        ema_decay=0.5,
    )  # fmt: skip
    view = replace(example.sample.view, size_px=_SAMPLE_PX)
    return replace(
        example,
        sample=replace(example.sample, view=view),
        data=replace(example.data, train=learnt, validation=held_out, images=None),
        run=run,
        optimiser=replace(example.optimiser, learning_rate=2e-4, warmup_steps=2),
    )


def draw_labels(labels: Path, count: int = 6, columns: int = 3) -> Figure:
    """Draw pictures with their faces, evenly taken; what a person added has another colour.

    Parameters
    ----------
    labels : Path
        As `extract_event` writes them.
    count : int
        At most so many.
    columns : int
        Pictures side by side.
    """
    pictures = read_dataset(labels).pictures
    chosen = [
        pictures[at] for at in np.unique(np.linspace(0, len(pictures) - 1, count).astype(int))
    ]
    rows = -(-len(chosen) // columns)
    figure = Figure(figsize=(3.6 * columns, 2.6 * rows), layout="constrained")
    for place, axes in enumerate(np.ravel(figure.subplots(rows, columns, squeeze=False))):
        axes.axis("off")
        if place < len(chosen):
            _draw_picture(axes, chosen[place])
    figure.suptitle("Found by the detector (blue), added by a person (violet)")
    return figure


def _draw_picture(axes: Any, picture: LabelledPicture) -> None:
    axes.imshow(imread(picture.path))
    for face in picture.judged_faces:
        x0, y0, x1, y1 = face.box_xyxy_px
        colour = _COLOURS.get(str(face.attributes.get("origin")), _OTHER_COLOUR)
        axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, color=colour))
    axes.set_title(f"frame {picture.frame_index}", fontsize=8)


def measures_table(before: ValidationMeasures, after: ValidationMeasures) -> pd.DataFrame:
    """Return what training changed on pictures that were not learnt from."""
    rows = {"before": before, "after": after}
    return pd.DataFrame(
        {
            name: {
                "average precision": each.average_precision,
                "recall at 0.3 false positives per image": each.recall,
            }
            for name, each in rows.items()
        }
    ).round(3)


def draw_training(
    settings: TrainingSettings, before: ValidationMeasures, after: ValidationMeasures
) -> Figure:
    """Draw the loss of each step, and the measures before and after.

    Parameters
    ----------
    settings : TrainingSettings
        Of a run that has ended.
    before, after : ValidationMeasures
        On the same pictures.
    """
    log = pd.read_csv(settings.run.output / "log.csv")
    figure = Figure(figsize=(10, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(log["step"], log["label_loss"], marker="o", color=_OTHER_COLOUR)
    left.set(xlabel="step", ylabel="loss of the labels")
    left.grid(visible=True, alpha=0.3)
    table = measures_table(before, after)
    places = np.arange(len(table))
    for name, shift, colour in (("before", -0.2, "#9aa7ad"), ("after", 0.2, _OTHER_COLOUR)):
        bars = right.bar(places + shift, table[name], 0.4, color=colour, label=name)
        right.bar_label(bars, fmt="%.3f", fontsize=8)
    right.set_xticks(places, ["average precision", "recall at 0.3\nfalse positives per image"])
    right.set(ylim=(0, 1.15), title="held-out surgery")
    right.legend(loc="lower center")
    return figure

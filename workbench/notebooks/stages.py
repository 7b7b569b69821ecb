"""The ten stages of a run of ``notebooks/stages.ipynb``, with the paper's Table 3 beside them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import recorder_core as rc
from recorder_core.jobs.deidentify.report.contents import DeidentifyReport
from recorder_core.jobs.pipeline.stage_shares import PAPER_TABLE_3, stage_shares
from recorder_core.simulate import SimulationSettings, simulate

__all__ = ["deidentify_surgery", "draw_shares", "stage_table"]

#: small, so that it takes seconds
SURGERY: Final = SimulationSettings(
    duration_seconds=4, frame_rate=Fraction(15), width=960, height=540, faces=4, blend_only=True,
    audio=False,
)  # fmt: skip
#: where the simulation has its room view
_LAYOUT: Final = "surgery-box"
#: once in a run, not in each frame
_START_UP: Final = 1
_COLOURS: Final = {"paper, test 1": "#b9c4c9", "paper, test 4": "#6b7f88", "this run": "#0b5c7a"}


def deidentify_surgery(folder: Path, settings: SimulationSettings = SURGERY) -> Any:
    """De-identify a simulated surgery; return what was done.

    Parameters
    ----------
    folder : Path
        Keeps the video and its copy.
    settings : SimulationSettings, optional
        Of the surgery.
    """
    source = folder / "surgery.mp4"
    simulate(source, settings, folder / "surgery.truth.parquet")
    return rc.deidentify(source, folder / "surgery.deidentified.mp4", view=_LAYOUT)


def stage_table(report: DeidentifyReport) -> pd.DataFrame:
    """Return the ten stages of a run beside those of the paper.

    Shares are of the stages 2 to 10, which each frame passes; start-up has none. The machines,
    videos and networks differ, so that only shares compare.

    Parameters
    ----------
    report : DeidentifyReport
        Of a copy.

    Raises
    ------
    DataError
        If the report has no times; those of copies that earlier versions made have none.
    """
    stages = stage_shares(report.times)
    frames = max(1, report.copy.frames or 0)
    numbers = [each.number for each in stages]
    table = pd.DataFrame(
        {
            "stage": [each.title for each in stages],
            "paper, test 1 (s)": [PAPER_TABLE_3[each][0] for each in numbers],
            "paper, test 4 (s)": [PAPER_TABLE_3[each][-1] for each in numbers],
            "this run (s)": [each.seconds for each in stages],
            "this run (ms/frame)": [1000 * each.seconds / frames for each in stages],
        },
        index=pd.Index(numbers, name="number"),
    )
    for name in _COLOURS:
        spent = table[f"{name} (s)"].where(table.index != _START_UP)
        table[f"{name} (share)"] = spent / spent.sum()
    return table


def draw_shares(table: pd.DataFrame) -> Figure:
    """Draw which share of the time each stage takes, in the paper and in this run.

    Parameters
    ----------
    table : pandas.DataFrame
        From :func:`stage_table`.
    """
    rows = table.drop(index=_START_UP)
    figure = Figure(figsize=(9, 4.6), layout="constrained")
    axes = figure.subplots()
    places, height = np.arange(len(rows)), 0.8 / len(_COLOURS)
    for number, (name, colour) in enumerate(_COLOURS.items()):
        shift = (number - (len(_COLOURS) - 1) / 2) * height
        axes.barh(places + shift, rows[f"{name} (share)"], height, color=colour, label=name)
    axes.set_yticks(places, [f"{number}  {row}" for number, row in rows["stage"].items()])
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(lambda value, _place: f"{value:.0%}")
    axes.set_xlabel("share of the stages 2 to 10")
    axes.grid(visible=True, axis="x", alpha=0.3)
    axes.legend()
    return figure

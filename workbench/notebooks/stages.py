"""The ten stages of a run of ``notebooks/stages.ipynb``, with the paper's Table 3 beside them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import recorder_core as rc
from recorder_core.errors import DataError
from recorder_core.jobs.deidentify.report.contents import DeidentifyReport
from recorder_core.jobs.pipeline.stage_rows import TEN_STAGES
from recorder_core.simulate import SimulationSettings, simulate

__all__ = ["PAPER_TABLE_3", "deidentify_surgery", "draw_shares", "stage_table"]

#: E. Mobilon et al., "Medical image video recorder with computer vision and face blurring",
#: J. Health Inform. 16 (special issue), 2024, Table 3: seconds in each of ten sections of the code,
#: in each of four tests; doi 10.59681/2175-4411.v16.iEspecial.2024.1297
PAPER_TABLE_3: Final = {
    1: (0.014758890, 0.0219874596, 0.01590616246, 0.02340747885),
    2: (0.000426454, 0.000447275495, 0.000505133137, 0.000631802246),
    3: (0.195379955, 0.2072014936, 0.2185739399, 0.3002965875),
    4: (0.372694030, 0.3274036893, 0.387110648, 0.1801836878),
    5: (0.064589400, 0.06971430126, 0.06264788726, 0.1797695116),
    6: (0.004027067, 0.004590305818, 0.004044405445, 0.005564976166),
    7: (0.000799248, 0.000914543702, 0.000778997076, 0.001024662513),
    8: (0.015306156, 0.01657104441, 0.01396160592, 0.01896454959),
    9: (0.237992105, 0.2609213749, 0.2162554348, 0.1693081815),
    10: (0.094026695, 0.09024851191, 0.08021578599, 0.1208485623),
}
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
    if not report.times:
        raise DataError("this report does not say how long its stages took; make the copy anew")
    timed = report.times["stages"]
    seconds = {
        int(row.number or 0): timed.get(row.key, {}).get("seconds", 0.0) for row in TEN_STAGES
    }
    frames = max(1, report.copy.frames or 0)
    table = pd.DataFrame(
        {
            "stage": [row.title for row in TEN_STAGES],
            "paper, test 1 (s)": [PAPER_TABLE_3[each][0] for each in seconds],
            "paper, test 4 (s)": [PAPER_TABLE_3[each][-1] for each in seconds],
            "this run (s)": list(seconds.values()),
            "this run (ms/frame)": [1000 * each / frames for each in seconds.values()],
        },
        index=pd.Index(seconds, name="number"),
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

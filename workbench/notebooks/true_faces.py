"""Which regions of a copy hide which true faces of a simulated surgery."""

from __future__ import annotations

import pandas as pd

__all__ = ["regions_over_faces"]


def regions_over_faces(redactions: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Return the regions in which the middle of a true face lies: a detector finds more than faces.

    Parameters
    ----------
    redactions : pandas.DataFrame
        As `ReadableEvent.redactions` returns it.
    truth : pandas.DataFrame
        As `TruthTable.to_pandas` returns it.

    Returns
    -------
    pandas.DataFrame
        The rows of the redactions with the number of the `face`; one for each face in it.
    """
    pairs = redactions.merge(truth, on="frame", suffixes=("", "_true"))
    x, y = ((pairs[f"{each}0_true"] + pairs[f"{each}1_true"]) / 2 for each in "xy")
    is_over = x.between(pairs["x0"], pairs["x1"]) & y.between(pairs["y0"], pairs["y1"])
    found: pd.DataFrame = pairs[is_over]
    return found

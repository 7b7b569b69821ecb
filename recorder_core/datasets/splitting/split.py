"""Divide a data set into training, validation and test pictures.

Whole units are divided, never single pictures: a unit is what shares a segment or a
group, or is near-duplicate (`likeness`). 57 segments of operations become 31, 12 and 14
[1]_; other sets are divided in that ratio. Among the divisions those are sought that
balance people in a picture, light, patient visible, attire, set, face height and mask.

The imbalance of a division is the sum over parts s and classes f of a fact of
``(n_sf - r_s N_f)^2 / (r_s N_f N)``, N all that the fact counts: chi-squared as a share of
the sample, 0 where every part has its share of every class. From seeded random starts
units are moved and exchanged while it falls; the best division found is kept. The same
seed gives the same division.

References
----------
.. [1] The protocol of the paper on the surgical recorder: 57 segments, 31 for training,
   12 for validation, 14 for the test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.datasets.model import Dataset, LabelledPicture
from recorder_core.datasets.splitting.division import divide_units
from recorder_core.datasets.splitting.facts import count_facts, is_informative
from recorder_core.datasets.splitting.likeness import PictureMeasure, find_likes, join_pictures
from recorder_core.errors import DataError, SettingsError

__all__ = ["PARTS", "Split", "SplitSettings", "split_dataset"]

PARTS: Final = ("train", "validation", "test")
#: the sizes of the parts weigh so much more than another fact
_SIZE_WEIGHT: Final = 200.0
_SIZE: Final = "size"


@dataclass(frozen=True, slots=True)
class SplitSettings:
    """How a data set is divided."""

    #: of training, validation and test; only their ratio matters
    shares: tuple[float, float, float] = (31.0, 12.0, 14.0)
    seed: int = 1

    def __post_init__(self) -> None:
        if min(self.shares) < 0 or sum(share > 0 for share in self.shares) < 2:
            raise SettingsError(
                f"the shares {self.shares} must not be negative, and at least two must be above "
                "zero"
            )


@dataclass(frozen=True, slots=True)
class Split:
    """A divided data set and what balance it reached."""

    #: in the order of `PARTS`
    parts: tuple[Dataset, Dataset, Dataset] = field(repr=False)
    #: units of each part
    units: tuple[int, int, int]
    #: "segments" or "pictures": what has the ratio that was asked for
    counted: str
    #: pairs of near-duplicates that no segment or group joins
    joined_by_likeness: int
    #: (fact, class) -> its number in each part
    balance: dict[tuple[str, str], tuple[int, int, int]] = field(repr=False)
    #: see the module; 0: every class is divided exactly in the ratio
    imbalance: float


def split_dataset(
    dataset: Dataset, measures: Sequence[PictureMeasure] | None, settings: SplitSettings
) -> Split:
    """Divide a data set.

    Parameters
    ----------
    dataset : Dataset
        N pictures.
    measures : sequence of PictureMeasure or None
        What was measured from each of them; None: their files are not there, so light
        and near-duplicates are not known.
    settings : SplitSettings

    Returns
    -------
    Split
        Pictures keep their order within a part.

    Raises
    ------
    DataError
        If there are fewer units than parts with a share.
    """
    pictures = dataset.pictures
    likes = find_likes(measures) if measures is not None else []
    units = join_pictures(pictures, likes)
    wanted = sum(share > 0 for share in settings.shares)
    if len(units) < wanted:
        raise DataError(
            f"the data set has {len(units)} units that must stay whole (segments, groups, "
            f"near-duplicates); they cannot be divided into {wanted} parts"
        )
    counted = "segments" if all(picture.segment for picture in pictures) else "pictures"
    known = measures if measures is not None else [None] * len(pictures)
    facts = [_facts_of(unit, pictures, known, counted) for unit in units]
    total: Counter[tuple[str, str]] = sum(facts, Counter())
    keys = sorted(key for key in total if is_informative(total, key[0]))
    table = np.array([[unit[key] for key in keys] for unit in facts], np.float64)
    place, imbalance = divide_units(
        table, _weigh(keys, total), np.array(settings.shares), settings.seed
    )
    counts = [table[place == part].sum(axis=0) for part in range(len(PARTS))]
    return Split(
        parts=_take(dataset, units, place),
        units=_three(int((place == part).sum()) for part in range(len(PARTS))),
        counted=counted,
        joined_by_likeness=_count_new(likes, pictures),
        balance={key: _three(int(c[i]) for c in counts) for i, key in enumerate(keys)},
        imbalance=imbalance,
    )


def _facts_of(
    unit: Sequence[int],
    pictures: Sequence[LabelledPicture],
    measures: Sequence[PictureMeasure | None],
    counted: str,
) -> Counter[tuple[str, str]]:
    chosen = [pictures[place] for place in unit]
    facts = count_facts(chosen, [measures[place] for place in unit])
    segments = len({picture.segment for picture in chosen})
    facts[_SIZE, counted] = segments if counted == "segments" else len(unit)
    facts["faces", "all"] = sum(len(picture.judged_faces) for picture in chosen)
    return facts


def _weigh(keys: Sequence[tuple[str, str]], total: Counter[tuple[str, str]]) -> NDArray[np.float64]:
    """Return the weight of each class: one over all that its fact counts."""
    sums: Counter[str] = Counter()
    for fact, name in keys:
        sums[fact] += total[fact, name]
    return np.array([(_SIZE_WEIGHT if fact == _SIZE else 1.0) / sums[fact] for fact, _ in keys])


def _take(
    dataset: Dataset, units: Sequence[Sequence[int]], place: NDArray[np.intp]
) -> tuple[Dataset, Dataset, Dataset]:
    part_of = {picture: place[number] for number, unit in enumerate(units) for picture in unit}
    first, second, third = (
        replace(
            dataset,
            pictures=tuple(p for i, p in enumerate(dataset.pictures) if part_of[i] == part),
        )
        for part in range(len(PARTS))
    )
    return first, second, third


def _three(numbers: Iterable[int]) -> tuple[int, int, int]:
    first, second, third = numbers
    return first, second, third


def _count_new(likes: Iterable[tuple[int, int]], pictures: Sequence[LabelledPicture]) -> int:
    """Count the near-duplicates that neither segment nor group says."""
    together = {
        place: number for number, unit in enumerate(join_pictures(pictures)) for place in unit
    }
    return sum(together[first] != together[second] for first, second in likes)

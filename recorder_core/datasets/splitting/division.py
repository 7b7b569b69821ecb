"""Put units into parts so that every part has its share of everything counted."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["divide_units"]

#: random starts for few units, and for many
_STARTS, _FEW_STARTS = 12, 2
#: most units of which all exchanges are tried
_MAX_EXCHANGED: Final = 200
#: most steps of one descent
_MAX_STEPS: Final = 3000
#: a step must win more than rounding errors
_MIN_GAIN: Final = 1e-12
#: how much the order in which units are placed differs between starts
_ORDER_NOISE: Final = 0.5


def divide_units(
    table: NDArray[np.float64],
    weights: NDArray[np.float64],
    shares: NDArray[np.float64],
    seed: int,
) -> tuple[NDArray[np.intp], float]:
    """Divide units among parts.

    Parameters
    ----------
    table : ndarray of shape (U, F)
        What each of U units has of each of F things; every thing occurs.
    weights : ndarray of shape (F,)
        How much each thing matters.
    shares : ndarray of shape (S,)
        Of each part, in any unit, not negative; parts without a share stay empty.
    seed : int
        The same seed gives the same division.

    Returns
    -------
    place : ndarray of shape (U,)
        The part of each unit.
    imbalance : float
        Sum over parts and things of ``w (n - ideal)^2 / ideal``.
    """
    used = np.flatnonzero(shares > 0)
    ideal = np.outer(shares[used] / shares.sum(), table.sum(axis=0))
    scale = weights / ideal
    starts = _STARTS if len(table) <= _MAX_EXCHANGED else _FEW_STARTS
    best: _Descent | None = None
    for start in range(starts):
        descent = _Descent(table, ideal, scale, np.random.default_rng([seed, start]))
        descent.run()
        if best is None or descent.imbalance < best.imbalance - _MIN_GAIN:
            best = descent
    assert best is not None
    return used[best.place], best.imbalance


class _Descent:
    """One division, made better step by step."""

    def __init__(
        self,
        table: NDArray[np.float64],
        ideal: NDArray[np.float64],
        scale: NDArray[np.float64],
        rng: np.random.Generator,
    ) -> None:
        self._table, self._scale = table, scale
        #: (S, F): how much a part has too much of a thing
        self._excess = -ideal
        #: (U, S): what a unit adds by itself to the imbalance of a part
        self._own = table**2 @ scale.T
        self.place = np.full(len(table), -1, np.intp)
        self._fill(rng)

    @property
    def imbalance(self) -> float:
        """The imbalance that is left; see `divide_units`."""
        return float((self._excess**2 * self._scale).sum())

    def _fill(self, rng: np.random.Generator) -> None:
        """Place the units, larger ones first, each where it helps most."""
        sizes = (self._table * self._scale[0]).sum(axis=1)
        order = np.argsort(-sizes * np.exp(_ORDER_NOISE * rng.standard_normal(len(sizes))))
        for unit in order:
            cost = 2 * (self._excess * self._scale) @ self._table[unit] + self._own[unit]
            self._put(int(unit), int(np.argmin(cost)))

    def _put(self, unit: int, part: int) -> None:
        if self.place[unit] >= 0:
            self._excess[self.place[unit]] -= self._table[unit]
        self.place[unit] = part
        self._excess[part] += self._table[unit]

    def run(self) -> None:
        """Move and exchange units while the imbalance falls."""
        for _ in range(_MAX_STEPS):
            if not (self._move() or self._exchange()):
                return

    def _pulls(self) -> NDArray[np.float64]:
        """Return (U, S): the change of the imbalance, to first order, by adding a unit."""
        return np.asarray(2 * self._table @ (self._excess * self._scale).T)

    def _move(self) -> bool:
        pulls, units = self._pulls(), np.arange(len(self.place))
        leaving = self._own[units, self.place] - pulls[units, self.place]
        change = pulls + self._own + leaving[:, None]
        change[units, self.place] = 0.0
        unit, part = np.unravel_index(np.argmin(change), change.shape)
        if change[unit, part] > -_MIN_GAIN:
            return False
        self._put(int(unit), int(part))
        return True

    def _exchange(self) -> bool:
        if len(self.place) > _MAX_EXCHANGED:
            return False
        best = (-_MIN_GAIN, -1, -1)
        for first in range(len(self._scale)):
            for second in range(first + 1, len(self._scale)):
                best = min(best, self._best_exchange(first, second))
        change, here, there = best
        if here < 0:
            return False
        first, second = int(self.place[here]), int(self.place[there])
        self._put(here, second)
        self._put(there, first)
        return change < 0

    def _best_exchange(self, first: int, second: int) -> tuple[float, int, int]:
        """Return the change of the best exchange between two parts, and its units."""
        here, there = np.flatnonzero(self.place == first), np.flatnonzero(self.place == second)
        if not len(here) or not len(there):
            return (0.0, -1, -1)
        pull = self._pulls()[:, second] - self._pulls()[:, first]
        own = self._own[:, first] + self._own[:, second]
        both = (self._table[here] * (self._scale[first] + self._scale[second])) @ self._table[
            there
        ].T
        change = (pull + own)[here, None] + (own - pull)[None, there] - 2 * both
        row, column = np.unravel_index(np.argmin(change), change.shape)
        return (float(change[row, column]), int(here[row]), int(there[column]))

"""What an engine does for the rest of the program: one interface, whatever calculates."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from recorder_core.detect.raw_output import RawOutput

__all__ = ["Engine"]


class Engine(Protocol):
    """A network, loaded onto a device, for one input size or for any."""

    @property
    def name(self) -> str:
        """Name of the engine, as in the settings."""

    @property
    def device(self) -> str:
        """Processor or graphics card, by its own name."""

    @property
    def precision(self) -> str:
        """Number format of the calculation: "f32" or "bf16"."""

    @property
    def takes_any_size(self) -> bool:
        """Whether pictures may have another size than the one it was loaded for."""

    def infer(self, batch: NDArray[np.float32]) -> RawOutput:
        """Run the network on (N, 3, H, W) float32, blue-green-red minus the mean."""

    def describe(self) -> str:
        """Return one line on what runs where."""

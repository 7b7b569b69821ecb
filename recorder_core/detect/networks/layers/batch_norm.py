"""What every batch norm of the networks has in common."""

from __future__ import annotations

from typing import Final

__all__ = ["BATCH_NORM_EPSILON"]

#: added to variances by batch norms: PyTorch's default
BATCH_NORM_EPSILON: Final = 1e-5

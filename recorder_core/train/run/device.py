"""Where a training runs, and that it runs there the same way every time."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from recorder_core.errors import EngineUnavailable
from recorder_core.train.settings import RunSettings

if TYPE_CHECKING:
    import torch

__all__ = ["prepare_device"]


def prepare_device(run: RunSettings) -> torch.device:
    """Choose processor or graphics card and make its arithmetic repeatable.

    Raises
    ------
    EngineUnavailable
        If a card is asked for and PyTorch cannot use one.
    """
    # read by cuBLAS when it starts; without it matrix products differ from run to run
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    import torch

    torch.manual_seed(run.seed)
    torch.set_num_threads(run.threads)
    has_card = torch.cuda.is_available()
    if run.device == "cuda" and not has_card:
        raise EngineUnavailable(
            "run.device is cuda, but PyTorch cannot use an NVIDIA card here; set it to cpu or auto"
        )
    if run.device == "cpu" or not has_card:
        return torch.device("cpu")
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    return torch.device("cuda")

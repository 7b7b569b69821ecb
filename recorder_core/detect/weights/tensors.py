"""Read the tensors of weights files; every kind of damage is a `ModelMismatch`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from recorder_core.errors import ModelMismatch

__all__ = ["read_bytes", "read_checkpoint", "read_safetensors", "write_safetensors"]


def read_bytes(path: Path) -> bytes:
    """Return the file's content."""
    try:
        return path.read_bytes()
    except OSError as exc:
        raise ModelMismatch(f"weights file {path} cannot be read: {exc.strerror}") from exc


def read_safetensors(path: Path, content: bytes) -> dict[str, NDArray[np.float32]]:
    """Return the tensors in the content of a safetensors file, float16 ones as float32."""
    try:
        tensors: dict[str, NDArray[np.float32]] = safetensors.numpy.load(content)
    except (safetensors.SafetensorError, KeyError) as exc:
        raise ModelMismatch(f"weights file {path} is damaged or not safetensors: {exc}") from exc
    return {
        name: tensor.astype(np.float32) if tensor.dtype == np.float16 else tensor
        for name, tensor in tensors.items()
    }


def write_safetensors(tensors: Mapping[str, NDArray[np.float32]]) -> bytes:
    """Return the content of a safetensors file.

    A tensor all of whose values are float16 numbers is stored so, in half the space;
    nothing is rounded.
    """
    return safetensors.numpy.save({name: _as_small(tensor) for name, tensor in tensors.items()})


def _as_small(tensor: NDArray[np.float32]) -> NDArray[np.float32] | NDArray[np.float16]:
    with np.errstate(over="ignore"):
        half = np.ascontiguousarray(tensor, np.float16)
    return half if np.array_equal(half, tensor) else np.ascontiguousarray(tensor)


def read_checkpoint(path: Path) -> dict[str, NDArray[np.float32]]:
    """Read a PyTorch checkpoint: only tensors are unpickled, never code."""
    import pickle

    import torch

    if not path.stat().st_size:
        raise ModelMismatch(f"weights file {path} is empty")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (
        pickle.UnpicklingError,
        RuntimeError,
        EOFError,
        OSError,
        LookupError,
        ValueError,
    ) as exc:
        raise ModelMismatch(
            f"weights file {path} is damaged or holds more than tensors; nothing of it is loaded"
        ) from exc
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]
    if not isinstance(state, dict) or not all(torch.is_tensor(v) for v in state.values()):
        raise ModelMismatch(f"weights file {path} is not a table of tensors")
    return {
        str(name).removeprefix("module."): value.float().numpy()
        for name, value in state.items()
        if not str(name).endswith(".num_batches_tracked")
    }

"""The files of a run's folder: its log, and the checkpoint from which it goes on."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from recorder_core.errors import DataError, EncodeError, ModelMismatch, SettingsError
from recorder_core.train.settings import TrainingSettings

__all__ = ["RunFolder"]

#: settings that may change when a run goes on: they do not change its result, or say
#: where things are
_FREE: Final = {
    "data.train",
    "data.images",
    "data.validation",
    "data.validation_images",
    "data.rooms",
    "data.empties",
    "teacher.weights",
    "run.start",
    "run.backbone",
    "run.output",
    "run.threads",
    "run.workers",
    "run.device",
    "run.log_every_steps",
    "run.checkpoint_every_steps",
    "run.snapshot_every_steps",
}


class RunFolder:
    """A folder with ``log.csv`` and ``checkpoint.pt``.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    columns : sequence of str
        Of the log.
    """

    def __init__(self, folder: Path, columns: Sequence[str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._log, self._checkpoint = folder / "log.csv", folder / "checkpoint.pt"
        self._columns = tuple(columns)

    def log(self, row: Sequence[Any]) -> None:
        """Add a row to the log."""
        is_new = not self._log.exists()
        with self._log.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if is_new:
                writer.writerow(self._columns)
            writer.writerow(row)

    def save(self, state: Mapping[str, Any], settings: TrainingSettings) -> None:
        """Replace the checkpoint; a kill at any moment leaves the old or the new one.

        Raises
        ------
        EncodeError
            If it cannot be written; the old one is there.
        """
        import torch

        partial = self._checkpoint.with_suffix(".new")
        try:
            torch.save({**state, "settings": _flatten(asdict(settings))}, partial)
            partial.replace(self._checkpoint)
        except (RuntimeError, OSError) as exc:  # PyTorch's own, where the disk is full
            partial.unlink(missing_ok=True)
            free_mb = shutil.disk_usage(partial.parent).free // 1_000_000
            raise EncodeError(
                f"the checkpoint after {state['step']} steps cannot be written to a disk with "
                f"{free_mb} MB free; the one before is kept: free up space, and the same command "
                "resumes from it"
            ) from exc

    def load(self, settings: TrainingSettings, start_sha256: str) -> dict[str, Any] | None:
        """Return the checkpoint's state; None, and an empty log, if there is none.

        Raises
        ------
        DataError
            If the checkpoint is damaged.
        ModelMismatch
            If it belongs to other starting weights.
        SettingsError
            If it was made with other settings, the first of which is named, or if the folder
            holds something else that the run would write over.
        """
        if not self._checkpoint.exists():
            self._refuse_others()
            self._log.unlink(missing_ok=True)
            return None
        state = self._read()
        if state["start"] != start_sha256:
            raise ModelMismatch(
                f"checkpoint {self._checkpoint} belongs to a run that started from other weights; "
                "move it away or choose another output folder"
            )
        now = _flatten(asdict(settings))
        for name, value in now.items():
            if name not in _FREE and state["settings"].get(name) != value:
                raise SettingsError(
                    f"the run in {self._checkpoint.parent} was started with another {name} "
                    f"({state['settings'].get(name)}, now {value}); go back to it or choose "
                    "another output folder"
                )
        self._cut_log(state["step"])
        return state

    def _refuse_others(self) -> None:
        """Raise if what is there is not of a run that was cut off before its first checkpoint."""
        folder = self._log.parent
        others = sorted(folder.glob("step-*.safetensors"))
        if self._log.exists():
            with self._log.open(encoding="utf-8", errors="replace", newline="") as file:
                if file.readline().strip() == ",".join(self._columns):
                    return
            others.insert(0, self._log)
        if others:
            raise SettingsError(
                f"{others[0].name} in {folder} is not of a run that goes on there, and would be "
                "written over: choose another output folder, or move it away"
            )

    def _read(self) -> dict[str, Any]:
        import pickle

        import torch

        try:
            state: dict[str, Any] = torch.load(
                self._checkpoint, map_location="cpu", weights_only=True
            )
        except (pickle.UnpicklingError, RuntimeError, EOFError, OSError) as exc:
            raise DataError(
                f"checkpoint {self._checkpoint} is damaged; move it away to begin again"
            ) from exc
        if not isinstance(state, dict) or not {"start", "step", "settings"} <= state.keys():
            raise DataError(
                f"checkpoint {self._checkpoint} is not of this program; move it away to begin again"
            )
        return state

    def _cut_log(self, step: int) -> None:
        """Drop the log's rows after the checkpoint: those steps are taken again."""
        lines = self._log.read_text(encoding="utf-8").splitlines() if self._log.exists() else []
        kept = [line for line in lines[1:] if _step_of(line) <= step]
        self._log.write_text("".join(f"{line}\n" for line in [*lines[:1], *kept]), encoding="utf-8")


def _step_of(line: str) -> float:
    """Return a row's step; a row that a kill cut short is after every checkpoint."""
    first = line.split(",", maxsplit=1)[0]
    return int(first) if first.isdecimal() and line.count(",") else float("inf")


def _flatten(values: Mapping[str, Any], place: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flatten(value, f"{place}{name}.")
        else:
            flat[f"{place}{name}"] = str(value)
    return flat

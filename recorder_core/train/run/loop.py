"""The training loop: deterministic, logged, and able to go on after it was killed."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from recorder_core.detect.networks import family_named
from recorder_core.detect.weights import Weights, save_weights
from recorder_core.errors import SettingsError
from recorder_core.train.folding import unfold_tensors
from recorder_core.train.learning.objective import Objective
from recorder_core.train.run.batches import (
    Batch,
    BatchMaker,
    iterate_batches,
    translate_ended_workers,
)
from recorder_core.train.run.checkpoint import RunFolder
from recorder_core.train.run.device import prepare_device
from recorder_core.train.run.distillation import Teacher, load_teacher
from recorder_core.train.run.objectives import make_objective
from recorder_core.train.run.photos import load_sources
from recorder_core.train.run.schedule import learning_rate, make_optimiser
from recorder_core.train.run.start import build_for_training, load_start
from recorder_core.train.samples.samples import SampleMaker
from recorder_core.train.settings import TrainingSettings

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["Progress", "train"]

#: called with the number of finished steps and of all
Progress = Callable[[int, int], None]


def train(settings: TrainingSettings, progress: Progress | None = None) -> Path:
    """Train a detector and return the weights file.

    The run's folder gets ``log.csv``, ``checkpoint.pt`` and, at intervals and at the
    end, averaged weights as ``step-NNNNNN.safetensors``. Called again with the same
    settings it goes on from the last checkpoint, with the same samples and, on the
    processor, the same result as if it had not been interrupted.

    Parameters
    ----------
    settings : TrainingSettings
    progress : callable, optional
        Called before the first step, and after every one, with the number of finished
        steps and of all.

    Returns
    -------
    Path
        The last averaged weights.

    Raises
    ------
    DataError
        If the annotation file, a picture or the checkpoint is damaged.
    EngineUnavailable
        If the device that is asked for cannot be used, or a process that makes batches ended.
    ModelMismatch
        If the starting weights or the checkpoint do not fit.
    SettingsError
        If settings contradict each other or those that the run was begun with, or the loss
        does not stay finite.
    """
    run = settings.run
    start, teacher = load_start(settings), load_teacher(settings)
    objective = make_objective(start.anchors, settings)
    cv2.setNumThreads(1)
    device = prepare_device(run)
    sources = load_sources(settings, teacher, start)
    samples = SampleMaker(sources, settings.sample, run.seed)
    trainer = _Trainer(settings, start, objective, device)
    if settings.loss.distill_weight and teacher is not None:
        trainer.teacher = Teacher(teacher, start.anchors, start.mean_bgr, device)
    trainer.resume()
    report = progress or _no_progress
    report(trainer.step, run.steps)
    maker = BatchMaker(samples, objective, settings)
    with translate_ended_workers():
        for batch in iterate_batches(maker, range(trainer.step, run.steps), run.workers):
            trainer.advance(batch)
            report(trainer.step, run.steps)
    return trainer.save_snapshot()


def _no_progress(_done: int, _total: int) -> None:
    """Show nothing."""


class _Trainer:
    """Network, average, optimiser and position of a run."""

    def __init__(
        self,
        settings: TrainingSettings,
        start: Weights,
        objective: Objective,
        device: torch.device,
    ) -> None:
        self.settings, self.start, self.objective = settings, start, objective
        self.device, self.step = device, 0
        self.teacher: Teacher | None = None
        self.network = build_for_training(start, settings).to(device)
        self.average = copy.deepcopy(self.network)
        self.optimiser = make_optimiser(self.network, settings.optimiser)
        columns = ("step", *objective.terms, "learning_rate", "seconds")
        self.folder = RunFolder(settings.run.output, columns)
        self.sums = np.zeros(len(objective.terms))
        self.clock = time.monotonic()

    def advance(self, batch: Batch) -> None:
        """Run one step."""
        import torch

        run, optimiser = self.settings.run, self.settings.optimiser
        rate = learning_rate(self.step, run.steps, optimiser, run.batch_size)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        losses = self._losses(batch)
        total = torch.stack(list(losses.values())).sum()
        if not torch.isfinite(total):
            raise SettingsError(
                f"the loss is not a finite number after {self.step} steps; begin again in another "
                "folder with a lower optimiser.learning_rate"
            )
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        trained = [p for p in self.network.parameters() if p.requires_grad]
        torch.nn.utils.clip_grad_norm_(trained, optimiser.max_gradient_norm)
        self.optimiser.step()
        self._update_average()
        self.step += 1
        self.sums += [float(losses[name].detach()) for name in self.objective.terms]
        self._keep_records(rate)

    def _losses(self, batch: Batch) -> dict[str, Tensor]:
        import torch

        mean = torch.tensor(self.start.mean_bgr, device=self.device)
        # (N, H, W, 3) seen as (N, 3, H, W): channels last, without a copy
        pictures = (torch.from_numpy(batch.pictures_bgr).to(self.device) - mean).permute(0, 3, 1, 2)
        targets = {k: torch.from_numpy(v).to(self.device) for k, v in batch.targets.items()}
        lower = self.settings.run.precision == "bf16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=lower):
            said = None if self.teacher is None else self.teacher.predict(pictures)
            return self.objective.losses(self.network, pictures, targets, said)

    def _update_average(self) -> None:
        import torch

        # early on the average follows quickly, so that it forgets where it began
        decay = min(self.settings.run.ema_decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            pairs = zip(
                self.average.state_dict().values(), self.network.state_dict().values(), strict=True
            )
            for old, new in pairs:
                if old.is_floating_point():
                    old.lerp_(new, 1 - decay)
                else:
                    old.copy_(new)

    def _keep_records(self, rate: float) -> None:
        run = self.settings.run
        is_last = self.step == run.steps
        if self.step % run.log_every_steps == 0 or is_last:
            count = self.step % run.log_every_steps or run.log_every_steps
            mean, self.sums = self.sums / count, np.zeros_like(self.sums)
            seconds, self.clock = time.monotonic() - self.clock, time.monotonic()
            losses = (f"{v:.5f}" for v in mean)
            self.folder.log([self.step, *losses, f"{rate:.3e}", f"{seconds:.1f}"])
        if self.step % run.snapshot_every_steps == 0 and not is_last:
            self.save_snapshot()
        if self.step % run.checkpoint_every_steps == 0 or is_last:
            self._save_checkpoint()

    def _save_checkpoint(self) -> None:
        state = {
            "step": self.step,
            "start": self.start.sha256,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "sums": self.sums.tolist(),
        }
        self.folder.save(state, self.settings)

    def resume(self) -> None:
        """Resume from the checkpoint, if there is one."""
        state = self.folder.load(self.settings, self.start.sha256)
        if state is None:
            return
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.sums = state["step"], np.array(state["sums"])

    def save_snapshot(self) -> Path:
        """Write the averaged weights as a weights file."""
        run, family = self.settings.run, family_named(self.settings.run.detector)
        shapes = family.tensor_shapes(self.start.design, self.start.anchors)
        state = self.average.state_dict()
        tensors = {name: value.cpu().numpy().copy() for name, value in state.items()}
        if run.batch_norm == "folded":
            tensors = unfold_tensors(tensors, self.start.tensors)
        path = run.output / f"step-{self.step:06d}.safetensors"
        save_weights(
            path,
            {name: tensors[name] for name in shapes},
            anchors=self.start.anchors,
            version=path.stem,
            card={"origin": f"trained for {self.step} steps from weights {self.start.version}"},
            must_find_faces=False,
            family=family,
            design=self.start.design,
        )
        return path

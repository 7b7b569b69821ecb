"""The training loop: deterministic, logged, and able to go on after it was killed."""

from __future__ import annotations

import copy
import csv
import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from recorder_core.detect.anchors import make_anchors
from recorder_core.detect.retinaface import MEAN_BGR, build_retinaface
from recorder_core.detect.weights import Weights, load_weights, save_weights
from recorder_core.errors import ModelMismatch
from recorder_core.train.folding import unfold_tensors
from recorder_core.train.loss import (
    Losses,
    Prediction,
    detection_loss,
    distillation_loss,
    veto_labels,
)
from recorder_core.train.matching import NO_FACE, match_anchors
from recorder_core.train.photos import load_sources
from recorder_core.train.samples import SampleMaker
from recorder_core.train.settings import OptimiserSettings, TrainingSettings

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from recorder_core.detect._retinaface_torch import RetinaFace

__all__ = ["train"]

_LOG_FIELDS = ("step", "label_loss", "box_loss", "distill_loss", "learning_rate", "seconds")


@dataclass(frozen=True, slots=True)
class _Batch:
    pictures: Tensor
    labels: Tensor
    offsets: Tensor
    trusted: Tensor


def train(settings: TrainingSettings) -> Path:
    """Train RetinaFace and return the weights file.

    The run's folder gets ``log.csv``, ``checkpoint.pt`` and, at intervals and at the
    end, averaged weights as ``step-NNNNNN.safetensors``. Called again with the same
    settings it goes on from the last checkpoint, with the same samples and the same
    result as if it had not been interrupted.

    Parameters
    ----------
    settings : TrainingSettings

    Returns
    -------
    Path
        The last averaged weights.

    Raises
    ------
    DataError
        If the annotation file or a picture is damaged.
    ModelMismatch
        If the starting weights or the checkpoint do not fit.
    """
    import torch

    torch.set_num_threads(settings.run.threads)
    torch.manual_seed(settings.run.seed)
    cv2.setNumThreads(1)
    settings.run.output.mkdir(parents=True, exist_ok=True)
    start = load_weights(settings.run.start)
    maker = SampleMaker(load_sources(settings, start), settings.sample, settings.run.seed)
    trainer = _Trainer(settings, start)
    trainer.resume()
    batches = _prefetch(settings, start, maker, trainer.step)
    while trainer.step < settings.run.steps:
        trainer.advance(next(batches))
    return trainer.save_snapshot()


class _Trainer:
    """Network, average, optimiser and position of a run."""

    def __init__(self, settings: TrainingSettings, start: Weights) -> None:
        self.settings, self.start, self.step = settings, start, 0
        self.network = _build(start, settings)
        self.teacher = _build(start, settings).eval() if settings.loss.distill_weight else None
        self.average = copy.deepcopy(self.network)
        for name, parameter in self.network.named_parameters():
            parameter.requires_grad = not name.startswith(settings.optimiser.frozen)
        self.optimiser = _make_optimiser(self.network, settings.optimiser)
        self.sums = np.zeros(3)
        self.clock = time.monotonic()

    def advance(self, batch: _Batch) -> None:
        """Take one step."""
        import torch

        rate = learning_rate(self.step, self.settings.run.steps, self.settings.optimiser)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        losses = self._losses(batch)
        self.optimiser.zero_grad(set_to_none=True)
        losses.total().backward()  # type: ignore[no-untyped-call]
        trained = [p for p in self.network.parameters() if p.requires_grad]
        torch.nn.utils.clip_grad_norm_(trained, self.settings.optimiser.max_gradient_norm)
        self.optimiser.step()
        self._update_average()
        self.step += 1
        self.sums += [float(v.detach()) for v in (losses.label, losses.box, losses.distill)]
        self._keep_records(rate)

    def _losses(self, batch: _Batch) -> Losses:
        import torch

        settings, labels = self.settings.loss, batch.labels
        student = _predict(self.network, batch.pictures)
        distill = torch.zeros(())
        if self.teacher is not None:
            with torch.no_grad():
                teacher = _predict(self.teacher, batch.pictures)
            distill = distillation_loss(student, teacher, batch.trusted, settings)
            labels = veto_labels(labels, teacher, batch.trusted, settings)
        return Losses(*detection_loss(student, labels, batch.offsets, settings), distill)

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
        if self.step % run.log_every_steps == 0:
            mean, self.sums = self.sums / run.log_every_steps, np.zeros(3)
            seconds, self.clock = time.monotonic() - self.clock, time.monotonic()
            self._log([self.step, *(f"{v:.5f}" for v in mean), f"{rate:.3e}", f"{seconds:.1f}"])
        if self.step % run.snapshot_every_steps == 0:
            self.save_snapshot()
        if self.step % run.checkpoint_every_steps == 0:
            self._save_checkpoint()

    def _log(self, row: list[Any]) -> None:
        path = self.settings.run.output / "log.csv"
        is_new = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if is_new:
                writer.writerow(_LOG_FIELDS)
            writer.writerow(row)

    def _save_checkpoint(self) -> None:
        import torch

        path = self.settings.run.output / "checkpoint.pt"
        state = {
            "step": self.step,
            "start": self.start.sha256,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "sums": self.sums.tolist(),
        }
        torch.save(state, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)

    def resume(self) -> None:
        """Go on from the checkpoint, if there is one."""
        import torch

        path = self.settings.run.output / "checkpoint.pt"
        if not path.exists():
            (path.parent / "log.csv").unlink(missing_ok=True)
            return
        state = torch.load(path, weights_only=True)
        if state["start"] != self.start.sha256:
            raise ModelMismatch(
                f"checkpoint {path} belongs to a run that started from other weights; "
                "move it away or choose another output folder"
            )
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.sums = state["step"], np.array(state["sums"])
        _cut_log(path.parent / "log.csv", self.step)

    def save_snapshot(self) -> Path:
        """Write the averaged weights in the published form."""
        tensors = {
            name: value.numpy().copy()
            for name, value in self.average.state_dict().items()
            if not name.endswith("num_batches_tracked")
        }
        if self.settings.run.batch_norm == "folded":
            tensors = unfold_tensors(tensors, self.start.tensors)
        path = self.settings.run.output / f"step-{self.step:06d}.safetensors"
        card = {"origin": f"trained for {self.step} steps from weights {self.start.version}"}
        save_weights(
            path,
            tensors,
            anchors=self.start.anchors,
            version=path.stem,
            card=card,
            must_find_faces=False,
        )
        return path


def learning_rate(step: int, steps: int, settings: OptimiserSettings) -> float:
    """Return the learning rate of a step."""
    rate = settings.learning_rate * min(1.0, (step + 1) / max(1, settings.warmup_steps))
    if settings.schedule == "cosine":
        left = 0.5 * (1 + math.cos(math.pi * step / max(1, steps)))
        return rate * (settings.final_factor + (1 - settings.final_factor) * left)
    for at, factor in zip(settings.decay_at_steps, settings.decay_factors, strict=True):
        rate *= factor if step >= at else 1.0
    return rate


def _predict(network: RetinaFace, pictures: Tensor) -> Prediction:
    offsets, logits, _ = network.predict(pictures)
    return Prediction(offsets, logits)


def _build(start: Weights, settings: TrainingSettings) -> RetinaFace:
    from recorder_core.detect._retinaface_torch import fold_batch_norm, put_channels_last

    network = build_retinaface(start.tensors)
    if settings.run.batch_norm == "folded":
        fold_batch_norm(network)
    return put_channels_last(network).train()


def _make_optimiser(network: RetinaFace, settings: OptimiserSettings) -> torch.optim.Optimizer:
    import torch

    trained = [p for p in network.parameters() if p.requires_grad]
    # shifts are not pulled to zero
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    if settings.method == "sgd":
        return torch.optim.SGD(groups, settings.learning_rate, settings.momentum)
    return torch.optim.AdamW(groups, settings.learning_rate)


def _cut_log(path: Path, step: int) -> None:
    """Drop the log's rows after the checkpoint: those steps are taken again."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    kept = [line for line in lines[1:] if int(line.split(",")[0]) <= step]
    path.write_text("".join(f"{line}\n" for line in [*lines[:1], *kept]), encoding="utf-8")


def _prefetch(
    settings: TrainingSettings, start: Weights, maker: SampleMaker, first: int
) -> Iterator[_Batch]:
    """Make batches in a second thread, one ahead."""
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(_make_batch, settings, start, maker, first)
        step = first
        while True:
            batch = pending.result()
            step += 1
            pending = pool.submit(_make_batch, settings, start, maker, step)
            yield batch


def _make_batch(
    settings: TrainingSettings, start: Weights, maker: SampleMaker, step: int
) -> _Batch:
    import torch

    size = settings.sample.view.size_px
    anchors = make_anchors(size, size, start.anchors)
    count = settings.run.batch_size
    samples = [maker.make(step * count + i) for i in range(count)]
    targets = [
        match_anchors(
            anchors, s.boxes_xyxy_px, s.ignored_xyxy_px, start.anchors.variances, settings.matching
        )
        for s in samples
    ]
    pictures = np.stack([s.picture_bgr for s in samples]).astype(np.float32)
    pictures -= np.asarray(MEAN_BGR, np.float32)
    labels = np.stack([t.labels for t in targets])
    trusted = (labels == NO_FACE) & np.array([s.trust_teacher for s in samples])[:, None]
    return _Batch(
        # (N, H, W, 3) seen as (N, 3, H, W): channels last, without a copy
        torch.from_numpy(pictures).permute(0, 3, 1, 2),
        torch.from_numpy(labels),
        torch.from_numpy(np.stack([t.offsets for t in targets])),
        torch.from_numpy(trusted),
    )

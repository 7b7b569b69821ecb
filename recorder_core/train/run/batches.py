"""Batches of training samples, made beside the training by other processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from recorder_core.detect.view_input import INPUT_MULTIPLE_PX
from recorder_core.errors import EngineUnavailable
from recorder_core.model.values.carriers import carrier_repr
from recorder_core.train.learning.objective import Arrays, Objective
from recorder_core.train.samples.samples import SampleMaker
from recorder_core.train.samples.views import Sample

if TYPE_CHECKING:
    from torch.utils.data import DataLoader

    from recorder_core.train.settings import TrainingSettings

__all__ = ["Batch", "BatchMaker", "iterate_batches", "resize_sample", "translate_ended_workers"]

#: batches that every process makes in advance
_AHEAD: Final = 2
#: what ends a run from outside
_ENDING: Final = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Batch:
    """The samples of one step, as arrays: workers hand them over without shared memory."""

    __repr__ = carrier_repr

    #: (N, size, size, 3) uint8, blue, green, red
    pictures_bgr: NDArray[np.uint8]
    #: what the objective needs; ``numbers`` are those of the samples in the run
    targets: Arrays


class BatchMaker:
    """Makes the batch of any step, the same one whenever it is asked.

    Parameters
    ----------
    samples : SampleMaker
    objective : Objective
    settings : TrainingSettings
    """

    def __init__(
        self, samples: SampleMaker, objective: Objective, settings: TrainingSettings
    ) -> None:
        self._samples, self._objective, self._settings = samples, objective, settings

    def __len__(self) -> int:
        return self._settings.run.steps

    def __getitem__(self, step: int) -> Batch:
        """Return the batch of a step."""
        count, size = self._settings.run.batch_size, self._size_px(step)
        samples = [
            resize_sample(self._samples.make(step * count + place), size) for place in range(count)
        ]
        pictures = np.stack([sample.picture_bgr for sample in samples])
        numbers = np.arange(step * count, (step + 1) * count)
        targets = {"numbers": numbers, **self._objective.make_targets(samples, size)}
        return Batch(pictures, targets)

    def _size_px(self, step: int) -> int:
        size, scale = self._settings.sample.view.size_px, self._settings.scale
        if not scale.factors or step < scale.from_step:
            return size
        # another stream of random numbers than the samples' own
        rng = np.random.default_rng([self._settings.run.seed, step, len(scale.factors)])
        factor = scale.factors[int(rng.integers(len(scale.factors)))]
        return max(1, round(size * factor / INPUT_MULTIPLE_PX)) * INPUT_MULTIPLE_PX


def resize_sample(sample: Sample, size_px: int) -> Sample:
    """Return a sample enlarged or shrunk to another edge, with everything known about it."""
    before = sample.picture_bgr.shape[0]
    if size_px == before:
        return sample
    way = cv2.INTER_AREA if size_px < before else cv2.INTER_LINEAR
    picture = cv2.resize(sample.picture_bgr, (size_px, size_px), interpolation=way)
    factor = np.float32(size_px / before)
    return Sample(
        np.asarray(picture, np.uint8),
        sample.boxes_xyxy_px * factor,
        sample.ignored_xyxy_px * factor,
        sample.landmarks_px * factor,
        sample.certainty,
        sample.trust_teacher,
    )


def iterate_batches(maker: BatchMaker, steps: Sequence[int], workers: int) -> Iterator[Batch]:
    """Yield the batches of the steps, in order.

    Parameters
    ----------
    maker : BatchMaker
    steps : sequence of int
    workers : int
        Processes that make batches in advance; 0 makes each when it is asked for.
    """
    from torch.utils.data import DataLoader

    loader: DataLoader[Batch] = DataLoader(
        maker,  # type: ignore[arg-type]
        batch_size=None,
        sampler=steps,
        num_workers=workers,
        collate_fn=_unchanged,  # type: ignore[arg-type]
        prefetch_factor=_AHEAD if workers else None,
        worker_init_fn=_start_worker,
    )
    # OpenCV's threads end before the fork: a child that waited for them would wait for ever
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield from _started(loader)
    finally:
        cv2.setNumThreads(threads)


def _started(loader: DataLoader[Batch]) -> Iterator[Batch]:
    """Start the workers; a signal that comes meanwhile waits until each can answer it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        return iter(loader)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _unchanged(batch: Batch) -> Batch:
    return batch


@contextmanager
def translate_ended_workers() -> Iterator[None]:
    """Raise one sentence where a process that makes batches was ended from outside.

    Raises
    ------
    EngineUnavailable
        In place of PyTorch's error.
    """
    try:
        yield
    except RuntimeError as error:
        if not str(error).startswith("DataLoader worker"):
            raise
        raise EngineUnavailable(
            "a process that makes batches was ended from outside, as the system does where memory "
            "is short; set fewer run.workers, and the same command resumes from the last checkpoint"
        ) from error


def _start_worker(_number: int) -> None:
    # a signal to all processes at once is the parent's to answer: it ends the workers, and
    # would take one that was killed for a fault
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end_quietly)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_quietly(_number: int, _frame: object) -> None:
    os._exit(0)


def _end_with_parent() -> None:
    """End this process when the one that trains is gone, however it ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        # the queue's own thread would wait for a reader for ever
        os._exit(1)

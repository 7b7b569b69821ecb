from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from multiprocessing.connection import wait
from pathlib import Path
from textwrap import indent

import numpy as np
import pytest

from recorder_core.detect.weights.drawn_faces import DRAWN_FACES_XYXY_PX, draw_faces
from recorder_core.train.run.batches import BatchMaker, iterate_batches, resize_sample
from recorder_core.train.samples.samples import KnownPhoto, SampleMaker, SampleSources
from recorder_core.train.samples.views import Sample
from recorder_core.train.settings import ScaleSettings

NO_BOXES = np.zeros((0, 4), np.float32)


class Objective:
    """Keeps the samples' boxes as they are."""

    terms = ()

    def make_targets(self, samples, size_px):
        return {"faces": np.array([len(s.boxes_xyxy_px) for s in samples]), "size": [size_px]}


@pytest.fixture
def maker(settings):
    def make(**changes):
        changed = replace(settings, **changes)
        points = np.full((3, 5, 2), np.nan, np.float32)
        masks, sure = np.zeros(3, bool), np.ones(3, np.float32)
        photo = KnownPhoto(draw_faces(), DRAWN_FACES_XYXY_PX, masks, points, NO_BOXES, sure)
        samples = SampleMaker(SampleSources([photo], [], []), changed.sample, changed.run.seed)
        return BatchMaker(samples, Objective(), changed)

    return make


def test_a_batch_is_the_same_whenever_it_is_asked_for(maker):
    batches = maker()
    first, again, other = batches[3], batches[3], batches[4]
    assert first.pictures_bgr.shape == (2, 96, 96, 3)
    assert first.pictures_bgr.dtype == np.uint8
    assert np.array_equal(first.pictures_bgr, again.pictures_bgr)
    assert not np.array_equal(first.pictures_bgr, other.pictures_bgr)
    assert first.targets["numbers"].tolist() == [6, 7]


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_come_in_order_whoever_makes_them(maker, workers):
    batches = maker()
    found = list(iterate_batches(batches, range(2, 6), workers))
    assert [batch.targets["numbers"][0] for batch in found] == [4, 6, 8, 10]
    for step, batch in enumerate(found, 2):
        assert np.array_equal(batch.pictures_bgr, batches[step].pictures_bgr)


def test_several_scales_begin_at_their_step(maker):
    batches = maker(scale=ScaleSettings((0.5, 1.0, 1.5), from_step=3))
    sizes = [batches[step].pictures_bgr.shape[1] for step in range(30)]
    assert set(sizes[:3]) == {96}
    # 48 and 144 are no multiples of 32: the nearest even numbers of 32 pixels
    assert set(sizes[3:]) == {64, 96, 128}
    assert batches[10].targets["size"] == [sizes[10]]


def test_a_resized_sample_keeps_everything_in_its_place():
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[16:32, 8:24] = 255
    box, points = np.array([[8, 16, 24, 32]], np.float32), np.full((1, 5, 2), 20, np.float32)
    certainty = np.array([0.75], np.float32)
    sample = Sample(picture, box, box / 2, points, certainty, trust_teacher=False)
    large = resize_sample(sample, 96)
    assert large.boxes_xyxy_px.tolist() == [[12, 24, 36, 48]]
    assert large.ignored_xyxy_px.tolist() == [[6, 12, 18, 24]]
    assert large.landmarks_px[0, 0].tolist() == [30, 30]
    assert large.certainty.tolist() == [0.75]
    assert not large.trust_teacher
    inside = large.picture_bgr[24:48, 12:36]
    assert inside.mean() > 240
    assert large.picture_bgr.mean() == pytest.approx(picture.mean(), rel=0.05)
    assert resize_sample(sample, 64) is sample


#: trains for ever with two workers, and says which processes they are
_TRAINING = """
import json, multiprocessing, sys, time
import numpy as np
from recorder_core.train.run.batches import Batch, iterate_batches

class Maker:
    def __len__(self): return 1000
    def __getitem__(self, step):
        # more than a pipe holds: a worker waits for its reader
        return Batch(np.zeros((1, 600, 600, 3), np.uint8), {"numbers": np.array([step])})

batches = iterate_batches(Maker(), range(1000), 2)
next(batches)
print(json.dumps([child.pid for child in multiprocessing.active_children()]), flush=True)
sys.stdin.read()
"""


def test_workers_end_when_the_process_that_trains_is_killed():
    with subprocess.Popen(
        [sys.executable, "-c", _TRAINING],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        workers = json.loads(process.stdout.readline())
        assert len(workers) == 2
        handles = [os.pidfd_open(worker) for worker in workers]
        process.send_signal(signal.SIGKILL)
        process.wait()
    try:
        left = list(handles)
        while ended := wait(left, timeout=60) if left else []:
            left = [handle for handle in left if handle not in ended]
        assert not left
    finally:
        for handle in handles:
            os.close(handle)


#: ends as the command does, with one sentence
_STOPPED = f"""
import signal
from recorder_core.errors import EngineUnavailable
from recorder_core.train.run.batches import translate_ended_workers
signal.signal(signal.SIGTERM, signal.default_int_handler)
try:
    with translate_ended_workers():
{indent(_TRAINING, " " * 8)}
except KeyboardInterrupt:
    batches.close()
    print("stopped")
except EngineUnavailable as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (signal.SIGTERM, "stopped"),
        (signal.SIGKILL, "a process that makes batches was ended from outside"),
    ],
)
def test_what_ends_workers_is_one_sentence(number, said):
    with subprocess.Popen(
        [sys.executable, "-c", _STOPPED],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        workers = json.loads(process.stdout.readline())
        if number == signal.SIGTERM:
            os.killpg(process.pid, number)  # as the system does when it ends a service
        else:
            os.kill(workers[0], number)
        assert process.stdout.readline().startswith(said)
        assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 0
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)


#: what OpenCV did with several threads before must not stop workers for ever
_THREADED = """
import cv2
import numpy as np
from recorder_core.train.run.batches import Batch, iterate_batches

class Maker:
    def __len__(self): return 4
    def __getitem__(self, step):
        return Batch(np.zeros((1, 6, 6, 3), np.uint8), {"numbers": np.array([step])})

cv2.setNumThreads(4)
cv2.GaussianBlur(np.zeros((4000, 4000, 3), np.uint8), (31, 31), 5)
print([int(batch.targets["numbers"][0]) for batch in iterate_batches(Maker(), range(4), 2)])
print(cv2.getNumThreads())
"""


def test_workers_begin_after_opencv_used_threads():
    done = subprocess.run(
        [sys.executable, "-c", _THREADED], check=True, capture_output=True, text=True, timeout=300
    )
    assert done.stdout.split("\n")[:2] == ["[0, 1, 2, 3]", "4"]

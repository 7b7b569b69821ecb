from __future__ import annotations

import csv
import json

import cv2
import numpy as np
import pytest
import torch

from recorder_core.datasets import read_coco
from recorder_core.detect import DetectorSettings
from recorder_core.detect.networks import family_of
from recorder_core.evaluation import (
    EvaluationSettings,
    detect_faces,
    join_predictions,
    voc_average_precision,
)
from recorder_core.train.samples.photometry import PhotometrySettings
from recorder_core.train.samples.samples import MixSettings, SampleSettings
from recorder_core.train.samples.teacher import TeacherSettings
from recorder_core.train.samples.views import ViewSettings
from recorder_core.train.settings import (
    DataSettings,
    OptimiserSettings,
    RunSettings,
    TrainingSettings,
)

#: pictures as they are: no garments, no turns, no disturbances
PLAIN = SampleSettings(
    mix=MixSettings(
        **{name: 0 for name in MixSettings.__slots__ if name.endswith("_share")}, max_layers=1
    ),
    view=ViewSettings(
        size_px=96,
        min_face_px=24,
        max_face_px=60,
        small_share=0,
        turn_share=0,
        perspective_share=0,
    ),
    photometry=PhotometrySettings(
        **{name: 0 for name in PhotometrySettings.__slots__ if name.endswith("_share")}
    ),
)


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    """Small networks are slower on several threads when the machine is busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _draw_shape(picture, x, y, size):
    """Draw a target that is nothing like a face: a green disc with a dark cross."""
    centre = (x + size // 2, y + size // 2)
    cv2.circle(picture, centre, size // 2, (40, 200, 60), -1, cv2.LINE_AA)
    cv2.line(picture, (x, centre[1]), (x + size, centre[1]), (20, 20, 20), max(1, size // 8))
    cv2.line(picture, (centre[0], y), (centre[0], y + size), (20, 20, 20), max(1, size // 8))


@pytest.fixture(scope="session")
def made_set(tmp_path_factory):
    """Eight drawn pictures with one or two shapes each, as a COCO set; returns its JSON file."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "train").mkdir()
    rng = np.random.default_rng(5)
    images, annotations = [], []
    for number in range(8):
        picture = np.full((120, 160, 3), rng.integers(60, 200, 3), np.uint8)
        cv2.rectangle(picture, (0, 0), (40, 30), rng.integers(0, 255, 3).tolist(), -1)
        for side in range(1 + number % 2):
            size = int(rng.integers(28, 60))
            x, y = int(rng.integers(0, 15)) + 80 * side, int(rng.integers(0, 50))
            _draw_shape(picture, x, y, size)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "bbox": [x, y, size, size],
                    "iscrowd": 0,
                    "attributes": {"mask": "with_mask" if side else "without_mask"},
                }
            )
        cv2.imwrite(str(folder / "train" / f"{number}.png"), picture)
        images.append(
            {
                "id": number,
                "file_name": f"{number}.png",
                "width": 160,
                "height": 120,
                "set": "ab"[number % 2],
            }
        )
    path = folder / "train.json"
    path.write_text(json.dumps({"images": images, "annotations": annotations}))
    return path


@pytest.fixture
def settings(made_set, tmp_path):
    """A run of seconds on the made set, with the program's weights as start and teacher."""
    return TrainingSettings(
        data=DataSettings(made_set),
        run=RunSettings(
            output=tmp_path / "run",
            steps=6,
            batch_size=2,
            threads=1,
            workers=0,
            device="cpu",
            batch_norm="folded",
            log_every_steps=1,
            checkpoint_every_steps=2,
            snapshot_every_steps=100,
        ),
        optimiser=OptimiserSettings(learning_rate=1e-3, warmup_steps=5, frozen=("body.stage1.0",)),
        teacher=TeacherSettings(completes_labels=False),
        sample=PLAIN,
    )


@pytest.fixture
def read_log():
    """Return the rows of a run's log, without their times."""

    def read(settings):
        with (settings.run.output / "log.csv").open() as file:
            return [
                {k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)
            ]

    return read


@pytest.fixture
def precision(made_set):
    """Return the average precision of weights on the made set, by set."""

    def measure(weights):
        pictures, evaluation = read_coco(made_set).pictures, EvaluationSettings(scale=160)
        detector = DetectorSettings(
            name=family_of(weights.detector).name, engine="pytorch", min_score=0.02
        )
        found = detect_faces(pictures, detector, evaluation.scale, weights=weights).predictions
        return voc_average_precision(join_predictions(pictures, found, evaluation), evaluation)

    return measure

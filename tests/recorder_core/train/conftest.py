from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
import torch


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

r"""Mix weights before and after training and keep the best mix as a weights file.

Several trained weights, snapshots of one run or of the parts of a recipe, are averaged
first. Then shares of the
change are tried on labelled pictures; the one with the best mean average precision wins
among those that keep every ``--floor``. If training made the network deeper, so are the
others: with new blocks that change nothing, drawn as at the start of the run. All must be
of the last one's design or less deep.
Convolutions are rounded to float16, which halves the file.

    python profiling/weights/mix_weights.py --start BEFORE.safetensors \
        --trained RUN/step-*.safetensors --faces faces/val.json \
        --shares 0.8 0.9 1 --floor w=0.443 --version 1 --card card.json --output OUT.safetensors

``card.json`` holds what the weights file says about its origin and licence.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from recorder_core.datasets import read_coco
from recorder_core.detect import DetectorSettings, Weights, family_of
from recorder_core.detect.weights import load_weights, save_weights
from recorder_core.evaluation import (
    EVALUATION_MIN_SCORE,
    EvaluationSettings,
    detect_faces,
    join_predictions,
    voc_average_precision,
)
from recorder_core.train import average_tensors, choose_mix, mix_tensors

#: tensors of a mix -> its score on each set
_Measure: TypeAlias = Callable[[dict[str, NDArray[np.float32]]], dict[str, float]]


def main() -> None:
    """Choose the share, save the mix and print what every share scored."""
    arguments = _parse_arguments()
    start = load_weights(arguments.start)
    snapshots = [load_weights(path) for path in arguments.trained]
    sizes = family_of(start.detector).write_design(snapshots[-1].design)
    start = _grow(start, sizes, arguments.seed)
    grown = [_grow(snapshot, sizes, arguments.seed) for snapshot in snapshots]
    trained = average_tensors([weights.tensors for weights in grown])
    floors = {name: float(v) for name, v in (text.split("=") for text in arguments.floor)}
    measure = _measuring(arguments, start)
    choice = choose_mix(start.tensors, trained, arguments.shares, measure, floors)
    for share, scores in choice.scores.items():
        print("chosen" if share == choice.share else "      ", share, scores)
    card = json.loads(arguments.card.read_text(encoding="utf-8"))
    card["mix"] = {
        "start_sha256": start.sha256,
        "averaged": [snapshot.version for snapshot in snapshots],
        "share_of_the_trained_weights": choice.share,
    }
    save_weights(
        arguments.output,
        _round(mix_tensors(start.tensors, trained, choice.share)),
        anchors=start.anchors,
        version=arguments.version,
        card=card,
        family=family_of(start.detector),
        design=start.design,
    )


def _measuring(arguments: argparse.Namespace, start: Weights) -> _Measure:
    """Return what gives the mean average precision of a mix on each set of pictures."""
    pictures = [p for p in read_coco(arguments.faces).pictures if p.set_name in arguments.sets]
    limits = (pair.split("=") for pair in arguments.min_face)
    settings = EvaluationSettings(
        min_face_px_by_set=tuple((name, float(limit)) for name, limit in limits)
    )
    # float32, so that the choice is the same on every machine
    detector = DetectorSettings(
        name=family_of(start.detector).name, engine="pytorch", min_score=EVALUATION_MIN_SCORE
    )

    def measure(tensors: dict[str, NDArray[np.float32]]) -> dict[str, float]:
        # what the start found in its self-test is not what a mix must find
        mixed = replace(start, tensors=_round(tensors), self_test=None)
        found = detect_faces(pictures, detector, settings.scale, weights=mixed).predictions
        scores = voc_average_precision(join_predictions(pictures, found, settings), settings)
        print(scores, flush=True)
        return {name: score for name, score in scores.items() if score is not None}

    return measure


def _grow(weights: Weights, sizes: dict[str, Any], seed: int) -> Weights:
    """Make a network as deep as another, without changing what it says."""
    family = family_of(weights.detector)
    if family.write_design(weights.design) == sizes:
        return weights
    tensors, design = family.grow(weights.tensors, weights.design, sizes, seed)
    return replace(weights, tensors=tensors, design=design)


def _round(tensors: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    """Round convolutions to float16; batch norms hold numbers that are too small for it."""
    return {
        name: value.astype(np.float16).astype(np.float32) if value.ndim == 4 else value
        for name, value in tensors.items()
    }


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--start", type=Path, required=True)
    parser.add_argument("--trained", type=Path, nargs="+", required=True)
    parser.add_argument("--faces", type=Path, required=True, help="COCO annotation file")
    parser.add_argument("--sets", nargs="+", default=["a", "b", "w"])
    parser.add_argument("--floor", action="append", default=[], metavar="SET=AP")
    parser.add_argument(
        "--min-face",
        nargs="+",
        default=["w=10"],
        metavar="SET=PX",
        help="sets in which other faces than those under 8 px are left out; default: w=10",
    )
    parser.add_argument("--shares", type=float, nargs="+", default=[0.6, 0.7, 0.8, 0.9, 1.0])
    parser.add_argument("--seed", type=int, default=1, help="run.seed of the training; default: 1")
    parser.add_argument("--version", required=True)
    parser.add_argument("--card", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()

r"""Ask whether training helps with pictures from a source that it never saw.

    python profiling/weights/leave_one_out.py --faces faces/val.json \
        --start BEFORE.safetensors --without a=RUN_A/final.safetensors \
        --without b=RUN_B/final.safetensors --all FINAL.safetensors

Each ``--without SET=FILE`` names weights that were trained without the pictures of a set.
They are measured on the pictures of that set, beside the weights that training started
from and, with ``--all``, those trained with every set. A left-out set may also be measured
on its pictures among those for training, which nobody saw then: leave out ``--all``, whose
weights did see them. Writes ``profiling/results/leave_one_out.json`` and prints the table.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from recorder_core.datasets import Dataset, read_coco, require_pictures
from recorder_core.detect import DetectorSettings, family_of, load_weights
from recorder_core.detect.networks.family import EngineRequest
from recorder_core.errors import DataError, SettingsError
from recorder_core.evaluation import (
    DEFINITIONS,
    EVALUATION_MIN_SCORE,
    Benchmark,
    Evaluation,
    EvaluationSettings,
    EvaluationTask,
    evaluate_detector,
)

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benches"))
from measuring import RESULTS, write_result

#: false positives per image at which recall is compared
FALSE_BOXES: Final = 0.3


def main() -> None:
    """Measure each left-out set, write the result file and print the table."""
    arguments = _parse_arguments()
    settings = EvaluationSettings(
        scale=arguments.long_side,
        min_face_px_by_set=tuple((name, float(px)) for name, px in arguments.min_face),
        scores=(),
        false_boxes_per_picture=(FALSE_BOXES,),
    )
    measured = [
        _measure_set(name, Path(path), settings, arguments) for name, path in arguments.without
    ]
    content = {
        "definitions": dict(DEFINITIONS),
        "settings": asdict(settings),
        "left_out": measured,
        "every_set_gains": all(row["gain"] > 0 for row in measured),
    }
    write_result(arguments.result, "sets that training never saw", content)
    print(render_table(measured))


def _measure_set(
    name: str, without: Path, settings: EvaluationSettings, arguments: argparse.Namespace
) -> dict[str, Any]:
    """Measure the weights trained without a set, and those beside them, on that set."""
    task = EvaluationTask(
        benchmark=Benchmark(_pictures_of(name, arguments.faces)), settings=settings
    )
    roles = {"start": arguments.start, "without": without}
    if arguments.all is not None:
        roles["all"] = arguments.all
    found = {
        role: _evaluate(role, path, task, arguments.engine).to_dict()
        for role, path in roles.items()
    }
    precision = {role: result["sets"][name]["voc"] for role, result in found.items()}
    if precision["start"] is None:
        raise DataError(f"no face of set {name} counts; there is nothing to compare")
    gain = round(precision["without"] - precision["start"], 4)
    return {"set": name, "gain": gain, "results": found}


def _pictures_of(name: str, path: Path) -> Dataset:
    dataset = require_pictures(read_coco(path))
    pictures = tuple(picture for picture in dataset.pictures if picture.set_name == name)
    if not pictures:
        raise SettingsError(f"no picture of {path} is of set {name!r}")
    return Dataset(pictures)


def _evaluate(role: str, path: Path, task: EvaluationTask, engine: EngineRequest) -> Evaluation:
    weights = load_weights(path)
    detector = DetectorSettings(
        name=family_of(weights.detector).name, engine=engine, min_score=EVALUATION_MIN_SCORE
    )
    return evaluate_detector(role, detector, task, weights=weights)


def render_table(measured: list[dict[str, Any]]) -> str:
    """Return the sets that were left out as a Markdown table."""
    roles = list(measured[0]["results"])
    head = ["set", "pictures", "faces", *(f"AP {role}" for role in roles), "gain"]
    head += [f"masked recall {role}" for role in roles]
    lines = [head, ["---"] * len(head)]
    for row in measured:
        sets = [result["sets"][row["set"]] for result in row["results"].values()]
        masked = [m["by_false_boxes"][0]["recall_by_mask"].get("with_mask") for m in sets]
        line = [row["set"], str(sets[0]["pictures"]), str(sets[0]["faces"])]
        line += [f"{measures['voc']:.3f}" for measures in sets] + [f"{row['gain']:+.3f}"]
        lines.append(line + ["" if recall is None else f"{recall:.3f}" for recall in masked])
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"{table}\n\nmasked recall: faces over 16 px, {FALSE_BOXES} false positives per image"


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not (name and separator and value):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--faces", type=Path, required=True, help="COCO annotation file")
    parser.add_argument(
        "--without", type=_pair, action="append", required=True, metavar="SET=WEIGHTS"
    )
    parser.add_argument("--start", type=Path, required=True, help="weights before training")
    parser.add_argument("--all", type=Path, help="weights trained with every set")
    parser.add_argument("--long-side", type=int, default=640)
    parser.add_argument("--engine", default="pytorch", help="default: %(default)s, in float32")
    parser.add_argument(
        "--min-face",
        type=_pair,
        action="append",
        default=[],
        metavar="SET=PX",
        help="sets in which other faces than those under 8 px are left out",
    )
    parser.add_argument("--result", type=Path, default=RESULTS / "leave_one_out.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()

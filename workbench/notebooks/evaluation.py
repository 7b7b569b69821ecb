"""Recordings and tables of ``notebooks/evaluation.ipynb``; its figures are beside.

Everything is computed from simulated surgeries, whose faces are two free photographs,
or read from the results that the scripts in ``profiling`` wrote.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pandas as pd

from recorder_core.detect import DetectorSettings
from recorder_core.errors import DataError
from recorder_core.evaluation import (
    EVALUATION_MIN_SCORE,
    PrecisionRecall,
    measure_set,
    precision_recall,
)
from recorder_core.evaluation.video import (
    FRAME_SETTINGS,
    RECOGNISABLE_SHARE,
    ExposureReport,
    ExposureSettings,
    measure_exposure,
    pool_reports,
    redact_by_method,
    subsample_detections,
)
from recorder_core.jobs import DetectOptions
from recorder_core.jobs.inputs.stride import DetectionStride
from recorder_core.jobs.measuring.detected_video import DetectedVideo, run_detector_on_surgery
from recorder_core.model.values.json_text import parse_json
from recorder_core.simulate import SimulationSettings

__all__ = [
    "METHODS",
    "PAPER_TABLE_2",
    "Study",
    "StudySettings",
    "committed_result",
    "made_rooms_table",
    "measure_curves",
    "paper_table",
    "record_study",
    "smoothing_table",
    "still_table",
    "study_table",
    "style_smoothing",
]

#: E. Mobilon et al., "Medical image video recorder with computer vision and face
#: blurring", J. Health Inform. 16 (special issue), 2024, Table 2: mean average precision
#: on the test set, of each frame, then averaged; doi 10.59681/2175-4411.v16.iEspecial.2024.1297
PAPER_TABLE_2: Final = {
    "RetinaFace (original)": 0.069,
    "RetinaFace (fine-tuned in the dataset)": 0.272,
}
RESULTS: Final = Path(__file__).resolve().parents[2] / "profiling" / "results"
#: where the simulation has its room view
LAYOUT: Final = "surgery-box"
#: names of the methods in tables and figures
METHODS: Final = {
    "before": "no smoothing",
    "temporal_kernel": "temporal kernel",
    "after": "tracks (ours)",
}
#: which pictures the detector looks at: all, or those that the job looks at
STRIDES: Final = {"every frame": DetectionStride(every=1), "default stride": DetectionStride()}
#: those that only the longer comparison has
_OTHER_METHODS: Final = {"temporal_kernel_15": "temporal kernel, 15 frames"}
_COLUMNS: Final = {
    "recall_iou_50": "recall at IoU 0.5",
    "hidden_share": "faces hidden",
    "tracks_exposed_over_0.1_s": "tracks exposed over 0.1 s",
    "tracks_exposed_over_0.2_s": "tracks exposed over 0.2 s",
    "longest_exposure_frames": "longest exposure, frames",
    "exposed_face_seconds": "exposed face-seconds",
    "false_area_share": "false area",
}
_SHARES: Final = (
    "recall at IoU 0.5",
    "faces hidden",
    "tracks exposed over 0.1 s",
    "tracks exposed over 0.2 s",
    "false area",
)


@dataclass(frozen=True, slots=True)
class StudySettings:
    """What the notebook computes; the defaults take about a minute on two cores."""

    seeds: tuple[int, ...] = (0, 1)
    seconds: float = 4.0
    #: pictures that the classical baseline looks at: it takes half a second for each
    baseline_every: int = 12

    def simulation(self, seed: int) -> SimulationSettings:
        """Return one surgery; every face in it is a mixture of both photographs."""
        return SimulationSettings(
            duration_seconds=self.seconds, seed=seed, faces=5, blend_only=True, audio=False
        )


@dataclass(frozen=True, slots=True)
class Study:
    """The recordings of one study."""

    #: every frame looked at by the default detector
    default: list[DetectedVideo]
    #: some pictures looked at by the classical baseline
    baseline: list[DetectedVideo]


def record_study(folder: Path, settings: StudySettings) -> Study:
    """Simulate the surgeries and look for faces in them.

    Parameters
    ----------
    folder : Path
        Keeps the videos.
    settings : StudySettings
    """
    sensitive = DetectorSettings(min_score=EVALUATION_MIN_SCORE)
    options = DetectOptions(view=LAYOUT, detector=sensitive)
    classical = replace(options, detector=replace(sensitive, name="haar"))
    surgeries = [settings.simulation(seed) for seed in settings.seeds]
    every = settings.baseline_every
    return Study(
        [run_detector_on_surgery(folder, surgery, options) for surgery in surgeries],
        [run_detector_on_surgery(folder, surgery, classical, every=every) for surgery in surgeries],
    )


def measure_curves(study: Study) -> dict[str, PrecisionRecall]:
    """Return precision against recall of the default detector and of the baseline."""
    return {
        "default detector": _curve(study.default),
        "Haar cascades": _curve(study.baseline),
    }


def _curve(recordings: Sequence[DetectedVideo]) -> PrecisionRecall:
    pictures = [picture for recording in recordings for picture in recording.judge()]
    return precision_recall([picture.match(FRAME_SETTINGS.min_match_iou) for picture in pictures])


def still_table(study: Study) -> pd.DataFrame:
    """Return average precision of single pictures, and recall by what is worn."""
    rows = {}
    for name, recordings in (
        ("default detector", study.default),
        ("Haar cascades", study.baseline),
    ):
        pictures = [picture for recording in recordings for picture in recording.judge()]
        found = measure_set(pictures, FRAME_SETTINGS)
        (point,) = (point for limit, point in found.by_false_boxes if limit == 0.3)
        rows[name] = {
            "pictures": found.pictures,
            "faces": found.faces,
            "AP (VOC, IoU 0.5)": found.voc,
            "AP (COCO, IoU 0.5:0.95)": found.coco.iou_50_95,
            "mAP by frame (IoU 0.5)": found.by_frame.iou_50,
            "mAP by frame (IoU 0.5:0.95)": found.by_frame.iou_50_95,
            "recall at 0.3 false positives per image": point.recall,
            "with mask": point.recall_by_mask.get("with_mask"),
            "without mask": point.recall_by_mask.get("without_mask"),
        }
    return pd.DataFrame.from_dict(rows, orient="index").round(3)


def smoothing_table(study: Study) -> pd.DataFrame:
    """Measure no smoothing, the temporal kernel and our tracks on the same detections.

    Returns
    -------
    pandas.DataFrame
        One row for each stride and each method; shares in 0..1.
    """
    rows: dict[tuple[str, str], dict[str, float]] = {}
    for chosen, stride in STRIDES.items():
        reports: dict[str, list[ExposureReport]] = {name: [] for name in METHODS}
        for recording in study.default:
            for name, report in _measure_methods(recording, stride).items():
                reports[name].append(report)
        rows |= {(chosen, METHODS[name]): pool_reports(own) for name, own in reports.items()}
    table = pd.DataFrame(list(rows.values()), index=pd.MultiIndex.from_tuples(rows))
    return table[list(_COLUMNS)].rename(columns=_COLUMNS)


def _measure_methods(
    recording: DetectedVideo, stride: DetectionStride
) -> dict[str, ExposureReport]:
    measure = ExposureSettings(min_visible=RECOGNISABLE_SHARE)
    chosen = recording.source.detection_frames(stride)
    frames = subsample_detections(recording.detections, chosen)
    return {
        name: measure_exposure(recording.truth, redactions, recording.source.view, measure)
        for name, redactions in redact_by_method(frames, recording.method_settings()).items()
    }


def study_table(result: Mapping[str, Any]) -> pd.DataFrame:
    """Return what `comparisons/compare_smoothing.py` measured, as `smoothing_table` does."""
    rows, names = result["simulated"], {**METHODS, **_OTHER_METHODS}
    index = pd.MultiIndex.from_tuples([(row["condition"], names[row["method"]]) for row in rows])
    return pd.DataFrame(rows, index=index)[list(_COLUMNS)].rename(columns=_COLUMNS)


def style_smoothing(table: pd.DataFrame) -> Any:
    """Return the table of `smoothing_table` for reading: shares in per cent."""
    return table.style.format(precision=2).format("{:.2%}", subset=list(_SHARES))


def committed_result(name: str) -> dict[str, Any]:
    """Read a result that a script of ``profiling`` wrote.

    Raises
    ------
    DataError
        If this is not a checkout of the repository, or the file is damaged.
    """
    path = RESULTS / f"{name}.json"
    try:
        content = parse_json(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise DataError(f"{path} cannot be read; run the notebook from a checkout") from exc
    except json.JSONDecodeError as exc:
        raise DataError(f"{path} is damaged: {exc}") from exc
    return dict(content)


def made_rooms_table(result: Mapping[str, Any]) -> pd.DataFrame:
    """Return recall, gap and false positives in synthetic rooms, from the committed result."""
    rows = []
    for name, scales in result["detectors"].items():
        for row in scales:
            point = row["at_most_0.3_false_boxes"]
            rows.append(
                {
                    "weights": name,
                    "long side, px": row["scale"],
                    "minimum score": point["min_score"],
                    **{f"recall, {key}": value for key, value in point["recall"].items()},
                    "gap, bare to masked": point["gap_bare_to_masked"],
                }
            )
    return pd.DataFrame(rows)


def paper_table(stills: pd.DataFrame, made_rooms: Mapping[str, Any]) -> pd.DataFrame:
    """Return the paper's Table 2 beside the same measure on our test pictures.

    The test sets differ: the paper's recordings are not public. Its overlap is not
    said, so ours is given at IoU 0.5 and averaged over 0.5 to 0.95.
    """
    rows: list[dict[str, Any]] = [
        {"source": "paper, Table 2", "model": model, "pictures": "its test set", "mAP": value}
        for model, value in PAPER_TABLE_2.items()
    ]
    for name, scales in made_rooms["detectors"].items():
        for row in scales:
            precision = row["average_precision"]["masked"]
            rows.append(
                {
                    "source": "ours",
                    "model": f"RetinaFace ({name})",
                    "pictures": f"synthetic operating rooms, masked, long side {row['scale']} px",
                    "mAP by frame, IoU 0.5": precision["by_frame_iou_0.5"],
                    "mAP by frame, IoU 0.5:0.95": precision["by_frame_iou_0.5_0.95"],
                }
            )
    for name, still in stills.iterrows():
        rows.append(
            {
                "source": "ours",
                "model": name,
                "pictures": "simulated surgeries (this run)",
                "mAP by frame, IoU 0.5": still["mAP by frame (IoU 0.5)"],
                "mAP by frame, IoU 0.5:0.95": still["mAP by frame (IoU 0.5:0.95)"],
            }
        )
    table = pd.DataFrame(rows)
    return table.astype(object).where(table.notna(), "")

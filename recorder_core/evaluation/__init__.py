"""How well detectors find faces in labelled pictures, by the protocols of the field."""

from recorder_core.evaluation.attributes import FACE_ATTRIBUTES, PICTURE_ATTRIBUTES
from recorder_core.evaluation.benchmark import (
    Benchmark,
    BenchmarkMeasures,
    FddbScore,
    read_benchmark,
)
from recorder_core.evaluation.candidates import (
    Evaluation,
    EvaluationTask,
    content_sha256,
    evaluate_detector,
    evaluate_predictions,
    pictures_without_faces,
)
from recorder_core.evaluation.coco import (
    AveragePrecision,
    FramePrecision,
    coco_average_precision,
    frame_average_precision,
)
from recorder_core.evaluation.coverage import CoveragePoint, HiddenFaces, measure_coverage
from recorder_core.evaluation.definitions import DEFINITIONS
from recorder_core.evaluation.detection import (
    EVALUATION_MIN_SCORE,
    DetectionRun,
    detect_faces,
)
from recorder_core.evaluation.matching import Matches, match_detections
from recorder_core.evaluation.measures import (
    ALL_SETS,
    ATTRIBUTE_MIN_HEIGHT_PX,
    HEIGHT_CLASSES_PX,
    FalseBoxes,
    MeasuredPoint,
    SetMeasures,
    measure_false_boxes,
    measure_set,
    measure_sets,
    voc_average_precision,
)
from recorder_core.evaluation.pictures import (
    CoverageSettings,
    DetectedPicture,
    EvaluationSettings,
    PictureScale,
    join_predictions,
)
from recorder_core.evaluation.precision import (
    OperatingPoint,
    PrecisionRecall,
    average_precision,
    precision_recall,
)
from recorder_core.evaluation.predictions import name_by_picture, read_predictions
from recorder_core.evaluation.second_opinion import (
    SECOND_OPINION_SCORE,
    find_all_faces,
    leave_unjudged,
)
from recorder_core.model.faces.overlaps import box_overlaps, covered_shares

__all__ = [
    "ALL_SETS",
    "ATTRIBUTE_MIN_HEIGHT_PX",
    "DEFINITIONS",
    "EVALUATION_MIN_SCORE",
    "FACE_ATTRIBUTES",
    "HEIGHT_CLASSES_PX",
    "PICTURE_ATTRIBUTES",
    "SECOND_OPINION_SCORE",
    "AveragePrecision",
    "Benchmark",
    "BenchmarkMeasures",
    "CoveragePoint",
    "CoverageSettings",
    "DetectedPicture",
    "DetectionRun",
    "Evaluation",
    "EvaluationSettings",
    "EvaluationTask",
    "FalseBoxes",
    "FddbScore",
    "FramePrecision",
    "HiddenFaces",
    "Matches",
    "MeasuredPoint",
    "OperatingPoint",
    "PictureScale",
    "PrecisionRecall",
    "SetMeasures",
    "average_precision",
    "box_overlaps",
    "coco_average_precision",
    "content_sha256",
    "covered_shares",
    "detect_faces",
    "evaluate_detector",
    "evaluate_predictions",
    "find_all_faces",
    "frame_average_precision",
    "join_predictions",
    "leave_unjudged",
    "match_detections",
    "measure_coverage",
    "measure_false_boxes",
    "measure_set",
    "measure_sets",
    "name_by_picture",
    "pictures_without_faces",
    "precision_recall",
    "read_benchmark",
    "read_predictions",
    "voc_average_precision",
]

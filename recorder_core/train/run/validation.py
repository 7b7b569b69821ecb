"""Whether training made a detector better: the same measures before and after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from recorder_core.datasets import (
    LABEL_SETTING,
    LabelledPicture,
    map_labels,
    read_dataset,
    require_faces,
    require_pictures,
)
from recorder_core.detect import DetectorSettings, Weights
from recorder_core.detect.networks.family import NetworkName
from recorder_core.errors import SettingsError
from recorder_core.evaluation import (
    EVALUATION_MIN_SCORE,
    EvaluationSettings,
    detect_faces,
    join_predictions,
    measure_set,
)

if TYPE_CHECKING:
    from recorder_core.train.settings import TrainingSettings

__all__ = ["VALIDATION_FPPI", "Validation", "ValidationMeasures", "read_validation"]

#: false positives per image at which recall is reported
VALIDATION_FPPI: Final = 0.3


@dataclass(frozen=True, slots=True)
class ValidationMeasures:
    """How well some weights find the faces of the validation set."""

    #: average precision as `workbench evaluate` reports it, in [0, 1]
    average_precision: float
    #: recall at `VALIDATION_FPPI`, in [0, 1]
    recall: float


@dataclass(frozen=True, slots=True)
class Validation:
    """Labelled pictures that a run does not learn from, and the detector to measure."""

    detector: NetworkName
    pictures: tuple[LabelledPicture, ...] = field(repr=False)

    def measure(self, weights: Weights) -> ValidationMeasures:
        """Detect in all pictures and measure, with the defaults of `workbench evaluate`.

        Raises
        ------
        SettingsError
            If no face of the pictures is high enough to count.
        """
        settings = EvaluationSettings(false_boxes_per_picture=(VALIDATION_FPPI,), coverage=None)
        detector = DetectorSettings(name=self.detector, min_score=EVALUATION_MIN_SCORE)
        run = detect_faces(self.pictures, detector, settings.scale, weights=weights)
        joined = join_predictions(self.pictures, run.predictions, settings)
        measures = measure_set(joined, settings)
        ((_, point),) = measures.by_false_boxes
        if measures.voc is None:
            raise SettingsError(
                f"no face of data.validation is {settings.min_face_px:g} px high in pictures of "
                f"{settings.scale} px; choose pictures with larger faces"
            )
        return ValidationMeasures(measures.voc, point.recall or 0.0)


def read_validation(settings: TrainingSettings) -> Validation | None:
    """Read the validation set; None if the settings name none.

    Raises
    ------
    DataError
        If the labels are damaged, hold no face, or a picture is missing.
    SettingsError
        If a picture of it is learnt from, too.
    """
    data = settings.data
    if data.validation is None:
        return None
    dataset = read_dataset(data.validation, images=data.validation_images or data.images)
    there = {face.label for picture in dataset.pictures for face in picture.faces}
    # the few pictures of a validation set need not hold every label that is learnt from
    dataset = map_labels(
        dataset, {name: label for name, label in data.labels.items() if name in there}
    )
    require_pictures(require_faces(dataset, data.labels, data.validation, LABEL_SETTING))
    learnt = read_dataset(data.train, images=data.images).pictures
    files = {
        picture.path.resolve() for picture in learnt if picture.set_name not in data.left_out_sets
    }
    shared = [each.file_name for each in dataset.pictures if each.path.resolve() in files]
    if shared:
        raise SettingsError(
            f"{len(shared)} pictures of data.validation are in data.train too (the first is "
            f"{shared[0]}); measures on pictures that were trained on say nothing: split the set "
            "with workbench dataset split"
        )
    return Validation(settings.run.detector, dataset.pictures)

"""Data sets of labelled faces: one form in memory, many file formats."""

from recorder_core.datasets.check import (
    Findings,
    Summary,
    check_dataset,
    measure_pictures,
    summarise,
)
from recorder_core.datasets.formats.coco import read_coco, write_coco
from recorder_core.datasets.formats.damage import collect_box_faults
from recorder_core.datasets.formats.formats import (
    FORMATS,
    Format,
    detect_format,
    read_dataset,
    write_dataset,
)
from recorder_core.datasets.formats.losses import count_losses
from recorder_core.datasets.labels import LABEL_SETTING, label_faults, map_labels, require_faces
from recorder_core.datasets.model import (
    FACE,
    HEAD_BACK,
    MASK_STATES,
    Dataset,
    LabelledFace,
    LabelledPicture,
    LabelledVideo,
    MaskState,
)
from recorder_core.datasets.pictures import (
    list_pictures,
    read_picture_bgr,
    read_size_px,
    require_pictures,
    with_images,
)
from recorder_core.datasets.splitting.split import PARTS, Split, SplitSettings, split_dataset

__all__ = [
    "FACE",
    "FORMATS",
    "HEAD_BACK",
    "LABEL_SETTING",
    "MASK_STATES",
    "PARTS",
    "Dataset",
    "Findings",
    "Format",
    "LabelledFace",
    "LabelledPicture",
    "LabelledVideo",
    "MaskState",
    "Split",
    "SplitSettings",
    "Summary",
    "check_dataset",
    "collect_box_faults",
    "count_losses",
    "detect_format",
    "label_faults",
    "list_pictures",
    "map_labels",
    "measure_pictures",
    "read_coco",
    "read_dataset",
    "read_picture_bgr",
    "read_size_px",
    "require_faces",
    "require_pictures",
    "split_dataset",
    "summarise",
    "with_images",
    "write_coco",
    "write_dataset",
]

"""The recorder core: media, detection, de-identification. Imports nothing of Jupyter.

What a notebook needs is here: ``import recorder_core as rc``. Each name is imported when it
is used for the first time.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from recorder_core.lazy_names import lazy_names
from recorder_core.version import __version__

if TYPE_CHECKING:
    from recorder_core.api import (
        deidentify,
        detect_faces,
        open_archive,
        rank_moments,
        score_copy,
        score_detections,
    )
    from recorder_core.deidentify import RedactionSettings, SmoothingSettings
    from recorder_core.detect import DetectorSettings
    from recorder_core.errors import RecorderError
    from recorder_core.jobs import DeidentifyOptions, DetectOptions
    from recorder_core.jobs.archive import (
        EventDeidentifyRequest,
        EventRerenderRequest,
        correct_event,
        deidentify_event,
        event_corrections,
        rerender_event,
        undo_correction,
    )
    from recorder_core.jobs.inputs.stride import DetectionStride
    from recorder_core.media import EncoderSettings, Video, open_video
    from recorder_core.model import CorrectionKeyframe, View
    from recorder_core.tables import (
        read_corrections,
        read_detections,
        read_metadata,
        read_picture_detections,
        read_redactions,
        read_truth,
    )

__all__ = [
    "CorrectionKeyframe",
    "DeidentifyOptions",
    "DetectOptions",
    "DetectionStride",
    "DetectorSettings",
    "EncoderSettings",
    "EventDeidentifyRequest",
    "EventRerenderRequest",
    "RecorderError",
    "RedactionSettings",
    "SmoothingSettings",
    "Video",
    "View",
    "__version__",
    "correct_event",
    "deidentify",
    "deidentify_event",
    "detect_faces",
    "event_corrections",
    "open_archive",
    "open_video",
    "rank_moments",
    "read_corrections",
    "read_detections",
    "read_metadata",
    "read_picture_detections",
    "read_redactions",
    "read_truth",
    "rerender_event",
    "score_copy",
    "score_detections",
    "undo_correction",
]

__getattr__ = lazy_names(
    __name__,
    {
        ".api": ("detect_faces", "open_archive", "rank_moments", "score_copy", "score_detections"),
        ".deidentify": ("RedactionSettings", "SmoothingSettings"),
        ".detect": ("DetectorSettings",),
        ".errors": ("RecorderError",),
        ".jobs": ("DeidentifyOptions", "DetectOptions"),
        ".jobs.archive": (
            "EventDeidentifyRequest",
            "EventRerenderRequest",
            "correct_event",
            "deidentify_event",
            "event_corrections",
            "rerender_event",
            "undo_correction",
        ),
        ".jobs.inputs.stride": ("DetectionStride",),
        ".media": ("EncoderSettings", "Video", "open_video"),
        ".model": ("CorrectionKeyframe", "View"),
        ".tables": (
            "read_corrections",
            "read_detections",
            "read_metadata",
            "read_picture_detections",
            "read_redactions",
            "read_truth",
        ),
    },
)


def __dir__() -> list[str]:
    """Return what is here, also what is not imported yet."""
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """The type of the package: `deidentify` is the function, whatever was imported before.

    Python binds a package that was imported to its name in the package above it; here that name
    is the function's. ``from recorder_core.deidentify import ...`` does not look at it.
    """

    @property
    def deidentify(self) -> Any:
        return importlib.import_module(f"{__name__}.api").deidentify

    @deidentify.setter
    def deidentify(self, package: ModuleType) -> None:
        """Leave the name to the function."""


sys.modules[__name__].__class__ = _Package

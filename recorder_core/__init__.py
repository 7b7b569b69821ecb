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

if TYPE_CHECKING:
    from recorder_core.api import (
        deidentify as deidentify,
        detect_faces as detect_faces,
        open_archive as open_archive,
        rank_moments as rank_moments,
        score_copy as score_copy,
        score_detections as score_detections,
    )
    from recorder_core.deidentify import (
        RedactionSettings as RedactionSettings,
        SmoothingSettings as SmoothingSettings,
    )
    from recorder_core.detect import (
        DetectorSettings as DetectorSettings,
    )
    from recorder_core.errors import (
        RecorderError as RecorderError,
    )
    from recorder_core.jobs import (
        DeidentifyOptions as DeidentifyOptions,
        DetectOptions as DetectOptions,
    )
    from recorder_core.jobs.archive import (
        EventDeidentifyRequest as EventDeidentifyRequest,
        EventRerenderRequest as EventRerenderRequest,
        correct_event as correct_event,
        deidentify_event as deidentify_event,
        event_corrections as event_corrections,
        rerender_event as rerender_event,
        undo_correction as undo_correction,
    )
    from recorder_core.jobs.inputs.stride import (
        DetectionStride as DetectionStride,
    )
    from recorder_core.media import (
        EncoderSettings as EncoderSettings,
        Video as Video,
        open_video as open_video,
    )
    from recorder_core.model import (
        CorrectionKeyframe as CorrectionKeyframe,
        View as View,
    )
    from recorder_core.tables import (
        read_corrections as read_corrections,
        read_detections as read_detections,
        read_metadata as read_metadata,
        read_picture_detections as read_picture_detections,
        read_redactions as read_redactions,
        read_truth as read_truth,
    )
    from recorder_core.version import __version__ as __version__

__getattr__, __all__ = lazy_names(__name__, __file__)


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

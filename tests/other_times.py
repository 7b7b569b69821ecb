"""A video whose index says something else than its file."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from recorder_core.jobs.inputs.job_video import JobVideo

__all__ = ["with_index"]


def with_index(source: JobVideo, **changes: Any) -> JobVideo:
    """Return a source with another index, such as one of slower frames."""
    media = copy.copy(source.media)
    media._index = replace(source.index, **changes)
    return replace(source, media=media)

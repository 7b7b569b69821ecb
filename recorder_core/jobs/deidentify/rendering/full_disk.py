"""What a job keeps when its disk becomes full, and how much space the rest of it needs."""

from __future__ import annotations

import math
import shutil
from typing import Final

from recorder_core.errors import EncodeError
from recorder_core.jobs.deidentify.rendering.copy_task import CopyTask
from recorder_core.jobs.deidentify.rendering.work_folder import FinishedWork, WorkFolder

__all__ = ["keep_for_resume"]

_MB: Final = 1_000_000
_BITS_PER_BYTE: Final = 8


def keep_for_resume(work: WorkFolder, task: CopyTask) -> EncodeError:
    """Keep the finished segments of a job whose disk is full, and nothing else of it.

    Returns
    -------
    EncodeError
        What was kept, about how much space is missing, and how to go on.
    """
    kept = work.keep_finished()
    missing = math.ceil(_missing_bytes(kept, task) / _MB)
    if not kept.segments:
        return EncodeError(
            f"the disk is full; nothing was written. Free about {missing} MB, or choose another "
            "folder, then run the same command again"
        )
    return EncodeError(
        f"the disk is full; {kept}. Free about {missing} MB, then run the same command with "
        "--resume"
    )


def _missing_bytes(kept: FinishedWork, task: CopyTask) -> int:
    """Return about how many bytes more than are free the rest of a job needs."""
    source, encoder = task.source, task.renderer.encoder
    seconds = source.seconds_of(range(source.first, source.stop))
    video = source.video
    expected_bps = encoder.expected_bps(video.format, video.average_frame_rate, video.bit_rate_bps)
    segments = expected_bps * seconds / _BITS_PER_BYTE
    if kept.segments:
        segments = kept.size_bytes * len(source) / (kept.stop_index - source.first)
    audio = sum(each.bit_rate_bps or 0 for each in source.info.audio) * seconds / _BITS_PER_BYTE
    copy = segments + audio
    missing = segments - kept.size_bytes + copy - shutil.disk_usage(kept.folder.parent).free
    # where that would have been enough: a second look hides faces in another copy beside it
    return int(missing if missing > 0 else copy)

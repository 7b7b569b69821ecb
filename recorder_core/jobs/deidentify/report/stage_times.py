"""The times of one run's stages, with what they were measured on, as JSON."""

from __future__ import annotations

import json
import resource
from pathlib import Path
from typing import Any

from recorder_core.errors import EncodeError
from recorder_core.jobs.deidentify.report.summary import DeidentifyResult
from recorder_core.jobs.machine import measured_on

__all__ = ["stage_times_dict", "write_stage_times"]

#: getrusage counts in this unit on Linux
_RSS_UNIT_BYTES = 1024


def stage_times_dict(result: DeidentifyResult) -> dict[str, Any]:
    """Return the times of every stage with machine, versions and settings, as JSON types."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        **measured_on(),
        "detector": result.report.detector,
        "settings": dict(result.report.settings),
        "frames": result.frames,
        "wall_seconds": result.wall_seconds,
        "process_cpu_seconds": used.ru_utime + used.ru_stime,
        "process_peak_bytes": used.ru_maxrss * _RSS_UNIT_BYTES,
        "stages": [
            {
                "key": item.row.key,
                "title": item.row.title,
                "number": item.row.number,
                "thread": item.row.thread,
                "total_seconds": item.total_seconds,
                "calls": item.calls,
                "ms_per_frame": item.per_frame_ms,
                "share_of_wall": item.share,
            }
            for item in result.stage_times
        ],
        "unexplained_seconds": dict(result.unexplained_seconds),
    }


def write_stage_times(path: Path, result: DeidentifyResult) -> None:
    """Write the times of a run's stages.

    Raises
    ------
    EncodeError
        If the file cannot be written.
    """
    try:
        path.write_text(json.dumps(stage_times_dict(result), indent=2) + "\n", encoding="utf-8")
    except OSError as exc:
        raise EncodeError(f"the times {path.name} cannot be written: {exc.strerror}") from exc

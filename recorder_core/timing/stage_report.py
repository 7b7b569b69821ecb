"""The stage table as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from recorder_core.timing.stage_clock import StageTime

__all__ = ["format_stage_table"]

#: how much of a thread's wall time may stay unexplained before a row says so
UNEXPLAINED_SHARE: Final = 0.05


def format_stage_table(times: Sequence[StageTime], unexplained: Mapping[str, float]) -> str:
    """Return the stage table as text.

    Columns: number, stage, thread, total, milliseconds for each call and for each frame of
    the video, share. The shares are of the time of all rows and add up to 100 %: the
    threads work at the same time, so the rows are together longer than the wall time.
    """
    wall, frames = times[0].wall_seconds, max(1, times[0].frames)
    rest = {t: s for t, s in unexplained.items() if wall and abs(s) > UNEXPLAINED_SHARE * wall}
    whole = sum(item.total_seconds for item in times) + sum(rest.values())
    lines = [
        f"{'':>2} {'stage':<32}{'thread':<10}{'total s':>9}{'ms/call':>10}{'ms/frame':>10}"
        f"{'share':>8}",
    ]
    for item in times:
        number = "" if item.row.number is None else str(item.row.number)
        lines.append(
            f"{number:>2} {item.row.title:<32}{item.row.thread:<10}{item.total_seconds:>9.2f}"
            f"{item.per_call_ms:>10.3f}{item.per_frame_ms:>10.3f}"
            f"{_share(item.total_seconds, whole)}"
        )
    for thread, seconds in rest.items():
        lines.append(
            f"   {'not explained by the rows':<32}{thread:<10}{seconds:>9.2f}{'':>10}"
            f"{seconds * 1000 / frames:>10.3f}{_share(seconds, whole)}"
        )
    lines += [
        f"   {'all rows; threads work side by side':<42}{whole:>9.2f}{'':>10}"
        f"{whole * 1000 / frames:>10.3f}{_share(whole, whole)}",
        f"   {'wall time':<42}{wall:>9.2f}{'':>10}{wall * 1000 / frames:>10.3f}",
    ]
    return "\n".join(lines)


def _share(seconds: float, whole: float) -> str:
    return f"{seconds / whole if whole else 0.0:>8.1%}"

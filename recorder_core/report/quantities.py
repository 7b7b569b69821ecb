"""Times, spans, sizes and counts as text, in the manner of a language."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from recorder_core.errors import ReportError
from recorder_core.report.content import Language
from recorder_core.report.words import DECIMAL_MARK

__all__ = [
    "clock_text",
    "count_text",
    "duration_text",
    "number_text",
    "size_text",
    "time_zone_of",
    "wall_time_text",
]

#: stands between groups of three digits in every language (SI brochure, 5.4.4)
_THIN_SPACE = "\u202f"


def time_zone_of(name: str | None) -> tzinfo:
    """Return the named time zone, UTC for None; ReportError if there is none."""
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ReportError(
            f"there is no time zone {name} on this computer; give an IANA name such as "
            "America/Sao_Paulo"
        ) from error


def wall_time_text(moment: datetime, zone: tzinfo) -> str:
    """Return date and time as 2026-11-21 14:05:33 (UTC-03:00): clear in every language."""
    local = moment.astimezone(zone)
    offset = local.strftime("%z")
    sign = "\u2212" if offset.startswith("-") else "+"
    shift = "" if offset in ("+0000", "") else f"{sign}{offset[1:3]}:{offset[3:5]}"
    return f"{local:%Y-%m-%d %H:%M:%S} (UTC{shift})"


def clock_text(seconds: float) -> str:
    """Return a time from the start of the event as h:mm:ss."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def duration_text(seconds: float) -> str:
    """Return a length of time as 1 h 02 min 03 s."""
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if hours:
        return f"{hours} h {minutes:02d} min {rest:02d} s"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def number_text(value: float, language: Language, decimals: int = 1) -> str:
    """Return a number with the decimal mark of the language."""
    return f"{value:.{decimals}f}".replace(".", DECIMAL_MARK[language])


def count_text(count: int) -> str:
    """Return a whole number with narrow spaces between groups of three digits."""
    return f"{count:,}".replace(",", _THIN_SPACE)


def size_text(size_bytes: int, language: Language) -> str:
    """Return a size in decimal units, as disks are sold: 3.2 GB."""
    size = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            decimals = 0 if unit == "B" else 1
            return f"{number_text(size, language, decimals)} {unit}"
        size /= 1000
    return f"{number_text(size, language)} TB"

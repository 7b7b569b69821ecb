"""What a BIS monitor writes in its ASCII protocol."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from recorder_core.simulate.devices.bis_numbers import BisNumbers, ChannelNumbers

__all__ = ["VERSION_LINE", "ascii_header", "ascii_line"]

VERSION_LINE: Final = (
    b"VERSION |07/03/2015 13:39:40|    3.30|    3.30|    1.25|    1.08|    3.15|    3.00|SIMULATE"
    b"\r\n"
)
#: column of each channel, and the digits that some firmwares put behind it
_COLUMNS: Final = (
    ("SR", "11"), ("SEF", "07"), ("BISBIT", "00"), ("BIS", ""), ("TOTPOW", "07"),
    ("EMGLOW", "01"), ("SQI", "09"), ("IMPEDNCE", ""), ("ARTF2", ""),
)  # fmt: skip
_FIRST: Final = ("DSC", "PIC", "Filters", "Alarm", "Lo-Limit", "Hi-Limit", "Silence")
_SETTINGS: Final = (
    "      10",
    "      27",
    "On      ",
    "None    ",
    "Off     ",
    "Off     ",
    "Yes     ",
)
_END: Final = "|\r\n"


def ascii_header(*, with_digits: bool = True) -> bytes:
    """Return the two lines that name the columns.

    Parameters
    ----------
    with_digits : bool, optional
        Whether names end with digits; firmwares differ.
    """
    blank = " " * 8
    above = [f"{'S_HDR3':19}", "SYS 3.30", *[blank] * 6]
    names = [f"{'TIME':19}", *(f"{name:8}" for name in _FIRST)]
    for channel in ("Ch. 1", "Ch. 2", "Ch. 12"):
        above += [f"{channel:8}", *[blank] * (len(_COLUMNS) - 1)]
        names += [f"{name + digits * with_digits:8}" for name, digits in _COLUMNS]
    return ("|".join(above) + _END + "|".join(names) + _END).encode("ascii")


def ascii_line(moment: datetime, numbers: BisNumbers) -> bytes:
    """Return a line of data.

    Parameters
    ----------
    moment : datetime
        By the monitor's own clock.
    numbers : BisNumbers
        What it measures.
    """
    cells = [f"{moment:%m/%d/%Y %H:%M:%S}", *_SETTINGS]
    for channel in (numbers.first, numbers.second, numbers.combined):
        cells += _cells(channel)
    return ("|".join(cells) + _END).encode("ascii")


def _cells(channel: ChannelNumbers) -> list[str]:
    return [
        f"{channel.sr:8.1f}",
        f"{channel.sef:8.1f}",
        f"    {channel.status_bits:04x}",
        f"{channel.bis:8.1f}",
        f"{channel.total_power:8.1f}",
        f"{channel.emg:8.1f}",
        f"{channel.sqi:8.1f}",
        f"{channel.impedance:8d}",
        f"{channel.artefact_bits:08x}",
    ]

"""How a foot switch is connected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from recorder_core.errors import SettingsError
from recorder_core.model.values.argument_kinds import check_fields

__all__ = ["SerialLine", "SwitchKind", "SwitchSettings"]

#: an input device of Linux, or a contact at a serial port
SwitchKind = Literal["input", "serial"]
#: input lines of a serial port
SerialLine = Literal["cts", "dsr", "cd", "ri"]
_MAX_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchSettings:
    """How a foot switch is connected.

    Attributes
    ----------
    kind : {"input", "serial"}
        An input device of Linux, such as a pedal that is a USB keyboard; or a contact between
        RTS or DTR and an input line of a serial port.
    address : str
        Of an input device its path, such as `/dev/input/by-id/usb-...-event-kbd`, or vendor and
        product of a USB device, such as `3553:b001`; of a contact the port, such as
        `/dev/ttyUSB1`.
    line : {"cts", "dsr", "cd", "ri"}
        To which the contact leads.
    key_code : int, optional
        The only key that counts, by its number in Linux; None: every key does.
    debounce_seconds : float
        What begins sooner after the beginning of a press is none.
    long_seconds : float
        What holds the contact so long is a long press.

    Raises
    ------
    SettingsError
        If a value cannot be, or is none of its kind.
    """

    kind: SwitchKind
    address: str
    line: SerialLine = "cts"
    key_code: int | None = None
    debounce_seconds: float = 0.25
    long_seconds: float = 1.0

    def __post_init__(self) -> None:
        check_fields(self)
        if self.kind not in get_args(SwitchKind):
            raise SettingsError("the kind of a foot switch must be input or serial")
        if not self.address:
            raise SettingsError(
                "a foot switch needs an address, such as /dev/input/by-id/usb-...-event-kbd"
            )
        if self.line not in get_args(SerialLine):
            raise SettingsError("the line of a foot switch must be cts, dsr, cd or ri")
        if not 0 <= self.debounce_seconds <= self.long_seconds <= _MAX_SECONDS:
            raise SettingsError(
                f"the debounce_seconds are {self.debounce_seconds} and the long_seconds "
                f"{self.long_seconds}, but must rise from 0 to {_MAX_SECONDS:g}"
            )

"""How a BIS monitor is connected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from recorder_core.errors import SettingsError
from recorder_core.model.values.argument_kinds import check_fields

__all__ = ["BisProtocol", "BisSettings"]

BisProtocol = Literal["ascii", "binary"]
_MAX_LATENCY_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BisSettings:
    """How a BIS monitor is connected, and what it is asked for.

    Attributes
    ----------
    port : str
        Of the adapter, such as `/dev/serial/by-id/usb-...` or `COM3`.
    protocol : {"ascii", "binary"}
        As it is set at the monitor: ASCII at 9600 baud, or binary at 57600.
    latency_seconds : float
        How long what arrives was under way, as the site measured it.
    raw_eeg : bool
        Whether samples are asked for; binary protocol only.
    spectra : bool
        Whether spectra are asked for; binary protocol only.
    extra_variables : bool
        Whether bursts per minute are asked for; binary protocol only.

    Raises
    ------
    SettingsError
        If a value cannot be, or is none of its kind.
    """

    port: str
    protocol: BisProtocol = "ascii"
    latency_seconds: float = 0.0
    raw_eeg: bool = True
    spectra: bool = False
    extra_variables: bool = False

    def __post_init__(self) -> None:
        check_fields(self)
        if not self.port:
            raise SettingsError("a BIS monitor needs a port, such as /dev/ttyUSB0")
        if self.protocol not in get_args(BisProtocol):
            raise SettingsError("the protocol of a BIS monitor must be ascii or binary")
        if not 0 <= self.latency_seconds <= _MAX_LATENCY_SECONDS:
            raise SettingsError(
                f"the latency_seconds are {self.latency_seconds}, but must be 0 to "
                f"{_MAX_LATENCY_SECONDS:g}"
            )

"""What a BIS monitor sends in its binary protocol."""

from __future__ import annotations

import struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder_core.simulate.devices.bis_numbers import BisNumbers, ChannelNumbers

__all__ = ["binary_packet", "raw_eeg_data", "read_requests", "revision_data", "variables_data"]

#: of the converter: sensor, two channels, 1/20 µV a step, 0 µV at -3234
_CONVERTER: Final = struct.pack("<BBBBHHiiii", 10, 1, 27, 1, 2, 0, 1, 20, -3234, 1)
_MICROVOLTS_PER_STEP: Final = 0.05
_ZERO_STEP: Final = -3234
_FILTERS: Final = struct.pack("<IIII", 0x00020300, 0x00000200, 0, 0)
_SPECTRUM: Final = 60
_LOWEST: Final = -32768


def binary_packet(message_id: int, data: bytes, sequence: int, *, routing_id: int = 4) -> bytes:
    """Return a packet from the monitor, with its checksum."""
    body = struct.pack(
        "<HHHIIHH", sequence & 0xFFFF, len(data) + 12, 1, routing_id, message_id,
        sequence & 0xFFFF, len(data),
    )  # fmt: skip
    content = body + data
    return b"\xba\xab" + content + struct.pack("<H", sum(content) % 65536)


def variables_data(
    numbers: BisNumbers, *, bursts_per_minute: int | None = None, with_spectra: bool = False
) -> bytes:
    """Return the data of a message of processed variables.

    Parameters
    ----------
    numbers : BisNumbers
        What the monitor measures.
    bursts_per_minute : int, optional
        None: without extra variables.
    with_spectra : bool, optional
        Whether spectra follow.
    """
    channels = (numbers.first, numbers.second, numbers.combined)
    impedances = b"".join(struct.pack("<HH", each.impedance, 0) for each in channels[:2])
    extra = b"" if bursts_per_minute is None else struct.pack("<h10x", bursts_per_minute)
    data = _CONVERTER + impedances + _FILTERS
    data += b"".join(_trend(each) + extra for each in channels)
    if with_spectra:
        falling = np.linspace(6000, 1000, _SPECTRUM).astype("<i2").tobytes()
        data += struct.pack("<HH", 2, _SPECTRUM) + 2 * falling
    return data


def raw_eeg_data(microvolts: NDArray[np.float64], rate: int = 128) -> bytes:
    """Return the data of a message of samples, of shape (n, channels)."""
    steps = np.round(microvolts / _MICROVOLTS_PER_STEP) + _ZERO_STEP
    numbers = np.clip(steps, _LOWEST + 1, 32767).astype("<i2")
    return struct.pack("<HH", microvolts.shape[1], rate) + numbers.tobytes()


def revision_data() -> bytes:
    """Return the data of a message that says what the monitor is."""
    return b"SIMULATED BIS 3.30".ljust(32, b"\0")


def read_requests(content: bytearray) -> list[tuple[int, bytes]]:
    """Remove the packets of a host from what it sent; return their message ids and data."""
    found = []
    while (start := content.find(b"\xba\xab")) >= 0:
        del content[:start]
        if len(content) < 20:
            break
        size = struct.unpack_from("<H", content, 4)[0] + 10
        if len(content) < size:
            break
        found.append((struct.unpack_from("<I", content, 12)[0], bytes(content[20 : size - 2])))
        del content[:size]
    return found


def _trend(channel: ChannelNumbers) -> bytes:
    tenths = [_steps(value, 10) for value in (channel.sr, channel.bis, channel.sqi)]
    sr, bis, sqi = tenths
    sef, power, emg = (
        _steps(value, 100) for value in (channel.sef, channel.total_power, channel.emg)
    )
    return struct.pack(
        "<hhHhhhhhiI", sr, sef, channel.status_bits, bis, bis, bis, power, emg, sqi,
        channel.artefact_bits,
    )  # fmt: skip


def _steps(value: float, per_unit: int) -> int:
    return max(_LOWEST, round(value * per_unit))

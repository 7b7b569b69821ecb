"""The binary protocol of BIS monitors: 57600 baud, 8N1, a record a second, raw samples 8 times.

What a checksum that is a plain sum does not show, such as two bytes that changed places, is found
in values by the agreement of the channels; in raw samples by nothing.
"""

from __future__ import annotations

from typing import Final

from recorder_core.capture.bis.binary_messages import (
    Calibration,
    MessageId,
    Variables,
    read_raw_eeg,
    read_variables,
)
from recorder_core.capture.bis.binary_packets import Packet, PacketReader
from recorder_core.capture.bis.eeg_times import EegTimes
from recorder_core.capture.bis.records import BisNotice, BisRecord, EegBlock, Reading
from recorder_core.capture.bis.validity import ChannelAgreement

__all__ = ["BinaryParser"]

_VARIABLES: Final = frozenset(
    {
        MessageId.VARIABLES,
        MessageId.VARIABLES_SPECTRA,
        MessageId.EXTRA_VARIABLES,
        MessageId.EXTRA_VARIABLES_SPECTRA,
    }
)


class BinaryParser:
    """Reads the binary protocol, piece by piece."""

    def __init__(self) -> None:
        self._packets = PacketReader()
        self._agreement = ChannelAgreement()
        self._times = EegTimes()
        self._calibration = Calibration()
        #: what the last message said; two that agree are believed
        self._said: Calibration | None = None

    def feed(self, data: bytes, seconds: float) -> list[Reading]:
        """Read a piece of the stream.

        Parameters
        ----------
        data : bytes
            Any number of them.
        seconds : float
            When they arrived, by `time.monotonic`; never less than the last time.

        Returns
        -------
        list of BisRecord, EegBlock or BisNotice
            What is complete now, in order.
        """
        return [
            each if isinstance(each, BisNotice) else self._read_packet(each)
            for each in self._packets.feed(data, seconds)
        ]

    def restart(self) -> None:
        """Forget what waits: what arrives next does not follow it."""
        self._packets.restart()

    def _read_packet(self, packet: Packet) -> Reading:
        if packet.message_id in _VARIABLES:
            variables = read_variables(packet.message_id, packet.data)
            if variables is not None:
                return self._record(packet, variables)
            return BisNotice(packet.seconds, "unreadable", packet.raw)
        if packet.message_id == MessageId.RAW_EEG:
            return self._block(packet)
        is_version = packet.message_id == MessageId.REVISION
        return BisNotice(packet.seconds, "version" if is_version else "other", packet.raw)

    def _record(self, packet: Packet, variables: Variables) -> BisRecord:
        self._calibrate(variables.calibration)
        *others, combined = variables.channels
        return BisRecord(
            packet.seconds,
            self._agreement.valid_values(combined, others),
            combined.status_bits,
            combined.artefact_bits,
            "",
            variables.spectra_db,
            packet.raw,
        )

    def _calibrate(self, said: Calibration | None) -> None:
        if said is not None and said == self._said:
            self._calibration = said
        self._said = said

    def _block(self, packet: Packet) -> Reading:
        found = read_raw_eeg(packet.data)
        if found is None:
            return BisNotice(packet.seconds, "unreadable", packet.raw)
        rate, numbers = found
        start, is_joined = self._times.place(packet.seconds, len(numbers) / rate)
        microvolts = self._calibration.microvolts(numbers)
        return EegBlock(start, rate, microvolts, is_joined, packet.raw)

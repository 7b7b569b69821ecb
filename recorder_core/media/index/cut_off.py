"""Whether a file ends before its container says so."""

from __future__ import annotations

from typing import Final

from recorder_core.media.container import asf, avi, mp4_boxes
from recorder_core.media.container.info import MediaInfo
from recorder_core.media.index.packet_list import PacketList

__all__ = ["is_cut_off"]

#: a container that promises this much more than it holds was cut off
_MISSING_SECONDS: Final = 1.0


def is_cut_off(info: MediaInfo, packets: PacketList) -> bool:
    """Return whether a file ends early.

    Parameters
    ----------
    info : MediaInfo
    packets : PacketList
        All of the file.
    """
    if packets.broke_off:
        return True
    if info.is_mp4:
        return mp4_boxes.is_cut_off(info.file) or packets.read_packets < packets.promised_packets
    if info.container == "asf":
        return asf.is_cut_off(info.file)
    if info.container == "avi":
        is_short = avi.is_cut_off(info.file) or packets.read_packets < packets.promised_packets
        return is_short or _ends_early(packets)
    if info.container in ("flv", "gif", "ogg"):
        return packets.chain.is_short
    is_matroska = "matroska" in info.container
    return is_matroska and (not packets.chain.is_whole or _ends_early(packets))


def _ends_early(packets: PacketList) -> bool:
    return packets.end_seconds < packets.promised_seconds - _MISSING_SECONDS

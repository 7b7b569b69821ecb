"""Devices that are not there: a BIS monitor on its serial port, a foot switch, and cameras.

They speak the protocols of the real ones, byte by byte, and fail on command.
"""

from recorder_core.simulate.devices.bis_model import BisMonitorModel
from recorder_core.simulate.devices.bis_monitor import SimulatedBisMonitor
from recorder_core.simulate.devices.bis_numbers import BisNumbers, ChannelNumbers, numbers_of
from recorder_core.simulate.devices.camera import SimulatedCamera
from recorder_core.simulate.devices.damage import DAMAGES, damage_bytes
from recorder_core.simulate.devices.foot_switch import SimulatedFootSwitch
from recorder_core.simulate.devices.sent import SentRecord, SentStream

__all__ = [
    "DAMAGES",
    "BisMonitorModel",
    "BisNumbers",
    "ChannelNumbers",
    "SentRecord",
    "SentStream",
    "SimulatedBisMonitor",
    "SimulatedCamera",
    "SimulatedFootSwitch",
    "damage_bytes",
    "numbers_of",
]

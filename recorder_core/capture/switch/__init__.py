"""Foot switches: as an input device of the system, or as a contact at a serial port.

A press is stamped when the contact closed. What holds it longer than a second is a long press.
"""

from recorder_core.capture.switch.contact import Contact, ContactChange
from recorder_core.capture.switch.presses import PressDetector, SwitchPress
from recorder_core.capture.switch.source import SwitchSource
from recorder_core.capture.switch.switch_settings import SwitchKind, SwitchSettings

__all__ = [
    "Contact",
    "ContactChange",
    "PressDetector",
    "SwitchKind",
    "SwitchPress",
    "SwitchSettings",
    "SwitchSource",
]

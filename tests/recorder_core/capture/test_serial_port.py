"""A serial port, in this machine or in the network, and what is said of it."""

from __future__ import annotations

import pytest

from recorder_core.capture.serial_port import open_serial_port, shown_port
from recorder_core.errors import SourceNotFound
from tests.recorder_core.media.live.cameras import free_port


@pytest.mark.parametrize("scheme", ["rfc2217", "socket"])
def test_a_port_in_the_network_is_said_without_its_host(scheme: str) -> None:
    address = f"{scheme}://nurse:hunter2@127.0.0.1:{free_port()}"
    with pytest.raises(SourceNotFound) as refused, open_serial_port(address, 9600):
        pass
    said = str(refused.value)
    assert said == f"the serial port {scheme}://… cannot be opened as a serial port"


def test_a_port_of_this_machine_is_said_as_it_is() -> None:
    assert shown_port("/dev/ttyUSB0") == "/dev/ttyUSB0"
    assert shown_port("COM3") == "COM3"

"""A room whose sources have real drivers: what runs in the guest, and for it alone."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from fault_switch import PEDAL_KEY, PRODUCT, VENDOR
from recording_site import make_site

from recorder_core.jobs.record import RecordRequest, record_room, room_from_values
from recorder_core.simulate.devices import BisMonitorModel, SimulatedBisMonitor
from recorder_core.simulate.physiology import Patient

__all__ = [
    "CAMERA",
    "SOUND_CARD",
    "DriverDevice",
    "guest_values",
    "rehearse",
    "say",
    "signals_and_sound",
]

SIZE: Final = (320, 180)
RATE: Final = 25
_BIS_PORT: Final = Path("/dev/shm/bis")  # noqa: S108 - of the guest, which has one user
#: what plays, and what records it: the two sides of a card that plays into itself
_PLAYED, _RECORDED = "plughw:Loopback,0", "plughw:Loopback,1"
_TONE: Final = Path("/dev/shm/tone.raw")  # noqa: S108
_SAMPLE_RATE, _TONE_HZ, _TONE_SECONDS = 48_000, 440.0, 60


class DriverDevice:
    """A device that a driver has, or not: taking it away is what unplugging does.

    Parameters
    ----------
    driver, name : str
        As sysfs has them.
    """

    def __init__(self, driver: str, name: str) -> None:
        self._folder, self._name = Path("/sys/bus/platform/drivers") / driver, name

    def unplug(self) -> None:
        """Unbind it from its driver, and from who has it open."""
        (self._folder / "unbind").write_text(self._name, encoding="ascii")

    def plug_in(self) -> None:
        """Bind it to its driver again."""
        (self._folder / "bind").write_text(self._name, encoding="ascii")


CAMERA: Final = DriverDevice("vivid", "vivid.0")
SOUND_CARD: Final = DriverDevice("snd_aloop", "snd_aloop.0")


def say(**words: Any) -> None:
    """Print something for who booted the guest, and when, by `time.monotonic` of the guest."""
    # one write: threads may say something at once
    sys.stdout.write(f"{json.dumps(words | {'at': time.monotonic()})}\n")
    sys.stdout.flush()


def guest_values(*, is_light: bool = False) -> dict[str, Any]:
    """Return the values of the room; a light one has no audio and no monitor of signals."""
    width, height = SIZE
    values = {
        "procedure": "rehearsal",
        "video": {"rate": RATE, "preset": "ultrafast", "max_megabits_per_second": 4.0},
        "layout": {
            "width": width,
            "height": height,
            "views": [{"name": "laparoscope", "rectangle": [0, 0, width, height]}],
        },
        "sources": {
            "laparoscope": {
                "kind": "v4l2",
                "address": "/dev/video0",
                "size": list(SIZE),
                "rate": RATE,
            }
        },
        "sound": {"kind": "alsa", "address": _RECORDED, "channels": 1},
        "bis": {"port": str(_BIS_PORT)},
        "switches": [
            {"kind": "input", "address": f"{VENDOR:04x}:{PRODUCT:04x}", "key_code": PEDAL_KEY}
        ],
        "space": {"keep_free_gib": 0, "min_minutes": 0},
    }
    return {key: values[key] for key in values if not (is_light and key in ("sound", "bis"))}


@contextmanager
def signals_and_sound() -> Iterator[None]:
    """Run a BIS monitor that is simulated, and play a tone."""
    stop = threading.Event()
    player = threading.Thread(target=_play, args=(stop,), daemon=True)
    with SimulatedBisMonitor(_BIS_PORT, BisMonitorModel(Patient(72.0, 4.0, 20.0))):
        player.start()
        yield
        stop.set()
        player.join()


def rehearse(values: Mapping[str, Any]) -> None:
    """Record a moment into an archive that nobody keeps, so that all that is needed is loaded."""
    request = RecordRequest(room=room_from_values(values), duration_seconds=1.0)
    with (
        tempfile.TemporaryDirectory() as folder,
        make_site(Path(folder)).opened("olga") as archive,
        record_room(archive, request) as recorder,
    ):
        while recorder.wait(0.1):
            pass
        recorder.finish()
    say(is_rehearsed=True)


def _play(stop: threading.Event) -> None:
    """Play a tone; begin again when the card has been away."""
    at = np.arange(_SAMPLE_RATE * _TONE_SECONDS)
    tone = (8_000 * np.sin(2 * np.pi * _TONE_HZ * at / _SAMPLE_RATE)).astype("<i2")
    _TONE.write_bytes(np.repeat(tone, 2).tobytes())
    words = ["aplay", "-q", "-D", _PLAYED, "-f", "S16_LE", "-r", str(_SAMPLE_RATE), "-c", "2"]
    while not stop.wait(0.1):
        with subprocess.Popen([*words, str(_TONE)], stderr=subprocess.DEVNULL) as player:
            while player.poll() is None:
                if stop.wait(0.1):
                    player.terminate()

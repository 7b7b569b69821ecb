"""Record a minute in the guest, unplug each source and plug it in again, and press the pedal.

Run by record_guest.py: ``guest_minute.py FOLDER SECONDS``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from fault_switch import PRESSED, RELEASED, Pedal
from guest_room import CAMERA, SOUND_CARD, guest_values, rehearse, say, signals_and_sound
from guest_site import GuestSite

from recorder_core.capture.devices import list_devices
from recorder_core.jobs.record import RecordRequest, RoomRecorder, record_room, room_from_values

_LISTED: Final = ("video", "audio", "input")
#: how long the pedal is held
_SHORT_SECONDS, _LONG_SECONDS = 0.1, 1.5


class _Step(NamedTuple):
    """What is done, at which part of the recording."""

    part: float
    what: str
    act: Callable[[], None]


class _Hands:
    """What somebody does in the room."""

    def __init__(self) -> None:
        self.pedal = Pedal()

    def press(self) -> None:
        """Press the pedal."""
        self.pedal.write(PRESSED)

    def release(self) -> None:
        """Release it."""
        self.pedal.write(RELEASED)

    def unplug_pedal(self) -> None:
        """Unplug the pedal."""
        self.pedal.destroy()

    def plug_pedal_in(self) -> None:
        """Plug it in again."""
        self.pedal = Pedal()


def main() -> None:
    """Record, and say what was done when, and what became of it."""
    site, seconds = GuestSite(Path(sys.argv[1])).site, float(sys.argv[2])
    hands, devices = _Hands(), list_devices().to_dict()
    say(devices={kind: [each["address"] for each in devices[kind]] for kind in _LISTED})
    request = RecordRequest(room=room_from_values(guest_values()), duration_seconds=seconds)
    with signals_and_sound(), site.opened("olga") as opened:
        rehearse(guest_values())
        with record_room(opened, request) as recorder:
            say(event=recorder.event_id)
            for step in _steps(hands, seconds):
                _wait_until(recorder, step.part * seconds)
                before = recorder.seconds
                step.act()
                say(did=step.what, before_seconds=before, after_seconds=recorder.seconds)
            _wait_until(recorder, seconds)
            summary = recorder.finish()
        say(summary=summary.to_dict(), fragmented=recorder.fragmented)


def _steps(hands: _Hands, seconds: float) -> Iterator[_Step]:
    """Yield what is done; with parts of a minute."""
    yield from _pressed(hands, 0.1, _SHORT_SECONDS / seconds, "press")
    yield _Step(0.17, "unplug laparoscope", CAMERA.unplug)
    yield _Step(0.27, "plug in laparoscope", CAMERA.plug_in)
    yield from _pressed(hands, 0.35, _LONG_SECONDS / seconds, "long press")
    yield _Step(0.42, "unplug sound", SOUND_CARD.unplug)
    yield _Step(0.52, "plug in sound", SOUND_CARD.plug_in)
    yield _Step(0.6, "unplug pedal", hands.unplug_pedal)
    yield _Step(0.65, "plug in pedal", hands.plug_pedal_in)
    yield from _pressed(hands, 0.72, _SHORT_SECONDS / seconds, "press")
    yield _Step(0.77, "unplug laparoscope", CAMERA.unplug)
    yield _Step(0.77, "unplug sound", SOUND_CARD.unplug)
    yield _Step(0.85, "plug in sound", SOUND_CARD.plug_in)
    yield _Step(0.85, "plug in laparoscope", CAMERA.plug_in)
    yield from _pressed(hands, 0.95, _SHORT_SECONDS / seconds, "press")


def _pressed(hands: _Hands, part: float, held: float, what: str) -> Iterator[_Step]:
    yield _Step(part, what, hands.press)
    yield _Step(part + held, "release", hands.release)


def _wait_until(recorder: RoomRecorder, seconds: float) -> None:
    while (left := seconds - recorder.seconds) > 0:
        if not recorder.wait(left):
            return


if __name__ == "__main__":
    main()

"""Save in the guest what a power cut left, and record until the next one.

Run by power_cuts.py: ``guest_cuts.py FOLDER SECONDS RECORDINGS``. Of each recording it says
all the time how long it is.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Final

from fault_switch import PRESSED, RELEASED, Pedal
from guest_room import guest_values, rehearse, say
from guest_site import GuestSite
from recording_site import RecordingSite

from recorder_core.catalog import EventState
from recorder_core.jobs.archive import archive_status, finalise_event, verify_audit
from recorder_core.jobs.record import RecordRequest, record_room, room_from_values

#: in what is said of every small disk
_SMALL: Final = "GiB left"
#: what an emulated guest records in time
_ROOM: Final = guest_values(is_light=True)
#: an emulated guest needs more than a second to write a marker and a screenshot
_PRESS_SECONDS, _PAUSE_SECONDS = 0.1, 2.4
#: what is pressed so shortly before the end may come after it
_LAST_SECONDS = 1.0


def main() -> None:
    """Save, and record so often."""
    site = GuestSite(Path(sys.argv[1])).site
    seconds, count = float(sys.argv[2]), int(sys.argv[3])
    _save(site)
    counts = threading.Event()
    threading.Thread(target=_press, args=(Pedal(), counts), daemon=True).start()
    rehearse(_ROOM)
    for _ in range(count):
        _record(site, seconds, counts)
    say(is_done=True)


def _save(site: RecordingSite) -> None:
    """Finalise what was cut off, and say how the archive is then."""
    with site.opened("rita") as archive:
        notices = list(archive.notices)
        cut = [each for each in archive.events() if each.row.state is EventState.RECORDING]
        saved = [finalise_event(archive, each.event_id) for each in cut]
    with site.opened("adam") as archive:
        faults = [each for each in archive_status(archive).faults if _SMALL not in each]
        say(
            saved={each.event.event_id: each.seconds for each in saved},
            notices=notices,
            copy_faults=[str(fault) for each in saved for fault in each.faults],
            faults=faults,
            is_log_sound=verify_audit(archive).is_sound,
        )


def _record(site: RecordingSite, seconds: float, counts: threading.Event) -> None:
    request = RecordRequest(room=room_from_values(_ROOM), duration_seconds=seconds)
    with site.opened("olga") as archive:
        with record_room(archive, request) as recorder:
            counts.set()
            while recorder.wait(0.1):
                if recorder.seconds > seconds - _LAST_SECONDS:
                    counts.clear()
                _say_how(recorder.event_id, recorder.seconds, recorder.faults)
            counts.clear()
            summary = recorder.finish()
            _say_how(recorder.event_id, summary.seconds, recorder.faults, is_over=True)
        say(recorded=recorder.event_id, fragmented=recorder.fragmented)


def _say_how(event: str, seconds: float, faults: list[str], *, is_over: bool = False) -> None:
    say(event=event, seconds=round(seconds, 3), faults=faults, is_over=is_over)


def _press(pedal: Pedal, counts: threading.Event) -> None:
    """Press the pedal all the time, so that screenshots and markers are cut off, too.

    A press is told where it is to be in a recording.
    """
    pause = threading.Event()
    while not pause.wait(_PAUSE_SECONDS):
        does_count = counts.is_set()
        pedal.write(PRESSED)
        pause.wait(_PRESS_SECONDS)
        pedal.write(RELEASED)
        if does_count:
            say(pressed=True)


if __name__ == "__main__":
    main()

"""Record a minute in a guest from real drivers, unplug them, and read what was recorded.

    python profiling/recorder/record_guest.py [--seconds 60] [--out FILE.json]

As root; what else it needs, guest.py says. The sources are a camera of Video4Linux, a sound card of
ALSA, an input device, and a BIS monitor that is simulated on a pseudo-terminal. While they are
recorded, each driver is taken away and given back, and the pedal is pressed. The video is then read
by FFmpeg's own tools: when it shows the camera, and when the card is heard. Exit status 1 if a gap
is not where it was by more than 0.1 s, a press has no screenshot of its moment, or anything else is
wrong.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from guest import Guest, accelerator_of, guest_parser, kernel_of
from guest_site import GuestSite, make_guest_site
from PIL import Image
from recorded_video import Span, difference, read_streams, without_audio, without_picture
from recording_site import finish

from recorder_core.catalog import Marker, Screenshot
from recorder_core.jobs.archive import check_copies, export_event, verify_audit

RATE: Final = 25
MAX_OFF_SECONDS: Final = 0.1
#: of a screenshot and the frame of its moment: encoding changes less
MAX_DIFFERENCE: Final = 6.0
#: by how much a screenshot may be later; of a long press, told a second late, few frames are kept
MAX_LATE_SECONDS: Final = {"press": 2 / RATE, "long press": 4 / RATE}
#: markers of the pedal by what was done to it
KINDS: Final = {"press": "foot-switch", "long press": "foot-switch-long"}
#: how long booting and ending may take
_PATIENCE_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded, and what was done meanwhile.

    Attributes
    ----------
    summary : dict
        What the recorder says.
    done : list of dict
        What was done, and between which seconds of the event.
    folder : Path
        Where its files are in clear.
    """

    summary: dict[str, Any]
    done: list[dict[str, Any]]
    folder: Path
    marks: list[Marker] = field(default_factory=list)
    shots: list[Screenshot] = field(default_factory=list)

    @property
    def video(self) -> Path:
        """The video."""
        return self.folder / f"{self.summary['event_id']}.original.mp4"

    def picture(self, shot: Screenshot) -> Path:
        """Return the file of a screenshot."""
        number = shot.file_id.rpartition(".")[2]
        return next(self.folder.glob(f"{self.summary['event_id']}.screenshot.{number}.*"))


def main() -> int:
    """Record, read, print what was found, and return the exit status."""
    parser = guest_parser(__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="default: 60")
    parser.add_argument("--out", type=Path, metavar="FILE.json", help="write the result there too")
    options = parser.parse_args()
    kernel, script = kernel_of(options), Path(__file__).with_name("guest_minute.py")
    with tempfile.TemporaryDirectory() as folder:
        made = make_guest_site(Path(folder))
        command = [sys.executable, str(script), folder, str(options.seconds)]
        accelerator = accelerator_of(options, kernel)
        disks = made.disks()
        with Guest(kernel, command, made.shared, disks, accelerator, has_slow_clock=True) as guest:
            last = guest.wait_for("summary", _PATIENCE_SECONDS + options.seconds).words
            guest.wait()
            said = [each.words for each in guest.said]
        done = [words for words in said if "did" in words]
        wrong: list[str] = []
        recorded = _export(made, Recorded(last["summary"], done, Path(folder)), wrong)
        content = {
            "accelerator": accelerator,
            "devices": next(words["devices"] for words in said if "devices" in words),
            **_compare(recorded, wrong),
        }
    return finish(content, wrong, options.out)


def _export(made: GuestSite, recorded: Recorded, wrong: list[str]) -> Recorded:
    """Write what was recorded to its folder in clear, and check the archive."""
    event_id = recorded.summary["event_id"]
    with made.mounted() as site:
        with site.opened("rita") as archive:
            export_event(archive, event_id, recorded.folder, ["original", "screenshot"])
            recorded.marks.extend(archive.event(event_id).marker_rows())
            recorded.shots.extend(archive.catalog.contents.screenshots(event_id))
        with site.opened("adam") as archive:
            found = check_copies(archive, read_all=True).findings
            wrong += [f"a copy is wrong: {each.part}" for each in found]
            wrong += [] if verify_audit(archive).is_sound else ["the log is not sound"]
    return recorded


def _compare(recorded: Recorded, wrong: list[str]) -> dict[str, Any]:
    summary, streams = recorded.summary, read_streams(recorded.video)
    if int(streams[0]["nb_read_frames"]) != summary["frame_count"]:
        wrong.append(f"{summary['frame_count']} frames were recorded, and others are read")
    wrong += summary["faults"]
    return {
        "seconds": summary["seconds"],
        "streams": streams,
        "dropped_frames": summary["dropped_frames"],
        "sources": summary["sources"],
        "gaps": [
            *_gaps(recorded, "laparoscope", without_picture(recorded.video, RATE), wrong),
            *_gaps(recorded, "sound", without_audio(recorded.video), wrong),
        ],
        "presses": _presses(recorded, wrong),
    }


def _gaps(
    recorded: Recorded, name: str, lacks: Sequence[Span], wrong: list[str]
) -> list[dict[str, Any]]:
    """Return each gap of a source beside when it was out, and when the video lacks it."""
    starts = _when(recorded, f"unplug {name}", "after_seconds")
    stops = _when(recorded, f"plug in {name}", "before_seconds")
    gaps = [
        (each["start_seconds"], each["stop_seconds"])
        for each in recorded.summary["gaps"]
        # one that is late at the start has a gap that begins with the recording
        if each["source"] == name and each["start_seconds"] > MAX_OFF_SECONDS
    ]
    if len(gaps) != len(starts):
        wrong.append(f"{name} was out {len(starts)} times, and has {len(gaps)} gaps")
    found = []
    for gap, start, stop in zip(gaps, starts, stops, strict=False):
        back = min((span[1] for span in lacks), key=lambda each: abs(each - gap[1]), default=0.0)
        if abs(gap[0] - start) > MAX_OFF_SECONDS or gap[1] < stop:
            wrong.append(f"{name} was out from {start:.2f} to {stop:.2f} s, and has the gap {gap}")
        if abs(gap[1] - back) > MAX_OFF_SECONDS:
            wrong.append(f"{name} is back in the video at {back:.2f} s, and has the gap {gap}")
        found.append(
            {
                "source": name,
                "out_seconds": [round(start, 3), round(stop, 3)],
                "gap_seconds": [round(each, 3) for each in gap],
                "back_in_video_seconds": round(back, 3),
            }
        )
    return found


def _presses(recorded: Recorded, wrong: list[str]) -> list[dict[str, Any]]:
    """Return each press, its marker, and how much its screenshot differs from the video."""
    pressed = [each for each in recorded.done if each["did"] in KINDS]
    marks = [mark for mark in recorded.marks if mark.kind in KINDS.values()]
    shots = sorted(recorded.shots, key=lambda shot: shot.at_seconds)
    if not len(marks) == len(pressed) == len(shots):
        wrong.append(f"{len(pressed)} presses, {len(marks)} markers, {len(shots)} screenshots")
    found = []
    for each, mark, shot in zip(pressed, marks, shots, strict=False):
        at = mark.start_seconds
        differs = _differs(recorded, shot)
        is_right = each["before_seconds"] - 0.001 <= at <= each["after_seconds"] + 0.001
        is_right &= mark.kind == KINDS[each["did"]]
        is_right &= 0 <= shot.at_seconds - at < MAX_LATE_SECONDS[each["did"]]
        if not is_right or differs > MAX_DIFFERENCE:
            wrong.append(f"{each['did']} at {each['before_seconds']:.3f} s: {mark.kind} at {at} s")
        found.append(
            {
                "did": each["did"],
                "pressed_seconds": round(each["before_seconds"], 3),
                "marker_seconds": round(at, 3),
                "screenshot_seconds": round(shot.at_seconds, 3),
                "mean_difference": round(differs, 2),
            }
        )
    return found


def _differs(recorded: Recorded, shot: Screenshot) -> float:
    with Image.open(recorded.picture(shot)) as picture:
        return difference(recorded.video, shot.at_seconds, np.asarray(picture.convert("RGB")))


def _when(recorded: Recorded, what: str, key: str) -> list[float]:
    """Return when something was done."""
    return [each[key] for each in recorded.done if each["did"] == what]


if __name__ == "__main__":
    sys.exit(main())

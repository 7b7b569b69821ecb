"""Cut the power of a guest that records, at random moments, and count what is lost on each disk.

    python profiling/recorder/power_cuts.py [--cuts 20] [--each-boot 10] [--out FILE.json]

As root; what else it needs, guest.py says. The guest records a camera and a pedal onto two disks,
the archive and its mirror, one recording after another, and says all the time how long it is. At a
random moment it is stopped, and what its disks have at that moment is taken; at the last moment of
a boot it is killed, and boots again from its disks. What the disks had not been told to make
durable they keep wholly, by half or not at all. Each disk is mounted alone, then both together, and
read by a process of its own: SQLite finds the catalog sound, the recording is finalised, its video
is decoded by FFmpeg's own tool; with both, the next recording is made. Exit status 1 if a disk lost
more than two seconds, or anything is wrong.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from guest import Guest, Said, accelerator_of, guest_parser, kernel_of
from guest_disks import LogPosition, copy_disk, cut_disk, log_position
from guest_kernel import GuestKernel
from guest_site import FOLDERS, GuestSite, make_guest_site
from recording_site import finish, numbers

MAX_LOST_SECONDS: Final = 2.0
RECORDING_SECONDS: Final = 40.0
#: the next cut comes so long after the one before
WAIT_SECONDS: Final = (1.0, 16.0)
#: of what is in its cache a disk keeps so much
KEPT_PARTS: Final = (0.0, 0.5, 1.0)
_ENDLESS: Final = 1000
_SCRIPTS: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Moment:
    """What is known of a moment at which the guest was stopped, or killed.

    Attributes
    ----------
    event : str
        Of the recording that goes on, or was the last.
    seconds : float
        How long it was then.
    is_in_recording : bool
        Whether it went on.
    presses : int
        How often the pedal was pressed meanwhile, so long before that it may not be lost.
    positions : dict of LogPosition
        How far the log of each disk went.
    """

    event: str
    seconds: float
    is_in_recording: bool
    presses: int
    positions: dict[str, LogPosition]


@dataclass(slots=True)
class Cuts:
    """Cuts the power of a guest, and keeps what was found."""

    made: GuestSite
    kernel: GuestKernel
    accelerator: str
    chance: random.Random
    each: list[dict[str, Any]] = field(default_factory=list)
    events: set[str] = field(default_factory=set)
    kills: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def in_recording(self) -> int:
        """How many came in the middle of a recording."""
        return sum(each["is_in_recording"] for each in self.each)

    def boot(self, count: int) -> None:
        """Boot, cut the power so often, and look at what each cut leaves."""
        for name in FOLDERS:
            copy_disk(self.made.image(name), self._file(name, "before"))
            self._file(name, "log").write_bytes(b"")
        with self._guest(_ENDLESS, is_logged=True) as guest:
            guest.wait_for("event")
            moments = [self._stop(guest) for _ in range(count - 1)]
            self._wait()
            moments.append(self._moment(guest.cut_power(), guest.said))
        self.kills += 1
        self._note(guest)
        for moment in moments:
            self._look(moment)
        for name in FOLDERS:
            self._file(name, "cut").replace(self.made.image(name))

    def end(self) -> None:
        """Boot a last time, and record without a cut."""
        with self._guest(1, is_logged=False) as guest:
            guest.wait_for("is_done")
            guest.wait()
        self._note(guest)
        event = next(each.words["recorded"] for each in guest.said if "recorded" in each.words)
        with self.made.mounted():
            self._run("at the end", event, *FOLDERS)

    def _guest(self, count: int, *, is_logged: bool) -> Guest:
        folder, script = str(self.made.folder), str(_SCRIPTS / "guest_cuts.py")
        words = [sys.executable, script, folder, str(RECORDING_SECONDS), str(count)]
        logs = {name: self._file(name, "log") for name in FOLDERS} if is_logged else {}
        disks = self.made.disks(logs)
        return Guest(
            self.kernel, words, self.made.shared, disks, self.accelerator, has_slow_clock=True
        )

    def _file(self, name: str, what: str) -> Path:
        return self.made.folder / f"{name}.{what}"

    def _wait(self) -> None:
        time.sleep(self.chance.uniform(*WAIT_SECONDS))

    def _stop(self, guest: Guest) -> Moment:
        self._wait()
        with guest.stopped() as moment:
            return self._moment(moment, guest.said)

    def _moment(self, moment: float, said: list[Said]) -> Moment:
        last = [each for each in said if "event" in each.words][-1]
        is_over = last.words["is_over"]
        seconds = float(last.words["seconds"])
        if not is_over:  # it went on until then, or its end; never faster than the time passes here
            seconds = min(seconds + moment - last.seconds, RECORDING_SECONDS)
        begun = next(each for each in said if each.words.get("event") == last.words["event"])
        since, until = begun.words["at"], said[-1].words["at"] - MAX_LOST_SECONDS
        presses = sum("pressed" in each.words and since < each.words["at"] < until for each in said)
        positions = {name: log_position(self._file(name, "log")) for name in FOLDERS}
        return Moment(last.words["event"], seconds, not is_over, presses, positions)

    def _note(self, guest: Guest) -> None:
        """Note how the guest started, and which recordings it made."""
        said, where = [each.words for each in guest.said], f"boot {self.kills}"
        start = next(words for words in said if "saved" in words)
        for key in ("notices", "copy_faults", "faults"):
            self.wrong += [f"{where}: {each}" for each in start[key]]
        self.wrong += [] if start["is_log_sound"] else [f"{where}: the log is not sound"]
        faults = {words["event"]: words["faults"] for words in said if "event" in words}
        self.events |= set(faults)
        self.wrong += [f"{where}: {each}" for event in faults for each in faults[event]]

    def _look(self, moment: Moment) -> None:
        """Read each disk alone, and both."""
        where, writes = f"cut {len(self.each) + 1}", {}
        for name in FOLDERS:
            cut = self._file(name, "cut")
            copy_disk(self._file(name, "before"), cut)
            log, part = self._file(name, "log"), self.chance.choice(KEPT_PARTS)
            writes[name] = list(cut_disk(cut, log, moment.positions[name], part, self.chance))
        lost = {}
        for disks in (*((name,) for name in FOLDERS), FOLDERS):
            for name in disks:
                copy_disk(self._file(name, "cut"), self.made.image(name))
            with self.made.mounted(*disks):
                what = " and ".join(disks)
                found = self._run(f"{where}, {what}", moment.event, *disks)
            lost[what] = self._lost(f"{where}, {what}", moment, found)
        self.each.append(
            {
                "is_in_recording": moment.is_in_recording,
                "recorded_seconds": round(moment.seconds, 3),
                "lost_seconds": lost,
                "writes_in_cache_and_kept": writes,
            }
        )
        print(f"{self.in_recording} in a recording: {self.each[-1]}", file=sys.stderr)

    def _run(self, where: str, event: str, *disks: str) -> dict[str, Any]:
        """Read the disks that are mounted in a process of its own."""
        words = [sys.executable, str(_SCRIPTS / "guest_disk_look.py"), str(self.made.folder), event]
        with tempfile.TemporaryDirectory() as scratch:
            done = subprocess.run(
                [*words, scratch, *disks], check=False, capture_output=True, text=True
            )
        if done.returncode:
            print(done.stderr, file=sys.stderr)
            self.wrong.append(f"{where}: {done.stderr.strip()[-2000:]}")
            return {}
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        self.wrong += [f"{where}: {each}" for each in found["wrong"]]
        print(where, found, file=sys.stderr)
        return found

    def _lost(self, where: str, moment: Moment, found: dict[str, Any]) -> float:
        """Return how much of the video is lost, and note what is lost too much."""
        lost = max(0.0, moment.seconds - float(found.get("seconds", 0.0)))
        if lost > MAX_LOST_SECONDS:
            self.wrong.append(f"{where}: {lost:.2f} s are lost")
        if moment.seconds > MAX_LOST_SECONDS and found.get("markers", 0) < moment.presses:
            self.wrong.append(f"{where}: {moment.presses} presses, {found.get('markers')} markers")
        return round(lost, 3)


def main() -> int:
    """Cut, print what was lost, and return the exit status."""
    parser = guest_parser(__doc__)
    parser.add_argument("--cuts", type=int, default=20, help="in a recording; default: 20")
    parser.add_argument("--each-boot", type=int, default=10, help="cuts of a boot; default: 10")
    parser.add_argument("--seed", type=int, default=1, help="of the moments; default: 1")
    parser.add_argument("--out", type=Path, metavar="FILE.json", help="write the result there too")
    options = parser.parse_args()
    kernel = kernel_of(options)
    with tempfile.TemporaryDirectory() as folder:
        made, accelerator = make_guest_site(Path(folder)), accelerator_of(options, kernel)
        cuts = Cuts(made, kernel, accelerator, numbers(options.seed))
        while (left := options.cuts - cuts.in_recording) > 0:
            cuts.boot(min(left, options.each_boot))
        cuts.end()
    names = [*FOLDERS, " and ".join(FOLDERS)]
    content = {
        "goals": {"most_lost_seconds": {"at_most": MAX_LOST_SECONDS}},
        "accelerator": accelerator,
        "cuts": len(cuts.each),
        "cuts_in_recording": cuts.in_recording,
        "kills": cuts.kills,
        "recordings": len(cuts.events),
        "most_lost_seconds": {
            name: max(each["lost_seconds"][name] for each in cuts.each) for name in names
        },
        "each": cuts.each,
    }
    return finish(content, cuts.wrong, options.out)


if __name__ == "__main__":
    sys.exit(main())

"""What the scripts of this folder share: an archive to record into, its people, and rooms."""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from recorder_core.archive import Argon2Settings, Password
from recorder_core.catalog import Profile
from recorder_core.jobs.archive import (
    Archive,
    Credentials,
    add_user,
    create_archive,
    open_archive,
)
from recorder_core.jobs.machine import measured_on

__all__ = ["RecordingSite", "finish", "make_site", "numbers", "pattern_room", "script_parser"]

_PASSWORD: Final = "of nobody"  # noqa: S105
#: the keys of these archives protect nothing
_COST: Final = Argon2Settings(memory_kib=64, iterations=1, lanes=1)
_PEOPLE: Final = {"olga": Profile.OPERATOR, "rita": Profile.REVIEWER}


@dataclass(frozen=True, slots=True)
class RecordingSite:
    """An archive on two folders."""

    path: Path
    mirror: Path

    @contextmanager
    def opened(self, login: str) -> Iterator[Archive]:
        """Open it as `adam` (administrator), `olga` (operator) or `rita` (reviewer)."""
        with open_archive(self.path, Credentials(login, Password(_PASSWORD))) as archive:
            yield archive


def make_site(folder: Path) -> RecordingSite:
    """Make an archive with its people."""
    site = RecordingSite(folder / "archive", folder / "mirror")
    create_archive(
        site.path,
        site_code="site1",
        administrator="adam",
        password=Password(_PASSWORD),
        mirror=site.mirror,
        password_cost=_COST,
    )
    with site.opened("adam") as archive:
        for login, profile in _PEOPLE.items():
            add_user(archive, login, profile, Password(_PASSWORD))
    return site


def pattern_room(sources: Sequence[str], size: tuple[int, int] = (320, 180)) -> dict[str, Any]:
    """Return the values of a room whose sources are test signals, side by side."""
    width, height = size
    return {
        "procedure": "rehearsal",
        "video": {"preset": "ultrafast", "max_megabits_per_second": 4.0},
        "layout": {
            "width": width * len(sources),
            "height": height,
            "views": [
                {"name": name, "rectangle": [number * width, 0, width, height]}
                for number, name in enumerate(sources)
            ],
        },
        "sources": {name: {"kind": "pattern", "size": list(size)} for name in sources},
        "sound": {"kind": "tone"},
        "space": {"keep_free_gib": 0, "min_minutes": 0},
    }


def numbers(seed: int) -> random.Random:
    """Return repeatable numbers; nothing secret is made of them."""
    return random.Random(seed)  # noqa: S311


def script_parser(description: str | None) -> argparse.ArgumentParser:
    """Return the parser that every script has."""
    parser = argparse.ArgumentParser(description=(description or "").splitlines()[0])
    parser.add_argument("--out", type=Path, metavar="FILE.json", help="write the result there too")
    return parser


def finish(content: Mapping[str, Any], wrong: Sequence[str], out: Path | None) -> int:
    """Print and write a result; return the exit status, 0 if nothing is wrong."""
    result = {**measured_on(), **content, "wrong": list(wrong), "is_clean": not wrong}
    text = json.dumps(result, indent=2)
    print(text)
    if out is not None:
        out.write_text(text + "\n", encoding="utf-8")
    return 0 if not wrong else 1

"""A bit that flips in an anchor of the audit log keeps nobody out while the other agrees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from recorder_core.errors import AuditError
from recorder_core.jobs.archive import archive_status, verify_audit
from recorder_core.jobs.archive.place.folders import ANCHOR_NAME


def _flip(path: Path) -> None:
    """Flip one bit of the hash; what it says is JSON of the same form."""
    content = path.read_bytes()
    place = content.index(b'"hash": "') + 20
    path.write_bytes(
        content[:place]
        + (b"0" if content[place : place + 1] != b"0" else b"1")
        + content[place + 1 :]
    )


@pytest.mark.parametrize("folder", ["path", "mirror"])
def test_the_other_anchor_is_enough(site: Any, folder: str) -> None:
    with site.opened("adam"):
        pass
    _flip(getattr(site, folder) / ANCHOR_NAME)
    with site.opened("adam") as archive:
        faults = archive_status(archive).faults
        assert folder == "mirror" or any(
            "was damaged and is written anew" in each for each in faults
        )
    with site.opened("adam") as archive:
        assert verify_audit(archive).is_sound
    heads = [json.loads((root / ANCHOR_NAME).read_text()) for root in (site.path, site.mirror)]
    assert heads[0] == heads[1]


def test_without_another_nothing_is_done(site: Any) -> None:
    for root in (site.path, site.mirror):
        _flip(root / ANCHOR_NAME)
    with pytest.raises(AuditError, match="every anchor of the audit log is missing or damaged"):
        site.opened("adam").__enter__()


def test_one_that_names_another_row_is_no_damage(site: Any) -> None:
    anchor = site.mirror / ANCHOR_NAME
    content = json.loads(anchor.read_text())
    content.pop("checksum")
    anchor.write_text(json.dumps(content | {"hash": "ab" * 32}))
    with pytest.raises(AuditError, match="its anchor names another row"):
        site.opened("adam").__enter__()

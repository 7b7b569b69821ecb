"""Where an archive lies, and what is said of that to people elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from recorder_core.archive import CopyFault
from recorder_core.jobs.archive.place.folders import ArchiveInfo, Folders


@pytest.mark.parametrize(("archive", "mirror"), [("/srv/a", "/srv/a2"), ("/srv/a2", "/srv/a")])
def test_a_sentence_calls_the_folders_what_they_are(archive: str, mirror: str) -> None:
    key = "00" * 32
    info = ArchiveInfo(
        archive_id="x", site_code="s", recovery_public_key=key, folder=archive, mirror=mirror
    )
    folders = Folders(Path(archive), info)
    faults = [str(CopyFault(Path(each), "No space left")) for each in (archive, mirror)]
    assert [folders.without_places(each) for each in faults] == [
        "the copy on the archive stopped: No space left",
        "the copy on the mirror stopped: No space left",
    ]
    text = f"{archive}/catalog.db and {mirror}/catalog.db differ"
    assert folders.without_places(text) == "catalog.db and catalog.db differ"

from __future__ import annotations

from typing import Any

import pytest

from recorder_core.archive import Password, new_recovery_words
from recorder_core.errors import NoKeyMatches, NotAllowed, SettingsError
from recorder_core.jobs.archive import Credentials, check_recovery, open_archive

PASSWORD = "correct horse"


def _open(site: Any, user: str, words: str | None) -> Any:
    return open_archive(site.path, Credentials(user, Password(PASSWORD), words))


def test_the_words_open_every_file_and_every_name(site: Any, event_id: str) -> None:
    with _open(site, "adam", site.words) as archive:
        report = check_recovery(archive)
    # the video, the signals and the names
    assert (report.opened_count, report.faults) == (3, ())


def test_a_file_that_the_words_do_not_open_is_named(site: Any, event_id: str) -> None:
    for root in (site.path, site.mirror):
        path = root / "events" / event_id / "original.1.key"
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    with _open(site, "adam", site.words) as archive:
        report = check_recovery(archive)
    assert report.opened_count == 2
    assert len(report.faults) == 1
    assert "original" in report.faults[0]


def test_other_words_and_other_people_are_refused(site: Any, event_id: str) -> None:
    with pytest.raises(NoKeyMatches, match="another archive"):
        _open(site, "adam", new_recovery_words()[0])
    with (
        _open(site, "adam", None) as archive,
        pytest.raises(SettingsError, match="give the recovery words"),
    ):
        check_recovery(archive)
    with _open(site, "rita", site.words) as archive, pytest.raises(NotAllowed):
        check_recovery(archive)

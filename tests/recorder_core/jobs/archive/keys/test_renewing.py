from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from recorder_core.archive import (
    FileIdentity,
    Password,
    PublicKey,
    read_key_file,
    recovery_key_from_words,
)
from recorder_core.errors import ArchiveError, NoKeyMatches, NotAllowed, SettingsError, WrongState
from recorder_core.jobs.archive import (
    Credentials,
    RecordingRequest,
    archive_status,
    backup_archive,
    check_copies,
    check_recovery,
    open_archive,
    record_event,
    recover_access,
    renew_recovery,
    repair_copies,
    restore_archive,
    verify_audit,
)
from recorder_core.jobs.archive.keys import renewing
from recorder_core.jobs.archive.people import key_files

PASSWORD = "correct horse"
#: what an event of the tests has: the video, the signals, the names
SEALED = 3


def _open(folder: Path, user: str, words: str | None = None) -> Any:
    return open_archive(folder, Credentials(user, Password(PASSWORD), words))


def _renew(site: Any, words: str) -> str:
    shown: list[str] = []
    with _open(site.path, "adam", words) as archive:
        report = renew_recovery(archive, shown.append)
    assert (report.file_count, report.record_count) == (2, 1)
    return shown[0]


def _opens(folder: Path, words: str) -> bool:
    """Return whether an archive takes the words; they open everything then."""
    try:
        with _open(folder, "adam", words) as archive:
            assert check_recovery(archive).opened_count == SEALED
    except NoKeyMatches:
        return False
    return True


def _recovery_keys(site: Any, event_id: str) -> set[PublicKey]:
    """Return to which recovery keys the files of an event are sealed, on both roots."""
    return {
        entry.public_key
        for root in (site.path, site.mirror)
        for role in ("original", "signals")
        for entry in read_key_file(
            root / "events" / event_id / f"{role}.1", FileIdentity(event_id, role, 1)
        ).entries
        if entry.is_recovery
    }


def test_new_words_open_everything_and_the_old_ones_nothing(site: Any, event_id: str) -> None:
    new = _renew(site, site.words)
    assert new != site.words
    assert not _opens(site.path, site.words)
    with pytest.raises(NoKeyMatches):
        recover_access(site.path, site.words, "anna", Password("a long pass phrase"))
    for folder in (site.path, site.mirror):
        assert _opens(folder, new)
    with _open(site.path, "adam", new) as archive:
        assert check_recovery(archive).faults == ()
        assert verify_audit(archive).is_sound
        assert archive_status(archive).faults == ()
        assert check_copies(archive, read_all=True).findings == ()
    assert _recovery_keys(site, event_id) == {recovery_key_from_words(new).public_key}
    with site.opened("rita") as archive:
        assert archive.event(event_id).names() is not None
        with archive.event(event_id).video() as file:
            assert file.read(4)
    assert recover_access(site.path, new, "anna", Password("a long pass phrase")).user_id == "anna"


def test_what_is_recorded_later_is_sealed_to_the_new_key(site: Any, event_id: str) -> None:
    with site.opened("olga") as other:
        new = _renew(site, site.words)
        with record_event(other, RecordingRequest(procedure_code="demo")) as recording:
            recording.sink.write(b"v" * 1000)
            recording.finish(1.0)
    with _open(site.path, "adam", new) as archive:
        report = check_recovery(archive)
    # the recording and its names
    assert (report.opened_count, report.faults) == (SEALED + 2, ())


#: modules and functions of the renewal, at which of their calls it is cut off, and whether the new
#: words count then
STEPS = (
    (key_files, "note_key_file", 1, False),
    (renewing, "show", 1, False),
    (renewing, "add_readers", 1, False),
    (renewing, "settings_of", 1, False),
    (renewing, "write_info", 1, True),
    (renewing, "write_info", 2, True),
    (renewing, "change_key_file", 1, True),
    (renewing, "note_key_file", 2, True),
)


@pytest.mark.parametrize(("module", "name", "number", "counts"), STEPS)
def test_cut_off_at_any_step_one_set_of_words_opens_everything(
    site: Any,
    event_id: str,
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    name: str,
    number: int,
    counts: bool,
) -> None:
    shown: list[str] = []
    with monkeypatch.context() as patch, _open(site.path, "adam", site.words) as archive:
        show: Callable[[str], None] = shown.append
        if name == "show":
            show = _cut_off(show, number)
        else:
            patch.setattr(module, name, _cut_off(getattr(module, name), number))
        with pytest.raises(KeyboardInterrupt):
            renew_recovery(archive, show)
    takes_new = bool(shown) and _opens(site.path, shown[0])
    assert takes_new == counts
    assert _opens(site.path, site.words) != takes_new
    words = shown[0] if takes_new else site.words
    with _open(site.path, "adam", words) as archive:
        repair_copies(archive)
        assert check_recovery(archive).faults == ()
        assert archive_status(archive).faults == ()
    newest = _renew(site, words)
    assert not _opens(site.path, words)
    with _open(site.path, "adam", newest) as archive:
        assert check_recovery(archive).faults == ()
        assert verify_audit(archive).is_sound
    assert _recovery_keys(site, event_id) == {recovery_key_from_words(newest).public_key}


def _cut_off(step: Callable[..., Any], number: int) -> Callable[..., Any]:
    """Return a step that ends everything instead of its Nth call."""
    calls = 0

    def call(*given: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number:
            raise KeyboardInterrupt
        return step(*given)

    return call


def test_a_cut_off_renewal_is_named(
    site: Any, event_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_: str) -> None:
        raise BrokenPipeError

    with _open(site.path, "adam", site.words) as archive:
        with pytest.raises(BrokenPipeError):
            renew_recovery(archive, stop)
        faults = check_recovery(archive).faults
    assert len(faults) == 2
    assert all("opens with other recovery words too: a renewal was cut off" in f for f in faults)


def test_a_backup_follows_and_an_older_one_opens_with_the_words_of_then(
    site: Any, event_id: str, tmp_path: Path
) -> None:
    older, newer = tmp_path / "older", tmp_path / "newer"
    with site.opened("adam") as archive:
        backup_archive(archive, older)
        backup_archive(archive, newer)
    new = _renew(site, site.words)
    with site.opened("adam") as archive:
        report = backup_archive(archive, newer)
    assert (report.faults, report.repaired) == ((), ())
    for backup, words, others in ((older, site.words, new), (newer, new, site.words)):
        restore_archive(backup, backup.with_suffix(".restored"))
        assert _opens(backup.with_suffix(".restored"), words)
        assert not _opens(backup.with_suffix(".restored"), others)


def test_when_the_words_cannot_be_renewed(site: Any, event_id: str) -> None:
    def show(_: str) -> None:
        raise AssertionError("shown")

    with site.opened("adam") as archive, pytest.raises(SettingsError, match="that count now"):
        renew_recovery(archive, show)
    with _open(site.path, "rita", site.words) as archive, pytest.raises(NotAllowed):
        renew_recovery(archive, show)
    with (
        site.opened("olga") as other,
        record_event(other, RecordingRequest(procedure_code="demo")) as recording,
    ):
        recording.sink.write(b"v" * 1000)
        with (
            _open(site.path, "adam", site.words) as archive,
            pytest.raises(WrongState, match="is being written"),
        ):
            renew_recovery(archive, show)
        recording.finish(1.0)
    for root in (site.path, site.mirror):
        path = root / "events" / event_id / "original.1.key"
        path.write_bytes(path.read_bytes()[:-9])
    with (
        _open(site.path, "adam", site.words) as archive,
        pytest.raises(ArchiveError, match="not everything opens with the recovery words; 1 fault"),
    ):
        renew_recovery(archive, show)
    site.mirror.rename(site.mirror.with_name("unplugged"))
    with (
        _open(site.path, "adam", site.words) as archive,
        pytest.raises(SettingsError, match="is not there"),
    ):
        renew_recovery(archive, show)

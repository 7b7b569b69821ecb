from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recorder_core.archive import Password
from recorder_core.errors import ArchiveError, FolderInUse, SettingsError
from recorder_core.jobs.archive import (
    Credentials,
    backup_archive,
    check_copies,
    check_recovery,
    create_archive,
    open_archive,
    repair_copies,
    set_mirror,
    with_recovery_words,
)
from recorder_core.jobs.archive.place.making import finish_root
from tests.recorder_core.jobs.archive.conftest import QUICK

PASSWORD = "correct horse"


class _CutOffError(Exception):
    """Stands for a process that was killed."""


def _create(folder: Path, mirror: Path | None, show: Callable[[str], None] | None = None) -> str:
    return create_archive(
        folder,
        site_code="site1",
        administrator="adam",
        password=Password(PASSWORD),
        mirror=mirror,
        password_cost=QUICK,
        show=show,
    )


@pytest.mark.parametrize(
    "step", ["make_root", "write_info", "found_trust", "_copy_catalog", "finish_root"]
)
def test_a_set_up_that_was_cut_off_is_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    folder, mirror = tmp_path / "archive", tmp_path / "mirror"
    where = "recorder_core.jobs.archive."
    where += "place.making" if step == "write_info" else "care.creating"

    def stop(*_: object) -> None:
        raise _CutOffError

    with monkeypatch.context() as patch:
        patch.setattr(f"{where}.{step}", stop)
        with pytest.raises(_CutOffError):
            _create(folder, mirror)
    if (folder / "unfinished").exists():
        with pytest.raises(ArchiveError, match="repeat 'workbench archive init'"):
            open_archive(folder, Credentials("adam", Password(PASSWORD)))
    _create(folder, mirror)
    with open_archive(folder, Credentials("adam", Password(PASSWORD))) as archive:
        assert archive.notices == ()
        assert archive.folders.roots() == [folder, mirror]


@pytest.mark.parametrize(
    "names", [["unfinished.0a1b2c3d.new"], ["unfinished", "archive.json", "catalog.db-journal"]]
)
def test_what_a_kill_leaves_at_any_moment_of_a_set_up_is_made_anew(
    tmp_path: Path, names: list[str]
) -> None:
    """The mark's own beginning, and the journal of a catalog that was being made."""
    folder = tmp_path / "archive"
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes(b"")
    _create(folder, tmp_path / "mirror")
    with open_archive(folder, Credentials("adam", Password(PASSWORD))) as archive:
        assert archive.notices == ()
    assert not set(names) & {path.name for path in folder.iterdir()} - {"archive.json"}


def test_a_finished_archive_is_not_made_again(tmp_path: Path) -> None:
    _create(tmp_path / "archive", None)
    with pytest.raises(ArchiveError, match="not empty"):
        _create(tmp_path / "archive", None)


def test_what_one_command_makes_no_other_does(site: Any, tmp_path: Path) -> None:
    """Both would show recovery words, of which one archive can have no more than one set."""
    folder, mirror = tmp_path / "new", tmp_path / "new-mirror"
    tried: list[str] = []

    def try_too(words: str) -> None:
        tried.append(words)
        with pytest.raises(FolderInUse, match="another command is making an archive"):
            _create(folder, None)
        with pytest.raises(FolderInUse, match="another command is making an archive"):
            _create(tmp_path / "third", mirror)
        with site.opened("adam") as archive, pytest.raises(FolderInUse, match="another command"):
            set_mirror(archive, mirror)

    words = _create(folder, mirror, try_too)
    assert tried == [words]
    assert not (tmp_path / "third").exists()
    credentials = Credentials("adam", Password(PASSWORD))
    with open_archive(folder, credentials) as archive, with_recovery_words(archive, words):
        pass


@pytest.mark.parametrize("place", ["archive/mirror", "archive", "."])
def test_a_mirror_that_is_no_second_place_is_refused(site: Any, tmp_path: Path, place: str) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(SettingsError, match="one lies inside the other"):
        _create(other / "archive", other / place)
    assert not (other / "archive").exists()
    with (
        site.opened("adam") as archive,
        pytest.raises(SettingsError, match="one lies inside the other"),
    ):
        set_mirror(archive, tmp_path / place)


def test_a_new_mirror_that_was_cut_off_is_set_again(
    site: Any, event_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = tmp_path / "second"

    def stop(*_: object) -> None:
        raise _CutOffError

    for step in ("finish_root", "write_info"):
        with monkeypatch.context() as patch, site.opened("adam") as archive:
            patch.setattr(f"recorder_core.jobs.archive.care.creating.{step}", stop)
            with pytest.raises(_CutOffError):
                set_mirror(archive, second)
    with site.opened("adam") as archive:
        set_mirror(archive, second)
        assert repair_copies(archive).is_sound
        set_mirror(archive, second)
        assert check_copies(archive, read_all=True).findings == ()
    with site.opened("adam") as archive:
        set_mirror(archive, site.mirror)
        assert repair_copies(archive).is_sound


def test_everything_that_is_made_is_its_owners_alone(tmp_path: Path) -> None:
    folder, mirror = tmp_path / "archive", tmp_path / "mirror"
    mirror.mkdir(mode=0o755)
    _create(folder, mirror)
    with open_archive(folder, Credentials("adam", Password(PASSWORD))):
        pass
    for path in [folder, mirror, *folder.rglob("*"), *mirror.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_no_archive_is_finished_before_its_words_were_shown(tmp_path: Path) -> None:
    folder, mirror = tmp_path / "archive", tmp_path / "mirror"
    shown: list[str] = []

    def show(words: str) -> None:
        assert (folder / "unfinished").exists()
        assert (mirror / "unfinished").exists()
        shown.append(words)
        if len(shown) == 1:
            raise _CutOffError

    def create() -> str:
        return create_archive(
            folder,
            site_code="site1",
            administrator="adam",
            password=Password(PASSWORD),
            mirror=mirror,
            password_cost=QUICK,
            show=show,
        )

    with pytest.raises(_CutOffError):
        create()
    with pytest.raises(ArchiveError, match="repeat 'workbench archive init'"):
        open_archive(folder, Credentials("adam", Password(PASSWORD)))
    assert create() == shown[1] != shown[0]
    with open_archive(folder, Credentials("adam", Password(PASSWORD), shown[1])) as archive:
        assert archive.notices == ()
        assert check_recovery(archive).faults == ()


def test_a_mirror_that_was_cut_off_at_the_end_says_how_to_finish_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, mirror = tmp_path / "archive", tmp_path / "mirror"

    def stop_at_mirror(root: Path) -> None:
        if root == mirror:
            raise _CutOffError
        finish_root(root)

    with monkeypatch.context() as patch:
        patch.setattr("recorder_core.jobs.archive.care.creating.finish_root", stop_at_mirror)
        with pytest.raises(_CutOffError):
            _create(folder, mirror)
    with open_archive(folder, Credentials("adam", Password(PASSWORD))) as archive:
        assert [f"workbench mirror set {mirror}" in notice for notice in archive.notices] == [True]
        set_mirror(archive, mirror)
        assert repair_copies(archive).is_sound
    with open_archive(folder, Credentials("adam", Password(PASSWORD))) as archive:
        assert archive.notices == ()
        assert archive.folders.roots() == [folder, mirror]


def test_one_folder_under_two_names_is_no_mirror_and_no_backup(
    site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link whose target cannot be told is as a folder that is mounted twice."""
    new, again, other = tmp_path / "new", tmp_path / "again", tmp_path / "other"
    new.mkdir()
    again.symlink_to(new)
    other.symlink_to(site.path)
    before = (site.path / "archive.json").read_bytes()
    monkeypatch.setattr(Path, "resolve", lambda self, strict=False: self.absolute())
    with pytest.raises(SettingsError, match="are one folder"):
        _create(new, again)
    assert list(new.iterdir()) == []
    with site.opened("adam") as archive:
        with pytest.raises(SettingsError, match="are one folder"):
            set_mirror(archive, other)
        with pytest.raises(SettingsError, match="are one folder"):
            backup_archive(archive, other)
        # of a share that is mounted twice not even the system knows that it is one
        monkeypatch.setattr(Path, "samefile", lambda *_: False)
        with pytest.raises(SettingsError, match="are one folder"):
            set_mirror(archive, other)
    assert (site.path / "archive.json").read_bytes() == before
    assert not list(site.path.glob(".same-folder-*"))


def test_a_backup_is_no_mirror_and_nobody_signs_in_to_it(site: Any, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    with site.opened("adam") as archive:
        backup_archive(archive, backup)
        held = sorted(path.name for path in backup.iterdir())
        with pytest.raises(ArchiveError, match=r"is a backup of an archive; .* archive restore"):
            set_mirror(archive, backup)
    with pytest.raises(ArchiveError, match=r"is a backup of an archive; .* archive restore"):
        open_archive(backup, Credentials("adam", Password(PASSWORD)))
    assert sorted(path.name for path in backup.iterdir()) == held
    # what versions before left when somebody tried
    for name in ("catalog.lock", "reserve.bin", "reserve.1.bin", "sign-in-attempts.json"):
        (backup / name).write_bytes(b"")
    with site.opened("adam") as archive:
        backup_archive(archive, backup)
    assert sorted(path.name for path in backup.iterdir()) == held

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from recorder_core.errors import EncodeError, WrongState
from recorder_core.jobs.archive.place.private_work import (
    event_work_folder,
    kept_work_folder,
    private_folder,
)


def test_the_folder_is_its_owners_alone_and_goes_when_it_is_empty(tmp_path: Path) -> None:
    with private_folder(tmp_path, "e1") as folder:
        assert folder == event_work_folder(tmp_path, "e1") == tmp_path / "workbench-e1"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists()


def test_what_can_be_resumed_stays_and_only_a_resumed_run_finds_it(tmp_path: Path) -> None:
    with private_folder(tmp_path, "e1") as folder:
        (folder / "segment").write_bytes(b"rendered")
        assert kept_work_folder(tmp_path, "e1") is None  # this run is at it
    assert kept_work_folder(tmp_path, "e1") == folder
    with private_folder(tmp_path, "e1", resume=True) as again:
        assert (again / "segment").read_bytes() == b"rendered"
    with private_folder(tmp_path, "e1") as anew:
        assert list(anew.iterdir()) == []
    assert kept_work_folder(tmp_path, "e1") is None


def test_a_folder_that_others_may_open_is_refused(tmp_path: Path) -> None:
    folder = event_work_folder(tmp_path, "e1")
    folder.mkdir()
    folder.chmod(0o755)
    with (
        pytest.raises(EncodeError, match="not a folder of yours alone"),
        private_folder(tmp_path, "e1", resume=True),
    ):
        pass
    assert folder.exists()


@pytest.mark.parametrize("resume", [True, False])
def test_a_link_in_its_place_leads_nowhere(tmp_path: Path, resume: bool) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (elsewhere / "kept").write_bytes(b"another's")
    event_work_folder(tmp_path, "e1").symlink_to(elsewhere)
    with pytest.raises(EncodeError), private_folder(tmp_path, "e1", resume=resume):
        pass
    assert (elsewhere / "kept").read_bytes() == b"another's"


def test_a_work_folder_is_not_made(tmp_path: Path) -> None:
    with (
        pytest.raises(EncodeError, match="does not exist; make it first"),
        private_folder(tmp_path / "nowhere", "e1"),
    ):
        pass


def test_one_run_at_a_time_works_on_an_event(tmp_path: Path) -> None:
    with private_folder(tmp_path, "e1") as folder:
        (folder / "segment").write_bytes(b"being rendered")
        with (
            pytest.raises(WrongState, match="a copy of event e1 is being made by another command"),
            private_folder(tmp_path, "e1"),
        ):
            pass
        assert (folder / "segment").read_bytes() == b"being rendered"
        with private_folder(tmp_path, "e2") as other:
            assert other != folder

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from recorder_core.errors import EncodeError, SettingsError
from recorder_core.jobs import deidentify_video
from recorder_core.jobs.deidentify.publishing import finishing
from recorder_core.jobs.deidentify.publishing.finished_copy import (
    clear_unfinished,
    finished_copy,
    refuse_long_name,
)
from recorder_core.jobs.deidentify.sidecars import sidecars

OUTPUT = "copy.mp4"


def _beside(folder: Path) -> dict[str, Path]:
    return {kind: folder / f"copy.{kind}" for kind in ("report", "redactions", "view")}


def _write(folder: Path, what: str, kinds: tuple[str, ...] = ("report", "redactions")) -> None:
    """Write a copy and what lies beside it in place of what is there."""
    with finished_copy(folder / OUTPUT, _beside(folder)) as (temporary, places):
        temporary.write_text(what)
        for kind in kinds:
            places[kind].write_text(f"{kind} of {what}")
        digest = hashlib.sha256(what.encode()).hexdigest()
        places["report"].write_text(json.dumps({"copy": {"sha256": digest}, "of": what}))


def _all(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_all_of_it_appears_and_what_is_not_written_is_removed(tmp_path: Path) -> None:
    _write(tmp_path, "first", ("report", "redactions", "view"))
    assert list(_all(tmp_path)) == [OUTPUT, "copy.redactions", "copy.report", "copy.view"]
    _write(tmp_path, "second")
    assert list(_all(tmp_path)) == [OUTPUT, "copy.redactions", "copy.report"]
    assert _all(tmp_path)["copy.redactions"] == "redactions of second"


def test_where_the_copy_gets_no_name_nothing_is_beside_it(tmp_path: Path) -> None:
    def write() -> None:
        with finished_copy(tmp_path / OUTPUT, _beside(tmp_path)) as (temporary, places):
            temporary.write_text("copy")
            places["report"].write_text("{}")
            (tmp_path / OUTPUT).mkdir()

    with pytest.raises(EncodeError, match=r"copy\.mp4 cannot be written"):
        write()
    assert [path.name for path in tmp_path.iterdir()] == [OUTPUT]
    assert (tmp_path / OUTPUT).is_dir()


@pytest.mark.parametrize("error", [OSError(28, "No space left"), KeyboardInterrupt()])
def test_older_files_are_put_back_where_the_copy_gets_no_name(
    tmp_path: Path, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(tmp_path, "first", ("report", "redactions", "view"))
    before, replace = _all(tmp_path), Path.replace

    def fail(path: Path, target: Path) -> Path:
        if target.name == OUTPUT:
            raise error
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises((EncodeError, KeyboardInterrupt)):
        _write(tmp_path, "second")
    assert _all(tmp_path) == before


@pytest.mark.parametrize("has_older", [False, True])
@pytest.mark.parametrize("kept", range(5))
def test_the_next_run_clears_what_a_kill_left(tmp_path: Path, has_older: bool, kept: int) -> None:
    """Stop after each rename of the second run, as a kill does; nothing else is cleaned up."""
    done = tmp_path / "done"
    done.mkdir()
    if has_older:
        _write(done, "first", ("report", "view"))
    before = _all(done)
    renamed = 0

    class _Killed(BaseException):
        pass

    replace = Path.replace

    def stop(path: Path, target: Path) -> Path:
        nonlocal renamed
        if renamed == kept:
            # what lies on the disk now is what a kill leaves
            if not (tmp_path / "left").exists():
                shutil.copytree(done, tmp_path / "left")
            raise _Killed
        renamed += 1
        return replace(path, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "replace", stop)
        try:
            _write(done, "second")
        except _Killed:
            pass
        else:
            shutil.copytree(done, tmp_path / "left")
    left = tmp_path / "left"
    (left / ".copy.part.mp4").unlink(missing_ok=True)
    clear_unfinished(left / OUTPUT, _beside(left))
    is_done = _all(left).get(OUTPUT) == "second"
    assert is_done == (kept > 2)
    after = _all(left)
    assert after == before or (is_done and after["copy.redactions"] == "redactions of second")


def test_a_copy_that_was_named_before_the_kill_keeps_its_tables(tmp_path: Path) -> None:
    _write(tmp_path, "second")
    before = _all(tmp_path)
    older = tmp_path / ".copy.mp4.tables" / "older"
    older.mkdir(parents=True)
    (older / "copy.report").write_text("older")
    clear_unfinished(tmp_path / OUTPUT, _beside(tmp_path))
    assert _all(tmp_path) == before


def test_a_job_whose_name_is_taken_meanwhile_leaves_nothing(
    drawn: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output, write = tmp_path / OUTPUT, finishing.write_view_picture

    def take(*arguments: Any) -> None:
        write(*arguments)
        output.mkdir()

    monkeypatch.setattr(finishing, "write_view_picture", take)
    with pytest.raises(EncodeError, match=r"copy\.mp4 cannot be written"):
        deidentify_video(drawn.request(output))
    assert [path.name for path in tmp_path.iterdir()] == [OUTPUT]


def test_a_name_that_is_too_long_is_refused_before_the_work(drawn: Any, tmp_path: Path) -> None:
    fits, long = tmp_path / f"{'a' * 219}.mp4", tmp_path / f"{'a' * 221}.mp4"
    refuse_long_name(fits, sidecars(fits))
    with pytest.raises(SettingsError, match="2 bytes too long for the files beside it"):
        deidentify_video(drawn.request(long))
    assert list(tmp_path.iterdir()) == []

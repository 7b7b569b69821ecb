from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from recorder_core.errors import SettingsError
from recorder_core.model import VIDEO_SUFFIXES
from workbench.cli.arguments.inputs import (
    FilePair,
    check_outputs,
    find_files,
    list_left_out,
    pair_with_outputs,
    refuse_one_file_twice,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        "b.mp4", "a.MKV", "notes.txt", "deep/er/c.avi", ".hidden/d.mp4", ".e.mp4",
        "b.deidentified.mp4",
    ):  # fmt: skip
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "in"


def test_a_folder_gives_its_videos_in_order(folder: Path) -> None:
    found = find_files([folder], VIDEO_SUFFIXES)
    assert [path.relative_to(folder).as_posix() for path in found] == [
        "a.MKV", "b.mp4", "deep/er/c.avi",
    ]  # fmt: skip


def test_a_named_file_is_taken_whatever_it_is_called(folder: Path) -> None:
    named = [folder / "notes.txt", folder / ".hidden" / "d.mp4"]
    assert find_files(named, VIDEO_SUFFIXES) == named


def test_a_folder_without_videos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="holds no file"):
        find_files([tmp_path], VIDEO_SUFFIXES)


def test_one_file_goes_to_one_file_or_into_a_folder(folder: Path, tmp_path: Path) -> None:
    source = folder / "b.mp4"
    assert pair_with_outputs([source], tmp_path / "x.mkv") == [FilePair(source, tmp_path / "x.mkv")]
    (tmp_path / "out").mkdir()
    assert pair_with_outputs([source], tmp_path / "out") == [
        FilePair(source, tmp_path / "out" / "b.deidentified.mp4")
    ]


def test_inputs_of_a_folder_keep_their_place(folder: Path, tmp_path: Path) -> None:
    outputs = [pair.output for pair in pair_with_outputs([folder], tmp_path / "out")]
    assert [path.relative_to(tmp_path / "out").as_posix() for path in outputs] == [
        "a.deidentified.mp4", "b.deidentified.mp4", "deep/er/c.deidentified.mp4",
    ]  # fmt: skip


def test_videos_that_differ_in_their_suffix_only_have_it_in_the_names_of_their_copies(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "b.mkv").touch()
    outputs = [pair.output.name for pair in pair_with_outputs([folder], tmp_path / "out")]
    assert outputs == [
        "a.deidentified.mp4", "b.mkv.deidentified.mp4", "b.mp4.deidentified.mp4",
        "c.deidentified.mp4",
    ]  # fmt: skip


def test_copies_of_pictures_keep_their_format(folder: Path, tmp_path: Path) -> None:
    for name in ("b.JPG", "deep/d.png"):
        (folder / name).touch()
    outputs = [pair.output.name for pair in pair_with_outputs([folder], tmp_path / "out")]
    assert outputs == [
        "a.deidentified.mp4", "b.JPG.deidentified.jpg", "b.mp4.deidentified.mp4",
        "d.deidentified.png", "c.deidentified.mp4",
    ]  # fmt: skip


def test_two_results_with_one_name_are_refused(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "b.mp4"
    other.parent.mkdir()
    other.touch()
    with pytest.raises(SettingsError, match=r"b\.mp4 and b\.mp4 would both"):
        pair_with_outputs([folder / "b.mp4", other], tmp_path / "out")


def test_what_is_left_out_of_a_folder_is_named_with_its_reason(
    folder: Path, foreign: dict[str, Path], tmp_path: Path
) -> None:
    shutil.copyfile(foreign["h264 mkv"], folder / "recording.dat")
    os.mkfifo(folder / "pipe.mp4")
    (folder / "linked").symlink_to(tmp_path, target_is_directory=True)
    (folder / "gone.mp4").symlink_to(tmp_path / "gone.mp4")
    assert folder / "recording.dat" in find_files([folder], VIDEO_SUFFIXES)
    reasons = {each.path.name: each.reason for each in list_left_out([folder], VIDEO_SUFFIXES)}
    assert list(reasons) == ["b.deidentified.mp4", "gone.mp4", "linked", "notes.txt", "pipe.mp4"]
    assert "a result of this program" in reasons["b.deidentified.mp4"]
    assert "leads nowhere" in reasons["gone.mp4"]
    assert "a link to a folder" in reasons["linked"]
    assert "not of a kind" in reasons["notes.txt"]
    assert "a pipe" in reasons["pipe.mp4"]


def test_several_inputs_need_a_folder(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="give a folder"):
        pair_with_outputs([folder / "a.MKV", folder / "b.mp4"], folder / "notes.txt")


def test_what_is_read_is_not_written_to(folder: Path, tmp_path: Path) -> None:
    source = folder / "b.mp4"
    os.link(source, tmp_path / "link.mp4")
    for output in (source, tmp_path / "link.mp4"):
        with pytest.raises(SettingsError, match="is an input"):
            check_outputs([None, output], [source, tmp_path / "missing.mp4"], overwrite=True)
    with pytest.raises(SettingsError, match="there is no folder nowhere"):
        check_outputs([tmp_path / "nowhere" / "x.json"], [source], overwrite=True)
    check_outputs([None, tmp_path / "x.json"], [source], overwrite=False)


@pytest.mark.parametrize("kind", ["name", "hard link", "link", "link to what is not there yet"])
def test_nothing_is_written_twice(tmp_path: Path, kind: str) -> None:
    copy, other = tmp_path / "copy.mp4", tmp_path / "other.json"
    if kind == "name":
        other = tmp_path / "nowhere" / ".." / "copy.mp4"
    elif kind == "hard link":
        copy.write_text("a copy")
        os.link(copy, other)
    else:
        if kind == "link":
            copy.write_text("a copy")
        other.symlink_to(copy)
    with pytest.raises(SettingsError, match="would be written twice"):
        refuse_one_file_twice([copy, other], [])
    if kind != "name":
        with pytest.raises(SettingsError, match="would be written twice"):
            check_outputs([None, other], [], overwrite=True, beside=[copy])
    refuse_one_file_twice([copy, tmp_path / "third.json"], [None, tmp_path / "fourth.json"])


def test_a_folder_that_is_read_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(SettingsError, match="is an input"):
        refuse_one_file_twice([tmp_path / "link"], [tmp_path])


@pytest.mark.parametrize("kind", ["file", "link", "broken link"])
def test_what_exists_is_replaced_only_when_asked(tmp_path: Path, kind: str) -> None:
    output, other = tmp_path / "x.json", tmp_path / "other.json"
    if kind != "broken link":
        other.write_text("somebody's")
    if kind == "file":
        other.rename(output)
    else:
        output.symlink_to(other)
    with pytest.raises(SettingsError, match=r"^x\.json exists; give --overwrite to replace it$"):
        check_outputs([output], [], overwrite=False)
    check_outputs([output], [], overwrite=True)


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_is_no_file_to_write(tmp_path: Path, overwrite: bool) -> None:
    with pytest.raises(SettingsError, match="is a folder; give the name of a file"):
        check_outputs([tmp_path], [], overwrite=overwrite)

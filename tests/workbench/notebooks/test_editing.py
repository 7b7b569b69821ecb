from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recorder_core as rc
from recorder_core.archive import Argon2Settings
from recorder_core.errors import NotAllowed
from recorder_core.jobs.archive import Archive
from tests.workbench.widgets.test_editor import ADDED, send_save
from workbench.client import Connection, RemoteArchive
from workbench.notebooks import misses, simulated_archive
from workbench.notebooks.editing import edit_event, edit_video, watch_event
from workbench.notebooks.misses import MissedFace, hide_again, make_missed_face, ranked_moments
from workbench.widgets import BoxEditor


@pytest.fixture(scope="module")
def missed(tmp_path_factory: pytest.TempPathFactory) -> MissedFace:
    """An archive with one event of twenty frames."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(misses, "SURGERY", replace(misses.SURGERY, duration_seconds=2.2))
        found, quick = simulated_archive.create_archive, Argon2Settings(64, 1, 1)
        patch.setattr(
            simulated_archive,
            "create_archive",
            lambda path, **options: found(path, password_cost=quick, **options),
        )
        return make_missed_face(tmp_path_factory.mktemp("missed"))


@pytest.fixture
def archive(missed: MissedFace) -> Iterator[Archive]:
    with missed.archive.opened(missed.archive.reviewer) as opened:
        yield opened


def _silent(editor: BoxEditor) -> list[tuple[dict[str, Any], list[bytes]]]:
    sent: list[tuple[dict[str, Any], list[bytes]]] = []
    editor.send = lambda content, buffers=(): sent.append((content, [*buffers]))
    return sent


def test_who_may_not_correct_gets_no_editor(missed: MissedFace, archive: Archive) -> None:
    with missed.archive.opened(missed.archive.researcher) as researcher:
        with pytest.raises(NotAllowed, match="researcher may not"):
            edit_event(researcher, missed.event_id)
        with pytest.raises(NotAllowed):
            watch_event(researcher, missed.event_id)
    elsewhere = RemoteArchive(Connection("https://workbench.example", token="none"))
    with pytest.raises(NotAllowed, match="reviewers correct on its review page"):
        edit_event(elsewhere, missed.event_id)
    player = watch_event(archive, missed.event_id)
    assert (player.pictured, player.copy_url) == (["copy"], "")


def test_what_is_drawn_is_in_the_archive_and_the_copy_hides_it(
    missed: MissedFace, archive: Archive
) -> None:
    assert ranked_moments(archive, missed.event_id)[0].moment.first_frame in range(8, 20)
    editor = edit_event(archive, missed.event_id)
    sent = _silent(editor)
    assert editor.pictured == ["copy", "original"]
    for which in editor.pictured:
        editor._handle_custom_msg({"kind": "picture", "which": which, "frame": 12}, [])
    assert all(buffers[0].startswith(b"\xff\xd8\xff") for _, buffers in sent)
    assert sent[0][1] != sent[1][1]
    # as the page sends what was drawn; the mistake of another is on it, too
    box = [round(each) for each in missed.box_xyxy_px]
    frames = [{"frame_index": frame, "box_xyxy_px": box, "note": ""} for frame in (10, 19)]
    send_save(editor, *editor.corrections, ADDED | {"keyframes": frames})
    assert sent[-1][0]["kind"] == "saved", sent[-1]
    uri = f"file:{missed.archive.path / 'catalog.db'}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as catalog:
        rows = catalog.execute("SELECT action, author FROM corrections ORDER BY rowid").fetchall()
    assert rows == [("remove", "rita"), ("add", "rita")]
    shown = hide_again(archive, missed)
    x0, y0, x1, y1 = box
    change = shown["before"][y0:y1, x0:x1].astype(int) - shown["rendered again"][y0:y1, x0:x1]
    assert np.abs(change).mean() > 10


def test_two_editors_of_one_video_keep_what_both_did(drawn_source: Path, tmp_path: Path) -> None:
    place = drawn_source, tmp_path / "copy.mp4", tmp_path / "corrections.parquet"
    one, two = edit_video(*place), edit_video(*place)
    assert one.pictured == ["original"]
    one.hide(0, 0.1, (10, 10, 40, 40))
    sent = _silent(two)
    send_save(two, ADDED)
    told, _ = sent[-1]
    assert (told["kind"], [each["correction_id"] for each in told["corrections"]]) == (
        "rebase", ["1"],
    )  # fmt: skip
    message = {"kind": "save", "revision": 2, "base": told["base"]}
    two._handle_custom_msg(message | {"corrections": [*told["corrections"], ADDED]}, [])
    assert sent[-1][0]["kind"] == "saved"
    rows = rc.read_corrections(place[2]).to_pandas()
    assert rows["correction"].tolist() == ["1", "1", "2", "2"]
    assert set(rows["author"]) == {"notebook"}

"""What an administrator sets over HTTP, and what jobs tell whom."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from recorder_core.catalog import Catalog
from recorder_core.errors import FolderInUse, SettingsError


@pytest.mark.skipif(os.geteuid() != 0, reason="the folders of others matter to root's server")
def test_the_server_makes_no_mirror_where_another_user_can_change_it(
    writable: Any, tmp_path: Path
) -> None:
    adam, person = writable.connection("adam"), 200_000
    own, above, open_to_all, linked = (tmp_path / name for name in ("own", "above", "all", "link"))
    for folder in (own, above / "mirror", open_to_all):
        folder.mkdir(parents=True)
    os.chown(own, person, person)
    os.chown(above, person, person)
    open_to_all.chmod(0o777)
    linked.symlink_to(own)
    for folder in (own, above / "mirror", open_to_all, linked):
        with pytest.raises(SettingsError, match="other users of the server's machine can change"):
            adam.post("/mirror", {"folder": str(folder)})
        assert list(folder.iterdir()) == []
    # a link of root's to a folder of root's: what counts is where the files will lie
    with pytest.raises(SettingsError, match="there is no folder"):
        adam.post("/mirror", {"folder": f"/{'x' * 300}"})
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    linked.unlink()
    linked.symlink_to(mirror)
    assert adam.post("/mirror", {"folder": str(linked)}).json()["mirror"] == str(mirror)
    assert (mirror / "archive.json").is_file()


def test_a_folder_that_holds_something_becomes_no_mirror(writable: Any, tmp_path: Path) -> None:
    adam, used = writable.connection("adam"), tmp_path / "used"
    used.mkdir()
    (used / "thesis.txt").write_text("mine")
    with pytest.raises(FolderInUse, match="used is not empty: choose an empty one"):
        adam.post("/mirror", {"folder": str(used)})
    (used / "backup.json").write_text("{}")
    with pytest.raises(FolderInUse, match="is a backup of an archive"):
        adam.post("/mirror", {"folder": str(used)})
    body = json.dumps({"folder": str(used)}).encode()
    sent = {"method": "POST", "body": body, "Content_Type": "application/json"}
    assert writable.browser("adam").ask("/mirror", **sent)[0].status == 400
    assert {path.name for path in used.iterdir()} == {"thesis.txt", "backup.json"}
    assert writable.connection("adam").get("/status").json()["mirror"] is None


def test_what_a_check_found_in_a_copy_is_not_in_the_jobs_of_who_may_not_read_it(
    writable: Any,
) -> None:
    event = writable.unreleased
    with Catalog(writable.path / "catalog.db") as catalog:
        given = '{"allow_seen_faces": true}'
        job = catalog.jobs.add("deidentify", by="rita", event_id=event, settings=given).job_id
        catalog.jobs.end(job, "failed", error_class="FacesInDoubt")
    for login, is_told in (("rita", True), ("egon", True), ("rosa", False), ("olga", False)):
        for path in ("/jobs", f"/jobs?event={event}", f"/jobs/{job}"):
            content = writable.connection(login).get(path).json()
            found = content["job"] if "job" in content else content["jobs"][0]
            assert (found["job_id"], found["state"]) == (job, "failed")
            assert (found["settings"], found["error_class"]) == (
                (given, "FacesInDoubt") if is_told else ("{}", "RecorderError")
            )
            assert ("faces may be left" in found["sentence"]) is is_told
            assert "an earlier copy is as it was" in found["sentence"]

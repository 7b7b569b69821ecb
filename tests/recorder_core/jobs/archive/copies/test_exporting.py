from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from recorder_core.errors import EncodeError, NotAllowed, WrongState
from recorder_core.jobs.archive import export_event
from recorder_core.jobs.archive.place import taking_out


def test_an_export_is_verified_and_has_a_manifest(site: Any, event_id: str, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    with site.opened("rita") as archive:
        event = archive.event(event_id)
        export_event(archive, event.event_id, tmp_path / "usb", ["signals"])
        result = export_event(
            archive,
            event.event_id,
            tmp_path / "usb",
            ["original"],
            lambda *step: steps.append(step),
        )
        with event.video() as file:
            content = file.read()
    manifest = json.loads(result.manifest.read_text())
    assert [entry["role"] for entry in manifest["files"]] == ["signals", "original"]
    for entry in manifest["files"]:
        written = (tmp_path / "usb" / entry["name"]).read_bytes()
        assert hashlib.sha256(written).hexdigest() == entry["sha256"]
        assert len(written) == entry["size_bytes"]
        assert (tmp_path / "usb" / entry["name"]).stat().st_mode & 0o077 == 0
    assert (tmp_path / "usb" / result.files[0].name).read_bytes() == content
    assert result.files[0].name.endswith(".original.mp4")
    assert steps
    assert "Zephyrina" not in result.manifest.read_text()


def test_each_takes_only_what_the_profile_permits(site: Any, event_id: str, tmp_path: Path) -> None:
    with site.opened("rosa") as archive:
        event = archive.event(event_id)
        with pytest.raises(NotAllowed):
            export_event(archive, event.event_id, tmp_path / "usb", ["original"])
        assert [
            file.role for file in export_event(archive, event.event_id, tmp_path / "usb").files
        ] == ["signals"]
    for user in ("olga", "egon", "adam"):
        with site.opened(user) as archive, pytest.raises((NotAllowed, WrongState)):
            export_event(archive, event_id, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_disk_that_stores_something_else_is_found(
    site: Any, event_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking_out, "read_back_sha256", lambda _: "0" * 64)
    with site.opened("rita") as archive, pytest.raises(EncodeError, match="faulty"):
        export_event(archive, event_id, tmp_path / "usb", ["original"])
    assert list((tmp_path / "usb").iterdir()) == []


def test_a_full_disk_leaves_nothing(
    site: Any, event_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with site.opened("rita") as archive:
        event = archive.event(event_id)
        with monkeypatch.context() as patch:
            patch.setattr(taking_out.os, "fsync", full)
            patch.setattr(archive._session.catalog.audit, "append", lambda *_, **__: _Row())
            with pytest.raises(EncodeError, match="No space left on device"):
                export_event(archive, event.event_id, tmp_path / "usb", ["original"])
    assert list((tmp_path / "usb").iterdir()) == []


class _Row:
    seq = 1

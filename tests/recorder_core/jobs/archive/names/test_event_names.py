from __future__ import annotations

import json
from pathlib import Path

import pytest

from recorder_core.errors import DataError
from recorder_core.jobs.archive import EventNames


def test_names_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "names.json"
    text = json.dumps({"place": "Saal Süd", "notes": "n" * 100_000})
    path.write_text(text, encoding="utf-8-sig")  # as Notepad saves it
    names = EventNames.from_file(path)
    assert names.place == "Saal Süd"
    assert len(names.notes or "") == 100_000


def test_a_device_without_end_is_no_names_file() -> None:
    with pytest.raises(DataError, match="longer than 1 MiB; give a JSON file"):
        EventNames.from_file(Path("/dev/zero"))


def test_what_is_no_text_is_no_names_file(tmp_path: Path) -> None:
    path = tmp_path / "names.json"
    path.write_bytes(b'{"place": "S\xfcd"}')
    with pytest.raises(DataError, match="not JSON in UTF-8"):
        EventNames.from_file(path)


def test_of_two_patients_none_is_chosen(tmp_path: Path) -> None:
    path = tmp_path / "names.json"
    path.write_text('{"patient_name": "A", "patient_name": "B"}')
    with pytest.raises(DataError, match="or has a name twice"):
        EventNames.from_file(path)

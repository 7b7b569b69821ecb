"""The scripts that measure the recorder, for seconds instead of minutes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def _result(tmp_path: Path, script: str, *words: str) -> Any:
    out = tmp_path / "result.json"
    command = [sys.executable, str(ROOT / "profiling" / "recorder" / script), *words]
    subprocess.run([*command, "--out", str(out)], check=False, capture_output=True)
    return json.loads(out.read_text())


def test_what_is_killed_opens_and_the_catalog_is_right(tmp_path: Path) -> None:
    found = _result(tmp_path, "record_kills.py", "--kills", "2", "--seconds", "3")
    assert (found["kills"], found["recordings"]) == (2, 2)
    # how much is lost is the machine's, too
    assert [each for each in found["wrong"] if not each.endswith("s were lost")] == []


def test_each_source_that_was_unplugged_has_its_gap(tmp_path: Path) -> None:
    found = _result(tmp_path, "record_gaps.py", "--cycles", "2")
    assert found["gaps"] == 2
    assert found["frames"] + found["dropped_frames"] > 30


def test_claps_and_pictures_are_measured(tmp_path: Path) -> None:
    found = _result(tmp_path, "record_synchrony.py", "--seconds", "3")
    assert found["claps"] <= 4  # fewer where the machine was too busy to make them in time
    assert found["clap_off_seconds"] < 0.04
    assert set(found["frames_off"]) == {"laparoscope", "vital_signs", "room"}


def test_a_long_recording_counts_what_became_of_every_frame(tmp_path: Path) -> None:
    words = ["--seconds", "5", "--lines", "180", "--loop", "1"]
    found = _result(tmp_path, "record_long.py", *words)
    assert found["frames"] + found["dropped_frames"] == 150
    assert set(found["used"]) == {"laparoscope", "vital_signs", "room"}
    assert set(found["sources"]) == {*found["used"], "sound", "bis"}


def test_faces_that_are_hidden_meanwhile_are_looked_at_both_ways(tmp_path: Path) -> None:
    words = ["--seconds", "2", "--lines", "360", "--loop", "2"]
    found = _result(tmp_path, "record_live.py", *words)
    assert found["none"]["bare_faces"] > 0.9 * found["none"]["faces"] > 0
    for way in ("only", "both"):
        assert found[way]["frames"] + found[way]["dropped_frames"] == 60
        assert found[way]["most_bare_seconds"] <= 0.1

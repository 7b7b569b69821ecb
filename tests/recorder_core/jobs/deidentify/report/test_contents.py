"""The report is one type: what is written is read again, and earlier reports are read, too."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from recorder_core.errors import DataError
from recorder_core.jobs import sidecar
from recorder_core.jobs.deidentify.report.contents import (
    REPORT_VERSION,
    DeidentifyReport,
    PsnrDb,
    known,
)
from recorder_core.jobs.deidentify.report.warnings import copy_warnings
from recorder_core.jobs.inputs.fingerprints import fingerprint_of

EARLIER: Final = Path(__file__).resolve().parents[4] / "vectors" / "reports" / "version_1.json"
#: what every report has said since the first version
FIRST: Final[dict[str, Any]] = {
    "program": "surgery-workbench 0.1.0",
    "source": {"sha256": "0" * 64, "width": 384, "height": 192, "pictures": 60},
    "copy": {"sha256": "1" * 64, "pictures": 60},
    "settings": {"view_px": "0,0,384,192", "frame_span": [0, 60]},
    "redactions": {"regions": 3, "tracks": 1, "by_origin": {"detected": 3}},
    "looked_at_pictures": 30,
}


def test_what_is_written_is_read_again(finished: Path) -> None:
    content = json.loads(sidecar(finished, "report").read_text())
    report = DeidentifyReport.from_dict(content)
    assert report.version == content["version"] == REPORT_VERSION
    assert json.loads(json.dumps(report.to_dict())) == content
    assert report.frame_span == range(60)
    assert report.view == "0,0,384,192"
    assert (report.detector_name, report.method) == ("retinaface-mnet025", "cells")
    assert isinstance(report.psnr_y_outside_redactions_db, PsnrDb)


def test_a_report_of_the_first_version_is_read_whole() -> None:
    content = json.loads(EARLIER.read_text())
    report = DeidentifyReport.from_json(EARLIER.read_bytes())
    assert "version" not in content
    assert report.version == 1
    # nothing that it says is lost; what it says as null is said as null
    added = {"version": 3, "corrections": [], "left_out_frames": 0}
    assert json.loads(json.dumps(report.to_dict())) == _renamed(content) | added
    assert report.source.frames == content["source"]["pictures"]
    assert report.copy.encoded_frames == content["copy"]["encoded_pictures"]
    assert report.detection_frames == content["looked_at_pictures"]
    assert report.redactions.regions == content["redactions"]["regions"] == 60
    assert report.second_look.frame_indices == tuple(content["second_look"]["frame_indices"])
    assert report.proven_weights_sha256 == content["weights"]
    assert copy_warnings(report) == []


def _renamed(content: dict[str, Any]) -> dict[str, Any]:
    """Return what a report of version 1 says, with the names of version 3."""
    text = json.dumps(content).replace("looked_at_pictures", "detection_frames")
    text = text.replace('"least":', '"min":')
    renamed = dict(json.loads(re.sub(r'"(\w*)pictures(\w*)":', r'"\1frames\2":', text)))
    for part in ("source", "copy", "redactions"):
        renamed[part]["pictures"] = renamed[part]["frames"]
    return renamed


def test_the_oldest_reports_lack_what_was_added_later() -> None:
    report = DeidentifyReport.from_dict(FIRST)
    assert copy_warnings(report) == []
    assert report.second_look.frames == 0
    assert report.proven_weights_sha256 is None
    assert known(report.detection_frames) == 30
    with pytest.raises(DataError, match="lacks a number"):
        known(report.longest_repaired_gap_frames)


def test_the_fingerprint_proves_the_weights_and_nothing_else() -> None:
    weights, options = "ab" * 32, {"view": "full"}
    job = fingerprint_of(options, "0.1.0", "0" * 64, weights)
    content = FIRST | {"weights": weights, "job": job, "settings": options | FIRST["settings"]}
    assert DeidentifyReport.from_dict(content).proven_weights_sha256 == weights
    for other in (
        {"weights": "cd" * 32},
        {"program": "x 9"},
        {"weights": "haar"},
        {"job": job[1:]},
    ):
        assert DeidentifyReport.from_dict(content | other).proven_weights_sha256 is None


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"version": 99}, "has version 99, this program reads up to 3: update the program"),
        ({"source": {}}, r"source\.sha256 is missing"),
        ({"copy": {"sha256": "1", "pictures": -1}}, "frames of the report is negative"),
        ({"redactions": {"regions": 1, "by_origin": {"filled": -1}}}, "negative count"),
        ({"lowered_safety": None}, "lowered_safety must be a list"),
        ({"second_look": None}, "second_look is not a JSON object"),
        ({"doubtful_tracks": [{"track": 1}]}, r"doubtful_tracks\[0\]\.start_seconds is missing"),
    ],
)
def test_what_is_no_report_is_refused(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        DeidentifyReport.from_dict(FIRST | changed)


@pytest.mark.parametrize("text", ["", "[" * 100_000, "5", '"\\ud800"', "[{}]"])
def test_text_that_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(DataError):
        DeidentifyReport.from_json(text)


@pytest.mark.parametrize("span", [None, [0], [0, -1], [0, "1"], "01"])
def test_a_span_that_is_none_is_refused(span: object) -> None:
    report = DeidentifyReport.from_dict(FIRST | {"settings": {"frame_span": span}})
    with pytest.raises(DataError, match="frame_span is not two frame indices"):
        _ = report.frame_span
    with pytest.raises(DataError, match=r"settings\.view_px is not a text"):
        _ = report.view


def test_the_report_beside_a_copy_is_read(finished: Path, tmp_path: Path) -> None:
    report = DeidentifyReport.of_copy(finished)
    written = json.loads(sidecar(finished, "report").read_text())
    assert (report.job, report.copy.sha256) == (written["job"], written["copy"]["sha256"])
    with pytest.raises(DataError, match=r"copy\.report\.json cannot be read \(No such file"):
        DeidentifyReport.of_copy(tmp_path / "copy.mp4")

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from recorder_core.jobs import sidecar
from recorder_core.jobs.deidentify.publishing import reporting
from recorder_core.jobs.deidentify.rendering.segments import RenderedSegment
from recorder_core.jobs.deidentify.report.contents import PsnrDb
from recorder_core.media import file_sha256
from recorder_core.model import CorrectionKeyframe, Redaction
from recorder_core.tables import RedactionTable, read_metadata

REPORT_KEYS = {
    "program", "job", "source", "copy", "settings", "detector", "detection_frames",
    "redactions", "longest_repaired_gap_frames", "unreadable_frames", "cut_off",
    "left_out_frames",
    "psnr_y_outside_redactions_db", "qp", "verified", "weights", "audio",
    "second_look", "stretches_without_faces_seconds", "repaired_stretches_seconds", "times",
    "lowered_safety", "doubtful_tracks", "longest_repaired_gap_seconds", "preset",
    "corrections", "lifted_faces",
    "without_audio_seconds", "version",
}  # fmt: skip


@pytest.fixture(scope="module")
def report(finished: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(sidecar(finished, "report").read_text())
    return content


def test_names_of_the_files_beside_an_output() -> None:
    output = Path("folder") / "op.v2.mp4"
    assert sidecar(output, "redactions") == Path("folder") / "op.v2.redactions.parquet"
    assert sidecar(output, "detections") == Path("folder") / "op.v2.detections.parquet"
    assert sidecar(output, "report") == Path("folder") / "op.v2.report.json"


def test_the_report_says_what_was_done(
    report: dict[str, Any], finished: Path, drawn_source: Path
) -> None:
    assert set(report) == REPORT_KEYS
    assert report["source"]["sha256"] == file_sha256(drawn_source)
    assert report["copy"]["sha256"] == file_sha256(finished)
    assert report["copy"]["size_bytes"] == finished.stat().st_size
    assert report["copy"]["encoded_frames"] == report["copy"]["frames"] == 60
    assert report["detection_frames"] == 37
    assert report["redactions"]["tracks"] == 3
    assert report["redactions"]["regions"] == sum(report["redactions"]["by_origin"].values())
    assert report["unreadable_frames"] == []
    assert report["cut_off"] is False
    psnr_db = report["psnr_y_outside_redactions_db"]
    assert 40 <= psnr_db["min"] <= psnr_db["mean"]


def test_the_report_names_no_file_or_folder(report: dict[str, Any], drawn_source: Path) -> None:
    text = json.dumps(report)
    for part in drawn_source.parts[1:]:
        assert part not in text


def test_the_tables_are_bound_to_the_job_and_the_copy(
    report: dict[str, Any], finished: Path
) -> None:
    for kind in ("redactions", "detections"):
        metadata = read_metadata(sidecar(finished, kind))
        assert metadata.source_fingerprint == report["job"]
        assert metadata.settings["copy_sha256"] == file_sha256(finished)


def test_no_psnr_is_said_where_nothing_was_encoded() -> None:
    assert reporting._psnr([]) is None


def test_the_mean_psnr_is_that_of_the_mean_error_of_all_frames() -> None:
    nothing = RedactionTable.from_redactions([], {}, [], [])
    rendered = []
    for frames, error, worst in ((30, 4.0, 38.5), (10, 8.0, 37.0)):
        segment: Any = SimpleNamespace(pts=tuple(range(frames)))
        rendered.append(RenderedSegment(segment, nothing, error, worst))
    # 10 log10(255 * 255 / 5)
    assert reporting._psnr(rendered) == PsnrDb(mean=41.14, min=37.0)


def test_lifted_redactions_are_counted_apart() -> None:
    rows = [Redaction(frame, (0.0, 0.0, 9.0, 9.0), "detected", 5, 0.9) for frame in range(4)]
    table = RedactionTable.from_redactions(
        rows, np.arange(4), ["1", None, None, None], [False, True, True, True]
    )
    removals = [
        CorrectionKeyframe(key, action, 0, (0.0, 0.0, 9.0, 9.0), -1, "", "")
        for key, action in (("1", "remove"), ("2", "add"), ("3", "remove"))
    ]
    job: Any = SimpleNamespace(corrections=removals)
    counts = reporting._redaction_counts(job, table, 2)
    assert (counts.regions, counts.frames, counts.tracks) == (3, 3, 1)
    assert counts.lifted_by_corrections == 1
    assert counts.by_origin is not None
    assert counts.by_origin["detected"] == 3
    assert counts.idle_removals == ("3",)
    assert counts.frames_without_lifted_faces == 2

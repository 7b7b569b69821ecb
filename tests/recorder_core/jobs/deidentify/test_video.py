from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recorder_core.deidentify.redaction_shape import RedactionSettings
from recorder_core.detect import DetectorSettings
from recorder_core.errors import (
    Cancelled,
    DecodeError,
    EncodeError,
    EngineUnavailable,
    ModelMismatch,
    RecorderError,
    RedactionIncomplete,
    SettingsError,
)
from recorder_core.jobs import deidentify_video, sidecar
from recorder_core.jobs.deidentify.publishing import reporting, verified_copy
from recorder_core.jobs.deidentify.rendering import whole
from recorder_core.jobs.inputs.job_video import JobVideo, open_job_video
from recorder_core.jobs.inputs.stride import DetectionStride
from recorder_core.media import decode_frames, index_frames, probe
from recorder_core.model import CorrectionKeyframe
from recorder_core.tables import read_detections, read_redactions
from recorder_core.tables.parquet_file import _plain_errors
from tests.conftest import JUMPS
from tests.other_times import with_index

#: where the largest drawn face is
FACE = (225.0, 30.0, 316.0, 150.0)


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def _luma(path: Path) -> np.ndarray[Any, Any]:
    info = probe(path)
    return np.stack([each.planes.y.copy() for each in decode_frames(info, index_frames(info))])


def _rows(output: Path) -> list[Any]:
    return read_redactions(sidecar(output, "redactions")).to_redactions(applied_only=False)


def _stop_after(segments: int) -> Any:
    def progress(done: int, total: int) -> None:
        if done >= segments * 20:
            raise KeyboardInterrupt

    return progress


def test_faces_are_hidden_in_every_frame(drawn: Any, finished: Path) -> None:
    before, after = _luma(drawn.source), _luma(finished)
    assert before.shape == after.shape == (60, 192, 384)
    rows = _rows(finished)
    assert {row.frame_index for row in rows} == set(range(60))
    for row in rows:
        x0, y0, x1, y1 = (int(edge) for edge in row.box_xyxy_px)
        if row.frame_index not in range(27, 34) and x1 - x0 > 30:
            area = np.s_[row.frame_index, y0:y1, x0:x1]
            assert np.corrcoef(before[area].ravel(), after[area].ravel())[0, 1] < 0.9
    origins = {row.origin for row in rows if row.frame_index in range(28, 33)}
    assert origins == {"padded"}


def test_tables_and_report_lie_beside_the_output(finished: Path) -> None:
    names = {
        "copy.mp4",
        "copy.redactions.parquet",
        "copy.detections.parquet",
        "copy.report.json",
        "copy.view.jpg",
    }
    assert _names(finished.parent) == names
    looked_at = read_detections(sidecar(finished, "detections")).to_frames()
    assert [frame.frame_index for frame in looked_at] == sorted({*range(0, 60, 2), 59, *JUMPS})


def test_the_same_request_gives_the_same_bytes(drawn: Any, finished: Path, tmp_path: Path) -> None:
    output = tmp_path / "copy.mp4"
    deidentify_video(drawn.request(output))
    assert output.read_bytes() == finished.read_bytes()
    for kind in ("redactions", "detections"):
        assert sidecar(output, kind).read_bytes() == sidecar(finished, kind).read_bytes()
    reports = [json.loads(sidecar(path, "report").read_text()) for path in (output, finished)]
    for report in reports:
        del report["times"]
    assert reports[0] == reports[1]


def test_batches_find_the_same_faces(drawn: Any, finished: Path, tmp_path: Path) -> None:
    output = tmp_path / "copy.mp4"
    job = drawn.with_options(stride=DetectionStride(batch_size=4))
    deidentify_video(job.request(output))
    assert output.read_bytes() == finished.read_bytes()


def test_large_frames_have_the_same_look_ahead(
    drawn: Any, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of frames of 64 MiB the usual budget holds four, and none of a look-ahead."""
    monkeypatch.setattr(JobVideo, "frame_bytes", 2**26)
    output = tmp_path / "copy.mp4"
    deidentify_video(drawn.request(output))
    assert output.read_bytes() == finished.read_bytes()
    redactions = [sidecar(path, "redactions").read_bytes() for path in (output, finished)]
    assert redactions[0] == redactions[1]


@pytest.mark.parametrize("segments", [1, 2])
def test_a_stopped_job_goes_on_where_it_was(
    drawn: Any, finished: Path, tmp_path: Path, segments: int
) -> None:
    output = tmp_path / "copy.mp4"
    with pytest.raises(Cancelled, match=rf"^{segments} finished segments? (is|are) kept in"):
        deidentify_video(drawn.request(output), _stop_after(segments))
    assert _names(tmp_path) == {".copy.mp4.work"}
    done: list[int] = []
    deidentify_video(drawn.request(output, resume=True), lambda now, total: done.append(now))
    assert done == [20 * number for number in range(segments + 1, 4)]
    assert output.read_bytes() == finished.read_bytes()
    assert _rows(output) == pytest.approx(_rows(finished), nan_ok=True) or repr(
        _rows(output)
    ) == repr(_rows(finished))


def test_a_job_stopped_before_its_first_segment_leaves_nothing(drawn: Any, tmp_path: Path) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    output = tmp_path / "copy.mp4"
    job = drawn.with_options(segment_seconds=0.2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recorder_core.jobs.pipeline.frame_redactor.redact", stop)
        with pytest.raises(Cancelled, match="Nothing was written"):
            deidentify_video(job.request(output))
    assert not _names(tmp_path)


def _write_to_full_disk(*_: object) -> None:
    with _plain_errors(Path("segment_000002.detections.parquet"), "cannot be written"):
        raise OSError(errno.ENOSPC, "No space left on device")


def _finished_parts(segments: int) -> set[str]:
    suffixes = (".mp4", ".json", ".detections.parquet", ".redactions.parquet")
    names = (f"segment_{number:06d}" for number in range(segments))
    return {"job.json"} | {name + suffix for name in names for suffix in suffixes}


@pytest.mark.parametrize(
    ("place", "stop_after", "kept"),
    [
        ("rendering.work_folder.write_detections", 2, "2 finished segments are kept"),
        ("publishing.reporting.write_redactions", 3, "3 finished segments are kept"),
    ],
)
def test_a_full_disk_keeps_what_is_finished(
    drawn: Any, finished: Path, tmp_path: Path, place: str, stop_after: int, kept: str
) -> None:
    output, work = tmp_path / "copy.mp4", tmp_path / ".copy.mp4.work"
    with pytest.MonkeyPatch.context() as patch:

        def progress(done: int, total: int) -> None:
            if done == stop_after * 20:
                patch.setattr(f"recorder_core.jobs.deidentify.{place}", _write_to_full_disk)

        with pytest.raises(EncodeError, match=rf"full; {kept}.* then run the same .* --resume"):
            deidentify_video(drawn.request(output), progress)
        assert _names(tmp_path) == {work.name}
        assert _names(work) == _finished_parts(stop_after)
        # it is as full as before: nothing is lost, whatever cannot be written first
        patch.setattr(f"recorder_core.jobs.deidentify.{place}", _write_to_full_disk)
        with pytest.raises(EncodeError, match=kept):
            deidentify_video(drawn.request(output, resume=True))
        assert _names(work) == _finished_parts(stop_after)
    done: list[int] = []
    deidentify_video(drawn.request(output, resume=True), lambda now, total: done.append(now))
    assert done == [20 * number for number in range(stop_after + 1, 4)]
    assert output.read_bytes() == finished.read_bytes()
    assert _names(tmp_path) == _names(finished.parent)


def test_a_disk_that_is_full_from_the_beginning_keeps_nothing(drawn: Any, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "recorder_core.jobs.deidentify.rendering.work_folder.write_detections",
            _write_to_full_disk,
        )
        with pytest.raises(EncodeError, match=r"nothing was written. Free about \d+ MB"):
            deidentify_video(drawn.request(tmp_path / "copy.mp4"))
    assert not _names(tmp_path)


def test_an_error_that_comes_again_leaves_nothing(drawn: Any, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done >= 40:
            raise DecodeError("frame 41 cannot be decoded")

    with pytest.raises(DecodeError, match="frame 41"):
        deidentify_video(drawn.request(tmp_path / "copy.mp4"), stop)
    assert not _names(tmp_path)


def test_ctrl_c_while_finished_segments_are_read_keeps_them(
    drawn: Any, finished: Path, tmp_path: Path
) -> None:
    def stop(_: Path) -> None:
        raise KeyboardInterrupt

    output = tmp_path / "copy.mp4"
    with pytest.raises(Cancelled):
        deidentify_video(drawn.request(output), _stop_after(2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recorder_core.jobs.deidentify.rendering.work_folder.read_redactions", stop)
        with pytest.raises(Cancelled, match="2 finished segments are kept"):
            deidentify_video(drawn.request(output, resume=True))
    deidentify_video(drawn.request(output, resume=True))
    assert output.read_bytes() == finished.read_bytes()


def test_segments_with_other_corrections_are_not_taken(drawn: Any, tmp_path: Path) -> None:
    lift = tuple(
        CorrectionKeyframe("1", "remove", frame, FACE, -1, "reviewer", "2025-01-01T00:00:00Z")
        for frame in (0, 10)
    )
    output = tmp_path / "copy.mp4"
    with pytest.raises(Cancelled):
        deidentify_video(drawn.request(output, corrections=lift), _stop_after(1))
    deidentify_video(drawn.request(output, resume=True))
    assert read_redactions(sidecar(output, "redactions")).applied.all()


def test_without_resume_a_stopped_job_begins_again(drawn: Any, tmp_path: Path) -> None:
    output = tmp_path / "copy.mp4"
    with pytest.raises(Cancelled):
        deidentify_video(drawn.request(output), _stop_after(1))
    done: list[int] = []
    deidentify_video(drawn.request(output), lambda now, total: done.append(now))
    assert done == [20, 40, 60]


def test_an_existing_output_is_kept_unless_it_may_be_replaced(drawn: Any, tmp_path: Path) -> None:
    output = tmp_path / "copy.mp4"
    output.write_bytes(b"precious")
    with pytest.raises(SettingsError, match="exists; give --overwrite"):
        deidentify_video(drawn.request(output))
    assert output.read_bytes() == b"precious"
    deidentify_video(drawn.request(output, overwrite=True))
    assert probe(output).video.width == 384


@pytest.mark.parametrize("link", ["same", "symlink", "hard link"])
def test_the_output_must_not_be_the_input(drawn: Any, tmp_path: Path, link: str) -> None:
    source = tmp_path / "source.mp4"
    source.write_bytes(drawn.source.read_bytes())
    output = source if link == "same" else tmp_path / "copy.mp4"
    if link == "symlink":
        output.symlink_to(source)
    elif link == "hard link":
        os.link(source, output)
    for overwrite in (False, True):
        with pytest.raises(SettingsError, match="the output is the input"):
            deidentify_video(drawn.request(output, source=source, overwrite=overwrite))
    assert source.read_bytes() == drawn.source.read_bytes()


@pytest.mark.parametrize(
    ("name", "error", "sentence"),
    [
        ("nowhere/copy.mp4", SettingsError, "there is no folder nowhere"),
        ("folder", SettingsError, "is a folder"),
        ("copy.avi", SettingsError, "must end in one of"),
        ("copy", SettingsError, "must end in one of"),
        ("file/copy.mp4", SettingsError, "there is no folder file"),
    ],
)
def test_an_output_that_cannot_be_is_refused(
    drawn: Any, tmp_path: Path, name: str, error: type[RecorderError], sentence: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(error, match=sentence):
        deidentify_video(drawn.request(tmp_path / name))
    assert _names(tmp_path) == {"folder", "file"}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"view": "300,100,200,200"}, SettingsError),
        ({"view": "somewhere"}, SettingsError),
        ({"detector": DetectorSettings(weights=Path("nothing.safetensors"))}, ModelMismatch),
        ({"detector": DetectorSettings(engine="pytorch-cuda")}, EngineUnavailable),
        ({"detector": DetectorSettings(engine="abacus")}, SettingsError),
    ],
)
def test_a_setting_that_cannot_be_leaves_nothing(
    drawn: Any, tmp_path: Path, changes: dict[str, Any], error: type[RecorderError]
) -> None:
    with pytest.raises(error):
        deidentify_video(drawn.with_options(**changes).request(tmp_path / "copy.mp4"))
    assert not _names(tmp_path)


def test_a_missing_source_leaves_nothing(drawn: Any, tmp_path: Path) -> None:
    request = drawn.request(tmp_path / "copy.mp4", source=tmp_path / "nothing.mp4")
    with pytest.raises(DecodeError, match="does not exist"):
        deidentify_video(request)
    assert not _names(tmp_path)


def test_a_copy_that_fails_verification_is_not_kept(
    drawn: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RedactionIncomplete("the copy differs")

    monkeypatch.setattr(verified_copy, "verify_output", refuse)
    with pytest.raises(RedactionIncomplete):
        deidentify_video(drawn.request(tmp_path / "copy.mp4"))
    assert not _names(tmp_path)


def test_tables_of_an_older_copy_stay_when_the_new_one_fails(
    drawn: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "copy.mp4"
    deidentify_video(drawn.request(output))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def refuse(*_: object) -> None:
        raise EncodeError("no room for a table")

    monkeypatch.setattr(reporting, "write_detections", refuse)
    job = drawn.with_options(redaction=RedactionSettings(method="solid"))
    with pytest.raises(EncodeError, match="no room"):
        deidentify_video(job.request(output, overwrite=True))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("method", ["blur", "mosaic", "solid"])
def test_every_method_passes_its_own_check(drawn: Any, tmp_path: Path, method: Any) -> None:
    job = drawn.with_options(redaction=RedactionSettings(method=method))
    result = deidentify_video(job.request(tmp_path / "copy.mp4"))
    assert result.report.settings["redaction"]["method"] == method


def test_haar_cascades_work_too(drawn: Any, tmp_path: Path) -> None:
    job = drawn.with_options(
        detector=replace(DetectorSettings(), name="haar"), stride=DetectionStride(10)
    )
    result = deidentify_video(job.request(tmp_path / "copy.mkv"))
    assert "haar" in result.report.detector


@pytest.mark.parametrize(
    ("factor", "stops"),
    [(1, [20, 40, 60]), (10, [4 * number for number in range(1, 16)]), (0, [60])],
)
def test_segments_are_as_long_as_the_time_stamps_say(
    drawn: Any, factor: int, stops: list[int]
) -> None:
    """At the source's rate, ten times as sparse, and nearly all at once."""
    source = open_job_video(drawn.source, drawn.options)
    times = source.index.pts * factor + (np.arange(60) if not factor else 0)
    changed = with_index(source, pts=times)
    spans = list(whole._segment_spans(changed, 0, 1.0))
    assert [stop for _, stop in spans] == stops
    assert [start for start, _ in spans] == [0, *stops[:-1]]

"""What a notebook calls: short, lazy, with text or paths, and with one sentence on bad input."""

from __future__ import annotations

import getpass
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

import recorder_core as rc
from recorder_core.detect import DETECTOR_NAMES, ENGINE_NAMES, DetectorName
from recorder_core.detect.networks.family import EngineRequest
from recorder_core.errors import (
    AlreadyFinished,
    ArchiveError,
    DataError,
    ModelMismatch,
    SettingsError,
)
from recorder_core.jobs import sidecar
from recorder_core.media import file_sha256, index_frames, probe
from recorder_core.model import CorrectionKeyframe, FrameDetections, TruthFace
from recorder_core.tables import DetectionTable, TableMetadata, TruthTable, write_truth

#: the largest drawn face; it moves to the right by a pixel from frame to frame
FACE = (226.0, 38.0, 314.0, 150.0)
SMALL = rc.DetectOptions(detector=rc.DetectorSettings(long_side_px=384))


def _run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return done.stdout


def test_importing_the_package_loads_nothing_else() -> None:
    code = "import sys; before = set(sys.modules); import recorder_core"
    code += "; print(sorted(name for name in set(sys.modules) - before if 'recorder' in name"
    code += " or name in ('av', 'numpy', 'pyarrow')))"
    assert _run(code) == "['recorder_core', 'recorder_core.lazy_names']\n"


def test_every_name_is_offered_and_is_there() -> None:
    assert set(rc.__all__) <= set(dir(rc))
    assert rc.__all__ == sorted(rc.__all__)
    for name in rc.__all__:
        assert getattr(rc, name) is not None
    with pytest.raises(AttributeError, match="'recorder_core' has no attribute 'blur'"):
        _ = rc.blur  # type: ignore[attr-defined]


def test_the_function_keeps_its_name_when_the_package_of_that_name_is_loaded() -> None:
    code = "import recorder_core as rc; import recorder_core.deidentify.tracking; "
    code += "from recorder_core.deidentify import redact; "
    code += "print(rc.deidentify.__module__, redact.__name__)"
    assert _run(code) == "recorder_core.api redact\n"


@pytest.mark.parametrize("view", ["0,0,384,192", rc.View(0, 0, 384, 192), (0, 0, 384, 192)])
def test_faces_are_found_in_a_file_named_by_text(drawn_source: Path, view: Any) -> None:
    found = rc.detect_faces(str(drawn_source), view=view, every=20, options=SMALL)
    # and on both sides of where the picture jumps
    searched = [frame.frame_index for frame in found.to_frames()]
    assert {0, 20, 40} < set(searched)
    assert {1, 10, 21} & set(searched) == set()
    assert found.counts()["frames"] == len(searched)
    largest = found.to_pandas().query("frame == 20 and x0 > 200 and x0 < 260")
    assert largest["y0"].iloc[0] == pytest.approx(FACE[1], abs=12)


def test_an_open_video_is_searched_and_stays_open(drawn_source: Path) -> None:
    with rc.open_video(drawn_source) as video:
        found = rc.detect_faces(video, every=30, options=SMALL)
        assert {0, 30} < {frame.frame_index for frame in found.to_frames()}
        assert video.frame(31).to_rgb().shape == (192, 384, 3)


def test_without_options_the_detector_looks_at_every_frame(drawn_source: Path) -> None:
    options = replace(SMALL, stop_seconds=0.25)
    default_stride = rc.detect_faces(drawn_source, options=options)
    assert default_stride.counts()["frames"] == 3  # one at least every 0.1 s
    every = rc.detect_faces(drawn_source, options=options, every=1)
    assert every.counts()["frames"] == 5


def _truth(path: Path, source: Path) -> Path:
    info = probe(source)
    pts = index_frames(info).pts.tolist()
    faces = tuple(TruthFace(index, time, 0, FACE, 1.0, "plain") for index, time in enumerate(pts))
    metadata = TableMetadata(file_sha256(source), {}, info.video.time_base)
    write_truth(path, TruthTable(faces, tuple(enumerate(pts))), metadata)
    return path


def test_detections_are_scored_in_the_frames_that_were_looked_at(
    drawn_source: Path, tmp_path: Path
) -> None:
    truth = _truth(tmp_path / "truth.parquet", drawn_source)
    time_base, pts = probe(drawn_source).video.time_base, index_frames(probe(drawn_source)).pts
    right = np.array([FACE], np.float32)
    wrong = right + np.float32([0, 100, 0, 100])
    frames = [
        FrameDetections(place, int(pts[place]), boxes, np.array([0.8], np.float32))
        for place, boxes in ((0, right), (10, right), (20, wrong), (30, right))
    ]
    measures = rc.score_detections(DetectionTable.from_frames(frames, time_base), str(truth))
    (point,) = (point for point in measures.by_score if point.min_score == 0.5)
    assert (measures.pictures, measures.faces) == (4, 4)
    assert (point.recall, point.precision) == (0.75, 0.75)
    assert point.false_boxes_per_picture == 0.25
    # equal scores keep the order of the frames: right, right, wrong, right
    assert measures.voc == pytest.approx(0.25 + 0.25 + 0.25 * 0.75)
    assert repr(measures).startswith("SetMeasures(pictures=4, faces=4, voc=0.6875, coco=")
    assert "<td>0.5</td><td>0.75</td><td>0.75</td><td>0.25</td>" in measures._repr_html_()


def test_the_truth_of_another_video_is_refused(drawn_source: Path, tmp_path: Path) -> None:
    truth = _truth(tmp_path / "truth.parquet", drawn_source)
    seen = FrameDetections(0, 77, np.array([FACE], np.float32), np.array([0.8], np.float32))
    found = DetectionTable.from_frames([seen], probe(drawn_source).video.time_base)
    with pytest.raises(DataError, match=r"truth\.parquet are of another video .*frame 0 at pts 77"):
        rc.score_detections(found, truth=truth)
    nothing = DetectionTable.from_frames([], probe(drawn_source).video.time_base)
    with pytest.raises(DataError, match="the table has no frame"):
        rc.score_detections(nothing, truth=truth)


def test_a_copy_is_scored_as_the_command_does(
    drawn_source: Path, finished: Path, tmp_path: Path
) -> None:
    truth = _truth(tmp_path / "truth.parquet", drawn_source)
    reports = rc.score_copy(str(finished), str(truth))
    assert list(reports) == ["before", "temporal_kernel", "after"]
    assert str(reports).splitlines()[1].split() == ["frames", "60", "60", "60"]
    shown = reports._repr_html_()
    assert "<th>measure</th><th>before</th><th>temporal_kernel</th><th>after</th>" in shown
    assert "<td>faces hidden</td>" in reports["after"]._repr_html_()


def test_a_copy_that_is_finished_is_not_made_again(drawn: Any, finished: Path) -> None:
    with pytest.raises(AlreadyFinished, match="made from this video with these settings"):
        rc.deidentify(str(drawn.source), str(finished), options=drawn.options)
    with pytest.raises(SettingsError, match="with other settings"):
        rc.deidentify(drawn.source, finished, view="0,0,200,192", options=drawn.options)
    with pytest.raises(SettingsError, match="the output is the input"):
        rc.deidentify(drawn.source, drawn.source)


def test_corrections_are_given_by_the_name_of_their_file(drawn: Any, finished: Path) -> None:
    table = sidecar(finished, "redactions")
    with pytest.raises(DataError, match="'corrections' is expected"):
        rc.deidentify(drawn.source, finished, options=drawn.options, corrections=str(table))


def test_corrections_are_given_as_rows(drawn: Any, finished: Path) -> None:
    row = CorrectionKeyframe("wall", "add", 99, FACE, -1, "ana", "2026-01-02T03:04:05Z")
    with pytest.raises(DataError, match="99"):
        rc.deidentify(drawn.source, finished, options=drawn.options, corrections=[row])


def test_what_is_no_number_or_choice_is_named(drawn_source: Path) -> None:
    with pytest.raises(SettingsError, match="whole numbers, not as '2'"):
        rc.detect_faces(drawn_source, every="2")  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match=r"view '1,2,3' is neither four whole numbers"):
        rc.detect_faces(drawn_source, view=(1, 2, 3))  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="audio 'nothing' is not one of auto, copy"):
        rc.DeidentifyOptions(audio="nothing")  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="no detector 'best'; choose one of retinaface"):
        rc.DetectorSettings(name="best")  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="is a binary file object, not 5"):
        rc.open_video(5)  # type: ignore[arg-type]
    with pytest.raises(ModelMismatch, match="weights"):
        rc.detect_faces(
            drawn_source,
            options=rc.DetectOptions(detector=rc.DetectorSettings(weights="no weights.pt")),
        )


#: a call with something of another kind -> how its sentence begins, and what it says to give
WRONG_KINDS: dict[str, tuple[Callable[[], object], str]] = {
    "video": (lambda: rc.detect_faces(None), "the video is None; name it by text or a Path"),  # type: ignore[arg-type]
    "empty": (lambda: rc.detect_faces(""), "the name of the video is empty; name a file"),
    "view": (lambda: rc.detect_faces("a", view=5), "the view is of .* int; give the name of a"),  # type: ignore[arg-type]
    "options": (
        lambda: rc.detect_faces("a", options={}),  # type: ignore[arg-type]
        r"options is of the type dict; give recorder_core\.DetectOptions",
    ),
    "progress": (
        lambda: rc.rank_moments("a", progress=5),  # type: ignore[arg-type]
        "progress is of the type int; give a function of two numbers",
    ),
    "folder": (lambda: rc.score_copy(".", "b"), "is a folder; name the file of the copy"),
    "source": (lambda: rc.deidentify(5, "b"), "the source is of the type int; name it by"),  # type: ignore[arg-type]
    "output": (lambda: rc.deidentify("a", b"b"), "the output is of the type bytes; name it"),  # type: ignore[arg-type]
    "rows": (
        lambda: rc.deidentify("a", "b", corrections=[5]),  # type: ignore[list-item]
        "a correction is of the type int; give CorrectionKeyframe rows",
    ),
    "corrections": (
        lambda: rc.deidentify("a", "b", corrections=5),  # type: ignore[arg-type]
        "corrections is of the type int; give a file of them, or CorrectionKeyframe rows",
    ),
    "archive": (lambda: rc.open_archive(None, user="a"), "the archive is None; name it by"),  # type: ignore[arg-type]
    "user": (lambda: rc.open_archive("a", user=5), "the user is of .*; give the login as text"),  # type: ignore[arg-type]
    "password": (
        lambda: rc.open_archive("a", user="a", password=5),  # type: ignore[arg-type]
        "the password is of the type int; give text, or leave it out",
    ),
    "table": (lambda: rc.read_truth(5), "a table is of the type int; name it by text"),  # type: ignore[arg-type]
    "threads": (
        lambda: rc.EncoderSettings(threads="2"),  # type: ignore[arg-type]
        "threads is of the type str; give a whole number",
    ),
    "score": (
        lambda: rc.DetectorSettings(min_score=None),  # type: ignore[arg-type]
        "min_score is None; give a number",
    ),
    "encoder": (
        lambda: rc.DeidentifyOptions(encoder="libx264"),  # type: ignore[arg-type]
        r"encoder is of the type str; give EncoderSettings\(\.\.\.\)",
    ),
    "stop": (
        lambda: rc.DetectOptions(stop_seconds="5"),  # type: ignore[arg-type]
        "stop_seconds is of the type str; give a number or None",
    ),
}


@pytest.mark.parametrize("what", WRONG_KINDS)
def test_something_of_another_kind_is_one_sentence_that_says_what_to_give(what: str) -> None:
    call, sentence = WRONG_KINDS[what]
    with pytest.raises(SettingsError, match=sentence):
        call()


def test_the_names_of_detectors_are_those_of_the_type() -> None:
    assert get_args(DetectorName) == DETECTOR_NAMES
    assert get_args(EngineRequest) == ("auto", *ENGINE_NAMES)


def test_a_password_is_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[str] = []

    def answer(prompt: str) -> str:
        asked.append(prompt)
        return "a password"

    monkeypatch.setattr(getpass, "getpass", answer)
    with pytest.raises(ArchiveError):
        rc.open_archive(str(tmp_path), user="ana")
    assert asked == ["password of ana: "]
    with pytest.raises(ArchiveError):
        rc.open_archive(tmp_path, user="ana", password="a password")
    assert len(asked) == 1


def test_where_nobody_can_be_asked_the_password_must_be_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def nobody(_prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr(getpass, "getpass", nobody)
    with pytest.raises(SettingsError, match="no terminal to ask for the password of ana"):
        rc.open_archive(tmp_path, user="ana")

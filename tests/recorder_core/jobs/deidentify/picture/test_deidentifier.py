from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recorder_core.detect import Detector, DetectorSettings, ScoredBoxes
from recorder_core.detect.weights.drawn_faces import DRAWN_FACES_XYXY_PX, draw_faces
from recorder_core.errors import AlreadyFinished, DecodeError, FacesInDoubt, SettingsError
from recorder_core.jobs import Allowed, DeidentifyOptions, sidecar
from recorder_core.jobs.deidentify.picture import deidentifier as picture_job, second_search
from recorder_core.jobs.deidentify.picture.deidentifier import PictureDeidentifier
from recorder_core.jobs.deidentify.picture.request import PictureRequest
from recorder_core.tables import read_detections, read_redactions

#: around the drawn faces, so that no redaction reaches the edge
BORDER_PX = 48
FACES_XYXY_PX = np.asarray(DRAWN_FACES_XYXY_PX) + BORDER_PX
OPTIONS = DeidentifyOptions(detector=DetectorSettings(long_side_px=384 + 2 * BORDER_PX))
#: EXIF orientation -> how upright pixels are stored (CIPA DC-008, 4.6.4)
STORED = {
    1: lambda shown: shown,
    2: np.fliplr,
    3: lambda shown: np.rot90(shown, 2),
    4: np.flipud,
    5: lambda shown: np.transpose(shown, (1, 0, 2)),
    6: np.rot90,
    7: lambda shown: np.transpose(np.rot90(shown, 2), (1, 0, 2)),
    8: lambda shown: np.rot90(shown, -1),
}


def _shown() -> np.ndarray:
    border = (BORDER_PX, BORDER_PX)
    return np.pad(draw_faces()[:, :, ::-1], (border, border, (0, 0)), mode="edge")


@pytest.fixture(scope="module")
def deidentifier() -> PictureDeidentifier:
    return PictureDeidentifier(OPTIONS)


def _save(path: Path, orientation: int = 1, **options: object) -> Path:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(STORED[orientation](_shown()))
    Image.fromarray(stored).save(path, exif=exif, **options)
    return path


def _pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        assert 0x0112 not in image.getexif()
        return np.asarray(image.convert("RGB"))


def _changed_of_faces(copy: np.ndarray) -> list[float]:
    """Return the share of each face's inner half whose pixels are not the source's."""
    differs = np.abs(copy.astype(int) - _shown()).max(axis=2) > 8
    shares = []
    for x0, y0, x1, y1 in FACES_XYXY_PX.round().astype(int).tolist():
        across, down = (x1 - x0) // 4, (y1 - y0) // 4
        shares.append(float(differs[y0 + down : y1 - down, x0 + across : x1 - across].mean()))
    return shares


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_faces_that_lie_are_hidden_too(
    tmp_path: Path, deidentifier: PictureDeidentifier, turns: int
) -> None:
    source, output = tmp_path / "a.png", tmp_path / "b.png"
    Image.fromarray(np.ascontiguousarray(np.rot90(_shown(), turns))).save(source)
    deidentifier.deidentify(PictureRequest(source=source, output=output))
    assert min(_changed_of_faces(np.rot90(_pixels(output), -turns))) > 0.9


def test_what_a_weak_detector_misses_the_program_s_own_hides(tmp_path: Path) -> None:
    weak = replace(OPTIONS, detector=DetectorSettings(name="haar", long_side_px=96))
    output = tmp_path / "b.png"
    request = PictureRequest(source=_save(tmp_path / "a.png"), output=output)
    report = PictureDeidentifier(weak).deidentify(request).report
    assert min(_changed_of_faces(_pixels(output))) > 0.5
    assert report.second_look.hidden != ()
    assert any("by the detector haar" in sentence for sentence in report.lowered_safety)


@pytest.mark.parametrize("orientation", STORED)
def test_faces_are_hidden_however_the_photo_is_stored(
    tmp_path: Path, deidentifier: PictureDeidentifier, orientation: int
) -> None:
    source, output = _save(tmp_path / "a.png", orientation), tmp_path / "b.png"
    result = deidentifier.deidentify(PictureRequest(source=source, output=output))
    assert result.report.redactions.regions == len(FACES_XYXY_PX)
    copy = _pixels(output)
    assert copy.shape == _shown().shape
    assert min(_changed_of_faces(copy)) > 0.5
    # beside the faces nothing changes by one level
    assert np.array_equal(copy[:4], _shown()[:4])


@pytest.mark.parametrize("suffix", [".jpg", ".tiff", ".webp", ".bmp"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_every_format_is_redacted_in_its_own(
    tmp_path: Path, deidentifier: PictureDeidentifier, suffix: str, mode: str
) -> None:
    source, output = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    Image.fromarray(np.ascontiguousarray(_shown())).convert(mode).save(source)
    deidentifier.deidentify(PictureRequest(source=source, output=output))
    with Image.open(source) as before, Image.open(output) as after:
        assert (after.format, after.size, after.mode) == (before.format, before.size, before.mode)
        first, second = (np.asarray(each.convert("L"), int) for each in (before, after))
    for x0, y0, x1, y1 in FACES_XYXY_PX.round().astype(int).tolist():
        assert np.abs(first - second)[y0:y1, x0:x1].mean() > 5
    assert np.abs(first - second)[:4].max() <= 6


def test_a_preview_inside_a_photo_is_gone(
    tmp_path: Path, deidentifier: PictureDeidentifier
) -> None:
    preview = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(_shown()[::2, ::2])).save(preview, "JPEG")
    source, output = tmp_path / "a.jpg", tmp_path / "b.jpg"
    first, second = (Image.fromarray(np.ascontiguousarray(_shown())) for _ in range(2))
    first.save(source, "MPO", save_all=True, append_images=[second], comment=b"somebody")
    with source.open("ab") as file:
        file.write(preview.getvalue())
    result = deidentifier.deidentify(PictureRequest(source=source, output=output))
    content = output.read_bytes()
    assert source.read_bytes().count(b"\xff\xd8\xff") == 3
    assert content.count(b"\xff\xd8\xff") == 1
    assert b"somebody" not in content
    assert "further pictures" in result.report.source.not_carried_over


def test_tables_and_report_say_what_was_done(
    tmp_path: Path, deidentifier: PictureDeidentifier
) -> None:
    source, output = _save(tmp_path / "a.png", 6), tmp_path / "b.png"
    request = PictureRequest(source=source, output=output)
    deidentifier.deidentify(request)
    rows = read_redactions(sidecar(output, "redactions"))
    assert len(rows) == len(FACES_XYXY_PX)
    centres = np.sort((rows.boxes_xyxy_px[:, 0] + rows.boxes_xyxy_px[:, 2]) / 2)
    wanted = FACES_XYXY_PX
    # in pixels of the upright picture
    assert np.abs(centres - np.sort((wanted[:, 0] + wanted[:, 2]) / 2)).max() < 6
    assert len(read_detections(sidecar(output, "detections"))) >= len(rows)
    report = json.loads(sidecar(output, "report").read_text())
    assert (report["source"]["width"], report["source"]["height"]) == (480, 288)
    assert report["copy"]["size_bytes"] == output.stat().st_size
    with pytest.raises(AlreadyFinished):
        deidentifier.deidentify(request)
    deidentifier.deidentify(replace(request, overwrite=True))
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_face_that_only_a_second_look_sees_is_hidden(
    tmp_path: Path, deidentifier: PictureDeidentifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_job, "redact_detections", lambda *_: {0: []})
    source, output = _save(tmp_path / "a.png"), tmp_path / "b.png"
    report = deidentifier.deidentify(PictureRequest(source=source, output=output)).report
    assert report.second_look.exposed == ()
    assert len(report.second_look.hidden) == len(FACES_XYXY_PX)
    assert report.second_look.frames == 1
    assert report.redactions.regions == len(FACES_XYXY_PX)
    for x0, y0, x1, y1 in FACES_XYXY_PX.astype(int).tolist():
        down, across = (y1 - y0) // 4, (x1 - x0) // 4
        middle = np.s_[y0 + down : y1 - down, x0 + across : x1 - across]
        difference = _pixels(output)[middle].astype(int) - _shown()[middle]
        assert np.abs(difference).mean() > 8


def test_a_face_that_cannot_be_hidden_ends_without_a_copy(
    tmp_path: Path, deidentifier: PictureDeidentifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_search, "face_coverage", lambda *_: 0.0)
    source, output = _save(tmp_path / "a.png"), tmp_path / "b.png"
    found = ScoredBoxes(np.asarray([[60, 60, 90, 95]], np.float32), np.asarray([0.9], np.float32))
    monkeypatch.setattr(Detector, "detect", lambda *_: found)
    monkeypatch.setattr(second_search, "lying_faces", lambda *_: [])
    request = PictureRequest(source=source, output=output)
    with pytest.raises(FacesInDoubt, match=r"still sees 1 boxes that may be.*--allow-seen-faces"):
        deidentifier.deidentify(request)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    deidentifier.deidentify(replace(request, allowed=Allowed(seen_faces=True)))
    assert output.exists()


def test_a_box_too_weak_for_a_video_is_redacted(
    tmp_path: Path, deidentifier: PictureDeidentifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes = np.asarray([[60, 60, 90, 95], [200, 60, 230, 95]], np.float32)
    found = ScoredBoxes(boxes, np.asarray([0.31, 0.29], np.float32))
    monkeypatch.setattr(Detector, "detect", lambda *_: found)
    monkeypatch.setattr(second_search, "lying_faces", lambda *_: [])
    source, output = _save(tmp_path / "a.png"), tmp_path / "b.png"
    deidentifier.deidentify(PictureRequest(source=source, output=output))
    rows = read_redactions(sidecar(output, "redactions"))
    assert rows.boxes_xyxy_px.tolist() == [[60, 60, 90, 95]]
    assert len(read_detections(sidecar(output, "detections"))) == 2


def test_faces_outside_the_view_end_without_a_copy(tmp_path: Path) -> None:
    left_px = int(FACES_XYXY_PX[:, 0].min())
    corner = replace(OPTIONS, view=f"0,0,{left_px - 8},200")
    source, output = _save(tmp_path / "a.png"), tmp_path / "b.png"
    request = PictureRequest(source=source, output=output)
    with pytest.raises(FacesInDoubt, match=r"3 faces in a\.png lie outside the view"):
        PictureDeidentifier(corner).deidentify(request)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    allowed = replace(request, allowed=Allowed(no_faces=True))
    result = PictureDeidentifier(corner).deidentify(allowed)
    assert result.report.redactions.regions == 0
    assert len(result.report.second_look.outside_view) == len(FACES_XYXY_PX)
    assert np.array_equal(_pixels(output), _shown())


def test_a_picture_with_a_faint_face_and_no_redaction_ends_without_a_copy(
    tmp_path: Path, deidentifier: PictureDeidentifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = _save(tmp_path / "a.png")
    for score, is_doubted in ((0.24, False), (0.26, True)):
        output = tmp_path / f"{score}.png"
        found = ScoredBoxes(
            np.asarray([[60, 60, 90, 95]], np.float32), np.asarray([score], np.float32)
        )
        monkeypatch.setattr(Detector, "detect", lambda *_, found=found: found)
        monkeypatch.setattr(second_search, "lying_faces", lambda *_: [])
        request = PictureRequest(source=source, output=output)
        if is_doubted:
            with pytest.raises(FacesInDoubt, match=r"of a\.png, though a box of score 0\.26"):
                deidentifier.deidentify(request)
            assert not output.exists()
            request = replace(request, allowed=Allowed(no_faces=True))
        assert deidentifier.deidentify(request).report.second_look.best_score == score


def test_what_cannot_be_done_is_refused(tmp_path: Path, deidentifier: PictureDeidentifier) -> None:
    source = _save(tmp_path / "a.png")
    for output, sentence in ((source, "is the input"), (tmp_path / "b.jpg", r"end in \.png")):
        with pytest.raises(SettingsError, match=sentence):
            deidentifier.deidentify(PictureRequest(source=source, output=output))
    with pytest.raises(DecodeError, match="does not exist"):
        deidentifier.deidentify(PictureRequest(source=tmp_path / "c.png", output=source))
    with pytest.raises(SettingsError, match="no time"):
        PictureDeidentifier(replace(OPTIONS, start_seconds=1.0))

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from pypdf import PdfReader
from pypdf.generic import StreamObject

from recorder_core.catalog import Action
from recorder_core.errors import NotAllowed, NotInCatalog, ReportError
from recorder_core.jobs.archive import (
    DeviceFacts,
    ScreenshotRequest,
    add_copy,
    add_device,
    keep_report,
    make_report,
    mark_event,
    read_kept_report,
    sign_off,
    take_screenshots,
    write_kept_report,
    write_report,
)
from recorder_core.jobs.archive.reports.report_content import missing_frames, read_report_content
from recorder_core.model import FrameTimes
from recorder_core.report import Language, PageSize, ReportSettings

SERIAL, NOTE, CAPTION = "SN-99812-QX", "with Dr Quellmarker", "Zephyrina's hilum"
#: whom and what nobody may learn from the report without names
SECRETS = (
    "Zephyrina", "Ångström", "MRN-5550123", "Quellmarker", "Ñandú", "Xanthos", "Wobblectomy",
    "Timbuktoo", "video.mp4", "site1", SERIAL, "99812", NOTE, CAPTION, "hilum",
)  # fmt: skip


def _text(pdf: bytes) -> str:
    pages = PdfReader(io.BytesIO(pdf)).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))


def _everything(pdf: bytes) -> bytes:
    """Return the file, its metadata and every stream that is no picture, unpacked."""
    reader = PdfReader(io.BytesIO(pdf))
    parts = [pdf, repr(reader.metadata).encode(), repr(reader.trailer).encode()]
    for number in range(1, int(reader.trailer["/Size"])):  # type: ignore[call-overload]
        found = reader.get_object(number)
        if isinstance(found, StreamObject) and found.get("/Subtype") != "/Image":
            parts.append(found.get_data())
    return b"".join(parts)


@pytest.fixture
def described(
    site: Any, event_id: str, named_video: Path, make_copy: Callable[[Path], Path]
) -> str:
    """The event with devices, markers, screenshots, and a released copy."""
    facts = DeviceFacts(
        kind="laparoscope", model="IMAGE1-S", serial_number=SERIAL, frames_recorded=61,
        frames_dropped=3, frames_repeated=2,
    )  # fmt: skip
    with site.opened("olga") as archive:
        event = archive.event(event_id)
        add_device(archive, event.event_id, facts)
        mark_event(archive, event.event_id, "incision", start_seconds=1.0, note=NOTE)
    with site.opened("rita") as archive:
        event = archive.event(event_id)
        mark_event(archive, event.event_id, "closure", start_seconds=2.0, stop_seconds=3.0)
        request = ScreenshotRequest(at_seconds=(0.5, 2.0), note=CAPTION)
        take_screenshots(archive, event.event_id, request)
        add_copy(archive, event_id, make_copy(named_video))
        archive.event(event_id).video("deidentified").close()
        sign_off(archive, event_id)
    return event_id


def test_the_full_report_has_everything_of_the_archive(site: Any, described: str) -> None:
    with site.opened("rita") as archive:
        event = archive.event(described)
        pdf = make_report(archive, event.event_id, ReportSettings())
        head = archive._session.catalog.audit.rows()
        files = event.files()
    text = _text(pdf)
    for expected in (
        "Patient Zephyrina Ångström-Qux", "Medical record MRN-5550123", "Dr Quellmarker",
        "Dra Ñandú", "Place Xanthos Hospital", "Site code site1", "Wobblectomy (lap-chole)",
        "spoke of Timbuktoo", "Imported video Zephyrina video.mp4", "Duration 3 s",
        f"laparoscope IMAGE1-S {SERIAL}", "BIS trend", f"1 0:00:01 incision {NOTE}",
        "2 0:00:02 \u2013 0:00:03 closure", f"1 \u00b7 0:00:00 \u00b7 frame 10 \u00b7 {CAPTION}",
        "2 \u00b7 0:00:02 \u00b7 frame 40", "laparoscope 61 3 2", "recording 60 0 \u2014",
        "BIS 11 1 1 s 1 s", "Gaps of BIS: 0:00:00\u20130:00:01", "heart rate 1/min 3 0",
        "Detector retinaface", "Frames checked 31 of 60", "Corrections by persons 0",
        "Longest repaired gap 3 frames (1.25 s)", "Sign-off signed off Signed off by rita",
        "screenshot 2 (screenshot.2)", "Page 1 of",
    ):  # fmt: skip
        assert expected in text, expected
    assert all(row.sha256 in text for row in files)
    newest = re.search(r"Newest row of the audit log: (\d+):([0-9a-f]{64})", text)
    assert newest is not None
    assert newest[2] in {row.hash for row in head}
    assert sum(len(page.images) for page in PdfReader(io.BytesIO(pdf)).pages) == 2


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            (
                *("Interruptions", "room camera no signal 2 3 s 2 s"),
                *("room camera computer too busy 1 1 s 1 s", "room view all of it hidden 1"),
            ),
        ),
        (
            "pt",
            ("Interrupções", "sem sinal 2 3 s 2 s", "sobrecarregado 1 1 s 1 s", "toda oculta 1"),
        ),
        (
            "es",
            ("Interrupciones", "sin señal 2 3 s 2 s", "sobrecargado 1 1 s 1 s", "toda oculta 1"),
        ),
    ],
)
@pytest.mark.parametrize("is_deidentified", [False, True])
def test_what_was_lost_or_hidden_is_listed_by_itself(
    site: Any,
    event_id: str,
    language: Language,
    expected: tuple[str, ...],
    is_deidentified: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # a recorder may
    described = "recorder_core.jobs.archive.events.describing"
    monkeypatch.setattr(f"{described}.refuse_kind_of_recorder", lambda kind: None)
    spans = {
        "signal-lost:room-camera": [(0.0, 1.0), (1.0, 3.0)],
        "too-busy:room-camera": [(1.0, 2.0)],
        "room-hidden": [(0.5, 2.0)],
    }
    with site.opened("olga") as archive:
        mark_event(archive, event_id, "pause", start_seconds=0.5, stop_seconds=1.0)
        for kind, each in spans.items():
            for start, stop in each:
                mark_event(archive, event_id, kind, start_seconds=start, stop_seconds=stop)
    settings = ReportSettings(language=language, is_deidentified=is_deidentified)
    with site.opened("rita") as archive:
        text = _text(make_report(archive, event_id, settings))
    for each in (*expected, "0:00:00\u20130:00:01, 0:00:01\u20130:00:03"):
        assert each in text, each
    # a pause is a person's; the other four are no markers of anybody
    assert "signal lost" not in text
    assert "too busy: room" not in text
    assert "room hidden" not in text
    assert re.search(r"1 0:00:00 \u2013 0:00:01 paus[ea]", text)


@pytest.mark.parametrize("language", get_args(Language))
@pytest.mark.parametrize("page_size", get_args(PageSize))
def test_the_deidentified_report_names_nobody(
    language: Language, page_size: PageSize, site: Any, described: str
) -> None:
    settings = ReportSettings(is_deidentified=True, language=language, page_size=page_size)
    with site.opened("rosa") as archive:
        event = archive.event(described)
        started = event.row.started_utc
        pdf = make_report(archive, event.event_id, settings)
    text, raw = _text(pdf), _everything(pdf)
    # short ones may occur in the bytes of a picture by chance
    for secret in ("rita", "olga", f"{started:%H:%M}"):
        assert secret not in text, secret
    for secret in (*SECRETS, f"{started:%Y-%m-%d}"):
        assert secret not in text, secret
        for encoding in ("utf-8", "latin-1", "utf-16-be"):
            assert secret.encode(encoding) not in raw, secret
    for expected in (described, "lap-chole", f"{started:%Y}", "IMAGE1-S", "0:00:02 \u2013 0:00:03"):
        assert expected in text
    # the same two frames, out of the released copy
    assert sum(len(page.images) for page in PdfReader(io.BytesIO(pdf)).pages) == 2


def test_reading_for_the_deidentified_report_opens_no_name(site: Any, described: str) -> None:
    with site.opened("rita") as archive:
        event = archive.event(described)
        before = archive._session.catalog.audit.head().seq
        content = read_report_content(archive._session, event, is_full=False)
        asked = {row.action for row in archive._session.catalog.audit.rows()[before:]}
    assert content.identity is None
    assert content.procedure_name is None
    assert not asked & {"read_identity", "view_original", "report_full"}
    assert all(shot.caption is None and shot.is_deidentified for shot in content.screenshots)


def test_pictures_of_an_unreleased_event_stay_out(
    site: Any, event_id: str, named_video: Path
) -> None:
    with site.opened("rita") as archive:
        event = archive.event(event_id)
        take_screenshots(archive, event.event_id, ScreenshotRequest(frame_indexes=(1, 2, 3)))
    with site.opened("rosa") as archive:
        pdf = make_report(archive, event_id, ReportSettings(is_deidentified=True))
    assert "no released copy shows them: 3" in _text(pdf)
    assert not any(page.images for page in PdfReader(io.BytesIO(pdf)).pages)


def test_what_is_missing_in_signals(site: Any, drawn_source: Path, tmp_path: Path) -> None:
    lines = ["signal,unit,seconds,value"]
    # from 1 s on, without a valid value from 1.5 s to 2 s, and never for the second one
    for place in range(10, 30):
        value = "" if 15 <= place < 20 else "-3276.8" if place == 12 else "50"
        lines.append(f"bis,,{place / 10},{value}")
    lines += ["sqi,%,0.5,", "sqi,%,1.5,"]
    signals = tmp_path / "signals.csv"
    signals.write_text("\n".join(lines) + "\n")
    event_id = site.bring_in(drawn_source, signals=signals)
    with site.opened("rita") as archive:
        content = read_report_content(archive._session, archive.event(event_id), is_full=False)
    bis, sqi = content.signals
    spans = [(round(gap.start_seconds, 3), round(gap.stop_seconds, 3)) for gap in bis.gaps]
    assert spans == [(0.0, 1.0), (1.4, 2.0)]
    assert bis.sample_count == 15
    assert [(gap.start_seconds, gap.stop_seconds) for gap in sqi.gaps] == [(0.0, 3.0)]
    # a value that the index cannot have is drawn as none
    assert content.trend is not None
    drawn = content.trend.values[~(content.trend.values != content.trend.values)]
    assert set(drawn.tolist()) == {50.0}


def test_corrections_are_counted_once(
    site: Any, event_id: str, named_video: Path, make_copy: Callable[[Path], Path]
) -> None:
    with site.opened("rita") as archive:
        add_copy(archive, event_id, make_copy(named_video))
        for _ in range(2):
            with archive._session.audited(Action.CORRECT, event_id):
                archive._session.catalog.reviews.add_correction(
                    event_id, "add", keyframes=[(1, 0.0, 0.0, 5.0, 5.0)], author="rita"
                )
        content = read_report_content(archive._session, archive.event(event_id), is_full=True)
    assert content.deidentification is not None
    assert content.deidentification.correction_count == 2
    # three frames of 20 a second would last 0.15 s; the copy's report knows their times
    assert content.deidentification.longest_repaired_gap_frames == 3
    assert content.deidentification.longest_repaired_gap_seconds == 1.25


def test_a_report_is_kept_sealed_and_opened_again(
    site: Any, described: str, tmp_path: Path
) -> None:
    with site.opened("rita") as archive:
        event = archive.event(described)
        first = keep_report(archive, event.event_id, ReportSettings())
        keep_report(archive, event.event_id, ReportSettings(language="pt"))
        assert first.role == "report"
        assert "Patient Zephyrina" in _text(read_kept_report(archive, event.event_id, 1))
        assert "Paciente Zephyrina" in _text(read_kept_report(archive, event.event_id))
        write_kept_report(archive, event.event_id, tmp_path / "kept.pdf", 1)
        assert (tmp_path / "kept.pdf").read_bytes() == read_kept_report(archive, event.event_id, 1)
        assert (tmp_path / "kept.pdf").stat().st_mode & 0o777 == 0o600
        for number in (0, 3, -1):
            with pytest.raises(NotInCatalog, match=f"no kept report {number}; the newest is 2"):
                read_kept_report(archive, event.event_id, number)
        with pytest.raises(ReportError, match="only the report with names is kept"):
            keep_report(archive, event.event_id, ReportSettings(is_deidentified=True))
        assert set(archive.reader_ids(described, "report")) == {"rita"}
    sealed = [site.path, site.mirror]
    assert all(len(list(root.rglob("report.*.sealed"))) == 2 for root in sealed)
    for path in (path for root in sealed for path in root.rglob("*") if path.is_file()):
        assert b"%PDF" not in path.read_bytes()
    with site.opened("rosa") as archive, pytest.raises(NotAllowed):
        read_kept_report(archive, described)


def test_a_researcher_may_not_have_the_full_one(site: Any, event_id: str) -> None:
    with site.opened("rosa") as archive, pytest.raises(NotAllowed):
        make_report(archive, event_id, ReportSettings())


def test_a_report_is_private_and_never_written_over(
    site: Any, event_id: str, tmp_path: Path
) -> None:
    target = tmp_path / "report.pdf"
    with site.opened("rita") as archive:
        event = archive.event(event_id)
        write_report(archive, event.event_id, ReportSettings(), target)
        assert target.stat().st_mode & 0o777 == 0o600
        with pytest.raises(ReportError, match="already exists"):
            write_report(archive, event.event_id, ReportSettings(), target)
        with pytest.raises(ReportError, match="cannot be written"):
            write_report(
                archive, event.event_id, ReportSettings(), tmp_path / "none" / "report.pdf"
            )


def test_times_are_those_of_the_zone(site: Any, event_id: str) -> None:
    with site.opened("rita") as archive:
        event = archive.event(event_id)
        text = _text(make_report(archive, event.event_id, ReportSettings(time_zone="Asia/Kolkata")))
    assert "(UTC+05:30)" in text
    assert "(UTC)" not in text


@pytest.mark.parametrize(
    ("pts", "missing"),
    [
        (range(0, 250, 5), 0),
        # of a recording at 30 a second that kept a frame of six, and two neighbours
        ([0, 6, 12, 18, 19, 25, 31], 25),
        # times in milliseconds, one frame missing
        ([0, 33, 67, 133, 167, 200], 1),
        # a phone's frames lie on no grid: a pause is longer than they usually are
        ([0, 31, 70, 99, 141, 170, 255, 290], 1),
    ],
)
def test_frames_that_are_missing_are_counted_on_the_grid_of_the_recording(
    pts: Sequence[int], missing: int
) -> None:
    times = FrameTimes(Fraction(1, 1000), np.array(pts, np.int64))
    assert missing_frames(times) == missing

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from pypdf import PdfReader
from pypdf.generic import StreamObject

from recorder_core.errors import ReportError
from recorder_core.report import (
    DeidentificationSummary,
    EventReport,
    Language,
    PageSize,
    ReportIdentity,
    ReportMarker,
    ReportScreenshot,
    ReportSettings,
    render_report,
)
from recorder_core.report.words import WORDS

Make = Callable[..., EventReport]

#: what only those may read who may know the patient
SECRETS = (
    "NAMEPATIENT", "RECORDNUMBER", "NAMESURGEON", "NAMEANAESTHETIST", "NAMEHOSPITAL", "FREETEXT",
    "NAMEPROCEDURE", "NAMEREVIEWER", "SERIAL-1", "LABELMARKER", "CAPTIONSHOT", "2026-11",
    "11:04", "08:04", "abab", "f0f0f0f0f0f0f0f0", "9f9f",
)  # fmt: skip


def pages_of(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def text_of(pdf: bytes) -> str:
    """Return the text of all pages, without what lines break."""
    return re.sub(r"\s+", " ", " ".join(pages_of(pdf)).replace("\u202f", " "))


def streams_of(pdf: bytes) -> bytes:
    """Return the file and its streams unpacked, as somebody who searches it would."""
    reader = PdfReader(io.BytesIO(pdf))
    parts = [pdf, repr(reader.metadata).encode(), repr(reader.trailer).encode()]
    for number in range(1, int(reader.trailer["/Size"])):  # type: ignore[call-overload]
        found = reader.get_object(number)
        if isinstance(found, StreamObject) and found.get("/Subtype") != "/Image":
            parts.append(found.get_data())
    return b"".join(parts)


def test_the_full_report_has_every_field(make_report: Make) -> None:
    text = text_of(render_report(make_report()))
    for words in (
        "884a3e63946b3a5b", "lap-chole", "Cholecystectomy-NAMEPROCEDURE", "Zacharias NAMEPATIENT",
        "RECORDNUMBER-77", "Dr. NAMESURGEON", "Dr. NAMEANAESTHETIST", "NAMEHOSPITAL, room 4",
        "FREETEXT <b>not bold</b> & more", "2026-11-20 08:04:05 (UTC\u221203:00)",
        "2026-11-20 09:04:05", "1 h 00 min 00 s", "MODELSCOPE", "SERIAL-1", "foot switch",
        "BIS (index)", "LABELMARKER", "0:50:00 \u2013 0:55:00", "room camera", "108 000", "41",
        "0:08:20\u20130:10:50", "2 min 30 s", "retinaface-mobilenet-0.25", "12" * 32,
        "cells, then smoothing", "107 959", "17 frames (0.57 s)", "reviewer-NAMEREVIEWER",
        "2026-11-21 06:00:00", "ab" * 32, "cd" * 32, "19.0 GB",
        "4 \u00b7 0:03:00 \u00b7 CAPTIONSHOT",
        "412 " + "9f" * 32, "complete", "Confidential",
    ):  # fmt: skip
        assert words in text, words


@pytest.mark.parametrize("language", list(WORDS))
def test_no_name_is_in_the_deidentified_report(language: Language, make_report: Make) -> None:
    report = make_report()
    full = render_report(report, ReportSettings(language=language))
    assert all(secret in text_of(full) for secret in SECRETS if secret != "11:04")
    assert b"NAMEPATIENT" in streams_of(full)
    pdf = render_report(report, ReportSettings(language=language, is_deidentified=True))
    text, raw = text_of(pdf), streams_of(pdf)
    for secret in SECRETS:
        assert secret not in text, secret
        assert secret.encode() not in raw, secret
        assert secret.encode("utf-16-be") not in raw, secret
    for words in ("884a3e63946b3a5b", "lap-chole", "2026", "cd" * 32, "MODELSCOPE", "12" * 32):
        assert words in text, words
    assert WORDS[language]["not_anonymous"] in text


def test_pictures_of_the_original_do_not_leave(make_report: Make) -> None:
    reader = PdfReader(io.BytesIO(render_report(make_report(6))))
    assert sum(len(page.images) for page in reader.pages) == 6
    pdf = render_report(make_report(6), ReportSettings(is_deidentified=True))
    reader = PdfReader(io.BytesIO(pdf))
    assert sum(len(page.images) for page in reader.pages) == 3
    assert "not from the de-identified copy: 3" in text_of(pdf)


@pytest.mark.parametrize(("size", "points"), [("a4", (595, 842)), ("letter", (612, 792))])
def test_page_sizes(size: PageSize, points: tuple[int, int], make_report: Make) -> None:
    pdf = render_report(make_report(), ReportSettings(page_size=size))
    for page in PdfReader(io.BytesIO(pdf)).pages:
        assert (round(page.mediabox.width), round(page.mediabox.height)) == points


@pytest.mark.parametrize("language", list(WORDS))
def test_the_words_are_those_of_the_language(language: Language, make_report: Make) -> None:
    pdf = render_report(make_report(), ReportSettings(language=language))
    text = text_of(pdf)
    for key in ("title", "patient", "medical_record", "devices", "trend_note", "frames", "signals",
                "files", "deidentification", "screenshots", "confidential"):  # fmt: skip
        assert WORDS[language][key].format(low="40", high="60") in text, key
    assert ("0.57 s" in text) is (language == "en")
    assert PdfReader(io.BytesIO(pdf)).trailer["/Root"]["/Lang"].startswith(language)  # type: ignore[index]


def test_every_page_is_numbered(make_report: Make) -> None:
    pages = pages_of(render_report(make_report(40)))
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in page
        assert "884a3e63946b3a5b" in page


def test_two_hundred_screenshots_make_a_book_of_few_pages(make_report: Make) -> None:
    pdf = render_report(make_report(200))
    pages = pages_of(pdf)
    assert 12 <= len(pages) <= 16
    assert "200 \u00b7 3:19:00" in pages[-1]
    assert len(pdf) < 8_000_000


def test_missing_fields_are_said_to_be_missing() -> None:
    text = text_of(render_report(EventReport(event_id="e1", procedure_code="p1")))
    assert text.count("not recorded") == 7
    assert text.count("none") == 6
    assert "No de-identified copy has been made." in text
    assert "Trend" not in text


def test_a_cut_recording_and_a_missing_sign_off_are_said(make_report: Make) -> None:
    summary = DeidentificationSummary(
        detector="haar", weights_sha256="34" * 32, method="blur", frames_checked=1,
        correction_count=0, longest_repaired_gap_frames=2,
    )  # fmt: skip
    text = text_of(render_report(make_report(is_complete=False, deidentification=summary)))
    assert "incomplete: the recording was cut off" in text
    assert "not signed off; the copy must not leave" in text
    assert "2 frames" in text


def test_long_names_and_notes_run_over_pages(make_report: Make) -> None:
    identity = ReportIdentity(
        patient_name="Maximiliana " * 40, medical_record="X" * 300, notes="long note. " * 3000
    )
    markers = tuple(ReportMarker(kind="clip", start_seconds=30.0 * n) for n in range(110))
    pages = pages_of(render_report(make_report(identity=identity, markers=markers)))
    text = " ".join(pages)
    assert text.count("Maximiliana") == 40
    assert text.count("long") - text.lower().count("longest") >= 3000 - 2
    assert sum(line.count("X") for line in text.splitlines() if set(line) == {"X"}) == 300
    assert "Maximiliana" in pages[0]
    assert sum("Marker Time" in re.sub(r"\s+", " ", page) for page in pages) >= 3


def test_scripts_of_the_world(make_report: Make) -> None:
    names = ("Ωμέγα Παπαδόπουλος", "Екатерина Щукина", "Łukasz Żółć", "Đặng Thị Ngọc")
    identity = ReportIdentity(patient_name="山田 はなこ", physician_names=(*names, "สมชาย"))
    text = text_of(render_report(make_report(identity=identity)))
    for name in names:
        assert name in text
    assert "drawn with the fonts of the PDF reader" in text
    assert "5 characters of a script without a font here" in text


def test_the_same_event_gives_the_same_bytes(make_report: Make) -> None:
    assert render_report(make_report()) == render_report(make_report())


def test_metadata_names_nobody(make_report: Make) -> None:
    metadata = PdfReader(io.BytesIO(render_report(make_report()))).metadata
    assert metadata is not None
    assert metadata.title == "Event report 884a3e63946b3a5b"
    assert not metadata.author


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"time_zone": "Mars/Olympus"}, "there is no time zone Mars/Olympus"),
        ({"time_zone": "../etc"}, "there is no time zone"),
        (
            {"screenshots": (ReportScreenshot(at_seconds=0.0, picture=b"not a picture"),)},
            "screenshot 1 is not a JPEG or PNG",
        ),
    ],
)
def test_what_cannot_be_drawn(change: dict[str, object], sentence: str, make_report: Make) -> None:
    with pytest.raises(ReportError, match=sentence):
        render_report(make_report(**change))


def test_a_font_that_is_none(make_report: Make) -> None:
    with pytest.raises(ReportError, match="give a TrueType font"):
        render_report(make_report(), ReportSettings(extra_fonts=("none.ttf",)))

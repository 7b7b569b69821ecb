from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import pytest
from pypdf import PdfReader
from pypdf.generic import StreamObject

from recorder_core.errors import ReportError
from recorder_core.jobs.deidentify.report.warnings import WarningKind
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
    "11:04", "08:04", "abab", "original.1", "screenshot.9", "9f9f", "SITECODE", "NAMEFILE", "efef",
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


#: local time in Brazil
LOCAL = ReportSettings(time_zone="America/Sao_Paulo")


def test_the_full_report_has_every_field(make_report: Make) -> None:
    text = text_of(render_report(make_report(), LOCAL))
    for words in (
        "884a3e63946b3a5b", "lap-chole", "Cholecystectomy-NAMEPROCEDURE", "Zacharias NAMEPATIENT",
        "RECORDNUMBER-77", "Dr. NAMESURGEON", "Dr. NAMEANAESTHETIST", "NAMEHOSPITAL, room 4",
        "FREETEXT <b>not bold</b> & more", "2026-11-20 08:04:05 (UTC\u221203:00)",
        "2026-11-20 09:04:05", "1 h 00 min 00 s", "MODELSCOPE", "SERIAL-1", "foot switch",
        "BIS (index)", "LABELMARKER", "0:50:00 \u2013 0:55:00", "room camera 108 000 41 60",
        "recording 107 959 7 \u2014", "SITECODE", "NAMEFILE.mp4", "ef" * 32,
        "0:08:20\u20130:10:50", "2 min 30 s", "retinaface-mobilenet-0.25", "12" * 32,
        "cells, then smoothing", "107 959 of 107 960", "57" * 32, "17 frames (2.50 s)",
        "reviewer-NAMEREVIEWER", "2026-11-21 06:00:00",
        "original (original.1) 19.0 GB " + "ab" * 32, "cd" * 32,
        "screenshot 4 (screenshot.9)", "4 \u00b7 0:03:00 \u00b7 frame 5400 \u00b7 CAPTIONSHOT",
        "412:" + "9f" * 32, "not cut off, but 7 of 107966 frames are missing", "Confidential",
    ):  # fmt: skip
        assert words in text, words


@pytest.mark.parametrize("language", list(WORDS))
def test_no_name_is_in_the_deidentified_report(language: Language, make_report: Make) -> None:
    report = make_report()
    full = render_report(report, replace(LOCAL, language=language))
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
    assert "no released copy shows them: 3" in text_of(pdf)


def test_a_picture_that_cannot_be_shown_is_counted(make_report: Make) -> None:
    shots = (ReportScreenshot(at_seconds=1.0, picture=None),)
    text = text_of(render_report(make_report(screenshots=shots)))
    assert "no released copy shows them: 1" in text


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
    assert ("2.50 s" in text) is (language == "en")
    assert PdfReader(io.BytesIO(pdf)).trailer["/Root"]["/Lang"].startswith(language)  # type: ignore[index]


def test_every_page_is_numbered(make_report: Make) -> None:
    pages = pages_of(render_report(make_report(40)))
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in page
        assert "Event 884a3e63946b3a5b" in page
        assert "Medical record RECORDNUMBER-77 \u00b7 Zacharias NAMEPATIENT" in page


def test_two_hundred_screenshots_make_a_book_of_few_pages(make_report: Make) -> None:
    pdf = render_report(make_report(200))
    pages = pages_of(pdf)
    assert 12 <= len(pages) <= 16
    shown = [re.search(r"(\d+) \u00b7 0:00:00", page) for page in pages]
    assert sum(found is not None for found in shown) == 1
    assert "200 \u00b7 3:19:00 \u00b7 frame 358200" in " ".join(pages[-2:])
    # the files come after the pictures: nobody leafs through hashes to see them
    assert "original.1" in pages[-1]
    assert len(pdf) < 6_000_000


def test_missing_fields_are_said_to_be_missing() -> None:
    text = text_of(render_report(EventReport(event_id="e1", procedure_code="p1")))
    assert text.count("not recorded") == 8
    assert text.count("none") == 6
    assert "No de-identified copy has been made." in text
    assert "BIS trend not recorded" in text


def test_a_cut_recording_and_a_missing_sign_off_are_said(make_report: Make) -> None:
    summary = DeidentificationSummary(
        detector="haar", weights_sha256="34" * 32, method="blur", frames_checked=1,
        correction_count=0, longest_repaired_gap_frames=2,
    )  # fmt: skip
    text = text_of(render_report(make_report(is_complete=False, deidentification=summary)))
    assert "incomplete: the recording was cut off" in text
    assert "not signed off; the copy must not leave" in text
    assert "2 frames" in text


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Warnings of the copy options that hide less than usual: 2 tracks in doubt: 11"),
        (
            "pt",
            "Avisos sobre a cópia opções que ocultam menos que o usual: 2 trajetórias duvidosas",
        ),
        ("es", "Avisos sobre la copia opciones que ocultan menos de lo habitual: 2 trayectorias"),
    ],
)
def test_what_the_copys_report_warns_of_is_a_line(
    make_report: Make, language: Language, said: str
) -> None:
    summary = make_report().deidentification
    assert summary is not None
    warned = replace(summary, warnings={"lowered_safety": 2, "doubtful_tracks": 11})
    settings = ReportSettings(language=language, is_deidentified=True)
    text = text_of(render_report(make_report(deidentification=warned), settings))
    assert said in " ".join(text.split())


def test_a_copy_without_warnings_has_none_and_unknown_ones_are_not_known(make_report: Make) -> None:
    summary = make_report().deidentification
    assert summary is not None
    for warnings, said in (({}, "Warnings of the copy none"), (None, "the copy not recorded")):
        report = make_report(deidentification=replace(summary, warnings=warnings))
        assert said in " ".join(text_of(render_report(report)).split())


@pytest.mark.parametrize("language", get_args(Language))
def test_every_warning_has_words(language: Language) -> None:
    assert set(get_args(WarningKind)) <= set(WORDS[language])


def test_unknown_weights_are_said_to_be_unknown(make_report: Make) -> None:
    summary = make_report().deidentification
    assert summary is not None
    text = text_of(
        render_report(make_report(deidentification=replace(summary, weights_sha256=None)))
    )
    assert "SHA-256 of weights none, or not known" in text


def test_long_names_and_notes_run_over_pages(make_report: Make) -> None:
    identity = ReportIdentity(
        patient_name="Maximiliana " * 40, medical_record="X" * 300, notes="long note. " * 3000
    )
    markers = tuple(ReportMarker(kind="clip", start_seconds=30.0 * n) for n in range(110))
    pages = pages_of(render_report(make_report(identity=identity, markers=markers)))
    headers = [line for page in pages for line in page.splitlines() if " \u00b7 Maxi" in line]
    assert len(headers) == len(pages)
    assert all(line.endswith("\u2026") for line in headers)
    text = "\n".join(line for page in pages for line in page.splitlines() if line not in headers)
    assert text.count("Maximiliana") == 40
    assert text.count("long") - text.lower().count("longest") >= 3000 - 2
    assert sum(line.count("X") for line in text.splitlines() if set(line) == {"X"}) == 300
    assert "Maximiliana" in pages[0]
    assert sum("Marker Time" in re.sub(r"\s+", " ", page) for page in pages) >= 3


@pytest.mark.usefixtures("east_asian_font")
@pytest.mark.parametrize(
    "name",
    ["Ωμέγα Παπαδόπουλος", "Екатерина Щукина", "Łukasz Żółć", "Đặng Thị Ngọc", "王小明", "김철수",
     "山田 はなこ"],
)  # fmt: skip
def test_scripts_of_the_world(name: str, make_report: Make) -> None:
    identity = ReportIdentity(patient_name=name, medical_record=name, notes=f"{name} " * 200)
    text = text_of(render_report(make_report(identity=identity)))
    assert text.count(name) > 150
    assert "without a font" not in text


def test_arabic_and_hebrew_are_drawn_from_the_right(make_report: Make) -> None:
    identity = ReportIdentity(patient_name="محمد علي", physician_names=("דוד",))
    pages = pages_of(render_report(make_report(identity=identity)))
    drawn = unicodedata.normalize("NFKC", pages[0])
    assert "محمد علي"[::-1] in drawn or "محمد علي" in drawn
    assert "דוד" in drawn or "דוד"[::-1] in drawn
    assert "\u25a1" not in drawn


def test_the_number_of_a_record_is_not_turned_by_a_name_from_the_right(make_report: Make) -> None:
    identity = ReportIdentity(patient_name="محمد علي", medical_record="123-4567")
    pages = pages_of(render_report(make_report(identity=identity)))
    assert all("Medical record 123-4567" in page for page in pages)


@pytest.mark.usefixtures("devanagari_font")
def test_letters_of_hindi_are_in_the_file_to_be_found(make_report: Make) -> None:
    identity = ReportIdentity(patient_name="श्रीमती प्रियंका")
    raw = streams_of(render_report(make_report(identity=identity)))
    for word in ("श्रीमती", "प्रियंका"):
        assert word.encode("utf-16-be").hex().encode() in raw


@pytest.mark.parametrize("language", list(WORDS))
def test_a_script_without_a_font_is_said(language: Language, make_report: Make) -> None:
    identity = ReportIdentity(patient_name="สมชาย")
    pdf = render_report(make_report(identity=identity), ReportSettings(language=language))
    text = text_of(pdf)
    for words in ("\u25a1" * 5, " 5 ", "fonts-droid-fallback", "fonts-lohit-deva", "--font FILE"):
        assert words in text, words


@pytest.mark.usefixtures("east_asian_font", "devanagari_font")
def test_every_font_is_in_the_file(make_report: Make) -> None:
    identity = ReportIdentity(patient_name="محمد राम 王小明 Щ")
    reader = PdfReader(io.BytesIO(render_report(make_report(identity=identity))))
    fonts = reader.pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    used = [font.get_object() for name, font in fonts.items() if "+" in name]
    assert len(used) >= 4
    assert all("/FontFile2" in font["/FontDescriptor"] for font in used)


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
        (
            {"screenshots": (ReportScreenshot(at_seconds=0.0, picture=b"not a picture"),)},
            "screenshot 1 is not a JPEG or PNG",
        ),
    ],
)
def test_what_cannot_be_drawn(change: dict[str, object], sentence: str, make_report: Make) -> None:
    with pytest.raises(ReportError, match=sentence):
        render_report(make_report(**change))


@pytest.mark.parametrize("name", ["Mars/Olympus", "../etc"])
def test_a_time_zone_that_is_none(name: str, make_report: Make) -> None:
    with pytest.raises(ReportError, match=f"there is no time zone {name}"):
        render_report(make_report(), ReportSettings(time_zone=name))


def test_a_font_that_is_none(make_report: Make) -> None:
    with pytest.raises(ReportError, match="give a whole TrueType font"):
        render_report(make_report(), ReportSettings(extra_fonts=("none.ttf",)))

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from fontTools.feaLib.builder import addOpenTypeFeaturesFromString
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from PIL import Image

from recorder_core.report import (
    DeidentificationSummary,
    Device,
    EventReport,
    FrameCounts,
    Gap,
    ReportFile,
    ReportIdentity,
    ReportMarker,
    ReportScreenshot,
    SignalSummary,
    Trend,
)

#: what the fonts of the tests draw
EAST_ASIAN = "李小龙山田はなこ金김철수王明ㄅㄆ、「」"
DEVANAGARI = "".join(map(chr, range(0x0900, 0x0980))) + "\u200c\u200d"
#: the letters of one syllable become one glyph
_JOINED = """
languagesystem dev2 dflt;
feature akhn { sub uni0915 uni094D uni0937 by joined; } akhn;
"""


def write_font(path: Path, characters: str, *, features: str = "", embedding: int = 0) -> Path:
    """Write a TrueType font of squares for some characters; its name is that of the file."""
    glyphs = {ord(character): f"uni{ord(character):04X}" for character in characters}
    names = [".notdef", *glyphs.values(), "joined"]
    pen = TTGlyphPen(None)
    for move, point in ((pen.moveTo, (50, 0)), (pen.lineTo, (50, 700)), (pen.lineTo, (450, 350))):
        move(point)
    pen.closePath()
    square = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap(glyphs)
    builder.setupGlyf(dict.fromkeys(names, square))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (500, 50)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": path.stem, "styleName": "Regular", "psName": path.stem})
    builder.setupOS2(fsType=embedding)
    builder.setupPost()
    if features:
        addOpenTypeFeaturesFromString(builder.font, features)
    path.parent.mkdir(parents=True, exist_ok=True)
    builder.save(path)
    return path


@pytest.fixture(autouse=True)
def font_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder where fonts are looked for; nothing is in it."""
    folder = tmp_path / "fonts"
    monkeypatch.setattr("recorder_core.report.system_fonts.font_folders", lambda: (folder,))
    return folder


@pytest.fixture
def make_font() -> Callable[..., Path]:
    """Writes a font to a path for some characters."""
    return write_font


@pytest.fixture
def east_asian_font(font_folder: Path) -> Path:
    """A font for some Chinese, Japanese and Korean letters."""
    return write_font(font_folder / "droid" / "DroidSansFallback.ttf", EAST_ASIAN)


@pytest.fixture
def devanagari_font(font_folder: Path) -> Path:
    """A font that joins the letters of a syllable."""
    path = font_folder / "lohit" / "Lohit-Devanagari.ttf"
    return write_font(path, DEVANAGARI, features=_JOINED)


def make_picture(number: int, width: int = 320, height: int = 180, kind: str = "JPEG") -> bytes:
    """A picture that is different for each number."""
    rng = np.random.default_rng(number)
    coarse = rng.integers(0, 255, (6, 8, 3), dtype=np.uint8)
    stored = io.BytesIO()
    Image.fromarray(coarse).resize((width, height)).save(stored, kind)
    return stored.getvalue()


def make_trend(stop_seconds: float = 3600.0) -> Trend:
    times = np.arange(0.0, stop_seconds, 5.0)
    values = 50 + 40 * np.cos(times / 700)
    values[100:130] = np.nan
    return Trend(name="BIS", unit="index", times_seconds=times, values=values)


@pytest.fixture
def make_report() -> Callable[..., EventReport]:
    """Every field of the report is filled, names with words that stand nowhere else."""

    def make(screenshot_count: int = 4, **changes: object) -> EventReport:
        fields: dict[str, object] = {
            "event_id": "884a3e63946b3a5b",
            "procedure_code": "lap-chole",
            "procedure_name": "Cholecystectomy-NAMEPROCEDURE",
            "identity": ReportIdentity(
                patient_name="Zacharias NAMEPATIENT",
                medical_record="RECORDNUMBER-77",
                physician_names=("Dr. NAMESURGEON", "Dr. NAMEANAESTHETIST"),
                place="NAMEHOSPITAL, room 4",
                site_code="SITECODE",
                notes="FREETEXT <b>not bold</b> & more",
                source_name="NAMEFILE.mp4",
                source_sha256="ef" * 32,
            ),
            "started_utc": datetime(2026, 11, 20, 11, 4, 5, tzinfo=UTC),
            "stopped_utc": datetime(2026, 11, 20, 12, 4, 5, tzinfo=UTC),
            "duration_seconds": 3600.0,
            "devices": (
                Device(kind="laparoscope", model="MODELSCOPE", serial_number="SERIAL-1"),
                Device(kind="foot_switch"),
            ),
            "frames": (
                FrameCounts(source="room-camera", recorded=108000, dropped=41, repeated=60),
                FrameCounts(source="recording", recorded=107959, dropped=7),
            ),
            "signals": (
                SignalSummary(
                    name="bis", unit="index", sample_count=690, gaps=(Gap(500.0, 650.0),)
                ),
            ),
            "trend": make_trend(),
            "markers": (
                ReportMarker(kind="incision", start_seconds=600.0, label="LABELMARKER"),
                ReportMarker(kind="closure", start_seconds=3000.0, stop_seconds=3300.0),
            ),
            "screenshots": tuple(
                ReportScreenshot(
                    at_seconds=60.0 * number,
                    frame_index=1800 * number,
                    picture=make_picture(number),
                    is_deidentified=number % 2 == 0,
                    caption="CAPTIONSHOT",
                )
                for number in range(screenshot_count)
            ),
            "files": (
                ReportFile(
                    file_id="f0f0f0f0f0f0f0f0/original.1", role="original",
                    size_bytes=19 * 10**9, sha256="ab" * 32,
                ),
                ReportFile(
                    file_id="f0f0f0f0f0f0f0f0/deidentified.2", role="deidentified",
                    size_bytes=18 * 10**9, sha256="cd" * 32, is_released=True,
                ),
                ReportFile(
                    file_id="f0f0f0f0f0f0f0f0/screenshot.9", role="screenshot", number=4,
                    size_bytes=10**5, sha256="98" * 32,
                ),
            ),
            "deidentification": DeidentificationSummary(
                detector="retinaface-mobilenet-0.25",
                weights_sha256="12" * 32,
                method="cells",
                frames_checked=107959,
                frame_count=107960,
                correction_count=7,
                longest_repaired_gap_frames=17,
                longest_repaired_gap_seconds=2.5,
                copy_sha256="57" * 32,
                signed_off_by="reviewer-NAMEREVIEWER",
                signed_off_utc=datetime(2026, 11, 21, 9, 0, tzinfo=UTC),
            ),
            "audit_head": "412:" + "9f" * 32,
            "generated_utc": datetime(2026, 11, 21, 9, 5, tzinfo=UTC),
        }  # fmt: skip
        return EventReport(**(fields | changes))  # type: ignore[arg-type]

    return make

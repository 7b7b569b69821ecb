from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from recorder_core.errors import NotAllowed, ReportError
from recorder_core.jobs.archive import make_report, write_report
from recorder_core.report import ReportSettings


def _text(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def test_the_full_report_holds_the_names(site: Any, event_id: str) -> None:
    with site.opened("rita") as archive:
        text = _text(make_report(archive, archive.event(event_id), ReportSettings()))
    for expected in ("Zephyrina", "MRN-5550123", "Quellmarker", "Xanthos", "lap-chole", "BIS"):
        assert expected in text


def test_the_deidentified_report_holds_none(site: Any, event_id: str) -> None:
    settings = ReportSettings(is_deidentified=True, language="pt")
    with site.opened("rosa") as archive:
        text = _text(make_report(archive, archive.event(event_id), settings))
    assert "lap-chole" in text
    for name in ("Zephyrina", "MRN-5550123", "Quellmarker", "Xanthos", "Timbuktoo", "video.mp4"):
        assert name not in text


def test_a_researcher_may_not_have_the_full_one(site: Any, event_id: str) -> None:
    with site.opened("rosa") as archive, pytest.raises(NotAllowed):
        make_report(archive, archive.event(event_id), ReportSettings())


def test_a_report_is_private_and_never_written_over(
    site: Any, event_id: str, tmp_path: Path
) -> None:
    target = tmp_path / "report.pdf"
    with site.opened("rita") as archive:
        event = archive.event(event_id)
        write_report(archive, event, ReportSettings(), target)
        assert target.stat().st_mode & 0o777 == 0o600
        with pytest.raises(ReportError, match="exists already"):
            write_report(archive, event, ReportSettings(), target)

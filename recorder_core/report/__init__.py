"""The PDF report of an event, with names or de-identified; owner of reportlab."""

from recorder_core.report.content import (
    DeidentificationSummary,
    Device,
    EventReport,
    FrameCounts,
    Gap,
    Interruption,
    Language,
    MomentReview,
    PageSize,
    ReportFile,
    ReportIdentity,
    ReportMarker,
    ReportScreenshot,
    ReportSettings,
    SignalSummary,
    Trend,
    deidentified,
)
from recorder_core.report.document import render_report

__all__ = [
    "DeidentificationSummary",
    "Device",
    "EventReport",
    "FrameCounts",
    "Gap",
    "Interruption",
    "Language",
    "MomentReview",
    "PageSize",
    "ReportFile",
    "ReportIdentity",
    "ReportMarker",
    "ReportScreenshot",
    "ReportSettings",
    "SignalSummary",
    "Trend",
    "deidentified",
    "render_report",
]

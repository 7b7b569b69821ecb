"""The result of an exposure measurement, as values and as a table for reading."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from recorder_core.errors import DataError
from recorder_core.model.values.html import html_table

__all__ = ["ExposureReport", "ExposureReports", "format_report", "pool_reports"]


@dataclass(frozen=True, slots=True)
class ExposureReport:
    """Privacy of one recording; shares are NaN where there was nothing to count."""

    frames: int
    #: visible faces, summed over frames
    faces: int
    #: different faces that are visible at least once
    tracks: int
    #: share of visible faces that a redaction's box matches, one to one
    recall_iou_50: float
    recall_iou_30: float
    #: share of visible faces that are hidden
    hidden_share: float
    #: share of frames, of those with a visible face, in which every face is hidden
    frame_success: float
    tracks_ever_exposed: int
    #: limit in seconds -> tracks with one exposure longer than that
    tracks_exposed_over: dict[float, int] = field(default_factory=dict)
    longest_exposure_frames: int = 0
    longest_exposure_seconds: float = 0.0
    exposed_face_seconds: float = 0.0
    visible_face_seconds: float = 0.0
    recorded_seconds: float = math.nan
    #: exposed face-seconds per hour of recording
    exposed_face_seconds_per_hour: float = math.nan
    #: mean share of the view that is redacted without a face
    false_area_share: float = math.nan
    #: length of every exposure, longest first: tells short misses from lost faces
    exposure_seconds: tuple[float, ...] = field(default=(), repr=False)

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON; NaN becomes None and limits become text."""
        values: dict[str, object] = asdict(self)
        values["tracks_exposed_over"] = {
            f"{limit:g}": count for limit, count in self.tracks_exposed_over.items()
        }
        values["exposure_seconds"] = list(self.exposure_seconds)
        for name, value in values.items():
            if isinstance(value, float) and math.isnan(value):
                values[name] = None
        return values

    def _repr_html_(self) -> str:
        return html_table(["measure", "value"], _report_cells(self).items())


class ExposureReports(dict[str, ExposureReport]):
    """The reports of one copy by name, for example before and after; prints as a table."""

    def __str__(self) -> str:
        return format_report(self)

    def _repr_html_(self) -> str:
        columns = {name: _report_cells(report) for name, report in self.items()}
        labels = dict.fromkeys(label for cells in columns.values() for label in cells)
        rows = [[label, *(cells.get(label) for cells in columns.values())] for label in labels]
        return html_table(["measure", *columns], rows)


def pool_reports(reports: Sequence[ExposureReport]) -> dict[str, float]:
    """Return the measures of several recordings as if they were one.

    Parameters
    ----------
    reports : sequence of ExposureReport
        Of one method on different recordings; at least one face in all of them together.

    Returns
    -------
    dict
        Named as in `ExposureReport`; besides, ``tracks_exposed_over_<limit>_s`` is a share
        of all tracks, and ``false_area_share`` weights each recording by its frames.

    Raises
    ------
    DataError
        If no recording shows a face.
    """
    faces, frames = sum(each.faces for each in reports), sum(each.frames for each in reports)
    tracks = sum(each.tracks for each in reports)
    if not faces:
        raise DataError("there is no visible face in any recording, so nothing can be compared")
    exposed = sum(each.exposed_face_seconds for each in reports)
    hours = sum(each.recorded_seconds for each in reports) / 3600
    pooled: dict[str, float] = {"frames": frames, "visible_faces": faces, "tracks": tracks}
    for name in ("recall_iou_50", "recall_iou_30", "hidden_share"):
        found = sum(getattr(each, name) * each.faces for each in reports if each.faces)
        pooled[name] = found / faces
    for limit in reports[0].tracks_exposed_over:
        over = sum(each.tracks_exposed_over[limit] for each in reports)
        pooled[f"tracks_exposed_over_{limit:g}_s"] = over / tracks
    return pooled | {
        "tracks_ever_exposed": sum(each.tracks_ever_exposed for each in reports),
        "longest_exposure_frames": max(each.longest_exposure_frames for each in reports),
        "exposed_face_seconds": exposed,
        "exposed_face_seconds_per_hour": exposed / hours,
        "false_area_share": sum(r.false_area_share * r.frames for r in reports) / frames,
    }


def format_report(reports: Mapping[str, ExposureReport]) -> str:
    """Return a table for reading: one column per report, for example before and after."""
    columns = {name: _report_cells(report) for name, report in reports.items()}
    labels = list(dict.fromkeys(label for cells in columns.values() for label in cells))
    first = max((len(label) for label in labels), default=0)
    widths = {
        name: max([len(name), *(len(text) for text in cells.values())])
        for name, cells in columns.items()
    }
    lines = [" " * first + "".join(f"  {name:>{widths[name]}}" for name in columns)]
    for label in labels:
        cells = (f"  {cells.get(label, ''):>{widths[name]}}" for name, cells in columns.items())
        lines.append(f"{label:<{first}}" + "".join(cells))
    return "\n".join(lines)


def _report_cells(report: ExposureReport) -> dict[str, str]:
    """Return the table's labels and texts for one report."""
    cells = {
        "frames": f"{report.frames}",
        "visible faces": f"{report.faces}",
        "tracks": f"{report.tracks}",
        "recall at IoU 0.5": f"{report.recall_iou_50:.2%}",
        "recall at IoU 0.3": f"{report.recall_iou_30:.2%}",
        "faces hidden": f"{report.hidden_share:.2%}",
        "frames with every face hidden": f"{report.frame_success:.2%}",
        "tracks ever exposed": f"{report.tracks_ever_exposed}",
    }
    for limit, count in report.tracks_exposed_over.items():
        cells[f"tracks exposed for more than {limit:g} s"] = f"{count}"
    frames, seconds = report.longest_exposure_frames, report.longest_exposure_seconds
    return cells | {
        "longest exposure": f"{frames} frames, {seconds:.2f} s",
        "exposed face-seconds": f"{report.exposed_face_seconds:.2f}",
        "visible face-seconds": f"{report.visible_face_seconds:.2f}",
        "exposed face-seconds per hour": f"{report.exposed_face_seconds_per_hour:.1f}",
        "area redacted without a face": f"{report.false_area_share:.3%}",
    }

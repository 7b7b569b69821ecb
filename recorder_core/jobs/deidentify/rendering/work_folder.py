"""What a long job has finished, so that another run can go on after it.

Beside OUTPUT lies a hidden folder with a video, two tables and a JSON file for each
finished segment. The JSON file is written last: a segment without it does not count.
The tables hold what the detector found and what was redacted, so that tracking goes
on as if it had never stopped.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from recorder_core.errors import DataError, EncodeError
from recorder_core.jobs.deidentify.rendering.segments import RenderedSegment
from recorder_core.media import SegmentInfo, file_sha256
from recorder_core.model.values.counts import format_count
from recorder_core.model.values.json_text import parse_json
from recorder_core.tables import (
    DetectionTable,
    TableMetadata,
    read_detections,
    read_redactions,
    write_detections,
    write_redactions,
)

__all__ = ["FinishedWork", "SegmentRecord", "WorkFolder"]

_JOB: Final = "job.json"


@dataclass(frozen=True, slots=True)
class SegmentRecord:
    """A finished segment, and what the detector found in it."""

    rendered: RenderedSegment
    detections: DetectionTable
    #: frame indices of the first frames after cuts
    cuts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class FinishedWork:
    """The finished segments that lie in a folder."""

    folder: Path
    segments: int = 0
    #: index after their last frame
    stop_index: int = 0
    #: of all files
    size_bytes: int = 0

    def __str__(self) -> str:
        """Return how many are kept where, as the beginning of a sentence."""
        verb = "is" if self.segments == 1 else "are"
        return (
            f"{format_count(self.segments, 'finished segment')} {verb} kept in {self.folder.name}"
        )


class WorkFolder:
    """The folder of one job.

    Parameters
    ----------
    output : Path
        The file that the job will write.
    job : str
        Fingerprint of source and settings.
    time_base : Fraction
        Of the source's video.
    """

    def __init__(self, output: Path, job: str, time_base: Fraction) -> None:
        self.path = output.parent / f".{output.name}.work"
        self._job = job
        self._metadata = TableMetadata(job, time_base=time_base)

    def open(self, *, resume: bool) -> list[SegmentRecord]:
        """Make the folder, and return what an earlier run of the same job finished.

        Without `resume`, or when the folder belongs to another job, it is emptied.

        Raises
        ------
        EncodeError
            If the folder cannot be made.
        """
        records = self._finished() if resume else []
        if records:
            return records  # nothing is written: the disk may be full still
        self.remove()
        try:
            self.path.mkdir(exist_ok=True)
            (self.path / _JOB).write_text(json.dumps({"job": self._job}), encoding="utf-8")
        except OSError as exc:
            raise EncodeError(
                f"the folder of the output cannot be written ({exc.strerror}); choose another"
            ) from exc
        return []

    def segment_path(self, number: int) -> Path:
        """Return the name of a segment's video file."""
        return self.path / f"segment_{number:06d}.mp4"

    def add(self, record: SegmentRecord) -> None:
        """Write down that a segment is finished.

        Raises
        ------
        EncodeError, DataError
            If it cannot be written.
        """
        segment = record.rendered.segment
        detections, redactions, facts = _beside(segment.path)
        write_detections(detections, record.detections, self._metadata)
        write_redactions(redactions, record.rendered.redactions, self._metadata)
        content = {**asdict(segment), "path": segment.path.name}
        content["mean_squared_error"] = record.rendered.mean_squared_error
        content["min_psnr_y_db"] = record.rendered.min_psnr_y_db
        content["cuts"] = record.cuts
        partial = facts.with_suffix(".partial")
        try:
            partial.write_text(json.dumps(content), encoding="utf-8")
            partial.replace(facts)
        except OSError as exc:
            raise EncodeError(
                f"what was finished cannot be written down beside the output ({exc.strerror})"
            ) from exc

    def remove(self) -> None:
        """Remove the folder and all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)

    def keep_finished(self) -> FinishedWork:
        """Remove all but the finished segments of this job; the folder, where there is none."""
        kept, files = FinishedWork(self.path), {self.path / _JOB}
        if self._is_of_job():
            while facts := _facts_of(path := self.segment_path(kept.segments)):
                files.update((path, *_beside(path)))
                stop_index = int(facts["stop_index"])
                kept = replace(kept, segments=kept.segments + 1, stop_index=stop_index)
        if not kept.segments:
            self.remove()
            return kept
        for path in set(self.path.iterdir()) - files:
            path.unlink(missing_ok=True)
        return replace(kept, size_bytes=sum(path.stat().st_size for path in files))

    def _finished(self) -> list[SegmentRecord]:
        """Return the finished segments from the first on, without a hole."""
        if not self._is_of_job():
            return []
        records: list[SegmentRecord] = []
        while True:
            record = _read_record(self.segment_path(len(records)))
            if record is None:
                return records
            records.append(record)

    def _is_of_job(self) -> bool:
        return bool(_read_json(self.path / _JOB) == {"job": self._job})


def _beside(segment: Path) -> tuple[Path, Path, Path]:
    return (
        segment.with_suffix(".detections.parquet"),
        segment.with_suffix(".redactions.parquet"),
        segment.with_suffix(".json"),
    )


def _facts_of(segment: Path) -> dict[str, Any]:
    """Return what was written down last of a segment; nothing where it is not finished."""
    content = _read_json(_beside(segment)[-1])
    is_whole = isinstance(content, dict) and all(
        path.is_file() for path in (segment, *_beside(segment))
    )
    return content if is_whole else {}


def _read_record(path: Path) -> SegmentRecord | None:
    """Read one segment; None when it was not finished or is damaged."""
    detections, redactions, facts = _beside(path)
    try:
        content = _read_json(facts)
        mean_error = float(content.pop("mean_squared_error"))
        min_psnr_y_db = float(content.pop("min_psnr_y_db"))
        cuts = tuple(content.pop("cuts"))
        segment = SegmentInfo(**{**content, "path": path, "pts": tuple(content["pts"])})
        if file_sha256(path) != segment.sha256:
            return None
        rendered = RenderedSegment(segment, read_redactions(redactions), mean_error, min_psnr_y_db)
        return SegmentRecord(rendered, read_detections(detections), cuts)
    except (OSError, DataError, AttributeError, KeyError, TypeError, ValueError):
        return None


def _read_json(path: Path) -> Any:
    try:
        return parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None

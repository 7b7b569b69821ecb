"""Redact decided frames, encode them as segments, and look at what came out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np

from recorder_core.deidentify.corrections import CorrectionPlan
from recorder_core.errors import RedactionIncomplete
from recorder_core.jobs.pipeline.frame_redactor import FrameRedactor
from recorder_core.jobs.pipeline.planning import PlannedFrame
from recorder_core.media import (
    EncoderSettings,
    Frame,
    SegmentEncoder,
    SegmentInfo,
    VideoInfo,
    decode_segment,
    psnr_db,
)
from recorder_core.model import Planes, PlannedRedaction, Redaction
from recorder_core.tables import RedactionTable
from recorder_core.timing import StageClock

__all__ = ["RedactedFrame", "RenderedSegment", "Renderer"]

#: frames of a segment that are decoded again and compared, by place, and the min
#: share of a redaction's core that must be nearer to the plan than to the source: in
#: a keyframe nearly all of it; in a predicted frame an encoder may keep faint parts as
#: they were in the frame before, while a redaction that is missing leaves none
_MIN_CHANGED_SHARE: Final = {0: 0.9, 9: 0.5}


@dataclass(frozen=True, slots=True)
class RenderedSegment:
    """A segment that was encoded, decoded again and compared with the source."""

    segment: SegmentInfo
    #: what was planned in it, lifted redactions included
    redactions: RedactionTable
    #: of luma, per pixel outside the redactions, mean of its frames; at least what a decoder finds
    mean_squared_error: float
    #: PSNR-Y of its worst frame outside the redactions; at most what a decoder finds
    min_psnr_y_db: float


@dataclass(frozen=True, slots=True)
class RedactedFrame:
    """A frame as it will be encoded, and what was done to it."""

    frame: Frame
    before: Planes = field(repr=False)
    #: equal to `before` where nothing was redacted
    after: Planes = field(repr=False)
    #: what was redacted in `after`
    redactions: list[Redaction]
    #: what was planned, lifted redactions included
    planned: list[PlannedRedaction]


@dataclass(frozen=True, slots=True)
class Renderer:
    """Everything that is the same for every segment of a job."""

    video: VideoInfo
    redactor: FrameRedactor
    encoder: EncoderSettings
    corrections: CorrectionPlan
    clock: StageClock

    def redact(self, decided: PlannedFrame) -> RedactedFrame:
        """Redact one frame, and correct what persons corrected.

        Raises
        ------
        RedactionIncomplete
            If a planned redaction is not in the frame.
        """
        frame = decided.frame
        with self.clock.time("redaction"):
            applied, lifted = self.corrections.apply(frame.frame_index, decided.redactions)
            added = self.corrections.added_by(frame.frame_index)
            ids = [None] * (len(applied) - len(added)) + added
            planned = [
                PlannedRedaction(each, correction_id=key)
                for each, key in zip(applied, ids, strict=True)
            ]
            planned += [PlannedRedaction(each, False, key) for key, each in lifted]
            before = frame.planes
            after = self.redactor.redact_frame(frame, applied)
        done = applied if after is not before else []
        return RedactedFrame(frame, before, after, done, planned)

    def render(
        self, path: Path, frames: Iterable[RedactedFrame], seconds: float
    ) -> RenderedSegment:
        """Encode frames into one segment file, and check it.

        Parameters
        ----------
        path : Path
            The segment's final name.
        frames : iterable of RedactedFrame
            All frames of the segment, in order.
        seconds : float
            About how long it will be.

        Raises
        ------
        RedactionIncomplete
            If a planned redaction is not in the encoded video.
        EncodeError
            If the segment cannot be written.
        """
        planned: list[PlannedRedaction] = []
        samples: list[RedactedFrame] = []
        visible: list[float] = []
        with SegmentEncoder(path, self.video, self.encoder, seconds=seconds) as encoder:
            for place, redacted in enumerate(frames):
                planned += redacted.planned
                visible.append(_visible_px(redacted))
                if place in _MIN_CHANGED_SHARE:
                    samples.append(redacted)
                with self.clock.time("saving"):
                    encoder.encode(redacted.frame)
            with self.clock.time("saving"):
                segment = encoder.finish()
        with self.clock.time("checking"):
            table = _to_table(planned, segment)
            checked = self._check(segment, samples)
            counted = zip(encoder.luma_errors, visible, strict=True)
            errors = [error / px for error, px in counted]
            worst = max(*checked, *errors)
            return RenderedSegment(segment, table, sum(errors) / len(errors), psnr_db(worst))

    def _check(self, segment: SegmentInfo, samples: Sequence[RedactedFrame]) -> list[float]:
        """Return the mean squared error of luma outside the redactions of each sample."""
        by_index = {sample.frame.frame_index: sample for sample in samples}
        errors: list[float] = []
        with closing(decode_segment(segment, self.video.format)) as decoded:
            for frame in islice(decoded, max(_MIN_CHANGED_SHARE) + 1):
                if frame.frame_index in by_index:
                    min_share = _MIN_CHANGED_SHARE[frame.frame_index - segment.first_index]
                    errors.append(
                        self._compare(by_index[frame.frame_index], frame.planes, min_share)
                    )
        return errors

    def _compare(self, sample: RedactedFrame, encoded: Planes, min_share: float) -> float:
        """Return the mean squared error of luma outside the redactions."""
        shares = self.redactor.changed_share(sample.before, encoded, sample.redactions)
        if (shares < min_share).any():
            raise RedactionIncomplete(
                f"in frame {sample.frame.frame_index} of the encoded video only {shares.min():.0%} "
                "of a redaction is there, so nothing was written: the quantizer is too coarse, "
                "give a smaller --qp or leave it out"
            )
        untouched = sample.before.y == sample.after.y
        difference = encoded.y.astype(np.float32) - sample.before.y
        return float(np.square(difference[untouched]).mean())


def _visible_px(redacted: RedactedFrame) -> float:
    """Return how many pixels lie outside the redactions, at least a quarter of all."""
    height, width = redacted.before.height, redacted.before.width
    hidden = 0.0
    for redaction in redacted.redactions:
        x0, y0, x1, y1 = redaction.box_xyxy_px
        hidden += max(min(x1, width) - max(x0, 0), 0) * max(min(y1, height) - max(y0, 0), 0)
    return max(float(width * height) - hidden, width * height / 4)


def _to_table(planned: Sequence[PlannedRedaction], segment: SegmentInfo) -> RedactionTable:
    """Return the plan of a segment in columns: a long video has very many rows."""
    pts = dict(enumerate(segment.pts, segment.first_index))
    return RedactionTable.from_redactions(
        [each.redaction for each in planned],
        pts,
        [each.correction_id for each in planned],
        [each.applied for each in planned],
    )

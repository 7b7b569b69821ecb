from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recorder_core.deidentify.smoothing import Smoother
from recorder_core.deidentify.stage_clock import StageClock
from recorder_core.deidentify.tracking import SmoothingSettings
from recorder_core.detect import RawOutput
from recorder_core.detect.stages import ScoredBoxes
from recorder_core.errors import DecodeError, RedactionIncomplete, SettingsError
from recorder_core.jobs import DetectOptions
from recorder_core.jobs.pipeline import (
    DecidedPicture,
    DetectionStride,
    FrameLimits,
    Pipeline,
    detect_pictures,
)
from recorder_core.jobs.source import Source, open_source
from recorder_core.media import Picture

BOX = np.array([[100, 50, 140, 100]], np.float32)


class OneFace:
    """Finds the same face in every picture, and remembers how it was asked."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def crop_view(self, planes: Any) -> Any:
        return planes

    def process_image(self, crop: Any) -> np.ndarray[Any, Any]:
        return np.zeros((1, 3, 8, 8), np.float32)

    def infer(self, batch: np.ndarray[Any, Any]) -> RawOutput:
        self.batches.append(len(batch))
        n = len(batch)
        return RawOutput(np.zeros((n, 1, 4), np.float32), np.ones((n, 1), np.float32))

    def decode_boxes(self, raw: RawOutput, picture: int = 0) -> ScoredBoxes:
        return ScoredBoxes(BOX, raw.face_probability[picture])

    def filter_by_score(self, boxes: ScoredBoxes) -> ScoredBoxes:
        return boxes

    sort_by_score = suppress_overlaps = filter_by_score


class BrokenDetector(OneFace):
    def infer(self, batch: np.ndarray[Any, Any]) -> RawOutput:
        raise RedactionIncomplete("the network broke")


@pytest.fixture(scope="module")
def source(drawn_source: Path) -> Source:
    return open_source(drawn_source, DetectOptions())


def _pipeline(
    source: Source,
    pictures: Iterable[Picture],
    detector: OneFace | None = None,
    *,
    stride: DetectionStride | None = None,
    limits: FrameLimits | None = None,
    clock: StageClock | None = None,
    redact: Callable[[DecidedPicture], DecidedPicture] = lambda decided: decided,
) -> Pipeline[DecidedPicture]:
    limits = limits or FrameLimits(source.frame_bytes)
    smoother = Smoother(
        SmoothingSettings(), source.view, source.video.time_base, limits.look_ahead_frames
    )
    return Pipeline(
        pictures,
        detector or OneFace(),  # type: ignore[arg-type]
        smoother,
        redact,
        stride=stride or DetectionStride(1),
        clock=clock or StageClock(),
        limits=limits,
    )


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


def test_every_picture_comes_out_once_in_order_with_its_redaction(source: Source) -> None:
    clock = StageClock()
    with (
        closing(source.pictures(0, 60)) as pictures,
        _pipeline(source, pictures, clock=clock) as pipeline,
    ):
        decided = list(pipeline.redacted_pictures())
        assert [each.picture.index for each in decided] == list(range(60))
        assert all(
            [redaction.box_xyxy_px for redaction in each.redactions] == [(100, 50, 140, 100)]
            for each in decided
        )
        assert len(pipeline.take_detections(20)) == 20
        assert [found.frame_index for found in pipeline.take_detections(99)] == list(range(20, 60))
    calls = {item.row.key: item.calls for item in clock.stage_times(1.0)}
    for key in ("crop", "image_processing", "inference", "box_decoding", "score_filtering", "nms"):
        assert calls[key] == 60


def test_the_detector_looks_at_every_nth_picture_in_batches(source: Source) -> None:
    detector = OneFace()
    with (
        closing(source.pictures(0, 60)) as pictures,
        _pipeline(source, pictures, detector, stride=DetectionStride(3, 8)) as pipeline,
    ):
        decided = list(pipeline.redacted_pictures())
        found = pipeline.take_detections(60)
    assert detector.batches == [8, 8, 4]
    assert [each.frame_index for each in found] == list(range(0, 60, 3))
    assert len(decided) == 60
    assert all(each.redactions for each in decided)


def test_memory_is_bounded_while_the_writer_waits(source: Source) -> None:
    limits = FrameLimits(source.frame_bytes, max_frames=20)
    assert limits.look_ahead_frames == 8
    read: list[int] = []

    def watched() -> Iterator[Picture]:
        for picture in source.pictures(0, 60):
            read.append(picture.index)
            yield picture

    with _pipeline(source, watched(), limits=limits) as pipeline:
        time.sleep(0.5)
        # one more is decoded than fits: it waits for its place
        assert len(read) <= 21
        assert len(list(pipeline.redacted_pictures())) == 60


def test_an_error_of_the_reader_reaches_the_writer(source: Source) -> None:
    def broken() -> Iterator[Picture]:
        yield from source.pictures(0, 5)
        raise DecodeError("the file broke")

    with _pipeline(source, broken()) as pipeline, pytest.raises(DecodeError, match="broke"):
        list(pipeline.redacted_pictures())


def test_an_error_of_the_detector_reaches_the_writer(source: Source) -> None:
    with (
        closing(source.pictures(0, 60)) as pictures,
        _pipeline(source, pictures, BrokenDetector()) as pipeline,
        pytest.raises(RedactionIncomplete, match="network broke"),
    ):
        list(pipeline.redacted_pictures())


def test_an_error_of_the_redactor_reaches_the_writer(source: Source) -> None:
    def broken(decided: DecidedPicture) -> DecidedPicture:
        if decided.picture.index == 7:
            raise RedactionIncomplete("a redaction is missing")
        return decided

    taken: list[DecidedPicture] = []
    with (
        closing(source.pictures(0, 60)) as pictures,
        _pipeline(source, pictures, redact=broken) as pipeline,
        pytest.raises(RedactionIncomplete, match="is missing"),
    ):
        taken.extend(pipeline.redacted_pictures())
    assert [each.picture.index for each in taken] == list(range(len(taken)))
    assert len(taken) <= 7


def test_the_redactor_keeps_a_few_pictures_ahead_of_the_writer(source: Source) -> None:
    redacted: list[int] = []

    def remember(decided: DecidedPicture) -> DecidedPicture:
        redacted.append(decided.picture.index)
        return decided

    with (
        closing(source.pictures(0, 60)) as pictures,
        _pipeline(source, pictures, redact=remember) as pipeline,
    ):
        taken = pipeline.redacted_pictures()
        for index in range(60):
            assert next(taken).picture.index == index
            # the picture in the writer's hands is one of three
            assert len(redacted) <= index + 3
        time.sleep(0.05)
    assert redacted == list(range(60))


def test_leaving_early_ends_the_threads(source: Source) -> None:
    with (
        closing(source.pictures(0, 60)) as pictures,
        _pipeline(source, pictures, limits=FrameLimits(source.frame_bytes, 16)) as pipeline,
    ):
        assert next(pipeline.redacted_pictures()).picture.index == 0


def test_pictures_of_a_batch_are_told_apart(source: Source) -> None:
    pictures = list(source.pictures(0, 3))
    found = detect_pictures(OneFace(), pictures, StageClock())  # type: ignore[arg-type]
    assert [each.frame_index for each in found] == [0, 1, 2]
    assert [each.pts for each in found] == [picture.pts for picture in pictures]


@pytest.mark.parametrize(
    ("rate", "every"), [(Fraction(5), 1), (Fraction(25), 2), (Fraction(30000, 1001), 2), (60, 6)]
)
def test_looks_are_at_most_a_tenth_of_a_second_apart(rate: Fraction, every: int) -> None:
    assert DetectionStride().for_rate(Fraction(rate)) == DetectionStride(every)
    assert DetectionStride(7, 2).for_rate(Fraction(rate)) == DetectionStride(7, 2)


@pytest.mark.parametrize(("every", "batch_size"), [(0, 1), (-1, 1), (None, 0)])
def test_an_impossible_stride_is_refused(every: int | None, batch_size: int) -> None:
    with pytest.raises(SettingsError, match="at least 1"):
        DetectionStride(every, batch_size)


def test_the_look_ahead_leaves_room_for_the_threads() -> None:
    assert FrameLimits(1000).look_ahead_frames == 488
    assert FrameLimits(2**20, 500, 100 * 2**20).look_ahead_frames == 88
    assert FrameLimits(2**30).look_ahead_frames == 0

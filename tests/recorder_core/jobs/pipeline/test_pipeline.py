from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recorder_core.deidentify.smoothing import Smoother
from recorder_core.deidentify.tracking import SmoothingSettings
from recorder_core.detect import RawOutput
from recorder_core.detect.stages import ScoredBoxes
from recorder_core.errors import Cancelled, DecodeError, RedactionIncomplete
from recorder_core.jobs import DetectOptions
from recorder_core.jobs.inputs.frame_choice import FrameChoice
from recorder_core.jobs.inputs.job_video import JobVideo, open_job_video
from recorder_core.jobs.inputs.stride import DetectionStride
from recorder_core.jobs.pipeline.pipeline import FrameLimits, Pipeline
from recorder_core.jobs.pipeline.planning import (
    FacePlanner,
    PlannedFrame,
    Planner,
    RepeatingPlanner,
    detect_frames,
)
from recorder_core.jobs.pipeline.stage_rows import STAGES
from recorder_core.media import Frame
from recorder_core.model import Planes, Redaction, View
from recorder_core.timing import StageClock
from tests.conftest import JUMPS

BOX = np.array([[100, 50, 140, 100]], np.float32)


class OneFace:
    """Finds the same face in every frame, and remembers how it was asked."""

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

    def decode_boxes(self, raw: RawOutput, batch_index: int = 0) -> ScoredBoxes:
        return ScoredBoxes(BOX, raw.face_probability[batch_index])

    def filter_by_score(self, boxes: ScoredBoxes) -> ScoredBoxes:
        return boxes

    sort_by_score = suppress_overlaps = filter_by_score


class BrokenDetector(OneFace):
    def infer(self, batch: np.ndarray[Any, Any]) -> RawOutput:
        raise RedactionIncomplete("the network broke")


@pytest.fixture(scope="module")
def source(drawn_source: Path) -> JobVideo:
    return open_job_video(drawn_source, DetectOptions())


def _planner(
    source: JobVideo,
    detector: OneFace | None = None,
    *,
    stride: DetectionStride | None = None,
    limits: FrameLimits | None = None,
    clock: StageClock | None = None,
) -> FacePlanner:
    limits = limits or FrameLimits(source.frame_bytes)
    stride = stride or DetectionStride(1)
    smoother = Smoother(
        SmoothingSettings(),
        source.view,
        source.video.time_base,
        limits.look_ahead_frames,
        max_detection_interval_seconds=stride.max_interval_seconds,
    )
    return FacePlanner(
        detector or OneFace(),  # type: ignore[arg-type]
        smoother,
        choice=source.frame_choice(stride),
        clock=clock or StageClock(STAGES),
        batch_size=stride.batch_size,
        batch_frames=limits.batch_frames,
    )


def _pipeline(
    source: JobVideo,
    frames: Generator[Frame, None, None],
    planner: Planner | None = None,
    *,
    limits: FrameLimits | None = None,
    clock: StageClock | None = None,
    redact: Callable[[PlannedFrame], PlannedFrame] = lambda planned: planned,
) -> Pipeline[PlannedFrame]:
    return Pipeline(
        frames,
        planner or _planner(source, limits=limits),
        redact,
        clock=clock or StageClock(STAGES),
        limits=limits or FrameLimits(source.frame_bytes),
    )


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


def test_every_frame_comes_out_once_in_order_with_its_redaction(source: JobVideo) -> None:
    clock = StageClock(STAGES)
    planner = _planner(source, clock=clock)
    with _pipeline(source, source.frames(0, 60), planner, clock=clock) as pipeline:
        decided = list(pipeline.redacted_frames())
        assert [each.frame.frame_index for each in decided] == list(range(60))
        assert all(
            [redaction.box_xyxy_px for redaction in each.redactions] == [(100, 50, 140, 100)]
            for each in decided
        )
        assert len(planner.pop_detections(20)) == 20
        assert [found.frame_index for found in planner.pop_detections(99)] == list(range(20, 60))
    calls = {item.row.key: item.calls for item in clock.stage_times(1.0)}
    for key in ("crop", "image_processing", "inference", "box_decoding", "score_filtering", "nms"):
        assert calls[key] == 60


def test_the_detector_looks_at_every_nth_frame_in_batches(source: JobVideo) -> None:
    detector = OneFace()
    planner = _planner(source, detector, stride=DetectionStride(3, 8))
    with _pipeline(source, source.frames(0, 60), planner) as pipeline:
        decided = list(pipeline.redacted_frames())
        found = planner.pop_detections(60)
    # no more than 12 frames may wait for their batch, and none where the picture jumps
    assert detector.batches[:4] == [4, 1, 4, 1]
    assert [each.frame_index for each in found] == sorted({*range(0, 60, 3), *JUMPS})
    assert len(decided) == 60
    assert all(each.redactions for each in decided)


def test_no_more_frames_wait_for_a_batch_where_the_picture_jumps(source: JobVideo) -> None:
    detector = OneFace()
    planner = _planner(source, detector, stride=DetectionStride(20, 2))
    with _pipeline(source, source.frames(0, 60), planner) as pipeline:
        assert [each.frame.frame_index for each in pipeline.redacted_frames()] == list(range(60))
        found = [each.frame_index for each in planner.pop_detections(60)]
    assert found == sorted({0, 20, 40, *JUMPS})
    assert max(detector.batches) == 2


def test_memory_is_bounded_while_the_writer_waits(source: JobVideo) -> None:
    limits = FrameLimits(source.frame_bytes, max_frames=20)
    assert limits.look_ahead_frames == 8
    read: list[int] = []

    def watched() -> Generator[Frame, None, None]:
        for frame in source.frames(0, 60):
            read.append(frame.frame_index)
            yield frame

    with _pipeline(source, watched(), limits=limits) as pipeline:
        time.sleep(0.5)
        # one more is decoded than fits: it waits for its place
        assert len(read) <= 21
        assert len(list(pipeline.redacted_frames())) == 60


def test_an_error_of_the_reader_reaches_the_writer(source: JobVideo) -> None:
    def broken() -> Generator[Frame, None, None]:
        yield from source.frames(0, 5)
        raise DecodeError("the file broke")

    with _pipeline(source, broken()) as pipeline, pytest.raises(DecodeError, match="broke"):
        list(pipeline.redacted_frames())


def test_an_error_of_the_detector_reaches_the_writer(source: JobVideo) -> None:
    with (
        _pipeline(source, source.frames(0, 60), _planner(source, BrokenDetector())) as pipeline,
        pytest.raises(RedactionIncomplete, match="network broke"),
    ):
        list(pipeline.redacted_frames())


def test_an_error_of_the_redactor_reaches_the_writer(source: JobVideo) -> None:
    def broken(decided: PlannedFrame) -> PlannedFrame:
        if decided.frame.frame_index == 7:
            raise RedactionIncomplete("a redaction is missing")
        return decided

    taken: list[PlannedFrame] = []
    with (
        _pipeline(source, source.frames(0, 60), redact=broken) as pipeline,
        pytest.raises(RedactionIncomplete, match="is missing"),
    ):
        taken.extend(pipeline.redacted_frames())
    assert [each.frame.frame_index for each in taken] == list(range(len(taken)))
    assert len(taken) <= 7


def test_the_redactor_keeps_a_few_frames_ahead_of_the_writer(source: JobVideo) -> None:
    redacted: list[int] = []

    def remember(decided: PlannedFrame) -> PlannedFrame:
        redacted.append(decided.frame.frame_index)
        return decided

    with _pipeline(source, source.frames(0, 60), redact=remember) as pipeline:
        taken = pipeline.redacted_frames()
        for index in range(60):
            assert next(taken).frame.frame_index == index
            # the frame in the writer's hands is one of three
            assert len(redacted) <= index + 3
        time.sleep(0.05)
    assert redacted == list(range(60))


def test_whoever_redacts_hears_what_was_decided_too_early(source: JobVideo) -> None:
    limits = FrameLimits(source.frame_bytes, max_frames=20)
    with _pipeline(source, source.frames(0, 60), limits=limits) as pipeline:
        final = [each.is_final for each in pipeline.redacted_frames()]
    # 8 frames are held back of a look-ahead of 2 seconds; those of the end have no more future
    assert limits.look_ahead_frames == 8
    assert final == [False] * 52 + [True] * 8


def test_a_look_ahead_of_large_frames_is_whole(source: JobVideo) -> None:
    large_bytes = 2**26
    limits = FrameLimits.covering(large_bytes, source.max_frames_within(2.0))
    # the usual budget holds four such frames, and no look-ahead
    assert FrameLimits(large_bytes).look_ahead_frames == 0
    assert limits.look_ahead_frames == source.max_frames_within(2.0) == 41
    planner = _planner(source, stride=DetectionStride(), limits=limits)
    with _pipeline(source, source.frames(0, 60), planner, limits=limits) as pipeline:
        assert all(each.is_final for each in pipeline.redacted_frames())


def test_leaving_does_not_wait_for_a_source_that_is_silent(source: JobVideo) -> None:
    goes_on, is_silent, is_closed = threading.Event(), threading.Event(), threading.Event()

    def camera() -> Generator[Frame, None, None]:
        try:
            yield from source.frames(0, 5)
            is_silent.set()
            goes_on.wait()
            yield from source.frames(5, 10)
        finally:
            is_closed.set()

    others = set(threading.enumerate())
    # if leaving waited for the source, it would go on after all, and the test fail
    at_last = threading.Timer(60, goes_on.set)
    at_last.start()
    with _pipeline(source, camera()) as pipeline:
        assert is_silent.wait(60)
    assert not goes_on.is_set()
    at_last.cancel()
    at_last.join()
    (reader,) = set(threading.enumerate()) - others
    assert not is_closed.is_set()
    goes_on.set()
    reader.join(60)
    assert is_closed.is_set()
    with pytest.raises(Cancelled):
        next(pipeline.redacted_frames())


def test_leaving_early_ends_the_threads(source: JobVideo) -> None:
    limits = FrameLimits(source.frame_bytes, 16)
    with _pipeline(source, source.frames(0, 60), limits=limits) as pipeline:
        assert next(pipeline.redacted_frames()).frame.frame_index == 0


def test_what_was_decided_before_goes_the_same_way_without_a_detector(source: JobVideo) -> None:
    face = Redaction(7, (100.0, 50.0, 140.0, 100.0), "detected", 3, 0.9)
    clock = StageClock(STAGES)
    with _pipeline(
        source,
        source.frames(5, 12),
        RepeatingPlanner({7: [face]}),
        limits=FrameLimits(source.frame_bytes, max_frames=3),
        clock=clock,
    ) as pipeline:
        planned = list(pipeline.redacted_frames())
    assert [(each.frame.frame_index, each.redactions) for each in planned] == [
        (index, [face] if index == 7 else []) for index in range(5, 12)
    ]
    assert all(each.is_final for each in planned)
    calls = {item.row.key: item.calls for item in clock.stage_times(1.0)}
    assert (calls["inference"], calls["tracking"]) == (0, 0)
    assert calls["decode"] == 8  # the last finds the end


def test_frames_of_a_batch_are_told_apart(source: JobVideo) -> None:
    frames = list(source.frames(0, 3))
    found = detect_frames(OneFace(), frames, StageClock(STAGES))  # type: ignore[arg-type]
    assert [each.frame_index for each in found] == [0, 1, 2]
    assert [each.pts for each in found] == [frame.pts for frame in frames]


def test_the_look_ahead_leaves_room_for_the_threads() -> None:
    assert FrameLimits(1000).look_ahead_frames == 488
    assert FrameLimits(2**20, 500, 100 * 2**20).look_ahead_frames == 88
    assert FrameLimits(2**30).look_ahead_frames == 0
    # as many frames of 1080p as two seconds have, at 60 a second and at 30
    assert FrameLimits.covering(3 * 2**20, 121).look_ahead_frames == 121
    assert FrameLimits.covering(3 * 2**20, 61) == FrameLimits(3 * 2**20)
    assert FrameLimits.covering(3 * 2**20, 2000).look_ahead_frames == 488
    assert FrameLimits(1000).batch_frames == 12
    assert FrameLimits(2**30).batch_frames == 1


GREY = Planes(*(np.full(size, 128, np.uint8) for size in ((4, 8), (2, 4), (2, 4))))


class EmptyFrame:
    """A frame of a few grey pixels, so that thousands can go through a pipeline."""

    def __init__(self, frame_index: int, pts: int) -> None:
        self.frame_index, self.pts, self.planes = frame_index, pts, GREY


class NoPixels(OneFace):
    def crop_view(self, planes: Any) -> Any:
        return np.zeros((1, 1), np.float32)

    def process_image(self, crop: Any) -> Any:
        return np.zeros((1, 3, 1, 1), np.float32)


def _random_case(numbers: random.Random) -> tuple[DetectionStride, FrameLimits, list[int]]:
    """Return any interval, batch, budget, and time stamps in milliseconds."""
    stride = DetectionStride(
        numbers.choice([None, None, 1, 2, 5, 15, 40, 1000]), numbers.choice([1, 2, 5, 16, 64])
    )
    limits = FrameLimits(
        numbers.choice([1, 1000, 2**20, 12 * 2**20, 2**30]),
        max_frames=numbers.choice([1, 2, 12, 13, 20, 500]),
    )
    gaps = numbers.choice([[1], [4], [17], [33], [500], [1, 33, 2000]])
    pts = itertools.accumulate(numbers.choice(gaps) for _ in range(numbers.choice([1, 30, 700])))
    return stride, limits, list(pts)


@contextmanager
def _ended_when_stuck(pipeline: Pipeline[PlannedFrame]) -> Iterator[None]:
    """Let a pipeline that stands still fail with Cancelled instead of for ever."""
    timer = threading.Timer(60, pipeline.__exit__, (None, None, None))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


@pytest.mark.parametrize("seed", range(60))
def test_no_setting_stops_the_pipeline(seed: int) -> None:
    numbers = random.Random(seed)
    stride, limits, pts = _random_case(numbers)
    smoother = Smoother(
        SmoothingSettings(),
        View(0, 0, 384, 192),
        Fraction(1, 1000),
        limits.look_ahead_frames,
        max_detection_interval_seconds=stride.max_interval_seconds,
    )
    detector = NoPixels()
    frames = [EmptyFrame(index, each) for index, each in enumerate(pts)]
    chosen = stride.detection_frames(np.array(pts), Fraction(1, 1000))
    planner = FacePlanner(
        detector,  # type: ignore[arg-type]
        smoother,
        choice=FrameChoice(chosen, View(0, 0, 8, 4)),
        clock=StageClock(STAGES),
        batch_size=stride.batch_size,
        batch_frames=limits.batch_frames,
    )
    pipeline: Pipeline[PlannedFrame] = Pipeline(
        (frame for frame in frames),  # type: ignore[misc]
        planner,
        lambda planned: planned,
        clock=StageClock(STAGES),
        limits=limits,
    )
    with pipeline, _ended_when_stuck(pipeline):
        decided = [each.frame.frame_index for each in pipeline.redacted_frames()]
        found = [each.frame_index for each in planner.pop_detections(len(pts))]
    assert decided == list(range(len(pts)))
    assert found == np.flatnonzero(chosen).tolist()
    assert max(detector.batches) <= stride.batch_size

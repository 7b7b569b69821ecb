from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from recorder_core.detect import stages
from recorder_core.detect.anchors import PUBLISHED_ANCHORS, encode_boxes, make_anchors
from recorder_core.detect.raw_output import RawOutput
from recorder_core.detect.stages import BoxDecoding, InputSettings, ScoredBoxes
from recorder_core.detect.view_input import InputGeometry, view_to_input
from recorder_core.errors import DataError, ModelMismatch, SettingsError
from recorder_core.model import Planes, View

MEAN_BGR = (104.0, 117.0, 123.0)


def _planes(width: int, height: int, seed: int = 0) -> Planes:
    rng = np.random.default_rng(seed)
    chroma = (height + 1) // 2, (width + 1) // 2
    return Planes(
        rng.integers(0, 256, (height, width), np.uint8),
        rng.integers(0, 256, chroma, np.uint8),
        rng.integers(0, 256, chroma, np.uint8),
    )


def _decoding(view: View) -> BoxDecoding:
    geometry = InputGeometry.fit(view, max(64, min(view.width, 960)))
    anchors = make_anchors(geometry.input_height, geometry.input_width, PUBLISHED_ANCHORS)
    return BoxDecoding(geometry, anchors, PUBLISHED_ANCHORS.variances)


@settings(max_examples=60)
@given(
    x=st.integers(0, 7), y=st.integers(0, 7), width=st.integers(2, 40), height=st.integers(2, 40)
)
def test_cropping_first_changes_nothing(x: int, y: int, width: int, height: int) -> None:
    view = View(x, y, width, height)
    planes = _planes(48, 48)
    crop = stages.crop_view(planes, view)
    assert np.shares_memory(crop.planes.y, planes.y)
    assert crop.planes.width == width + x % 2
    geometry = InputGeometry.fit(view, 64)
    batch = stages.process_image(crop, InputSettings(geometry, MEAN_BGR))
    assert batch.shape == (1, 3, geometry.input_height, geometry.input_width)
    np.testing.assert_array_equal(batch[0], view_to_input(planes, view, geometry, MEAN_BGR))


def test_a_view_outside_the_picture_is_refused() -> None:
    with pytest.raises(DataError, match="does not lie inside"):
        stages.crop_view(_planes(64, 64), View(60, 0, 10, 10))


def test_processing_fills_given_memory() -> None:
    view = View(0, 0, 64, 32)
    out = np.empty((1, 3, 32, 64), np.float32)
    settings_ = InputSettings(InputGeometry.fit(view, 64), MEAN_BGR)
    batch = stages.process_image(stages.crop_view(_planes(64, 64), view), settings_, out)
    assert np.shares_memory(batch, out)


@pytest.mark.parametrize("order", ["C", "F"])
def test_decoding_undoes_encoding_in_source_pixels(order: str) -> None:
    view = View(101, 7, 1280, 704)
    decoding = _decoding(view)
    assert decoding.anchors is not None
    rng = np.random.default_rng(1)
    top_left = rng.uniform((110, 10), (1200, 600), (len(decoding.anchors), 2))
    source = np.hstack([top_left, top_left + rng.uniform(5, 90, top_left.shape)])
    scale = decoding.geometry.content_width / view.width
    in_input = ((source - [view.x, view.y] * 2) * scale).astype(np.float32)
    raw = RawOutput(
        encode_boxes(in_input, decoding.anchors)[None],
        np.zeros((1, len(decoding.anchors)), np.float32),
    )
    ordered = BoxDecoding(
        decoding.geometry, np.asarray(decoding.anchors, order=order), decoding.variances
    )
    boxes = stages.decode_boxes(raw, ordered)
    np.testing.assert_allclose(boxes.xyxy_px, source, atol=0.02)


def test_decoding_takes_the_named_picture() -> None:
    decoding = _decoding(View(0, 0, 64, 64))
    assert decoding.anchors is not None
    count = len(decoding.anchors)
    scores = np.stack([np.zeros(count), np.ones(count)]).astype(np.float32)
    raw = RawOutput(np.zeros((2, count, 4), np.float32), scores)
    assert stages.decode_boxes(raw, decoding, batch_index=1).scores.min() == 1


def test_boxes_of_an_engine_without_anchors_are_only_mapped() -> None:
    decoding = BoxDecoding(InputGeometry.fit(View(10, 20, 64, 64), 64), None, (1.0, 1.0))
    raw = RawOutput(np.array([[[1, 2, 3, 4]]], np.float32), np.ones((1, 1), np.float32))
    assert stages.decode_boxes(raw, decoding).xyxy_px.tolist() == [[11, 22, 13, 24]]


def test_a_broken_network_is_not_a_picture_without_faces() -> None:
    decoding = _decoding(View(0, 0, 64, 64))
    assert decoding.anchors is not None
    count = len(decoding.anchors)
    offsets, scores = np.zeros((1, count, 4), np.float32), np.zeros((1, count), np.float32)
    scores[0, 3] = np.nan
    with pytest.raises(ModelMismatch, match="not finite"):
        stages.decode_boxes(RawOutput(offsets, scores), decoding)
    with pytest.raises(ModelMismatch, match="anchors need"):
        stages.decode_boxes(RawOutput(offsets[:, :9], offsets[:, :9, 0]), decoding)


def test_filter_sort_and_suppress() -> None:
    boxes = ScoredBoxes(
        np.array(
            [[0, 0, 9, 9], [40, 0, 49, 9], [1, 0, 10, 9], [80, 0, 89, 9], [5, 5, 5, 9]], np.float32
        ),
        np.array([0.6, 0.1, 0.9, 0.05, 0.99], np.float32),
    )
    kept = stages.filter_by_score(boxes, 0.1)
    # at the limit is in, below is out, without area is out
    np.testing.assert_allclose(kept.scores, [0.6, 0.1, 0.9])
    ordered = stages.sort_by_score(kept)
    np.testing.assert_allclose(ordered.scores, [0.9, 0.6, 0.1])
    final = stages.suppress_overlaps(ordered, 0.4)
    np.testing.assert_allclose(final.scores, [0.9, 0.1])
    assert final.xyxy_px[0].tolist() == [1, 0, 10, 9]
    assert len(boxes) == 5
    with pytest.raises(SettingsError, match="max_iou"):
        stages.suppress_overlaps(final, -1)


def test_scored_boxes_must_fit_their_scores() -> None:
    with pytest.raises(DataError, match="do not fit"):
        ScoredBoxes(np.zeros((2, 4), np.float32), np.zeros(3, np.float32))

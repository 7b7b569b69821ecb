from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from recorder_core.detect.anchors import PUBLISHED_ANCHORS, AnchorSettings
from recorder_core.detect.networks import COMPACT, RETINAFACE, RETINANET
from recorder_core.detect.networks.compact import CompactDesign
from recorder_core.detect.weights import default_weights_path, load_weights, save_weights
from recorder_core.detect.weights.drawn_faces import DRAWN_FACES_XYXY_PX, draw_faces
from recorder_core.detect.weights.self_test import (
    KNOWN_ANCHORS,
    check_decode,
    detect_drawn_faces,
    reference_infer,
)
from recorder_core.errors import ModelMismatch, SettingsError


@pytest.fixture(scope="module")
def weights():
    return load_weights()


@pytest.fixture(scope="module")
def infer(weights):
    return reference_infer(weights)


@pytest.fixture
def copied(tmp_path):
    path = default_weights_path()
    for suffix in (".safetensors", ".json"):
        shutil.copy(path.with_suffix(suffix), tmp_path)
    return tmp_path / path.name


def _checkpoint(path: Path, tensors, *, prefix: str = "", key: str | None = None) -> Path:
    state = {prefix + name: torch.from_numpy(value) for name, value in tensors.items()}
    state[f"{prefix}body.stage1.0.1.num_batches_tracked"] = torch.tensor(7)
    torch.save({key: state, "epoch": 3} if key else state, path)
    return path


def test_the_weights_that_come_with_the_program(weights):
    assert weights.detector == RETINAFACE.network
    assert weights.anchors == PUBLISHED_ANCHORS
    assert weights.mean_bgr == (104.0, 117.0, 123.0)
    assert weights.path == default_weights_path()
    assert len(weights.sha256) == 64
    assert all(v.dtype == np.float32 for v in weights.tensors.values())
    assert weights.path.stat().st_size < 2_000_000


def test_the_card_says_where_the_weights_come_from(weights):
    assert "WIDER FACE" in json.dumps(weights.card)
    assert weights.card["licence_notes"]


def test_the_shipped_weights_pass_their_self_test(weights, infer):
    check_decode(weights, infer)
    boxes, scores = detect_drawn_faces(weights, infer)
    expected = np.array(weights.self_test.boxes_xyxy_px)
    assert boxes == pytest.approx(expected, abs=0.1)
    assert scores == pytest.approx(np.array(weights.self_test.scores), abs=0.01)


def test_the_drawing_is_the_one_that_was_detected():
    picture = draw_faces()
    assert picture.shape == (192, 384, 3)
    assert picture.dtype == np.uint8
    assert DRAWN_FACES_XYXY_PX.shape == (3, 4)
    # the middle of each face is skin, not background
    for x0, y0, x1, y1 in DRAWN_FACES_XYXY_PX:
        blue, _, red = picture[round((y0 + y1) / 2), round((x0 + x1) / 2)].tolist()
        assert red > blue + 40


def test_anchors_of_another_checkpoint_fail_the_self_test(weights, infer):
    with pytest.raises(ModelMismatch, match="trained with other anchors"):
        check_decode(replace(weights, anchors=KNOWN_ANCHORS[1]), infer)


def test_without_a_stored_answer_the_drawn_outlines_decide(weights, infer):
    bare = replace(weights, self_test=None)
    check_decode(bare, infer)
    with pytest.raises(ModelMismatch, match=r"\(\(16, 32\), .* fit"):
        check_decode(replace(bare, anchors=KNOWN_ANCHORS[1]), infer)


def test_another_number_of_boxes_than_anchors_is_refused(weights, infer):
    one_level = AnchorSettings(((16, 32),), (8,))
    with pytest.raises(ModelMismatch, match="where the anchors need"):
        check_decode(replace(weights, anchors=one_level), infer)


def test_a_network_that_finds_nothing_is_refused(weights, infer):
    def blind(pictures):
        offsets, scores = infer(pictures)
        return offsets, scores * np.float32(0.1)

    with pytest.raises(ModelMismatch, match=r"score of 0\.[01]"):
        check_decode(weights, blind)


def test_saved_weights_come_back(weights, tmp_path):
    saved = save_weights(
        tmp_path / "mine.safetensors",
        weights.tensors,
        anchors=weights.anchors,
        version="7",
        card={"origin": "test"},
        design=weights.design,
    )
    assert saved.version == "7"
    assert saved.card == {"origin": "test"}
    assert saved.self_test == weights.self_test
    assert all(np.array_equal(saved.tensors[n], v) for n, v in weights.tensors.items())


def test_rounded_tensors_take_half_the_space_and_come_back(weights, tmp_path):
    def save(name, tensors):
        return save_weights(
            tmp_path / f"{name}.safetensors",
            tensors,
            anchors=weights.anchors,
            version="7",
            card={},
            design=weights.design,
        )

    rng = np.random.default_rng(0)
    exact = {
        name: value * (1 + rng.uniform(1e-6, 1e-5, value.shape)).astype(np.float32)
        for name, value in weights.tensors.items()
    }
    rounded = {
        name: value.astype(np.float16).astype(np.float32) if value.ndim == 4 else value
        for name, value in exact.items()
    }
    large, small = save("large", exact), save("small", rounded)
    assert all(np.array_equal(large.tensors[name], value) for name, value in exact.items())
    assert all(np.array_equal(small.tensors[name], value) for name, value in rounded.items())
    assert {value.dtype for value in small.tensors.values()} == {np.dtype(np.float32)}
    saved = sum(value.nbytes for value in exact.values() if value.ndim == 4) / 2
    sizes = [weights.path.stat().st_size for weights in (large, small)]
    assert sizes[0] - sizes[1] == pytest.approx(saved, rel=0.01)


def test_weights_with_wrong_anchors_cannot_be_saved(weights, tmp_path):
    path, settings = tmp_path / "mine.safetensors", {"design": weights.design, "version": "7"}
    with pytest.raises(ModelMismatch, match="fails its self-test"):
        save_weights(path, weights.tensors, anchors=KNOWN_ANCHORS[1], card={}, **settings)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("prefix", "key"), [("", None), ("module.", None), ("module.", "state_dict")]
)
def test_published_checkpoints_are_read(weights, tmp_path, prefix, key):
    path = _checkpoint(tmp_path / "public.pth", weights.tensors, prefix=prefix, key=key)
    loaded = load_weights(path)
    assert loaded.anchors == PUBLISHED_ANCHORS
    assert list(loaded.tensors) == list(weights.tensors)
    assert all(np.array_equal(loaded.tensors[n], v) for n, v in weights.tensors.items())


def test_a_checkpoint_with_the_wrong_anchors_is_refused(weights, tmp_path):
    path = _checkpoint(tmp_path / "public.pth", weights.tensors)
    with pytest.raises(ModelMismatch, match=r"public.pth fails its self-test.* fit"):
        load_weights(path, KNOWN_ANCHORS[1])


def test_a_checkpoint_uses_the_json_file_beside_it(weights, tmp_path):
    path = _checkpoint(tmp_path / "public.pth", weights.tensors)
    sidecar = json.loads(default_weights_path().with_suffix(".json").read_text())
    sidecar["sha256"] = load_weights(path).sha256
    sidecar["version"] = "from the json file"
    path.with_suffix(".json").write_text(json.dumps(sidecar))
    assert load_weights(path).version == "from the json file"


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelMismatch, match=r"nothing.safetensors cannot be read"):
        load_weights(tmp_path / "nothing.safetensors")


def test_a_missing_json_file_is_named(copied):
    copied.with_suffix(".json").unlink()
    with pytest.raises(ModelMismatch, match=r"json cannot be read"):
        load_weights(copied)


@pytest.mark.parametrize("keep", [0, 5, 1000, 1_000_000])
def test_a_file_that_was_cut_is_refused(copied, keep):
    copied.write_bytes(copied.read_bytes()[:keep])
    with pytest.raises(ModelMismatch, match="damaged or not safetensors"):
        load_weights(copied)


def test_a_changed_byte_is_found(copied):
    content = bytearray(copied.read_bytes())
    content[-100] ^= 1
    copied.write_bytes(bytes(content))
    with pytest.raises(ModelMismatch, match="another SHA-256"):
        load_weights(copied)


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.pop("anchors"),
        lambda s: s["anchors"].update(min_sizes_px=[[16, 32]]),
        lambda s: s.update(mean_bgr=[1, 2]),
        lambda s: s.update(self_test=None),
        lambda s: s.update(format=99),
    ],
)
def test_a_damaged_json_file_is_refused(copied, change):
    path = copied.with_suffix(".json")
    sidecar = json.loads(path.read_text())
    change(sidecar)
    path.write_text(json.dumps(sidecar))
    with pytest.raises(ModelMismatch):
        load_weights(copied)


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 cut"])
def test_a_damaged_checkpoint_is_refused(tmp_path, content):
    path = tmp_path / "public.pth"
    path.write_bytes(content)
    said = "damaged or holds more than tensors" if content else "is empty"
    with pytest.raises(ModelMismatch, match=said):
        load_weights(path)


def test_a_checkpoint_never_runs_code(tmp_path):
    path = tmp_path / "public.pth"
    torch.save({"state_dict": Path("anything")}, path)
    with pytest.raises(ModelMismatch, match="more than tensors"):
        load_weights(path)


def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    path = tmp_path / "public.pth"
    torch.save([1, 2, 3], path)
    with pytest.raises(ModelMismatch, match="not a table of tensors"):
        load_weights(path)


def test_a_checkpoint_that_lacks_a_tensor_is_refused(weights, tmp_path):
    fewer = {k: v for k, v in weights.tensors.items() if k != "ssh3.conv7x7_3.0.weight"}
    with pytest.raises(ModelMismatch, match=r"lack tensor ssh3\.conv7x7_3\.0\.weight"):
        load_weights(_checkpoint(tmp_path / "public.pth", fewer))


def test_weights_for_something_else_can_be_saved_when_asked(weights, tmp_path):
    blind = dict(weights.tensors)
    for level in range(3):
        blind[f"ClassHead.{level}.conv1x1.weight"] = np.zeros((4, 64, 1, 1), np.float32)
    path = tmp_path / "mine.safetensors"
    settings = {"anchors": weights.anchors, "version": "7", "design": weights.design}
    with pytest.raises(ModelMismatch, match="fails its self-test"):
        save_weights(path, blind, card={}, **settings)
    save_weights(path, blind, card={}, must_find_faces=False, **settings)
    assert load_weights(path).version == "7"


def test_weights_of_another_family_bring_their_sizes(tmp_path):
    design = CompactDesign(stem=(4, 4), channels=(4, 8, 8), blocks=(1, 0, 1), pyramid=8)
    rng = np.random.default_rng(1)
    tensors = {
        name: rng.random(shape, np.float32)
        for name, shape in COMPACT.tensor_shapes(design, COMPACT.anchors).items()
    }
    saved = save_weights(
        tmp_path / "mine.safetensors",
        tensors,
        anchors=COMPACT.anchors,
        version="1",
        card={},
        must_find_faces=False,
        family=COMPACT,
        design=design,
    )
    assert (saved.detector, saved.design, saved.anchors) == ("compact", design, COMPACT.anchors)
    assert all(np.array_equal(saved.tensors[n], v) for n, v in tensors.items())
    sidecar = json.loads(saved.path.with_suffix(".json").read_text())
    sidecar["design"]["pyramid"] = 9
    saved.path.with_suffix(".json").write_text(json.dumps(sidecar))
    with pytest.raises(ModelMismatch, match=r"tensor lateral\.0\.0\.weight has shape"):
        load_weights(saved.path)
    sidecar["design"]["width"] = 9
    saved.path.with_suffix(".json").write_text(json.dumps(sidecar))
    with pytest.raises(ModelMismatch, match="no size 'width'"):
        load_weights(saved.path)


def test_weights_of_an_unknown_network_are_refused(copied):
    path = copied.with_suffix(".json")
    path.write_text(path.read_text().replace("retinaface-mobilenet-0.25", "yolo"))
    with pytest.raises(ModelMismatch, match="'yolo', which this program does not know"):
        load_weights(copied)


def test_families_without_weights_say_what_to_do():
    with pytest.raises(SettingsError, match=r"without weights for compact: train some .*--weights"):
        load_weights(family=COMPACT)


def test_a_public_detector_is_a_start_but_no_weights(weights, tmp_path):
    path = _checkpoint(tmp_path / "public.pth", weights.tensors)
    with pytest.raises(
        ModelMismatch, match=r"has no JSON file beside it.*where training starts \(run\.start\)"
    ):
        load_weights(path, family=RETINANET)
    with pytest.raises(ModelMismatch, match=r"weights of compact are two files.*\.json$"):
        load_weights(path, family=COMPACT)

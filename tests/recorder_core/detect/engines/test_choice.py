from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from recorder_core.detect.engines import (
    EngineFact,
    build_engine,
    choice,
    choose_engine,
    engine_facts,
)
from recorder_core.detect.engines._openvino import OpenVinoEngine
from recorder_core.detect.engines._pytorch import PyTorchEngine
from recorder_core.detect.networks import RETINAFACE
from recorder_core.detect.networks.retinaface import RetinaFaceDesign
from recorder_core.detect.raw_output import RawOutput
from recorder_core.detect.weights import load_weights
from recorder_core.detect.weights.self_test import check_decode
from recorder_core.errors import DataError, EngineUnavailable, ModelMismatch, SettingsError

#: float32 through some thirty layers, in another order of summation: 3e-5 was seen
OFFSET_TOLERANCE = 1e-3
PROBABILITY_TOLERANCE = 1e-4
#: bfloat16 keeps 8 bits of a number
BF16_OFFSET_TOLERANCE = 0.25
BF16_PROBABILITY_TOLERANCE = 0.05


@pytest.fixture(scope="module")
def parity() -> ModuleType:
    path = Path(__file__).parents[3] / "vectors" / "detect" / "make_engine_parity.py"
    spec = importlib.util.spec_from_file_location("make_engine_parity", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _pytorch(
    tensors: dict[str, np.ndarray],
    *,
    cuda: bool = False,
    design: RetinaFaceDesign = RetinaFaceDesign(),  # noqa: B008 - it is frozen
) -> PyTorchEngine:
    network = RETINAFACE.build_network(tensors, design, RETINAFACE.anchors)
    return PyTorchEngine(network, cuda=cuda)


def _openvino(
    tensors: dict[str, np.ndarray],
    size_px: tuple[int, int] | None,
    threads: int = 1,
    precision: str | None = None,
    design: RetinaFaceDesign = RetinaFaceDesign(),  # noqa: B008 - it is frozen
) -> OpenVinoEngine:
    graph = RETINAFACE.build_graph(tensors, design, RETINAFACE.anchors)
    return OpenVinoEngine(graph, threads, precision, size_px)


def _assert_answers(raw: RawOutput, parity: ModuleType, offset: float, probability: float) -> None:
    with np.load(parity.VECTORS) as vectors:
        assert raw.face_probability.shape == (2, int(vectors["anchor_count"]))
        step = parity.ANCHOR_STEP
        np.testing.assert_allclose(
            raw.box_offsets[:, ::step], vectors["box_offsets"], rtol=0, atol=offset
        )
        np.testing.assert_allclose(
            raw.face_probability[:, ::step], vectors["face_probability"], rtol=0, atol=probability
        )


def test_pytorch_gives_the_committed_answers(parity: ModuleType) -> None:
    raw = _pytorch(parity.make_tensors()).infer(parity.make_batch())
    _assert_answers(raw, parity, OFFSET_TOLERANCE, PROBABILITY_TOLERANCE)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_openvino_gives_the_committed_answers(parity: ModuleType, threads: int) -> None:
    engine = _openvino(parity.make_tensors(), parity.SIZE_PX, threads, "f32")
    raw = engine.infer(parity.make_batch())
    _assert_answers(raw, parity, OFFSET_TOLERANCE, PROBABILITY_TOLERANCE)


def test_openvino_as_it_is_chosen_here_gives_the_committed_answers(parity: ModuleType) -> None:
    engine = _openvino(parity.make_tensors(), parity.SIZE_PX)
    exact = engine.precision == "f32"
    _assert_answers(
        engine.infer(parity.make_batch()),
        parity,
        OFFSET_TOLERANCE if exact else BF16_OFFSET_TOLERANCE,
        PROBABILITY_TOLERANCE if exact else BF16_PROBABILITY_TOLERANCE,
    )


@pytest.mark.needs_cuda
@pytest.mark.skipif(
    os.environ.get("WORKBENCH_REQUIRE_CUDA") != "1"
    and not engine_facts(["pytorch-cuda"])[0].available,
    reason="no NVIDIA card",
)
def test_cuda_gives_the_committed_answers(parity: ModuleType) -> None:
    raw = _pytorch(parity.make_tensors(), cuda=True).infer(parity.make_batch())
    _assert_answers(raw, parity, OFFSET_TOLERANCE, PROBABILITY_TOLERANCE)


def test_the_vectors_tell_anchors_pictures_and_sides_apart(parity: ModuleType) -> None:
    with np.load(parity.VECTORS) as vectors:
        offsets, faces = vectors["box_offsets"], vectors["face_probability"]
    assert np.abs(offsets[0] - offsets[1]).mean() > 100 * OFFSET_TOLERANCE
    assert np.abs(np.diff(offsets, axis=2)).mean() > 100 * OFFSET_TOLERANCE
    assert faces.std() > 100 * PROBABILITY_TOLERANCE
    assert 0.05 < faces.mean() < 0.95


def test_engines_agree_on_the_weights_of_the_program(parity: ModuleType) -> None:
    weights = load_weights()
    batch = parity.spread((1, 3, 192, 320), 5) * np.float32(255)
    reference = _pytorch(weights.tensors, design=weights.design).infer(batch)
    graph_px, design = (192, 320), weights.design
    raw = _openvino(weights.tensors, graph_px, precision="f32", design=design).infer(batch)
    np.testing.assert_allclose(
        raw.box_offsets, reference.box_offsets, rtol=0, atol=OFFSET_TOLERANCE
    )
    np.testing.assert_allclose(
        raw.face_probability, reference.face_probability, rtol=0, atol=PROBABILITY_TOLERANCE
    )


def test_the_default_engine_passes_the_self_test_of_the_weights() -> None:
    weights = load_weights()
    engine = build_engine(choose_engine(), weights, size_px=(192, 384))

    def infer(batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        raw = engine.infer(batch)
        return raw.box_offsets, raw.face_probability

    check_decode(weights, infer)


def test_input_size_that_is_no_multiple_of_the_stride(parity: ModuleType) -> None:
    tensors = parity.make_tensors()
    batch = parity.spread((1, 3, 90, 141), 5) * np.float32(8)
    reference = _pytorch(tensors).infer(batch)
    raw = _openvino(tensors, (90, 141), precision="f32").infer(batch)
    np.testing.assert_allclose(
        raw.box_offsets, reference.box_offsets, rtol=0, atol=OFFSET_TOLERANCE
    )


def test_one_engine_takes_pictures_of_any_size_and_says_the_same(parity: ModuleType) -> None:
    tensors = parity.make_tensors()
    engine = _openvino(tensors, None, precision="f32")
    assert engine.takes_any_size
    for size_px in ((90, 141), (192, 320), (96, 64), (90, 141)):
        batch = parity.spread((2, 3, *size_px), 5) * np.float32(8)
        raw, alone = engine.infer(batch), _openvino(tensors, size_px, precision="f32").infer(batch)
        np.testing.assert_array_equal(raw.box_offsets, alone.box_offsets)
        np.testing.assert_array_equal(raw.face_probability, alone.face_probability)


def test_results_are_not_overwritten_by_the_next_picture(parity: ModuleType) -> None:
    engine = _openvino(parity.make_tensors(), parity.SIZE_PX)
    batch = parity.make_batch()
    first = engine.infer(batch[:1])
    copy = first.face_probability.copy()
    engine.infer(batch[1:])
    np.testing.assert_array_equal(first.face_probability, copy)


def test_wrong_batches_and_weights_are_refused(parity: ModuleType) -> None:
    tensors = parity.make_tensors()
    engine = _openvino(tensors, parity.SIZE_PX)
    with pytest.raises(DataError, match="takes pictures"):
        engine.infer(np.zeros((1, 3, 32, 32), np.float32))
    with pytest.raises(DataError, match="takes pictures"):
        _pytorch(tensors).infer(np.zeros((1, 4, 32, 32), np.float32))
    del tensors["body.stage1.0.0.weight"]
    with pytest.raises(ModelMismatch, match=r"body\.stage1\.0\.0\.weight"):
        _openvino(tensors, parity.SIZE_PX)


def test_raw_output_checks_its_shapes() -> None:
    assert len(RawOutput(np.zeros((2, 5, 4), np.float32), np.zeros((2, 5), np.float32))) == 2
    with pytest.raises(DataError, match="do not fit"):
        RawOutput(np.zeros((2, 5, 4), np.float32), np.zeros((2, 6), np.float32))


def test_both_engines_are_here_and_automatic_choice_says_why() -> None:
    facts = {fact.name: fact for fact in engine_facts()}
    assert facts["openvino"].available
    assert facts["openvino"].precision in {"f32", "bf16"}
    assert facts["openvino"].device
    assert facts["pytorch"].available
    assert all(fact.reason for fact in facts.values())
    choice = choose_engine()
    assert facts[choice.name].available
    assert facts[choice.name].reason in choice.reason
    assert choose_engine("pytorch").name == "pytorch"


def _without(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    for name in names:
        fact = EngineFact(name, False, f"no {name} in this test")  # type: ignore[arg-type]
        monkeypatch.setitem(choice._FACTS, name, lambda fact=fact: fact)


def test_what_cannot_run_is_refused_or_named(monkeypatch: pytest.MonkeyPatch) -> None:
    _without(monkeypatch, "pytorch-cuda", "openvino")
    with pytest.raises(EngineUnavailable, match="no openvino in this test"):
        choose_engine("openvino")
    choice = choose_engine("auto")
    assert choice.name == "pytorch"
    assert "not openvino: no openvino in this test" in choice.reason
    _without(monkeypatch, "pytorch")
    with pytest.raises(EngineUnavailable, match="no engine can run here"):
        choose_engine("auto")


def test_an_engine_that_cannot_run_the_network_is_refused() -> None:
    with pytest.raises(EngineUnavailable, match="cannot run this detector; choose pytorch"):
        choose_engine("openvino", among=("pytorch",))
    assert choose_engine("auto", among=("pytorch",)).name == "pytorch"


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(SettingsError, match="tensorflow"):
        choose_engine("tensorflow")


@pytest.mark.parametrize(
    ("version", "device", "obstacle"),
    [
        ("", True, "not installed"),
        ("2.13.0+cu128", False, "no NVIDIA card"),
        ("2.13.0+cpu", True, "without CUDA"),
        ("2.13.0+cu128", True, ""),
    ],
)
def test_cuda_is_ruled_out_without_importing_pytorch(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str, device: bool, obstacle: str
) -> None:
    if device:
        (tmp_path / "nvidia0").touch()
    monkeypatch.setattr(choice, "DEVICES_FOLDER", tmp_path)
    found = choice._cuda_obstacle(version)
    assert obstacle in found
    assert bool(found) == bool(obstacle)


def test_asking_about_openvino_does_not_import_pytorch() -> None:
    code = (
        "import sys; from recorder_core.detect import choose_engine, engine_facts;"
        "engine_facts(['openvino', 'pytorch']); choose_engine('openvino');"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_engines_describe_themselves(parity: ModuleType) -> None:
    tensors = parity.make_tensors()
    assert "OpenVINO 20" in _openvino(tensors, (32, 32)).describe()
    assert "1 thread of" in _openvino(tensors, (32, 32)).describe()
    assert "PyTorch" in _pytorch(tensors).describe()

from __future__ import annotations

import subprocess
import sys

import pytest

from recorder_core.detect.networks import FAMILIES, family_named, family_of
from recorder_core.errors import EngineUnavailable, ModelMismatch, SettingsError


def test_every_family_has_its_own_names():
    assert list(FAMILIES) == ["retinaface-mnet025", "compact", "retinanet", "faster-rcnn"]
    assert len({family.network for family in FAMILIES.values()}) == len(FAMILIES)
    for name, family in FAMILIES.items():
        assert family_named(name) is family
        assert family_of(family.network) is family
        assert {"pytorch-cuda", "pytorch"} <= set(family.engines)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_the_default_design_comes_back_as_it_was_written(family):
    design = family.read_design({})
    assert family.read_design(family.write_design(design)) == design
    assert family.tensor_shapes(design, family.anchors)
    with pytest.raises(SettingsError, match="no size 'colour'"):
        family.read_design({"colour": 3})


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_a_family_without_openvino_refuses_it(family):
    error, sentence = ModelMismatch, "lack tensor"
    if "openvino" not in family.engines:
        error, sentence = EngineUnavailable, "choose --engine pytorch"
    design = family.read_design({})
    with pytest.raises(error, match=sentence):
        family.build_graph({}, design, family.anchors)


def test_unknown_names_are_refused():
    with pytest.raises(SettingsError, match="no network 'yolo'; choose one of retinaface"):
        family_named("yolo")
    with pytest.raises(ModelMismatch, match="'yolo'"):
        family_of("yolo")


def test_the_registry_needs_neither_pytorch_nor_openvino():
    code = (
        "import sys; from recorder_core.detect.networks import FAMILIES\n"
        "for f in FAMILIES.values(): f.tensor_shapes(f.read_design({}), f.anchors)\n"
        "sys.exit(bool({'torch', 'openvino', 'cv2'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

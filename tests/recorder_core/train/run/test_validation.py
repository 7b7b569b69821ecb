from __future__ import annotations

import json
from dataclasses import replace

import pytest

from recorder_core.detect import load_weights
from recorder_core.errors import SettingsError
from recorder_core.train.run.validation import read_validation


@pytest.fixture
def with_validation(settings, made_set, tmp_path):
    """The run of the made set, measured on the pictures of set "b", learnt from set "a"."""
    content = json.loads(made_set.read_text())
    kept = {image["id"] for image in content["images"] if image["set"] == "b"}
    content["images"] = [image for image in content["images"] if image["id"] in kept]
    content["annotations"] = [a for a in content["annotations"] if a["image_id"] in kept]
    path = tmp_path / "validation.json"
    path.write_text(json.dumps(content))
    folder = made_set.with_suffix("")
    data = replace(settings.data, validation=path, validation_images=folder, left_out_sets=("b",))
    return replace(settings, data=data)


def test_the_program_weights_find_no_green_discs(with_validation):
    validation = read_validation(with_validation)
    assert len(validation.pictures) == 4
    measures = validation.measure(load_weights())
    assert measures.average_precision < 0.2


def test_none_is_read_where_none_is_named(settings):
    assert read_validation(settings) is None


def test_a_picture_that_is_learnt_from_is_refused(with_validation):
    data = replace(with_validation.data, left_out_sets=())
    with pytest.raises(SettingsError, match=r"4 pictures of data\.validation are in"):
        read_validation(replace(with_validation, data=data))


def test_a_label_that_only_the_pictures_to_learn_from_have_is_no_fault(with_validation):
    data = replace(with_validation.data, labels={"lamp": "lamp"})
    validation = read_validation(replace(with_validation, data=data))
    assert len(validation.pictures) == 4

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import pytest

from recorder_core.detect import DetectorSettings
from recorder_core.errors import SettingsError
from recorder_core.jobs import DeidentifyOptions, DetectOptions
from recorder_core.jobs.options import fingerprint
from recorder_core.jobs.pipeline import DetectionStride
from recorder_core.media import EncoderSettings
from workbench.cli.main import build_parser


def _arguments(*words: str) -> dict[str, object]:
    parsed: argparse.Namespace = build_parser().parse_args(["deidentify", "a.mp4", "-o", "b.mp4"])
    assert parsed.command == "deidentify"
    return vars(build_parser().parse_args(["deidentify", "a.mp4", "-o", "b.mp4", *words]))


def test_the_command_line_without_options_gives_the_default_options() -> None:
    assert DeidentifyOptions.from_arguments(_arguments()) == DeidentifyOptions()
    assert DetectOptions.from_arguments(_arguments()) == DetectOptions()


def test_every_option_of_the_command_line_arrives() -> None:
    options = DeidentifyOptions.from_arguments(
        _arguments(
            *("--view", "0,0,64,64", "--detector", "haar", "--weights", "w.safetensors"),
            *("--engine", "openvino", "--batch-size", "3", "--every", "2", "--start", "1"),
            *("--stop", "2.5", "--salvage", "--method", "solid", "--encoder", "h264_nvenc"),
            *("--preset", "fast", "--scale", "960"),
        )
    )
    assert options.view == "0,0,64,64"
    assert options.detector == DetectorSettings(
        name="haar", weights=Path("w.safetensors"), engine="openvino", long_side_px=960
    )
    assert options.stride == DetectionStride(2, 3)
    assert (options.start_seconds, options.stop_seconds, options.salvage) == (1.0, 2.5, True)
    assert options.redaction.method == "solid"
    assert options.encoder == EncoderSettings(encoder="h264_nvenc", preset="fast")


@pytest.mark.parametrize(("start", "stop"), [(-1.0, None), (2.0, 2.0), (3.0, 1.0), (None, 0.0)])
def test_an_empty_span_is_refused(start: float | None, stop: float | None) -> None:
    with pytest.raises(SettingsError, match="second"):
        DetectOptions(start_seconds=start, stop_seconds=stop)


def test_the_fingerprint_names_everything_that_decides_the_result() -> None:
    options = DeidentifyOptions()
    names = {
        fingerprint(options, "source", "weights"),
        fingerprint(options, "other", "weights"),
        fingerprint(options, "source", "other"),
        fingerprint(replace(options, view="0,0,64,64"), "source", "weights"),
        fingerprint(replace(options, segment_seconds=5.0), "source", "weights"),
        fingerprint(replace(options, encoder=EncoderSettings(qp=22)), "source", "weights"),
        fingerprint(replace(options, detector=DetectorSettings(min_score=0.2)), "source", "w"),
    }
    assert len(names) == 7


def test_the_fingerprint_does_not_depend_on_where_the_weights_lie() -> None:
    here, there = (
        DeidentifyOptions(detector=DetectorSettings(weights=Path(name))) for name in ("a/w", "b/w")
    )
    assert fingerprint(here, "source", "weights") == fingerprint(there, "source", "weights")

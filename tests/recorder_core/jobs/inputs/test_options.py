from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import pytest

from recorder_core.deidentify.redaction import RedactionSettings
from recorder_core.deidentify.tracking import SmoothingSettings
from recorder_core.detect import DetectorSettings
from recorder_core.errors import SettingsError
from recorder_core.jobs import DeidentifyOptions, DetectOptions
from recorder_core.jobs.inputs.options import fingerprint
from recorder_core.jobs.inputs.stride import DetectionStride
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
            *("--preset", "fast", "--scale", "960", "--video-stream", "2", "--min-psnr", "45"),
            *("--threshold", "0.4", "--redaction-scale", "2"),
        )
    )
    assert options.view == "0,0,64,64"
    assert options.detector == DetectorSettings(
        name="haar", weights=Path("w.safetensors"), engine="openvino", long_side_px=960
    )
    assert options.stride == DetectionStride(2, 3)
    assert (options.start_seconds, options.stop_seconds, options.salvage) == (1.0, 2.5, True)
    assert options.redaction.method == "solid"
    assert options.encoder == EncoderSettings(
        encoder="h264_nvenc", preset="fast", min_psnr_y_db=45.0
    )
    assert options.video_stream == 2
    assert options.smoothing.birth_score == 0.4
    assert options.smoothing.evidence_score == 0.2
    assert options.redaction.enlarge_top == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("words", "encoder", "codec"),
    [
        ((), "libx264", "h264"),
        (("--codec", "h264"), "libx264", "h264"),
        (("--codec", "hevc"), "libx265", "hevc"),
        (("--encoder", "libx265"), "libx265", "hevc"),
        (("--codec", "h264", "--encoder", "h264_nvenc"), "h264_nvenc", "h264"),
    ],
)
def test_the_codec_and_the_encoder_name_each_other(
    words: tuple[str, ...], encoder: str, codec: str
) -> None:
    chosen = DeidentifyOptions.from_arguments(_arguments(*words)).encoder
    assert (chosen.encoder, chosen.codec) == (encoder, codec)


@pytest.mark.parametrize(
    "words",
    [
        ("--codec", "hevc", "--encoder", "libx264"),
        ("--codec", "h264", "--encoder", "libx265"),
        ("--min-psnr", "45", "--qp", "20"),
        ("--min-psnr", "45", "--max-bit-rate", "500000"),
    ],
)
def test_contradictions_are_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError):
        DeidentifyOptions.from_arguments(_arguments(*words))


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
        fingerprint(replace(options, video_stream=2), "source", "weights"),
        fingerprint(replace(options, redaction=RedactionSettings.scaled(2)), "source", "weights"),
        fingerprint(
            replace(options, smoothing=SmoothingSettings.from_threshold(0.4)), "source", "weights"
        ),
        fingerprint(
            replace(options, encoder=EncoderSettings(min_psnr_y_db=45.0)), "source", "weights"
        ),
    }
    assert len(names) == 11


def test_the_fingerprint_does_not_depend_on_where_the_weights_lie() -> None:
    here, there = (
        DeidentifyOptions(detector=DetectorSettings(weights=Path(name))) for name in ("a/w", "b/w")
    )
    assert fingerprint(here, "source", "weights") == fingerprint(there, "source", "weights")

"""An event is de-identified with the options of a file."""

from __future__ import annotations

from recorder_core.jobs import DeidentifyOptions
from workbench.cli.main import build_parser

OPTIONS = [
    *("--view", "0,0,64,64", "--threshold", "0.5", "--redaction-scale", "1.5", "--method", "blur"),
    *("--start", "1", "--every", "2", "--scale", "640", "--codec", "hevc", "--no-audio"),
]


def test_the_options_mean_the_same() -> None:
    file = build_parser("deidentify").parse_args(["deidentify", "a", "-o", "b", *OPTIONS])
    event = build_parser("event").parse_args(["event", "deidentify", "01ab", *OPTIONS])
    wanted = DeidentifyOptions.from_arguments(vars(file))
    assert DeidentifyOptions.from_arguments(vars(event)) == wanted
    assert wanted.audio == "none"
    assert wanted.encoder.codec == "hevc"

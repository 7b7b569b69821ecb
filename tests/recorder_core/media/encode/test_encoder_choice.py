"""An encoder is chosen by what really comes out of it, and the choice is said."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from recorder_core.errors import EncodeError, SettingsError
from recorder_core.media import (
    LIVE_ENCODERS,
    EncoderName,
    EncoderSettings,
    FrameEncoder,
    choose_encoder,
)
from recorder_core.media.encode import encoder_choice, trial
from recorder_core.media.encode.trial import try_encoder
from recorder_core.model import FrameFormat

RATE = Fraction(30)
COMPOSITE = FrameFormat(
    width=320, height=180, pixel_format="yuv420p", time_base=1 / RATE,
    color_matrix=1, color_range=1,
)  # fmt: skip


def working(*names: EncoderName) -> Callable[..., None]:
    def tried(settings: EncoderSettings, *_: Any, **__: Any) -> None:
        if settings.encoder not in names:
            raise EncodeError(f"the encoder {settings.encoder} cannot be opened")

    return tried


@pytest.mark.parametrize("encoder", ["libx264", "libx265"])
@pytest.mark.parametrize("rate", [Fraction(25), Fraction(30000, 1001), Fraction(60)])
def test_what_is_here_passes_its_trial(encoder: EncoderName, rate: Fraction) -> None:
    frame_format = FrameFormat(
        width=320, height=180, pixel_format="yuv420p", time_base=1 / rate, color_matrix=1
    )
    try_encoder(EncoderSettings(encoder=encoder), frame_format, frame_rate=rate)


def test_frames_of_ten_bits_are_tried_as_such() -> None:
    deep = FrameFormat(
        width=320, height=180, pixel_format="yuv420p10le", time_base=1 / RATE, sample_bits=10
    )
    try_encoder(EncoderSettings(encoder="libx264"), deep, frame_rate=RATE)


def test_auto_takes_the_first_that_works_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder_choice, "try_encoder", working("h264_qsv", "libx264"))
    choice = choose_encoder("auto", COMPOSITE, frame_rate=RATE)
    assert choice.encoder == "h264_qsv"
    assert choice.reason == (
        "h264_qsv encodes 320x180 at 30 frames a second; h264_nvenc does not work on this machine"
    )
    monkeypatch.setattr(encoder_choice, "try_encoder", working(*LIVE_ENCODERS))
    choice = choose_encoder("auto", COMPOSITE, frame_rate=RATE)
    assert choice.reason == "h264_nvenc encodes 320x180 at 30 frames a second"
    monkeypatch.setattr(encoder_choice, "try_encoder", working())
    with pytest.raises(EncodeError, match="no encoder can encode 320x180 at 30 frames a second"):
        choose_encoder("auto", COMPOSITE, frame_rate=RATE)


def test_on_this_machine_the_choice_encodes() -> None:
    choice = choose_encoder("auto", COMPOSITE, frame_rate=RATE)
    asked = choose_encoder(choice.encoder, COMPOSITE, frame_rate=RATE)
    assert asked.reason == (
        f"{choice.encoder} encodes 320x180 at 30 frames a second, as was asked for"
    )
    missing = LIVE_ENCODERS[: LIVE_ENCODERS.index(choice.encoder)]
    assert all(name in choice.reason for name in missing)
    for name in missing:
        with pytest.raises(EncodeError, match=f"the encoder {name} cannot be opened .* libx264"):
            choose_encoder(name, COMPOSITE, frame_rate=RATE)


def test_there_is_no_recording_with_another_encoder() -> None:
    with pytest.raises(SettingsError, match="no encoder 'libx265'; choose auto or one of h264_nv"):
        choose_encoder("libx265", COMPOSITE, frame_rate=RATE)


def test_an_encoder_that_begins_no_gop_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FrameEncoder, "_begins_gop", lambda self, pts: pts == 0)
    with pytest.raises(EncodeError, match="libx264 does not begin a GOP where it is told"):
        try_encoder(EncoderSettings(), COMPOSITE, frame_rate=RATE)


def test_an_encoder_of_green_frames_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = trial._decoded

    def green(*arguments: Any) -> Any:
        frames = decoded(*arguments)
        for frame in frames:
            frame.make_writable()
            for number in range(3):
                trial.plane_array(frame, number)[:] = 0
        return frames

    monkeypatch.setattr(trial, "_decoded", green)
    with pytest.raises(EncodeError, match="what the encoder libx264 makes cannot be decoded"):
        try_encoder(EncoderSettings(), COMPOSITE, frame_rate=RATE)


def test_an_encoder_that_takes_no_planar_frames_gets_what_it_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # libx264 takes the frames of QSV, too
    monkeypatch.setattr("recorder_core.media.encode.encoder._TAKEN_FORMATS", {"libx264": "nv12"})
    try_encoder(EncoderSettings(), COMPOSITE, frame_rate=RATE)

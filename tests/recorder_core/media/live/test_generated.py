from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from recorder_core.errors import SettingsError
from recorder_core.media import (
    ArrivedAudio,
    ArrivedFrame,
    SourceSettings,
    is_flash,
    open_live,
    read_pattern_number,
)
from recorder_core.media.live.generated import open_generated
from recorder_core.media.live.pattern import pattern_samples
from tests.recorder_core.media.live.clocks import FakeClock

SMALL = SourceSettings(kind="pattern", size=(320, 240), rate=25.0)


def test_pictures_and_sound_come_in_real_time_and_in_step() -> None:
    clock = FakeClock(1000.013)
    with open_generated(SMALL, frames=True, audio=True, pause=clock.pause, clock=clock) as live:
        assert live.frame_rate == 25.0
        arrived = []
        for each in islice(live.arrivals, 225):
            lasts = len(each.samples) / each.sample_rate if isinstance(each, ArrivedAudio) else 0
            assert each.seconds + lasts == pytest.approx(clock.now, abs=1e-6)  # type: ignore[union-attr]
            arrived.append(each)
    frames = [each for each in arrived if isinstance(each, ArrivedFrame)]
    blocks = [each for each in arrived if isinstance(each, ArrivedAudio)]
    assert len(frames) == pytest.approx(75, abs=1)
    assert [each.frame.frame_index for each in frames] == list(range(len(frames)))
    for each in frames:
        assert read_pattern_number(each.frame.planes.y) / 25 == pytest.approx(each.seconds)  # type: ignore[operator]
        assert is_flash(each.frame.planes.y) is (each.seconds == int(each.seconds))
    assert [each.is_joined for each in blocks] == [False] + [True] * (len(blocks) - 1)
    sound = np.concatenate([each.samples for each in blocks])
    first = round(blocks[0].seconds * 48_000)
    assert np.array_equal(sound, pattern_samples(first, len(sound), 48_000, 2))


def test_two_test_pictures_are_in_step() -> None:
    first, second = FakeClock(2000.001), FakeClock(2000.02)
    numbers = []
    for clock in (first, second):
        with open_generated(
            SMALL, frames=True, audio=False, pause=clock.pause, clock=clock
        ) as live:
            numbers.append([each.frame.pts for each in islice(live.arrivals, 5)])  # type: ignore[union-attr]
    assert numbers[0] == numbers[1]


def test_what_nobody_fetched_for_long_is_left_out() -> None:
    clock = FakeClock()
    with open_generated(SMALL, frames=True, audio=True, pause=clock.pause, clock=clock) as live:
        next(live.arrivals)
        clock.now += 5
        later = list(islice(live.arrivals, 6))
    assert all(each.seconds > 1004.9 for each in later)  # type: ignore[union-attr]
    assert not next(each for each in later if isinstance(each, ArrivedAudio)).is_joined


@pytest.mark.parametrize("channels", [1, 2])
def test_a_tone_has_the_channels_that_are_asked_for(channels: int) -> None:
    settings = SourceSettings(kind="tone", sample_rate=44_100, channels=channels)
    with open_live(settings, frames=False, audio=True) as live:
        block = next(live.arrivals)
    assert live.frame_rate is None
    assert isinstance(block, ArrivedAudio)
    assert block.samples.shape == (882, channels)


@pytest.mark.parametrize(
    ("kind", "frames", "audio", "sentence"),
    [
        ("tone", True, False, "a source of the kind tone gives no frames"),
        ("v4l2", True, True, "a source of the kind v4l2 gives no audio"),
        ("pattern", False, False, "ask for one"),
    ],
)
def test_what_a_kind_does_not_give_is_refused(
    kind: str, frames: bool, audio: bool, sentence: str
) -> None:
    settings = SourceSettings(kind=kind)  # type: ignore[arg-type]
    with (
        pytest.raises(SettingsError, match=sentence),
        open_live(settings, frames=frames, audio=audio),
    ):
        pass

"""Choose a quantizer by trial: fine enough for the eye, at about the source's bit rate.

A constant quantizer bounds the error of every frame, whatever the container says about
rates and durations. Which one a video needs is measured on seconds of it that hold most
of its bytes.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

import av
import numpy as np
from av.video.frame import PictureType, VideoFrame

from recorder_core.media.container.info import MediaInfo, VideoInfo
from recorder_core.media.decode.sequential import Gap, decode_frames
from recorder_core.media.encode.encoder import FINEST_DEFAULT_QP, add_encoder
from recorder_core.media.encode.luma_errors import LumaErrors
from recorder_core.media.encode.settings import MIN_GOP_FRAMES, Codec, EncoderSettings
from recorder_core.media.frames.frame import Frame
from recorder_core.media.index.frame_index import FrameIndex

__all__ = ["choose_quantizer", "finer_qp", "psnr_db"]

#: what the trial keeps above the floor, because other frames may be harder; pieces with
#: frames below it are encoded again
_TRIAL_SPARE_DB: Final = 0.3
#: measured on surgery videos: a step of the quantizer costs 0.85 dB, in noise up to 1.1 dB,
#: and saves 14 % of the bits
_DB_PER_STEP: Final = 0.85
_MIN_DB_PER_STEP: Final = 0.5
_MAX_DB_PER_STEP: Final = 1.1
_RATE_PER_STEP: Final = 0.86
_FINEST, _COARSEST = 8, 36
#: bit rate of the copy against the source's, by the copy's codec and the source's; newer
#: codecs need fewer bits
_MAX_RATIO: Final[dict[Codec, dict[str, float]]] = {
    "h264": {"hevc": 2.5, "vp9": 2.5, "av1": 3.0, "vp8": 1.6},
    "hevc": {"hevc": 1.15, "vp9": 1.15, "av1": 1.5},
}
_USUAL_MAX_RATIO: Final[dict[Codec, float]] = {"h264": 1.15, "hevc": 0.8}
_SAMPLES: Final = 3
_SAMPLE_SECONDS: Final = 1.0
#: the later ones correct what the first estimated
_TRIALS: Final = 4
#: after so many it is known whether superfast will need too many bits
_DECIDING_TRIALS: Final = 2
#: around a sample, what the source spends on such frames
_WINDOW_SECONDS: Final = 10.0
_PEAK: Final = 255.0
_EQUAL_PSNR_DB: Final = 100.0


@dataclass(frozen=True, slots=True)
class _Sample:
    """What a trial of consecutive frames gave."""

    copy_bytes: int
    source_bytes: float
    min_psnr_y_db: float


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What the samples gave with one quantizer."""

    #: how far the worst frame is above what is wanted; negative below it
    spare_db: float
    #: bytes of the copy against the source's
    ratio: float


def psnr_db(mean_squared_error: float) -> float:
    """Return the peak signal-to-noise ratio of 8-bit samples, at most 100 dB."""
    if mean_squared_error <= 0:
        return _EQUAL_PSNR_DB
    return min(10 * math.log10(_PEAK**2 / mean_squared_error), _EQUAL_PSNR_DB)


def finer_qp(qp: int, psnr_y_db: float, min_psnr_y_db: float) -> int:
    """Return the quantizer that lifts a frame from `psnr_y_db` to the minimum.

    Parameters
    ----------
    qp : int
        With which the frame has `psnr_y_db`.
    psnr_y_db : float
        Below `min_psnr_y_db`.
    min_psnr_y_db : float
        What the frame shall keep.

    Returns
    -------
    int
        At least one step finer, but never below 1.
    """
    steps = math.ceil((min_psnr_y_db - psnr_y_db) / _DB_PER_STEP)
    return max(qp - max(steps, 1), 1)


def choose_quantizer(
    info: MediaInfo,
    index: FrameIndex,
    settings: EncoderSettings,
    gaps: Sequence[Gap] = (),
) -> EncoderSettings:
    """Return the settings with the quantizer and the preset for a video.

    The same for the same video and settings; a preset that was asked for is kept.

    Raises
    ------
    DecodeError, EncodeError
        If the samples cannot be decoded or encoded.
    """
    trial = _Trial(info, index, replace(settings, max_bit_rate_bps=None), gaps)
    qp, tried = FINEST_DEFAULT_QP, dict[int, _Outcome]()
    if settings.preset == "auto":
        # what two trials only estimate, the later ones measure
        for trials in (_DECIDING_TRIALS, _TRIALS):
            qp = trial.choose(qp, tried, trials)
            if _estimated_ratio(tried, qp) > trial.max_ratio:
                settings, tried = replace(settings, preset="compact"), {}
                trial = replace(trial, settings=replace(trial.settings, preset="compact"))
                break
    return replace(settings, qp=trial.choose(qp, tried, _TRIALS))


@dataclass(frozen=True, slots=True)
class _Trial:
    """Seconds of a video, encoded with one quantizer after another."""

    info: MediaInfo
    index: FrameIndex
    settings: EncoderSettings
    gaps: Sequence[Gap]

    @property
    def max_ratio(self) -> float:
        """Bytes of the copy against the source's that are not exceeded without need."""
        made = self.settings.codec
        return _MAX_RATIO[made].get(self.info.video.codec, _USUAL_MAX_RATIO[made])

    def choose(self, qp: int, tried: dict[int, _Outcome], max_trials: int) -> int:
        """Return a quantizer that is fine enough, and needs no more bytes than that takes.

        Parameters
        ----------
        qp : int
            Tried next.
        tried : dict of int to _Outcome
            Quantizer -> what it gave so far; grows.
        max_trials : int
            Most entries of `tried`.
        """
        places = _sample_places(self.info, self.index)
        while len(tried) < max_trials and qp not in tried:
            samples = [self._try(first, qp) for first in places]
            lowest = min(sample.min_psnr_y_db for sample in samples)
            spare_db = lowest - self.settings.min_psnr_y_db - _TRIAL_SPARE_DB
            tried[qp] = _Outcome(spare_db, _ratio(samples))
            steps = min(_steps_to(tried[qp].ratio, self.max_ratio), _spare_steps(tried, qp))
            qp = min(max(qp + steps, _FINEST), _COARSEST)
        return qp

    def _try(self, first: int, qp: int) -> _Sample:
        video, settings = self.info.video, replace(self.settings, qp=qp)
        stop = _sample_stop(self.info, self.index, first)
        decoded = decode_frames(self.info, self.index, start=first, stop=stop, gaps=self.gaps)
        with closing(decoded) as frames:
            copy_bytes, errors = _encode(video, settings, frames)
        half = round(_WINDOW_SECONDS / 2 / video.time_base)
        window = slice(self.index.first_after(first, -half), self.index.first_after(stop - 1, half))
        around = self.index.sizes_bytes[window]
        worst = max(errors) / (video.width * video.height)
        source_bytes = max(float(around.mean()), 1.0) * (stop - first)
        return _Sample(copy_bytes, source_bytes, psnr_db(worst))


def _ratio(samples: Sequence[_Sample]) -> float:
    """Return the bytes of the copy against those that the source spends there."""
    return sum(each.copy_bytes for each in samples) / sum(each.source_bytes for each in samples)


def _estimated_ratio(tried: Mapping[int, _Outcome], qp: int) -> float:
    """Return what `qp` needs of the source's bytes: as it was tried, or by the nearest one."""
    nearest = min(tried, key=lambda each: abs(each - qp))
    return tried[nearest].ratio * _RATE_PER_STEP ** (qp - nearest)


def _spare_steps(tried: Mapping[int, _Outcome], qp: int) -> int:
    """Return how much coarser the quantizer may be than `qp`; negative where it is too coarse.

    Parameters
    ----------
    tried : mapping of int to _Outcome
        Quantizer -> what it gave; `qp` among them.
    qp : int
        Tried last.
    """
    spare_db = tried[qp].spare_db
    others = [each for each in tried if each != qp]
    slope = _MAX_DB_PER_STEP if spare_db > 0 else _DB_PER_STEP
    if others:
        nearest = min(others, key=lambda each: abs(each - qp))
        measured = (tried[nearest].spare_db - spare_db) / (qp - nearest)
        slope = min(max(measured, _MIN_DB_PER_STEP), _MAX_DB_PER_STEP)
    return math.floor(spare_db / slope)


def _steps_to(ratio: float, max_ratio: float) -> int:
    """Return how much coarser the quantizer must be for a bit rate; 0 where it is low enough."""
    return max(math.ceil(math.log(ratio / max_ratio) / -math.log(_RATE_PER_STEP)), 0)


def _sample_places(info: MediaInfo, index: FrameIndex) -> list[int]:
    """Return the first frames of the samples, at even shares of the video's bytes."""
    if _sample_stop(info, index, 0, _SAMPLES) == len(index):
        return [0]
    share = np.cumsum(index.sizes_bytes) / max(int(index.sizes_bytes.sum()), 1)
    wanted = (np.arange(_SAMPLES) + 0.5) / _SAMPLES
    return sorted({int(place) for place in np.searchsorted(share, wanted)})


def _sample_stop(info: MediaInfo, index: FrameIndex, first: int, samples: int = 1) -> int:
    """Return where so many seconds end that begin at a frame; each has the frames of a GOP."""
    stop = index.first_after(first, round(samples * _SAMPLE_SECONDS / info.video.time_base))
    return min(max(stop, first + samples * MIN_GOP_FRAMES), len(index))


def _encode(
    video: VideoInfo, settings: EncoderSettings, frames: Iterator[Frame]
) -> tuple[int, list[int]]:
    """Return the size of all frames, and the luma error of each."""
    size_bytes = 0
    with av.open(io.BytesIO(), "w", format="mp4") as container:
        stream = add_encoder(
            container,
            video.format,
            settings,
            frame_rate=video.average_frame_rate,
            source_bps=video.bit_rate_bps,
            counts_errors=True,
        )
        errors = LumaErrors(stream, settings)
        for frame in chain(frames, [None]):
            timed = None if frame is None else _timed(frame, video)
            if timed is not None:
                errors.expect(timed)
            for packet in stream.encode(timed):
                size_bytes += packet.size
                errors.add(packet)
        errors.finish()
    return size_bytes, errors.sums


def _timed(frame: Frame, video: VideoInfo) -> VideoFrame:
    """Return the frame with its time, and free to be of any kind."""
    frame.av_frame.pts, frame.av_frame.time_base = frame.pts, video.time_base
    frame.av_frame.pict_type = PictureType.NONE
    return frame.av_frame

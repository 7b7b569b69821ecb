"""Decide before the work begins what becomes of each audio stream of a source."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, Literal

import av
import av.error
from av.audio.stream import AudioStream
from av.container import OutputContainer

from recorder_core.errors import EncodeError, SettingsError
from recorder_core.media.audio.changes import AudioChange
from recorder_core.media.audio.packets import audio_packets, run_in_of, strip_extradata_comments
from recorder_core.media.container.codec_delay import delayed_template
from recorder_core.media.container.info import MediaInfo
from recorder_core.media.container.probe import open_media
from recorder_core.media.ffmpeg_errors import reading

__all__ = [
    "AUDIO_CHOICES",
    "CONTAINERS",
    "AudioChoice",
    "AudioPlan",
    "add_copied_audio",
    "containers_for",
    "is_played",
    "plan_audio",
]

#: what is done with audio: auto copies it where the container takes it and converts it elsewhere
AudioChoice = Literal["auto", "copy", "convert", "none"]
AUDIO_CHOICES: Final[tuple[AudioChoice, ...]] = ("auto", "copy", "convert", "none")
#: suffix -> FFmpeg's muxer
CONTAINERS: Final = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}
#: what audio is converted to: MKV holds FLAC, which loses nothing
_ENCODERS: Final = {"mp4": "aac", "mov": "aac", "matroska": "flac"}
#: MP4 says of these in a box of its own (ISO/IEC 23003-5) how they are stored; FFmpeg before 6.1,
#: as other programs that do not know it, takes them for 16 bits and plays noise, or nothing
_NOISE_IN_MP4: Final = re.compile(r"pcm_([fs](24|32|64)(le|be)|s16be)")
#: of these nothing is lost: what they are converted to in MP4 unless somebody asks for AAC
_LOSSLESS: Final = "flac"
#: some muxers refuse a codec only when its first packets come
_TRIAL_PACKETS: Final = 8
#: channel layouts that players take for so many channels without a layout
_USUAL_LAYOUTS: Final = {1: "mono", 2: "stereo"}


@dataclass(frozen=True, slots=True)
class AudioPlan:
    """What becomes of one audio stream."""

    stream_index: int
    #: of the source
    codec: str
    #: what it is converted to; None: it is copied as it is
    encoder: str | None = None
    #: samples before time zero that its decoder needs
    run_in_samples: int = 0

    def __str__(self) -> str:
        done = "copied" if self.encoder is None else f"converted to {self.encoder}"
        return f"audio stream {self.stream_index} ({self.codec}) is {done}"


def plan_audio(
    output: Path,
    info: MediaInfo,
    choice: AudioChoice = "auto",
    changes: Sequence[AudioChange] = (),
) -> tuple[AudioPlan, ...]:
    """Return what becomes of each audio stream of a source, after a trial of the container.

    Parameters
    ----------
    output : Path
        Its suffix names the container.
    info : MediaInfo
        Of the source.
    choice : str
        One of `AUDIO_CHOICES`.
    changes : sequence of AudioChange
        Of the source's index: what changes its rate or channels is converted.

    Raises
    ------
    SettingsError
        If the suffix is none of .mp4, .mov and .mkv.
    EncodeError
        If audio shall be copied and the container cannot hold it, or its codec changes; the
        message says what can.
    DecodeError
        If the source cannot be read.
    """
    muxer = CONTAINERS.get(output.suffix.lower())
    if muxer is None:
        raise SettingsError(
            f"{output.name} must end in one of {', '.join(CONTAINERS)}, which says its format"
        )
    if choice == "none":
        return ()
    plans = []
    changed = {change.stream_index: change for change in changes}
    for track in info.audio:
        change = changed.get(track.stream_index)
        _refuse_change(info, choice, change)
        is_one = change is None and choice != "convert"
        as_it_is = is_one and _holds(muxer, info, track.stream_index)
        if choice == "copy" and not as_it_is:
            raise _refused(output, info, track.stream_index, track.codec)
        encoder = None if as_it_is else _encoder(muxer, track.codec, choice)
        run_in = _run_in(info, track.stream_index) if muxer == "matroska" else 0
        plans.append(AudioPlan(track.stream_index, track.codec, encoder, run_in))
    return tuple(plans)


def is_played(muxer: str, codec: str) -> bool:
    """Return whether players play what a muxer writes of a codec of audio, if it takes it.

    Parameters
    ----------
    muxer, codec : str
        FFmpeg's names.
    """
    return muxer != "mp4" or _NOISE_IN_MP4.fullmatch(codec) is None


def _encoder(muxer: str, codec: str, choice: AudioChoice) -> str:
    if choice == "auto" and not is_played(muxer, codec):
        return _LOSSLESS
    return _ENCODERS[muxer]


def _refuse_change(info: MediaInfo, choice: AudioChoice, change: AudioChange | None) -> None:
    """Refuse a stream that no decoder takes as a whole, or of which no copy is one."""
    if change is None or (choice != "copy" and not change.is_codec):
        return
    first = info.video.seconds(info.video.start_pts)
    moment = f"second {max(change.seconds - first, 0):.1f} on"
    which = f"audio stream {change.stream_index} of {info.name}"
    if change.is_codec:
        raise EncodeError(
            f"{which} is {change.before.codec}, but {change.after.codec} from {moment}, as where "
            "recordings were joined: pass its parts as separate files, or --no-audio"
        )
    raise EncodeError(f"{which} has another rate or channels from {moment}; give --audio convert")


def _refused(output: Path, info: MediaInfo, stream_index: int, codec: str) -> EncodeError:
    able = containers_for(info, stream_index)
    advice = "".join(f"name the output {' or '.join(able)}, or " for _ in able[:1])
    return EncodeError(
        f"a {output.suffix} file cannot hold audio as {codec}; {advice}give --audio convert"
    )


def containers_for(info: MediaInfo, stream_index: int) -> list[str]:
    """Return the suffixes of the containers that can hold an audio stream as it is."""
    return [suffix for suffix, muxer in CONTAINERS.items() if _holds(muxer, info, stream_index)]


def _run_in(info: MediaInfo, stream_index: int) -> int:
    with reading(info.file), open_media(info.file) as source:
        track = source.streams[stream_index]
        assert isinstance(track, AudioStream)
        return run_in_of(source, track)


def _holds(muxer: str, info: MediaInfo, stream_index: int) -> bool:
    with reading(info.file), open_media(info.file) as source:
        track = source.streams[stream_index]
        assert isinstance(track, AudioStream)
        if not is_played(muxer, track.name or ""):
            return False
        packets = list(islice(audio_packets(source, [track], tolerant=True), _TRIAL_PACKETS))
        trial = av.open(io.BytesIO(), "w", format=muxer)
        try:
            stream = add_copied_audio(trial, track)
            for packet in packets:
                packet.stream = stream
                trial.mux_one(packet)
            trial.start_encoding()
            trial.close()
        except (ValueError, av.error.FFmpegError):
            return False
    return True


def add_copied_audio(
    container: OutputContainer, track: AudioStream, delay_samples: int = 0
) -> AudioStream:
    """Add a stream that takes the packets of another file's, without its comments.

    Parameters
    ----------
    container : OutputContainer
    track : AudioStream
        Of the source.
    delay_samples : int
        Run-in of its plan.
    """
    if delay_samples and container.format.name == "matroska":
        with delayed_template(track, delay_samples) as template:
            stream = container.add_stream_from_template(template)
    else:
        stream = container.add_stream_from_template(track)
    codec = stream.codec_context
    extradata = track.codec_context.extradata
    if extradata:
        codec.extradata = strip_extradata_comments(track.name or "", extradata)
    # AVI counts channels without naming them, which MP4 refuses
    if codec.layout.name == f"{codec.channels} channels" and codec.channels in _USUAL_LAYOUTS:
        codec.layout = _USUAL_LAYOUTS[codec.channels]
    return stream

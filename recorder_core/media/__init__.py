"""Video files: look into them, decode, encode in segments, join, verify.

The only package that imports ``av``. The way of a video through it::

    with open_video(source) as video:         # a path, or a file object that can go back
        rgb = video.frame(100).to_rgb()       # any frame, exactly
        with closing(video.decode()) as frames:
            ...                               # SegmentEncoder, one or more
        with finished_file(output) as temporary:
            assemble(parts, video.info, video.index, temporary)
            verify_output(temporary, video.info, video.index)

Live inputs are opened by `open_live`: devices, streams, files in real time, test signals. Frames
that come from no file have a `FrameFormat`, too: `Frame.black` makes one to paint, and a
`FrameEncoder` encodes them into any container.
"""

from recorder_core.media.audio.plan import (
    AUDIO_CHOICES,
    CONTAINERS,
    AudioChoice,
    AudioPlan,
    plan_audio,
)
from recorder_core.media.container.creation_time import read_creation_time
from recorder_core.media.container.info import AudioInfo, MediaInfo, VideoInfo
from recorder_core.media.container.mp4_boxes import is_fragmented
from recorder_core.media.container.probe import probe
from recorder_core.media.container.source_clock import FILE_CLOCK, SourceClock
from recorder_core.media.decode.gops import Gop, TimedFrame, decode_at_keyframes, list_gops, psnr_y
from recorder_core.media.decode.sequential import Gap, decode_frames, find_gaps
from recorder_core.media.encode.encoder import check_encoder
from recorder_core.media.encode.encoder_choice import (
    LIVE_ENCODERS,
    EncoderChoice,
    LiveEncoder,
    choose_encoder,
)
from recorder_core.media.encode.encoder_facts import EncoderFact, encoder_facts
from recorder_core.media.encode.frame_encoder import FrameEncoder
from recorder_core.media.encode.kept_depth import keep_depth
from recorder_core.media.encode.quantizer import choose_quantizer, finer_qp, psnr_db
from recorder_core.media.encode.replay import decode_segment
from recorder_core.media.encode.segments import SegmentEncoder, SegmentInfo, write_segment
from recorder_core.media.encode.settings import (
    CODEC_NAMES,
    ENCODER_NAMES,
    PRESETS,
    USUAL_MIN_PSNR_Y_DB,
    Codec,
    EncoderName,
    EncoderSettings,
    Preset,
    encoder_for,
)
from recorder_core.media.encode.transcode import bare_transcode
from recorder_core.media.files.byte_streams import ByteSink
from recorder_core.media.files.file_state import FileState
from recorder_core.media.files.finished import file_sha256, finished_file, hash_beside
from recorder_core.media.files.media_file import MediaFile, VideoSource
from recorder_core.media.files.output_lock import output_lock
from recorder_core.media.frames.frame import Frame
from recorder_core.media.frames.frame_pool import FramePool
from recorder_core.media.frames.scaling import FrameScaler, planes_of_picture
from recorder_core.media.index.frame_index import FrameIndex, index_frames
from recorder_core.media.live.arrivals import (
    Arrival,
    ArrivedAudio,
    ArrivedFrame,
    Damaged,
    LiveInput,
)
from recorder_core.media.live.input_wait import InputWait
from recorder_core.media.live.opening import open_live
from recorder_core.media.live.pattern import is_flash, read_pattern_number
from recorder_core.media.live.settings import (
    AUDIO_KINDS,
    FRAME_KINDS,
    SOURCE_KINDS,
    SourceKind,
    SourceSettings,
    read_source_settings,
)
from recorder_core.media.output.assemble import Part, assemble
from recorder_core.media.output.cut_recording import (
    read_frame_times,
    recorded_seconds,
    remux_cut_recording,
    remux_whole_recording,
)
from recorder_core.media.output.fragments import AudioFormat, FragmentWriter
from recorder_core.media.output.remux import can_remux, indexed_bytes, remux
from recorder_core.media.output.verify import verify_output
from recorder_core.media.pictures.compression import compress_as_video
from recorder_core.media.pictures.still import read_picture
from recorder_core.media.video import Video, open_video

__all__ = [
    "AUDIO_CHOICES",
    "AUDIO_KINDS",
    "CODEC_NAMES",
    "CONTAINERS",
    "ENCODER_NAMES",
    "FILE_CLOCK",
    "FRAME_KINDS",
    "LIVE_ENCODERS",
    "PRESETS",
    "SOURCE_KINDS",
    "USUAL_MIN_PSNR_Y_DB",
    "Arrival",
    "ArrivedAudio",
    "ArrivedFrame",
    "AudioChoice",
    "AudioFormat",
    "AudioInfo",
    "AudioPlan",
    "ByteSink",
    "Codec",
    "Damaged",
    "EncoderChoice",
    "EncoderFact",
    "EncoderName",
    "EncoderSettings",
    "FileState",
    "FragmentWriter",
    "Frame",
    "FrameEncoder",
    "FrameIndex",
    "FramePool",
    "FrameScaler",
    "Gap",
    "Gop",
    "InputWait",
    "LiveEncoder",
    "LiveInput",
    "MediaFile",
    "MediaInfo",
    "Part",
    "Preset",
    "SegmentEncoder",
    "SegmentInfo",
    "SourceClock",
    "SourceKind",
    "SourceSettings",
    "TimedFrame",
    "Video",
    "VideoInfo",
    "VideoSource",
    "assemble",
    "bare_transcode",
    "can_remux",
    "check_encoder",
    "choose_encoder",
    "choose_quantizer",
    "compress_as_video",
    "decode_at_keyframes",
    "decode_frames",
    "decode_segment",
    "encoder_facts",
    "encoder_for",
    "file_sha256",
    "find_gaps",
    "finer_qp",
    "finished_file",
    "hash_beside",
    "index_frames",
    "indexed_bytes",
    "is_flash",
    "is_fragmented",
    "keep_depth",
    "list_gops",
    "open_live",
    "open_video",
    "output_lock",
    "plan_audio",
    "planes_of_picture",
    "probe",
    "psnr_db",
    "psnr_y",
    "read_creation_time",
    "read_frame_times",
    "read_pattern_number",
    "read_picture",
    "read_source_settings",
    "recorded_seconds",
    "remux",
    "remux_cut_recording",
    "remux_whole_recording",
    "verify_output",
    "write_segment",
]

"""Any frame of a video, exactly, from a path and from a file object."""

from __future__ import annotations

import io
import math
import re
import threading
from collections.abc import Callable
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from recorder_core.errors import DecodeError, PayloadDamaged, SettingsError
from recorder_core.media import open_video
from recorder_core.model import FrameTimes

MakeVideo = Callable[..., Path]
ReadNumber = Callable[[Any], int]
#: in no order: ahead, back, the last, the first, twice the same
ORDER = (7, 3, 39, 0, 20, 21, 21, 38, 12, 11)
#: two frames in five are shown for twice as long as the others
UNEVEN = [0, 2, 3, 4, 6]
KINDS: dict[str, dict[str, Any]] = {
    "constant.mp4": {},
    "variable.mp4": {
        "pts": [7 * (each // 5) + UNEVEN[each % 5] for each in range(40)],
        "time_base": Fraction(1, 30),
    },
    "deep-b.mp4": {"options": {"g": "20", "bf": "4", "b-pyramid": "normal", "refs": "5"}},
    "open-gop.mkv": {"options": {"g": "8", "bf": "2", "x264-params": "open-gop=1"}},
    "one-gop.mp4": {"options": {"g": "400", "bf": "2"}},
    "gradual.mp4": {"options": {"g": "12", "bf": "0", "x264-params": "intra-refresh=1"}},
    "stream.ts": {},
    "stream.mkv": {"audio": ("aac",)},
    "stream.avi": {},
    "hevc.mp4": {"codec": "libx265", "options": {"x265-params": "log-level=none:keyint=10"}},
    "mpeg2.mpg": {"codec": "mpeg2video", "options": {"g": "10", "bf": "2", "q": "2"}},
}


class SlowFile:
    """A file object that gives fewer bytes than are asked for, as one that decrypts may."""

    def __init__(self, content: bytes) -> None:
        self._file = io.BytesIO(content)
        self.is_damaged = False

    def read(self, size: int = -1, /) -> bytes:
        if self.is_damaged:
            raise PayloadDamaged("a segment is damaged")
        return self._file.read(min(size, 5000) if size >= 0 else 5000)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


@pytest.mark.parametrize("name", KINDS)
def test_each_frame_is_the_one_that_is_asked_for(
    name: str, make_video: MakeVideo, read_number: ReadNumber
) -> None:
    path = make_video(name, **KINDS[name])
    for source in (path, str(path), SlowFile(path.read_bytes())):
        with open_video(source) as video:
            assert len(video) == 40
            frames = [video.frame(each) for each in ORDER]
            assert [read_number(frame.planes.y) for frame in frames] == list(ORDER)
            assert [frame.frame_index for frame in frames] == list(ORDER)
            assert [frame.pts for frame in frames] == video.index.pts[list(ORDER)].tolist()
            with closing(video.decode(11, 14)) as some:
                assert [read_number(frame.planes.y) for frame in some] == [11, 12, 13]


def test_frames_that_an_edit_list_hides_are_none(
    make_video: MakeVideo, read_number: ReadNumber, tmp_path: Path
) -> None:
    path, trimmed = make_video("whole.mp4"), tmp_path / "trimmed.mp4"
    with av.open(str(path)) as source, av.open(str(trimmed), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                unit = packet.time_base
                # five frames before time zero are decoded, and not shown
                early = round(5 / 25 / unit)
                packet.pts, packet.dts = packet.pts - early, packet.dts - early
                packet.stream = stream
                target.mux(packet)
    for source in (trimmed, io.BytesIO(trimmed.read_bytes())):
        with open_video(source) as video:
            places = [0, len(video) - 1, 6]
            found = [read_number(video.frame(place).planes.y) for place in places]
            with closing(video.decode()) as frames:
                shown = [read_number(frame.planes.y) for frame in frames]
        assert shown == list(range(40 - len(shown), 40))
        assert found == [shown[place] for place in places]
    assert len(shown) < 40


def test_a_frame_is_found_by_its_time(make_video: MakeVideo, read_number: ReadNumber) -> None:
    with open_video(make_video("variable.mp4", **KINDS["variable.mp4"])) as video:
        # frames 0 to 4 are shown from units 0, 2, 3, 4 and 6 of 1/30 s
        times = {0.0: 0, 1.9 / 30: 0, 2 / 30: 1, 3.5 / 30: 2, 5.9 / 30: 3, 6.9 / 30: 4, 7 / 30: 5}
        for seconds, number in times.items():
            assert read_number(video.frame_at(seconds + 1e-9).planes.y) == number
        for seconds in (-0.1, 55 / 30 + 0.2):
            with pytest.raises(SettingsError, match=r"shows frames from second 0 to 1\.8"):
                video.frame_at(seconds)


def test_known_times_spare_reading_the_video(
    make_video: MakeVideo, read_number: ReadNumber
) -> None:
    path = make_video("long.mp4")
    with open_video(path) as video:
        times = FrameTimes(video.info.video.time_base, video.index.pts)
    for wrong in (FrameTimes(Fraction(1, 7), times.pts), None):
        with open_video(path, times=wrong) as video:
            assert "not counted yet" in repr(video)
    with open_video(path, times=times) as video:
        assert [read_number(video.frame(each).planes.y) for each in ORDER] == list(ORDER)
        assert repr(video) == "Video(h264, 96x64 px, 40 frames, 1.6 s, 25.00 frames/s, 0 audio)"
        assert video._index is None
        assert video.frame(3).duration == int(times.pts[4] - times.pts[3])


def test_the_frame_is_what_a_player_shows(make_video: MakeVideo) -> None:
    path = make_video("wide.mkv", tags={"sample_aspect_ratio": Fraction(3, 2)})
    with open_video(path) as video:
        rgb = video.frame(5).to_rgb()
        assert (rgb.shape, rgb.dtype) == ((64, 144, 3), np.uint8)
        assert "144x64 px" in repr(video)


def test_a_file_object_is_its_owners(make_video: MakeVideo) -> None:
    with make_video("owned.mp4").open("rb") as file:
        file.seek(500)
        with open_video(file) as video:
            assert video.info.name == "owned.mp4"
            video.frame(3)
        file.seek(0)
        assert len(file.read(8)) == 8


def test_threads_decode_side_by_side(make_video: MakeVideo, read_number: ReadNumber) -> None:
    content = make_video("shared.mp4").read_bytes()
    found: dict[int, list[int]] = {}
    with open_video(SlowFile(content)) as video:
        video.index  # noqa: B018

        def read(start: int) -> None:
            with closing(video.decode(start)) as frames:
                found[start] = [read_number(frame.planes.y) for frame in frames]

        threads = [threading.Thread(target=read, args=(start,)) for start in (0, 15, 30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == {start: list(range(start, 40)) for start in (0, 15, 30)}


@pytest.mark.parametrize("place", [-1, 40])
def test_a_frame_that_is_not_there(make_video: MakeVideo, place: int) -> None:
    with open_video(make_video("few.mp4")) as video:
        sentence = f"few.mp4 has frames 0 to 39, but no frame {place}"
        with pytest.raises(SettingsError, match=re.escape(sentence)):
            video.frame(place)


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DecodeError, match="the video is not a video that this program can read"):
        open_video(io.BytesIO(b"no video" * 99))
    with pytest.raises(DecodeError, match="the original is empty"):
        open_video(io.BytesIO(), name="the original")
    with pytest.raises(DecodeError, match=r"missing\.mp4 does not exist"):
        open_video(tmp_path / "missing.mp4")


def test_a_chosen_stream_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "two.mkv"
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("libx264", rate=25) for _ in range(2)]
        for stream, width in zip(streams, (64, 96), strict=True):
            stream.width, stream.height, stream.pix_fmt = width, 64, "yuv420p"
        for stream, width, grey in zip(streams, (64, 96), (60, 180), strict=True):
            frame = av.VideoFrame.from_ndarray(np.full((96, width), grey, np.uint8), "yuv420p")
            frame.pts = 0
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    shown = []
    for stream_index in (None, 0, 1):
        with path.open("rb") as file, open_video(file, stream_index=stream_index) as video:
            shown.append((video.frame(0).to_rgb().shape, int(video.frame(0).planes.y.mean())))
    assert shown == [((64, 96, 3), 180), ((64, 64, 3), 60), ((64, 96, 3), 180)]
    with path.open("rb") as file, pytest.raises(SettingsError, match=r"stream 2 of two\.mkv is no"):
        open_video(file, stream_index=2)


def test_a_change_of_the_file_is_noticed(make_video: MakeVideo) -> None:
    path = make_video("growing.mp4")
    content = bytearray(path.read_bytes())
    with open_video(path) as on_disk, io.BytesIO(content) as file, open_video(file) as shared:
        on_disk.check_unchanged()
        shared.check_unchanged()
        path.write_bytes(content + b"more")
        file.seek(0, 2)
        file.write(b"more")
        for video in (on_disk, shared):
            with pytest.raises(DecodeError, match="was changed while it was read"):
                video.check_unchanged()


def test_what_a_file_object_says_is_wrong_is_said(make_video: MakeVideo) -> None:
    file = SlowFile(make_video("damaged.mp4").read_bytes())
    with open_video(file) as video:
        assert len(video) == 40
        file.is_damaged = True
        with pytest.raises(PayloadDamaged, match="a segment is damaged"):
            video.frame(20)


def test_damage_is_refused_or_black_where_it_is_salvaged(make_video: MakeVideo) -> None:
    path = make_video("damaged.mp4", options={"g": "10", "bf": "0"})
    with open_video(path) as video:
        start = int(video.index.sizes_bytes[:15].sum())
    content = bytearray(path.read_bytes())
    first = content.index(b"mdat") + 4 + start
    content[first + 20 : first + 120] = bytes(100)
    for source in (content, bytes(content)):
        with open_video(io.BytesIO(source), salvage=True) as video:
            gaps = {n for gap in video.gaps for n in range(gap.first_index, gap.stop_index)}
            assert 15 in gaps
            assert not gaps & {*range(10), *range(20, 40)}
            assert [video.frame(each).is_gap for each in (3, 15, 25)] == [False, True, False]
            assert int(video.frame(15).to_rgb().max()) == 0
    with open_video(io.BytesIO(content)) as video, pytest.raises(DecodeError, match="damaged"):
        list(video.decode())


def test_a_frame_is_named_by_a_whole_number_and_a_time_by_a_number(drawn_source: Path) -> None:
    with open_video(drawn_source) as video:
        with pytest.raises(TypeError, match="'float' object cannot be interpreted as an integer"):
            video.frame(1.5)  # type: ignore[arg-type]
        with pytest.raises(SettingsError, match="none at nan"):
            video.frame_at(math.nan)


@pytest.mark.parametrize(("start", "stop"), [(-3, 3), (5, 2)])
def test_frames_that_cannot_be_are_not_called_damage(
    make_video: MakeVideo, start: int, stop: int
) -> None:
    with (
        open_video(make_video("few.mp4")) as video,
        pytest.raises(SettingsError, match="counted from 0"),
    ):
        list(video.decode(start, stop))

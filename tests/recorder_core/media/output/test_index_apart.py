"""An MP4 file written forward only, but for one size near its beginning."""

from __future__ import annotations

import io

import av
import pytest

from profiling.benches.long_videos import LongVideo, write_long
from recorder_core.errors import EncodeError
from recorder_core.media.container.mp4_boxes import top_level_boxes
from recorder_core.media.output.index_apart import IndexApart

#: a file's type and the header of its media lie before this byte
HEAD_BYTES = 64


class ForwardFile(io.BytesIO):
    """Takes bytes at its end, and near its beginning; what lies between is sealed."""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        end = len(self.getbuffer())
        assert self.tell() == end or self.tell() + len(data) <= HEAD_BYTES
        return super().write(data)


def muxed(source: bytes, file: object) -> None:
    """Write a video's packets into an MP4 file, a buffer of 4 KiB between muxer and file."""
    with (
        av.open(io.BytesIO(source)) as found,
        av.open(
            file,
            "w",
            format="mp4",
            container_options={"fflags": "+bitexact"},
            buffer_size=4096,
        ) as target,
    ):
        streams = [target.add_stream_from_template(stream) for stream in found.streams]
        for packet in found.demux():
            if packet.size:
                packet.stream = streams[packet.stream_index]
                target.mux_one(packet)
        if isinstance(file, IndexApart):
            file.begin_index()
    if isinstance(file, IndexApart):
        file.finish()


def packet_bytes(source: bytes) -> int:
    with av.open(io.BytesIO(source)) as container:
        return sum(packet.size for packet in container.demux())


@pytest.mark.parametrize("seconds", [2, 240])
def test_with_a_known_size_nothing_is_written_twice(seconds: int) -> None:
    source, plain = io.BytesIO(), io.BytesIO()
    write_long(source, LongVideo(seconds))
    muxed(source.getvalue(), plain)
    pieces: list[bytes] = []

    class Pipe:
        def write(self, data: bytes) -> int:
            pieces.append(bytes(data))
            return len(data)

        def seek(self, offset: int, whence: int = 0) -> int:
            assert (offset, whence) == (0, io.SEEK_END)
            return 0

        def tell(self) -> int:
            raise AssertionError

    muxed(source.getvalue(), IndexApart(Pipe(), packet_bytes(source.getvalue())))
    assert b"".join(pieces) == plain.getvalue()


def test_another_size_than_was_said_is_an_error() -> None:
    source = io.BytesIO()
    write_long(source, LongVideo(60))
    for wrong in (-1, 1):
        known = packet_bytes(source.getvalue()) + wrong
        with pytest.raises(EncodeError, match="another size"):
            muxed(source.getvalue(), IndexApart(io.BytesIO(), known))


def test_more_than_four_gigabytes_have_a_size_of_64_bits() -> None:
    """As FFmpeg writes it in the end, over the empty box and the header behind it."""
    size, target = 5 * 2**30, io.BytesIO()
    file = IndexApart(target, size)
    file.write(b"....ftyp" + b"\0\0\0\x08free" + b"\0\0\0\0mdat" + b"packets")
    header = b"\0\0\0\x01mdat" + (size + 16).to_bytes(8, "big")
    assert target.getvalue() == b"....ftyp" + header + b"packets"
    file.begin_index()
    file.seek(8)
    file.write(header)
    file.finish()


@pytest.mark.parametrize("seconds", [2, 240])
def test_the_file_is_what_the_muxer_writes_when_it_may_go_back(seconds: int) -> None:
    source = io.BytesIO()
    write_long(source, LongVideo(seconds))
    plain, forward = io.BytesIO(), ForwardFile()
    muxed(source.getvalue(), plain)
    muxed(source.getvalue(), IndexApart(forward))
    assert forward.getvalue() == plain.getvalue()
    kinds = [box.kind for box in top_level_boxes(forward)]
    assert kinds[0] == b"ftyp"
    assert kinds[-2:] == [b"mdat", b"moov"]


def test_it_is_a_file_object() -> None:
    target = io.BytesIO()
    file = IndexApart(target)
    assert file.write(b"0123456789") == 10
    file.begin_index()
    assert file.write(b"index") == 5
    assert (file.tell(), file.seek(0, io.SEEK_END)) == (15, 15)
    assert file.seek(-4, io.SEEK_CUR) == 11
    file.write(b"ND")
    assert file.seek(2) == 2
    file.write(b"--")
    assert target.getvalue() == b"01--456789"
    file.finish()
    assert target.getvalue() == b"01--456789iNDex"

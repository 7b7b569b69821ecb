from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import pytest

from recorder_core.media.output.parameter_sets import parameter_sets


def _parameter_sets(path: Path) -> tuple[bytes, bytes]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return parameter_sets(stream), stream.codec_context.extradata or b""


def _copied(source: Path, target: Path) -> Path:
    with av.open(str(source)) as first, av.open(str(target), "w") as copy:
        stream = copy.add_stream_from_template(first.streams.video[0], opaque=True)
        stream.codec_context.codec_tag = first.streams.video[0].codec_context.codec_tag
        for packet in first.demux(video=0):
            if packet.size:
                packet.stream = stream
                copy.mux(packet)
    return target


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_they_are_the_same_in_every_container_and_not_of_every_stream(
    make_video: Callable[..., Path], tmp_path: Path, codec: str
) -> None:
    options = {"libx264": {"bf": "0"}, "libx265": {"x265-params": "log-level=none:bframes=0"}}
    source = make_video(codec=codec, options=options[codec], frames=3)
    sets, header = _parameter_sets(source)
    assert len(sets) == len(header) > 20
    assert _parameter_sets(_copied(source, tmp_path / "copy.mkv"))[0] == sets
    other = make_video("b.mp4", codec=codec, options=options[codec], frames=3, width=128)
    assert _parameter_sets(other)[0] != sets

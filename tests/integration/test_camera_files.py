"""What cameras write beside the frames does not come into a copy."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.integration.conftest import Ran, contents

#: occurs nowhere else
NAME = b"QUORRAZEPHYR"
#: a unit of supplemental enhancement information: user data, length, 16 bytes of whose
#: (ITU-T H.264, D.1.7), and what it says
USER_DATA = b"\0\0\0\1\6\5" + bytes([16 + len(NAME)]) + b"\x5a" * 16 + NAME + b"\x80"


def _write(path: Path) -> Path:
    """Write a QuickTime file whose frames hold user data, with a track of measurements."""
    with av.open(str(path), "w") as container:
        container.metadata["title"] = NAME.decode()
        stream = container.add_stream("libx264", rate=20, options={"tune": "zerolatency"})
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        stream.metadata["handler_name"] = NAME.decode()
        # FFmpeg makes a track of time codes of it
        stream.metadata["timecode"] = "01:02:03:04"
        for place in range(10):
            levels = np.full((120, 160), 60 + place, np.uint8)
            frame = av.VideoFrame.from_ndarray(levels, format="gray").reformat(format="yuv420p")
            frame.pts, frame.time_base = place, Fraction(1, 20)
            for encoded in stream.encode(frame):
                packet = av.Packet(USER_DATA + bytes(encoded))
                packet.pts, packet.dts, packet.time_base = place, place, encoded.time_base
                packet.stream, packet.is_keyframe = stream, encoded.is_keyframe
                container.mux(packet)
    # as sport cameras name theirs, which no player knows
    content = path.read_bytes().replace(b"mhlrtmcd", b"mhlrmeta")
    described = content.index(b"tmcd", content.index(b"stsd", content.index(b"mhlrmeta")))
    path.write_bytes(content[:described] + b"gpmd" + content[described + 4 :])
    return path


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov"])
@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_user_data_names_and_tracks_of_measurements_stay_behind(
    suffix: str, codec: str, tmp_path: Path, run: Callable[..., Ran]
) -> None:
    source, folder = _write(tmp_path / "source.mov"), tmp_path / "made"
    folder.mkdir()
    with av.open(str(source)) as container:
        assert [stream.type for stream in container.streams] == ["video", "data"]
    assert source.read_bytes().count(NAME) >= 10
    copy = folder / f"copy.{suffix}"
    words = ("deidentify", source, "-o", copy, "--codec", codec, "--allow-no-faces")
    assert run(*words, "--quiet").status == 0
    assert not [name for name, content in contents(folder).items() if NAME in content]
    with av.open(str(copy)) as container:
        assert [stream.type for stream in container.streams] == ["video"]
        assert len(list(container.decode(video=0))) == 10
    report = json.loads((folder / "copy.report.json").read_text(encoding="utf-8"))
    assert "data stream 1" in report["source"]["not_carried_over"]

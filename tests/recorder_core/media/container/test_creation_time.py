from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
import pytest

from recorder_core.errors import DecodeError
from recorder_core.media import read_creation_time

MOMENT = datetime(2024, 5, 4, 9, 30, tzinfo=UTC)


def _video(path: Path, tag: str) -> Path:
    with av.open(str(path), "w") as container:
        if tag:
            container.metadata["creation_time"] = tag
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((72, 64), np.uint8), "yuv420p")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("name", "tag", "expected"),
    [
        ("a.mp4", "2024-05-04T09:30:00Z", MOMENT),
        ("a.mov", "2024-05-04T09:30:00.000000Z", MOMENT),
        ("a.mkv", "2024-05-04T09:30:00.000000Z", MOMENT),
        ("a.mkv", "2024-05-04 11:30:00+02:00", MOMENT),
        ("a.mkv", "2024-05-04T09:30:00", MOMENT),
        ("a.mkv", "yesterday", None),
        ("a.mp4", "1970-01-01T00:00:01Z", None),
        ("a.mp4", "", None),
    ],
)
def test_the_time_that_a_recorder_wrote_is_read(
    tmp_path: Path, name: str, tag: str, expected: datetime | None
) -> None:
    assert read_creation_time(_video(tmp_path / name, tag)) == expected


def test_a_file_that_is_no_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video")
    with pytest.raises(DecodeError, match=r"a\.mp4"):
        read_creation_time(tmp_path / "a.mp4")

from __future__ import annotations

import errno
from pathlib import Path

import av.error
import pytest

from recorder_core.errors import DecodeError, EncodeError
from recorder_core.media.ffmpeg_errors import reading, writing

CLASSES = sorted(
    {
        kind
        for kind in vars(av.error).values()
        if isinstance(kind, type) and issubclass(kind, av.error.FFmpegError)
    },
    key=lambda kind: kind.__name__,
)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_no_error_of_ffmpeg_is_left_unmapped(kind: type[Exception], tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    with pytest.raises(DecodeError) as read, reading(path):
        raise kind(1, "it went wrong", str(path))
    with pytest.raises(EncodeError) as written, writing(path):
        raise kind(1, "it went wrong", str(path))
    for caught in (read, written):
        assert isinstance(caught.value.__cause__, kind)
        assert "video.mp4" in str(caught.value)
        assert str(tmp_path) not in str(caught.value)


def test_the_file_system_is_mapped_too(tmp_path: Path) -> None:
    with pytest.raises(DecodeError, match="does not exist"), reading(tmp_path / "no.mp4"):
        (tmp_path / "no.mp4").read_bytes()
    with pytest.raises(EncodeError, match="disk is full"), writing(tmp_path / "no.mp4"):
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(EncodeError, match="larger than"), writing(tmp_path / "no.mp4"):
        raise OSError(errno.EFBIG, "File too large")
    with pytest.raises(EncodeError, match="may not be written"), writing(tmp_path / "no.mp4"):
        raise PermissionError(errno.EACCES, "Permission denied")


def test_our_own_errors_pass(tmp_path: Path) -> None:
    own = DecodeError("one sentence")
    with pytest.raises(DecodeError) as caught, reading(tmp_path / "video.mp4"):
        raise own
    assert caught.value is own


def test_a_full_disk_says_what_is_needed(tmp_path: Path) -> None:
    half = tmp_path / ".copy.part.mp4"
    half.write_bytes(b"half")
    with (
        pytest.raises(EncodeError, match=r"while copy.mp4 is written: about 3.0 MiB are needed"),
        writing(half, 3 << 20),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert not half.exists()


def test_a_path_that_is_no_text_is_told() -> None:
    path = Path("op\udcff.mp4")
    with pytest.raises(DecodeError, match="not UTF-8 text; rename it"), reading(path):
        str(path).encode("utf-8")
    with pytest.raises(EncodeError, match="not UTF-8 text; choose another"), writing(path):
        str(path).encode("utf-8")

"""When a recording began, as the camera or the recorder wrote it into the file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from recorder_core.media.container.probe import open_media, video_stream
from recorder_core.media.ffmpeg_errors import reading
from recorder_core.media.files.media_file import VideoSource, media_file

__all__ = ["read_creation_time"]

#: FFmpeg's name for it, in every container that has one
_TAG: Final = "creation_time"
#: a clock that was never set begins in 1904 or 1970
_FIRST_YEAR: Final = 2000


def read_creation_time(source: VideoSource) -> datetime | None:
    """Return the time that a file's own tag names.

    Parameters
    ----------
    source : str, Path, file object or MediaFile
        A video.

    Returns
    -------
    datetime or None
        In UTC; None if there is no tag, no time in it, or one of a clock that was never set.

    Raises
    ------
    DecodeError
        If the file cannot be read.
    """
    file = media_file(source)
    with reading(file), open_media(file) as container:
        stream = video_stream(container)
        tags = (container.metadata, stream.metadata if stream else {})
    for found in tags:
        moment = _parse(found.get(_TAG, ""))
        if moment is not None and moment.year >= _FIRST_YEAR:
            return moment
    return None


def _parse(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    # what names no zone is in UTC, as ISO/IEC 14496-12 has it
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

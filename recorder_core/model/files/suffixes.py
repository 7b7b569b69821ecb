"""How the names of the files that folders are searched for end."""

from __future__ import annotations

from typing import Final

__all__ = ["PICTURE_SUFFIXES", "VIDEO_SUFFIXES"]

PICTURE_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})
VIDEO_SUFFIXES: Final = frozenset(
    {
        ".mp4",
        ".m4v",
        ".mov",
        ".mkv",
        ".avi",
        ".mpg",
        ".mpeg",
        ".ts",
        ".m2ts",
        ".mts",
        ".wmv",
        ".webm",
        ".mxf",
        ".vob",
        ".gif",
    }
)

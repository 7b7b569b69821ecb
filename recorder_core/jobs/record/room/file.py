"""The file in which a site says what is in a room: TOML."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

from recorder_core.errors import SettingsError
from recorder_core.jobs.record.room.config import RoomConfig
from recorder_core.jobs.record.room.values import room_from_values

__all__ = ["read_room", "read_room_values"]

_MAX_FILE_BYTES: Final = 1 << 20


def read_room(path: Path) -> RoomConfig:
    """Read the file of a room.

    Raises
    ------
    SettingsError
        If it is none, or a key is missing, unknown or of another type; the message names it and
        says what to write.
    """
    values = read_room_values(path)
    try:
        return room_from_values(values)
    except SettingsError as error:
        raise SettingsError(f"{path.name}: {error}") from None


def read_room_values(path: Path) -> dict[str, Any]:
    """Read the file of a room as plain values, of which nothing is checked yet.

    Raises
    ------
    SettingsError
        If it cannot be read, or is not valid TOML.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_FILE_BYTES + 1)
        values = tomllib.loads(content[:_MAX_FILE_BYTES].decode("utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"{path.name} cannot be read ({error.strerror})") from error
    except RecursionError:
        raise SettingsError(f"{path.name} is nested too deeply") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path.name} is not a text file in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path.name} is not valid TOML: {error}") from None
    if len(content) > _MAX_FILE_BYTES:
        raise SettingsError(f"{path.name} is longer than {_MAX_FILE_BYTES >> 20} MiB")
    return values

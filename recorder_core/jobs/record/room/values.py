"""What a site says of a room in which it records: plain values, as TOML and JSON hold them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, fields
from fractions import Fraction
from typing import Any, Final, TypeVar, cast

from recorder_core.capture.bis import BisSettings
from recorder_core.capture.switch import SwitchSettings
from recorder_core.catalog.model.codes import check_code, check_site_code
from recorder_core.composite import layout_from_values
from recorder_core.errors import CatalogError, DataError, SettingsError
from recorder_core.jobs.archive.marker_kinds import refuse_kind_of_recorder
from recorder_core.jobs.record.room.config import RoomConfig
from recorder_core.jobs.record.room.deidentification import (
    DEIDENTIFICATIONS,
    Deidentification,
    LiveSettings,
)
from recorder_core.jobs.record.room.tables import (
    AudioOfTable,
    BisTable,
    RoomTable,
    ScreenshotTable,
    SwitchTable,
    UnattendedTable,
)
from recorder_core.jobs.record.room.video_table import VideoTable
from recorder_core.jobs.record.space import SpaceLimits
from recorder_core.jobs.record.unattended import UnattendedSettings
from recorder_core.media import (
    AUDIO_KINDS,
    FRAME_KINDS,
    EncoderSettings,
    LiveEncoder,
    Preset,
    SourceSettings,
    read_source_settings,
)
from recorder_core.model.values.json_fields import read_fields

__all__ = ["room_from_values"]

_GIB: Final = 1 << 30
_MINUTE_SECONDS: Final = 60.0
#: the marker of a span without its signal is a code, too
_MAX_NAME_CHARACTERS: Final = 52
#: one key of the page for each
_MAX_MARKER_KINDS: Final = 9
_MEGA: Final = 1_000_000
_TABLES: Final = (
    "video",
    "layout",
    "sources",
    "sound",
    "bis",
    "switches",
    "screenshots",
    "space",
    "deidentification",
    "unattended",
)
_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True, kw_only=True)
class _SpaceTable:
    """``[space]``."""

    keep_free_gib: float = 2.0
    min_minutes: float = 10.0

    def __post_init__(self) -> None:
        _check(0 <= self.keep_free_gib < math.inf, "keep_free_gib must be 0 or more, such as 2")
        _check(0 <= self.min_minutes < math.inf, "min_minutes must be 0 or more, such as 10")


def room_from_values(values: Mapping[str, Any]) -> RoomConfig:
    """Return a room from plain values, as TOML and JSON hold them.

    Raises
    ------
    SettingsError
        As `read_room`.
    """
    video = _read(VideoTable, values.get("video", {}), "video")
    space = _read(_SpaceTable, values.get("space", {}), "space")
    room = _read(RoomTable, {key: values[key] for key in values if key not in _TABLES}, "")
    _check(
        room.deidentify in DEIDENTIFICATIONS,
        f"deidentify must be one of {', '.join(DEIDENTIFICATIONS)}",
    )
    audio, audio_of = _audio(values.get("sound"))
    return RoomConfig(
        layout=_named(
            "layout", layout_from_values, values.get("layout", {"preset": "surgery-box"})
        ),
        sources=_sources(values.get("sources", {})),
        rate=Fraction(video.rate),
        encoder=_encoder(video),
        encoder_name=cast("LiveEncoder", video.encoder),
        delay_seconds=video.delay_seconds,
        pre_record_seconds=video.pre_record_seconds,
        shows_wall_clock=video.wall_clock,
        audio=audio,
        audio_of=audio_of,
        bis=_bis(values.get("bis")),
        screenshot_of=_read(ScreenshotTable, values.get("screenshots", {}), "screenshots").source,
        switches=_switches(values.get("switches", [])),
        space=SpaceLimits(round(space.keep_free_gib * _GIB), space.min_minutes * _MINUTE_SECONDS),
        deidentify=cast("Deidentification", room.deidentify),
        live=_read(LiveSettings, values.get("deidentification", {}), "deidentification"),
        procedure_code=_code(room.procedure, "procedure", check_code),
        site_code=_code(room.site, "site", lambda code, _: check_site_code(code)),
        marker_kinds=_marker_kinds(room.markers),
        unattended=_unattended(values.get("unattended")),
    )


def _check(is_so: bool, sentence: str) -> None:
    if not is_so:
        raise SettingsError(sentence)


def _read(kind: type[_Read], table: object, place: str) -> _Read:
    """Return a table as its class, in which every key has a default."""
    where = f"[{place}] " if place else ""
    if not isinstance(table, Mapping):
        raise SettingsError(f"{place} is not a table; write [{place}] and its keys below")
    known = {each.name: each for each in fields(kind)}  # type: ignore[arg-type]
    for key, value in table.items():
        if key not in known:
            there = [*known, *([] if place else _TABLES)]
            raise SettingsError(f"{where}{key}: unknown key; allowed keys are {', '.join(there)}")
        try:
            read_fields(kind, {key: value})
        except DataError as error:
            raise SettingsError(
                f"{where}{error}; write it as in {key} = {_example(known[key])}"
            ) from None
        except SettingsError as error:
            raise SettingsError(f"{where}{error}") from None
    return read_fields(kind, table)


def _example(field: Field[Any]) -> str:
    """Return a value of a key as TOML: its default, or the example of one that says nothing."""
    return json.dumps(field.metadata.get("example", field.default))


def _named(place: str, read: Callable[[Any], _Read], value: object) -> _Read:
    try:
        return read(value)
    except SettingsError as error:
        raise SettingsError(f"[{place}] {error}") from None


def _sources(tables: object) -> dict[str, SourceSettings]:
    if not isinstance(tables, Mapping) or not tables:
        raise SettingsError(
            'there is no source; write a table for each, such as [sources.room] with kind = "v4l2"'
        )
    found = {}
    for name, table in tables.items():
        _code(name, f"the name of [sources.{name}]", check_code)
        _check(
            len(name) <= _MAX_NAME_CHARACTERS,
            f"[sources.{name}] has too long a name: {_MAX_NAME_CHARACTERS} characters at most",
        )
        found[name] = read_source_settings(table, f"sources.{name}", kinds=FRAME_KINDS)
    return found


def _audio(table: object) -> tuple[SourceSettings | None, str | None]:
    """Return where audio is from: a source of its own, or one that has frames, too."""
    if table is None:
        return None, None
    if isinstance(table, Mapping) and "source" in table:
        name = _read(AudioOfTable, table, "sound").source
        return None, name
    return read_source_settings(table, "sound", kinds=AUDIO_KINDS), None


def _bis(table: object) -> BisSettings | None:
    if table is None:
        return None
    if not isinstance(table, Mapping) or "port" not in table:
        raise SettingsError('[bis] lacks the key port; write it as in port = "/dev/ttyUSB0"')
    read = _read(BisTable, table, "bis")
    try:
        return BisSettings(**{each.name: getattr(read, each.name) for each in fields(read)})
    except SettingsError as error:
        raise SettingsError(f"[bis] {error}") from None


def _switches(tables: object) -> tuple[SwitchSettings, ...]:
    if not isinstance(tables, list):
        raise SettingsError("switches is not a list; write [[switches]] and the keys of each below")
    return tuple(_switch(table) for table in tables)


def _switch(table: object) -> SwitchSettings:
    if not isinstance(table, Mapping) or not {"kind", "address"} <= table.keys():
        raise SettingsError(
            '[[switches]] lacks kind or address; write them as in kind = "input" and address = '
            '"3553:b001"'
        )
    read = _read(SwitchTable, table, "[switches]")
    try:
        return SwitchSettings(**{each.name: getattr(read, each.name) for each in fields(read)})
    except SettingsError as error:
        raise SettingsError(f"[[switches]] {error}") from None


def _unattended(table: object) -> UnattendedSettings | None:
    if table is None:
        return None
    read = _read(UnattendedTable, table, "unattended")
    return _named(
        "unattended",
        lambda each: UnattendedSettings(source=each.source, gone_seconds=each.gone_seconds),
        read,
    )


def _encoder(video: VideoTable) -> EncoderSettings:
    rate = round(video.max_megabits_per_second * _MEGA)
    return EncoderSettings(
        preset=cast("Preset", video.preset),
        max_bit_rate_bps=rate,
    )


def _marker_kinds(kinds: tuple[str, ...]) -> tuple[str, ...]:
    """Return the kinds of markers that a page offers, each once."""
    _check(len(kinds) <= _MAX_MARKER_KINDS, f"markers has at most {_MAX_MARKER_KINDS} kinds")
    for kind in kinds:
        _code(kind, "each of markers", check_code)
        refuse_kind_of_recorder(kind)
    return tuple(dict.fromkeys(kinds))


def _code(value: str | None, key: str, check: Callable[[str, str], str]) -> str | None:
    try:
        return None if value is None else check(value, key)
    except CatalogError as error:
        raise SettingsError(str(error)) from None

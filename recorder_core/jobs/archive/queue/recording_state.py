"""What the job that records a room shows of itself to who watches it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from recorder_core.model.values.schema import Schema

__all__ = ["RECORDING_STATE"]

_STATES: Final = ("previewing", "held", "recording", "paused", "finishing")
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_SECONDS: Final[Schema] = {"type": "number", "minimum": 0}


def _object(properties: Mapping[str, Any]) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


_COUNTERS: Final = _object(
    dict.fromkeys(("received", "used", "repeated", "dropped", "late", "invalid"), _COUNT)
)
_SOURCE: Final = _object(
    {
        "name": {"type": "string"},
        "is_present": {"type": "boolean"},
        "seconds": {**_SECONDS, "description": "for how long it is so"},
        "sentence": {"type": "string", "description": "why it is absent, and what to do"},
        "is_starved": {
            "type": "boolean",
            "description": "whether it is absent because this computer does not keep up with it",
        },
        "connections": {**_COUNT, "description": "how often it was connected"},
        "counters": {**_COUNTERS, "description": "of its frames, blocks, records or presses"},
        "frame_rate": {
            "type": ["number", "null"],
            "description": "frames a second that it promises; null: it has none",
        },
    }
)
_ENTRY: Final = _object(
    {
        "id": {"type": "string"},
        "kind": {"type": ["string", "null"], "description": "of a marker; null: a screenshot"},
        "seconds": {**_SECONDS, "description": "from the start of the event"},
        "stop_seconds": {"type": ["number", "null"], "description": "of a span, such as a pause"},
    }
)
#: without names of people, devices and addresses; `recorder_state` of `jobs.record` makes it
RECORDING_STATE: Final = _object(
    {
        "event": {"type": ["string", "null"], "description": "null: it has not begun"},
        "state": {"type": "string", "enum": list(_STATES)},
        "seconds": {
            **_SECONDS,
            "description": "how long the event is; held: how much of the room is in memory; "
            "previewing: for how long it is shown",
        },
        "free_bytes": {**_COUNT, "description": "of the disk that is full first"},
        "seconds_left": {"type": ["number", "null"], "description": "for which it has space"},
        "frames": {**_COUNT, "description": "of the composite"},
        "dropped_frames": {**_COUNT, "description": "ticks without a frame of their own"},
        "audio_level_dbfs": {
            "type": ["number", "null"],
            "description": "peak of the last second, -96 where it is silent; null: no audio",
        },
        "encoder": {"type": "string", "description": "what encodes, and why"},
        "hidden_frames": {
            "type": ["integer", "null"],
            "description": "in which all of the room was hidden; null: it is not de-identified",
        },
        "is_room_hidden": {"type": ["boolean", "null"], "description": "whether it is just now"},
        "faults": {
            "type": "array",
            "items": {"type": "string"},
            "description": "the newest, a sentence each",
        },
        "journal": {
            "type": "array",
            "items": _ENTRY,
            "description": "the newest markers of people and screenshots, oldest first",
        },
        "sources": {"type": "array", "items": _SOURCE},
    }
)

"""How a recording is just now, as plain values for who watches it."""

from __future__ import annotations

import math
import time
from dataclasses import asdict
from typing import Any, Final

from recorder_core.capture.source import SourceState
from recorder_core.catalog import Marker, Screenshot
from recorder_core.jobs.record.ready import ReadyRoom
from recorder_core.jobs.record.recorder import RoomRecorder

__all__ = ["held_state", "recorder_state"]

#: a night in which a disk fails has more than a state may hold
_SHOWN_FAULTS: Final = 20


def recorder_state(recorder: RoomRecorder) -> dict[str, Any]:
    """Return how a recording is, as JSON can hold it; without names and addresses.

    Returns
    -------
    dict
        ``event``, ``state`` (recording or paused), ``seconds`` that it is long, ``free_bytes`` and
        ``seconds_left`` (None: not known) of the disk that is full first, ``frames`` and
        ``dropped_frames`` of the composite, ``audio_level_dbfs`` of the last second (-96: silent;
        None: there is no audio), what encodes (``encoder``), ``hidden_frames`` of the view of the
        room and whether it ``is_room_hidden`` now (None: it is not de-identified), the newest
        ``faults`` as sentences, of each of the newest markers and screenshots (``journal``) its
        ``id``, ``kind`` (None: a screenshot), ``seconds`` and ``stop_seconds``, and of each of
        ``sources`` its ``name``, whether it ``is_present``, for how many ``seconds``, its
        ``sentence``, whether it ``is_starved``, ``connections``, ``counters`` and the
        ``frame_rate`` that it promises (None: it has no frames).
    """
    return _common(recorder) | {
        "event": recorder.event_id,
        "state": "paused" if recorder.is_paused else "recording",
        "seconds": max(0.0, recorder.seconds),
        "frames": recorder.frame_count,
        "dropped_frames": recorder.dropped_frames,
        "hidden_frames": None if recorder.hidden is None else recorder.hidden.count,
        "is_room_hidden": None if recorder.hidden is None else recorder.hidden.is_on,
        "faults": recorder.faults[-_SHOWN_FAULTS:],
        "journal": [_entry(each) for each in recorder.newest_entries],
    }


def held_state(room: ReadyRoom) -> dict[str, Any]:
    """Return how a room is that is held, or only shown, as `recorder_state`.

    Its ``state`` is held, and ``seconds`` are how much of it is held; or previewing, for how many
    ``seconds``. There is no ``event`` yet, and no ``frames`` of one.
    """
    shown_seconds = room.shown_seconds
    return _common(room) | {
        "event": None,
        "state": "held" if shown_seconds is None else "previewing",
        "seconds": room.held_seconds if shown_seconds is None else shown_seconds,
        "frames": 0,
        "dropped_frames": 0,
        "hidden_frames": None,
        "is_room_hidden": room.is_room_hidden,
        "faults": [],
        "journal": [],
    }


def _common(shown: RoomRecorder | ReadyRoom) -> dict[str, Any]:
    """Return what is known of a room whether it is recorded or held."""
    space = shown.space
    return {
        "free_bytes": space.free_bytes,
        "seconds_left": space.seconds if math.isfinite(space.seconds) else None,
        "audio_level_dbfs": shown.audio_level_dbfs,
        "encoder": shown.encoder,
        "sources": [_source(state) for state in shown.source_states()],
    }


def _entry(row: Marker | Screenshot) -> dict[str, Any]:
    if isinstance(row, Marker):
        row_id, kind, seconds = row.marker_id, row.kind, row.start_seconds
        return {"id": row_id, "kind": kind, "seconds": seconds, "stop_seconds": row.stop_seconds}
    row_id = row.screenshot_id
    return {"id": row_id, "kind": None, "seconds": row.at_seconds, "stop_seconds": None}


def _source(state: SourceState) -> dict[str, Any]:
    return {
        "name": state.name,
        "is_present": state.is_present,
        "seconds": max(0.0, time.monotonic() - state.since_seconds),
        "sentence": state.sentence,
        "is_starved": state.is_starved,
        "connections": state.connections,
        "counters": asdict(state.counters),
        "frame_rate": state.frame_rate,
    }

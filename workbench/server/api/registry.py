"""All endpoints of the interface: handlers, description and tests are made from this table."""

from __future__ import annotations

from typing import Any, Final, get_args

from recorder_core.jobs.archive import begin_review, reopen_review
from recorder_core.jobs.archive.words import Action, EventState
from recorder_core.model import CorrectionAction
from recorder_core.model.faces.corrections import MAX_ID_CHARACTERS, MAX_NOTE_CHARACTERS
from workbench.server.api.administration import ADMINISTRATION_ENDPOINTS
from workbench.server.api.description import DescriptionHandler
from workbench.server.api.endpoints import API_PATH, Endpoint, Field
from workbench.server.api.files import FileHandler
from workbench.server.api.handler import EndpointHandler, NoEndpointHandler
from workbench.server.api.inbox import INBOX_ENDPOINTS
from workbench.server.api.jobs import JOB_ENDPOINTS
from workbench.server.api.keys import KEY_ENDPOINTS
from workbench.server.api.reading import (
    answer_event,
    answer_events,
    answer_file_row,
    answer_files,
    answer_frame_count,
    answer_incomplete,
    answer_markers,
    answer_me,
    answer_name_search,
    answer_names,
    answer_readers,
    answer_review,
    answer_roles,
)
from workbench.server.api.reviewing import (
    VERDICTS,
    answer_decide,
    answer_draft_key,
    answer_moments,
    answer_sign_off,
    answer_statement,
)
from workbench.server.api.rooms import ROOM_ENDPOINTS
from workbench.server.api.tables import TABLE_ENDPOINTS
from workbench.server.api.writing import (
    answer_correct,
    answer_corrections,
    answer_mark,
    answer_save,
    answer_undo,
    answer_view,
    review_step,
)

__all__ = ["ENDPOINTS", "api_handlers"]

_TEXT: Final = {"type": "string", "minLength": 1, "maxLength": 64}
_STATE: Final = Field("state", {"type": "string", "enum": [each.value for each in EventState]})
_COPY: Final = Field("copy", {"type": "string", "pattern": "^[0-9a-z/.:-]{1,64}$"})
_SECONDS: Final = {"type": "number", "minimum": 0, "maximum": 10_000_000}
_KEYFRAME: Final = {
    "type": "object",
    "properties": {
        "frame_index": {"type": "integer", "minimum": 0, "maximum": 2**31},
        "box_xyxy_px": {
            "type": "array",
            "minItems": 4,
            "maxItems": 4,
            "items": {"type": "number", "minimum": -65536, "maximum": 65536},
        },
        "note": {"type": "string", "maxLength": MAX_NOTE_CHARACTERS},
    },
    "required": ["frame_index", "box_xyxy_px"],
}
_CORRECTION: Final = {
    "action": {"type": "string", "enum": list(get_args(CorrectionAction))},
    # -1: about a place, not a track
    "track": {"type": "integer", "minimum": -1, "maximum": 2**31},
    "keyframes": {"type": "array", "minItems": 1, "maxItems": 10_000, "items": _KEYFRAME},
}
_CORRECTION_ID: Final = {"type": "string", "minLength": 1, "maxLength": MAX_ID_CHARACTERS}


def _corrections(least: int, **more: Any) -> dict[str, Any]:
    """Return the schema of a list of corrections; their author is who sends them."""
    properties = more | _CORRECTION
    required = [name for name in properties if name != "track"]
    item = {"type": "object", "properties": properties, "required": required}
    return {"type": "array", "minItems": least, "maxItems": 1000, "items": item}


_EVENTS: Final = (
    Endpoint("GET", "/me", Action.LIST_EVENTS, "Who asks, and what that person may do", answer_me),
    Endpoint(
        "GET",
        "/events",
        Action.LIST_EVENTS,
        "Events, newest first, without names",
        answer_events,
        query=(
            _STATE,
            Field("procedure_code", _TEXT),
            Field("include_deleted", {"type": "boolean"}, default=False),
        ),
    ),
    Endpoint("GET", "/roles", Action.LIST_EVENTS, "Which files each event has", answer_roles),
    # in the body: what is searched for is a name, which stands in no address and no server log
    Endpoint(
        "POST",
        "/name-search",
        Action.READ_IDENTITY,
        "Events in whose names a text occurs",
        answer_name_search,
        body=(Field("text", _TEXT, is_required=True),),
    ),
    Endpoint(
        "GET",
        "/events/{event}",
        Action.LIST_EVENTS,
        "One event, where the room lies in its frames, and the steps of its life",
        answer_event,
    ),
    Endpoint(
        "GET",
        "/events/{event}/incomplete",
        Action.LIST_EVENTS,
        "How much of a recording without its end is there",
        answer_incomplete,
    ),
    Endpoint(
        "GET",
        "/events/{event}/names",
        Action.READ_IDENTITY,
        "Names of people and places",
        answer_names,
    ),
)
_FILES: Final = (
    Endpoint("GET", "/events/{event}/files", Action.LIST_EVENTS, "Files of an event", answer_files),
    Endpoint(
        "GET",
        "/events/{event}/files/{role}/row",
        Action.LIST_EVENTS,
        "What the catalog says of the newest file of a kind, and whether one may have it",
        answer_file_row,
    ),
    Endpoint(
        "GET",
        "/events/{event}/files/{role}",
        None,
        "A file by Range, decrypted while it is sent",
        query=(Field("incomplete", {"type": "boolean"}, default=False),),
        types=("application/octet-stream",),
    ),
    # without `incomplete`: what is cut off does not leave
    Endpoint(
        "GET",
        "/events/{event}/export/{role}",
        None,
        "A file to take out, by Range; of a copy that is released. It is logged as an export",
        types=("application/octet-stream",),
    ),
    Endpoint(
        "GET",
        "/events/{event}/readers/{role}",
        Action.LIST_EVENTS,
        "Users to whom a kind of file is sealed",
        answer_readers,
    ),
)
_TIMES: Final = (
    Endpoint(
        "GET",
        "/events/{event}/frame-count/{role}",
        Action.LIST_EVENTS,
        "How many frames a video has",
        answer_frame_count,
    ),
    Endpoint(
        "GET", "/events/{event}/markers", Action.LIST_EVENTS, "Markers of an event", answer_markers
    ),
)
_WORK: Final = (
    Endpoint(
        "POST",
        "/events/{event}/view",
        Action.DEIDENTIFY,
        "Store where the room lies in the frames: `X,Y,WIDTH,HEIGHT`, a layout's name, or `full`",
        answer_view,
        body=(Field("view", _TEXT, is_required=True),),
    ),
    Endpoint(
        "POST",
        "/events/{event}/markers",
        Action.MARK,
        "Name a moment or a span",
        answer_mark,
        body=(
            Field("kind", _TEXT, is_required=True),
            Field("start_seconds", _SECONDS, is_required=True),
            Field("stop_seconds", _SECONDS),
            Field("note", {"type": "string", "maxLength": 2000}),
        ),
    ),
    Endpoint(
        "GET",
        "/events/{event}/corrections",
        Action.READ_DETECTIONS,
        "Corrections of the copy, undone ones too, oldest first",
        answer_corrections,
    ),
    Endpoint(
        "POST",
        "/events/{event}/corrections",
        Action.CORRECT,
        "Enter corrections: all of them, or none",
        answer_correct,
        body=(
            Field("corrections", _corrections(1), is_required=True),
            Field("made_for", {"type": "string", "pattern": "^[0-9a-f]{64}$"}),
        ),
    ),
    Endpoint(
        "POST",
        "/events/{event}/corrections/save",
        Action.CORRECT,
        "Save what was changed since `seen`: all of it, or nothing and 409",
        answer_save,
        body=(
            Field("stored", _corrections(0, correction_id=_CORRECTION_ID), is_required=True),
            Field(
                "withdrawn",
                {"type": "array", "maxItems": 1000, "items": _CORRECTION_ID},
                is_required=True,
            ),
            Field("seen", {"type": "integer", "minimum": 0, "maximum": 2**62}, is_required=True),
        ),
    ),
    Endpoint(
        "POST",
        "/events/{event}/corrections/{correction}/undo",
        Action.CORRECT,
        "Undo a correction by a row of its own",
        answer_undo,
    ),
    Endpoint(
        "POST",
        "/events/{event}/review/begin",
        Action.REVIEW,
        "Record that a reviewer looks at the copy now",
        review_step(begin_review),
    ),
    Endpoint(
        "GET",
        "/events/{event}/review/moments",
        Action.REVIEW,
        "Suspicious moments of the copy, and what was decided about each",
        answer_moments,
    ),
    Endpoint(
        "GET",
        "/events/{event}/review/statement",
        Action.REVIEW,
        "What a sign-off of the copy states: frames, moments, corrections, gaps, spot checks",
        answer_statement,
    ),
    Endpoint(
        "GET",
        "/events/{event}/review/draft-key",
        Action.REVIEW,
        "What seals this person's unsaved work on the event in a browser: nobody else gets it",
        answer_draft_key,
    ),
    Endpoint(
        "POST",
        "/events/{event}/review/moments/{moment}",
        Action.REVIEW,
        "Decide about a moment as the signed-in user",
        answer_decide,
        body=(
            Field("verdict", {"type": "string", "enum": VERDICTS}, is_required=True),
            Field("note", {"type": "string", "maxLength": 2000}),
            _COPY,
            Field("seen", {"type": "integer", "minimum": 0}),
        ),
    ),
    Endpoint(
        "POST",
        "/events/{event}/review/sign-off",
        Action.SIGN_OFF,
        "Release the copy as the signed-in user",
        answer_sign_off,
        body=(_COPY,),
    ),
    Endpoint(
        "POST",
        "/events/{event}/review/reopen",
        Action.REOPEN_REVIEW,
        "Revoke a release",
        review_step(reopen_review),
    ),
    Endpoint(
        "GET",
        "/events/{event}/review",
        Action.READ_DETECTIONS,
        "How far the review of an event has come",
        answer_review,
    ),
)
ENDPOINTS: Final[tuple[Endpoint, ...]] = (
    *_EVENTS,
    *_FILES,
    *_TIMES,
    *TABLE_ENDPOINTS,
    *_WORK,
    *JOB_ENDPOINTS,
    *ROOM_ENDPOINTS,
    *INBOX_ENDPOINTS,
    *KEY_ENDPOINTS,
    *ADMINISTRATION_ENDPOINTS,
)


def api_handlers(base_url: str = "/") -> list[tuple[Any, ...]]:
    """Return the handlers of the interface, as Tornado takes them.

    Parameters
    ----------
    base_url : str, default "/"
        Under which the server answers.
    """
    root = f"{base_url.rstrip('/')}{API_PATH}"
    by_pattern: dict[str, dict[str, Endpoint]] = {}
    for endpoint in ENDPOINTS:
        by_pattern.setdefault(endpoint.pattern, {})[endpoint.method] = endpoint
    rows: list[tuple[Any, ...]] = []
    for pattern, endpoints in by_pattern.items():
        is_file = all(each.answer is None for each in endpoints.values())
        handler = FileHandler if is_file else EndpointHandler
        rows.append((f"{root}{pattern}", handler, {"endpoints": endpoints}))
    described = (f"{root}/openapi.json", DescriptionHandler, {"endpoints": ENDPOINTS})
    return [described, *rows, (rf"{root}(?:/.*)?", NoEndpointHandler)]

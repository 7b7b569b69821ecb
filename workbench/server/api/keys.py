"""The endpoints of the keys of an event: who can open what, give them, take them back."""

from __future__ import annotations

from typing import Any, Final

from recorder_core.jobs.archive import event_key_holders, grant, revoke, with_recovery_words
from recorder_core.jobs.archive.words import REVOCATION_NOTICE, Action
from workbench.server.api.endpoints import PATH_SCHEMAS, ApiRequest, Endpoint, Field
from workbench.wire import to_json

__all__ = ["KEY_ENDPOINTS", "RECOVERY_WORDS"]

#: twelve words of at most eight letters, and what stands between them
_MAX_WORDS_CHARACTERS: Final = 200
RECOVERY_WORDS: Final = Field(
    "recovery_words", {"type": "string", "maxLength": _MAX_WORDS_CHARACTERS}
)
_LOGIN: Final = Field("login", PATH_SCHEMAS["login"], is_required=True)
_KINDS: Final = Field(
    "kinds", {"type": "array", "minItems": 1, "maxItems": 20, "items": PATH_SCHEMAS["role"]}
)


def _answer_keys(request: ApiRequest) -> Any:
    return {"people": to_json(event_key_holders(request.archive, request["event"]))}


def _answer_grant(request: ApiRequest) -> Any:
    with with_recovery_words(request.archive, request["recovery_words"]):
        given = grant(request.archive, request["event"], request["login"], request["kinds"])
    return {"granted": given}


def _answer_revoke(request: ApiRequest) -> Any:
    taken = revoke(request.archive, request["event"], request["login"], request["kinds"])
    return {"revoked": taken, "notice": REVOCATION_NOTICE}


KEY_ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/events/{event}/keys",
        Action.GRANT,
        "Who can open what of an event, and who could be given more",
        _answer_keys,
    ),
    Endpoint(
        "POST",
        "/events/{event}/keys/grant",
        Action.GRANT,
        "Seal the keys of an event to a user, as far as the profile permits",
        _answer_grant,
        body=(_LOGIN, _KINDS, RECOVERY_WORDS),
    ),
    Endpoint(
        "POST",
        "/events/{event}/keys/revoke",
        Action.GRANT,
        "Take the keys of an event back from a user",
        _answer_revoke,
        body=(_LOGIN, _KINDS),
    ),
)

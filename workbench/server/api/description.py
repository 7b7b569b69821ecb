"""The interface described as OpenAPI 3.1, from the same table that makes the handlers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from recorder_core.jobs.archive.words import PERMISSIONS
from recorder_core.version import __version__
from workbench.server.api.endpoints import API_PATH, PATH_SCHEMAS, Endpoint, Field
from workbench.server.api.handler import ApiHandler

__all__ = ["DescriptionHandler", "describe"]

_ERROR: Final = {
    "type": "object",
    "required": ["error", "id", "code"],
    "properties": {
        "error": {"type": "string", "description": "One sentence: what is wrong, what to do"},
        "id": {"type": "string", "description": "Under which the server's log has the rest"},
        "code": {
            "type": ["string", "null"],
            "description": "Class of the error in recorder_core.errors",
        },
        "retry_after_seconds": {"type": "number"},
    },
}


class DescriptionHandler(ApiHandler):
    """Sends the description to who is signed in."""

    def initialize(self, endpoints: Sequence[Endpoint]) -> None:
        """Set what is described."""
        self._endpoints = endpoints

    async def get(self) -> None:
        """Send the description."""
        _ = self.signed_in
        self.write_json(describe(self._endpoints))

    async def post(self) -> None:
        """Refuse: it is read only."""
        self.refuse_method("GET")


def describe(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """Return the OpenAPI description of some endpoints."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Surgery Workbench",
            "version": __version__,
            "description": "What a person may read and do is asked of that person's profile.",
        },
        "servers": [{"url": API_PATH}],
        "paths": paths,
        "components": {
            "schemas": {"Error": _ERROR},
            "securitySchemes": {
                "kernel": {"type": "http", "scheme": "bearer"},
                "browser": {"type": "apiKey", "in": "cookie", "name": "workbench-session"},
            },
        },
        "security": [{"kernel": []}, {"browser": []}],
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    good: dict[str, Any] = {"description": "As asked"}
    good["content"] = {kind: {} for kind in endpoint.types}
    if endpoint.state is not None:
        good["x-state"] = endpoint.state
    refused = {
        "description": "Refused, with one sentence",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    operation: dict[str, Any] = {
        "summary": endpoint.summary,
        "operationId": _operation_id(endpoint),
        "parameters": [*_path_parameters(endpoint), *map(_query_parameter, endpoint.query)],
        "responses": {"200": good, "default": refused},
        "x-profiles": _profiles(endpoint),
    }
    if endpoint.answer is None:
        operation["responses"] |= {"206": good, "304": {"description": "It is the same file"}}
        operation["parameters"].append(
            {"name": "Range", "in": "header", "schema": {"type": "string"}}
        )
    if endpoint.method == "POST":
        content = {"application/json": {"schema": dict(endpoint.body_schema()) | _CLOSED}}
        operation["requestBody"] = {"required": bool(endpoint.body), "content": content}
    return operation


_CLOSED: Final = {"additionalProperties": False}


def _operation_id(endpoint: Endpoint) -> str:
    words = endpoint.path.replace("{", "").replace("}", "").replace("-", "_").strip("/")
    return f"{endpoint.method.lower()}_{words.replace('/', '_')}"


def _path_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": PATH_SCHEMAS[name]}
        for name in endpoint.places
    ]


def _query_parameter(field: Field) -> dict[str, Any]:
    schema = dict(field.schema) | ({} if field.default is None else {"default": field.default})
    return {"name": field.name, "in": "query", "required": field.is_required, "schema": schema}


def _profiles(endpoint: Endpoint) -> list[str] | str:
    """Return who may ask; of files and pictures their kind decides."""
    if endpoint.action is None:
        return "by the kind of file"
    return sorted(PERMISSIONS[endpoint.action])

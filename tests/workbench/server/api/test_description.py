"""The description says what the handlers do, and what it describes does no harm."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from recorder_core.catalog import PERMISSIONS
from workbench.server.api import ENDPOINTS, Endpoint
from workbench.server.api.description import describe
from workbench.server.api.endpoints import PATH_SCHEMAS

#: names of people in the archive, which only a reviewer may read
SECRETS = (b"Quorra", b"Zephyr", "Ñandú".encode(), b"\\u00d1and")
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=80),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2),
)


def test_every_address_is_described_once() -> None:
    described = describe(ENDPOINTS)
    rows = [
        (method.upper(), path)
        for path, operations in described["paths"].items()
        for method in operations
    ]
    assert sorted(rows) == sorted((each.method, each.path) for each in ENDPOINTS)
    operations = [each for path in described["paths"].values() for each in path.values()]
    names = [each["operationId"] for each in operations]
    assert len(set(names)) == len(names)
    assert json.loads(json.dumps(described)) == described


def test_the_description_says_who_may_ask() -> None:
    described = describe(ENDPOINTS)["paths"]
    for endpoint in ENDPOINTS:
        said = described[endpoint.path][endpoint.method.lower()]["x-profiles"]
        if endpoint.action is None:
            assert said == "by the kind of file"
        else:
            assert said == sorted(PERMISSIONS[endpoint.action])


def test_it_is_sent_to_who_is_signed_in(api: Any) -> None:
    assert api.connection("egon").get("/openapi.json").json() == describe(ENDPOINTS)


def _of(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a schema accepts, nearly always."""
    kind = schema["type"]
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if kind in ("integer", "number"):
        low, high = schema.get("minimum"), schema.get("maximum")
        return st.integers(low, high) if kind == "integer" else st.floats(low, high)
    if kind == "string":
        pattern = schema.get("pattern")
        return st.from_regex(pattern) if pattern else st.text(max_size=70)
    if kind == "array":
        return st.lists(_of(schema["items"]), max_size=4)
    if kind == "object":
        return st.fixed_dictionaries({}, optional=_fields(schema))
    return st.booleans()


def _fields(schema: Mapping[str, Any]) -> dict[str, st.SearchStrategy[Any]]:
    return {name: _of(each) for name, each in schema.get("properties", {}).items()}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@st.composite
def _requests(draw: st.DrawFn, endpoint: Endpoint) -> tuple[str, bytes | None]:
    """A request as described, or with one thing in it that is not."""
    path = endpoint.path
    for name in endpoint.places:
        known = ["{released}", "{unreleased}"] if name == "event" else []
        known += ["original", "deidentified", "signals"] if name == "role" else []
        value = draw(st.one_of(st.sampled_from(known or ["0"]), _of(PATH_SCHEMAS[name]), JUNK))
        text = _text(value)
        path = path.replace(f"{{{name}}}", text if text in known else quote(text, safe="") or "-")
    query = {each.name: st.one_of(_of(each.schema), JUNK) for each in endpoint.query}
    sent = draw(st.fixed_dictionaries({}, optional=query))
    path += f"?{urlencode({name: _text(value) for name, value in sent.items()}, errors='replace')}"
    if endpoint.method == "GET":
        return path, None
    body = draw(st.one_of(_of(endpoint.body_schema()), JUNK))
    return path, json.dumps(body).encode()


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda each: f"{each.method} {each.path}")
@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_request_is_a_fault_of_the_server_or_a_leak(
    fuzzed: Any, endpoint: Endpoint, data: st.DataObject
) -> None:
    path, body = data.draw(_requests(endpoint))
    for name in ("released", "unreleased"):
        path = path.replace(f"{{{name}}}", getattr(fuzzed, name))
    login = data.draw(st.sampled_from(["olga", "rosa", "egon", "adam", "rita"]))
    browser = fuzzed.browser(login)
    response, answer = browser.ask(
        path, endpoint.method, body=body, Content_Type="application/json"
    )
    assert response.status < 500, answer
    if login != "rita":
        assert not any(secret in answer for secret in SECRETS)
        # a video is in nobody's answer who may not have it; it begins like this
        if response.status == 200 and b"ftyp" in answer[:16]:
            assert login == "rosa"
            assert fuzzed.released in path
            assert "deidentified" in path


def test_no_request_brings_a_room_that_names_files_and_addresses_of_the_server() -> None:
    described = describe(ENDPOINTS)["paths"]
    assert "/jobs/record" not in described
    fields = [
        set(content["schema"].get("properties", {}))
        for operations in described.values()
        for each in operations.values()
        for content in each.get("requestBody", {"content": {}})["content"].values()
    ]
    assert [each for each in fields if "room" in each] == []
    assert any("procedure_code" in each for each in fields)

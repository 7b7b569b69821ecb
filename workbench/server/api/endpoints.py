"""What an endpoint of the interface is: method, path, action, parameters and what answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from recorder_core.errors import SettingsError
from recorder_core.jobs.archive import Archive, ArchivedEvent
from recorder_core.jobs.archive.words import Action
from recorder_core.model.values.schema import Schema, parse_text
from workbench.server.api.open_files import OpenFiles
from workbench.server.entrance.sessions import SignedIn
from workbench.wire import API_PATH

__all__ = [
    "API_PATH",
    "Answering",
    "ApiRequest",
    "Content",
    "Endpoint",
    "Field",
    "Method",
    "Threads",
]

Method: TypeAlias = Literal["GET", "POST"]
#: whose threads answer
Threads: TypeAlias = Literal["answers", "frames", "calls"]
_PLACE: Final = re.compile(r"\{(\w+)\}")
#: what stands in the path of an address
PATH_SCHEMAS: Final[Mapping[str, Schema]] = {
    "correction": {"type": "integer", "minimum": 1, "maximum": 2**62},
    "event": {"type": "string", "pattern": "^[A-Za-z0-9-]{1,64}$"},
    "frame": {"type": "integer", "minimum": 0, "maximum": 2**31},
    "role": {"type": "string", "pattern": "^[a-z0-9-]{1,32}$"},
    "screenshot": {"type": "string", "pattern": "^[A-Za-z0-9-]{1,64}$"},
    "moment": {"type": "string", "pattern": "^[0-9-]{1,64}$"},
    "login": {"type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,31}$"},
    "command": {"type": "string", "pattern": "^[a-z0-9_-]{1,32}$"},
    "room": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"},
    "job": {"type": "string", "pattern": "^[A-Za-z0-9-]{1,64}$"},
}


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter of the query, or field of the body."""

    name: str
    schema: Schema
    default: Any = None
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """An answer that is not JSON."""

    body: bytes = field(repr=False)
    type: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request, checked: for whom it is, and with which values."""

    signed_in: SignedIn
    values: Mapping[str, Any] = field(repr=False)
    open_files: OpenFiles = field(repr=False)
    #: when it arrived, on the monotonic clock: before it waited for its turn
    arrived_seconds: float
    #: of what who asks has already
    known_etag: str = ""
    #: folder of the rooms in which is recorded; None where there is none
    rooms: Path | None = None
    #: folder from which videos are imported; None where there is none
    inbox: Path | None = None

    @property
    def archive(self) -> Archive:
        """The archive, open for who asks."""
        return self.signed_in.archive

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def event(self) -> ArchivedEvent:
        """Return the event that the path names."""
        return self.archive.event(self.values["event"])


#: answers with JSON values, or other content
Answering: TypeAlias = Callable[[ApiRequest], Any]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row of the interface.

    Attributes
    ----------
    action : Action or None
        What the profile is asked for; None where it depends on the kind of file.
    answer : callable or None
        Runs in a thread of its own, one at a time for a person; None for files, which are sent
        piece by piece.
    state : mapping or None
        JSON Schema of the states in an answer that is not JSON as a whole.
    threads : {"answers", "frames", "calls"}
        Where it is answered: one at a time for a person, or where that takes long beside others of
        the same person, as it decodes frames or calls a running job; it takes the person's lock
        itself then, where it needs it.
    """

    method: Method
    path: str
    action: Action | None
    summary: str
    answer: Answering | None = None
    query: tuple[Field, ...] = ()
    body: tuple[Field, ...] = ()
    types: tuple[str, ...] = ("application/json",)
    state: Schema | None = None
    threads: Threads = "answers"

    @property
    def pattern(self) -> str:
        """The path as a regular expression."""
        return _PLACE.sub(r"([^/]+)", self.path)

    @property
    def places(self) -> list[str]:
        """The names of what stands in the path."""
        return _PLACE.findall(self.path)

    def path_values(self, texts: tuple[str, ...]) -> dict[str, Any]:
        """Return what the path names; SettingsError if it is none."""
        named = zip(self.places, texts, strict=True)
        return {name: parse_text(name, text, PATH_SCHEMAS[name]) for name, text in named}

    def query_values(self, sent: Mapping[str, list[str]]) -> dict[str, Any]:
        """Return the values of the query; SettingsError if one is unknown, wrong or missing."""
        known = {each.name: each for each in self.query}
        if len(sent.keys() - known.keys()):
            names = ", ".join(known) or "none"
            raise SettingsError(f"the address has an unknown parameter; it has {names}")
        values = {name: each.default for name, each in known.items()}
        for name, texts in sent.items():
            values[name] = parse_text(name, texts[-1], known[name].schema)
        missing = [name for name, each in known.items() if each.is_required and name not in sent]
        if missing:
            raise SettingsError(f"the address lacks the parameter {', '.join(missing)}")
        return values

    def body_schema(self) -> Schema:
        """Return what the body must be."""
        return {
            "type": "object",
            "properties": {each.name: each.schema for each in self.body},
            "required": [each.name for each in self.body if each.is_required],
        }

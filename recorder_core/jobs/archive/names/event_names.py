"""Names of people and places of one event: known to those whose key opens them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from recorder_core.errors import DataError, HeaderDamaged
from recorder_core.model.values.json_text import parse_json

__all__ = ["EventNames"]

_MAX_FILE_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class EventNames:
    """What identifies people; stored sealed only, and never printed by `repr`.

    Attributes
    ----------
    patient_name, medical_record, place, procedure_name, notes : str or None
        None where it was not recorded.
    physician_names : tuple of str
        May be empty.
    source_name : str or None
        Name of the file that was imported.
    source_sha256 : str or None
        Of the file that was imported.
    """

    patient_name: str | None = None
    medical_record: str | None = None
    physician_names: tuple[str, ...] = ()
    place: str | None = None
    procedure_name: str | None = None
    notes: str | None = None
    source_name: str | None = None
    source_sha256: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> EventNames:
        """Read what `to_dict` gave; HeaderDamaged if it is something else."""
        known = {field.name for field in fields(cls)}
        values = {name: value for name, value in content.items() if name in known}
        try:
            physicians = tuple(str(name) for name in values.pop("physician_names", ()))
            return cls(physician_names=physicians, **values)
        except TypeError as error:
            raise HeaderDamaged("a sealed record does not hold the names of an event") from error

    @classmethod
    def from_file(cls, path: Path) -> EventNames:
        """Read names from a JSON file that a person wrote.

        Raises
        ------
        DataError
            If it is none, too long, or holds a field that is not known; nothing of it is repeated.
        """
        try:
            # Notepad puts a mark of three bytes before UTF-8
            content = parse_json(_read(path).decode("utf-8-sig"), doubled="refuse")
        except DataError:
            raise
        except ValueError:
            # the original error carries the text
            raise DataError("the names file is not JSON in UTF-8, or has a name twice") from None
        known = {field.name for field in fields(cls)} - {"source_name", "source_sha256"}
        if not isinstance(content, dict) or set(content) - known:
            raise DataError(f"the names file may hold only: {', '.join(sorted(known))}")
        physicians = content.get("physician_names", [])
        texts = [value for name, value in content.items() if name != "physician_names"]
        if not isinstance(physicians, list) or not all(
            isinstance(text, str) for text in (*texts, *physicians)
        ):
            raise DataError("the names file holds texts; physician_names is a list of texts")
        return cls.from_dict(content)

    def mentions(self, text: str) -> bool:
        """Return whether a text occurs, whatever its case and accents."""
        wanted = _plain(text)
        values = (
            self.patient_name,
            self.medical_record,
            *self.physician_names,
            self.place,
            self.procedure_name,
            self.notes,
            self.source_name,
        )
        return any(wanted in _plain(value) for value in values if value)


def _read(path: Path) -> bytes:
    """Return what a file holds; DataError where that is too long, such as a device without end."""
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_FILE_BYTES + 1)
    except OSError as error:
        raise DataError(f"the names file cannot be read ({error.strerror})") from error
    if len(content) > _MAX_FILE_BYTES:
        raise DataError(
            f"the names file is longer than {_MAX_FILE_BYTES >> 20} MiB; give a JSON file with "
            "the names of one event"
        )
    return content


def _plain(text: str) -> str:
    split = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in split if not unicodedata.combining(letter))

"""XML files of annotation tools, read without entities and with line numbers.

A document type definition is refused: annotation files have none, and through its
entities a small file could fill the memory or fetch other files.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from recorder_core.errors import DataError

__all__ = ["XmlElement", "read_xml", "write_xml"]


@dataclass(slots=True)
class XmlElement:
    """An element, where it begins, and what is in it."""

    tag: str
    #: from 1
    line: int
    attributes: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    children: list[XmlElement] = field(default_factory=list, repr=False)

    def all(self, tag: str) -> Iterator[XmlElement]:
        """Return the children of that name."""
        return (child for child in self.children if child.tag == tag)

    def find(self, path: str) -> XmlElement | None:
        """Return the first element at a path such as ``meta/task/size``."""
        found: XmlElement | None = self
        for tag in path.split("/"):
            found = next(found.all(tag), None) if found is not None else None
        return found

    def text_of(self, path: str, default: str | None = None) -> str:
        """Return the text of the first element at a path.

        Raises
        ------
        DataError
            If there is none and no default is given.
        """
        found = self.find(path)
        if found is None:
            if default is None:
                raise DataError(f"it has no <{path}>")
            return default
        return found.text.strip()

    def attribute(self, name: str, default: str | None = None) -> str:
        """Return an attribute.

        Raises
        ------
        DataError
            If it is missing and no default is given.
        """
        value = self.attributes.get(name, default)
        if value is None:
            raise DataError(f"<{self.tag}> has no attribute {name}")
        return value


def read_xml(path: Path) -> XmlElement:
    """Read an XML file.

    Returns
    -------
    XmlElement
        The outermost element.

    Raises
    ------
    DataError
        If the file cannot be read, is not well-formed (the message gives the line) or
        has a document type definition.
    """
    builder = _Builder(path)
    try:
        with path.open("rb") as file:
            builder.parser.ParseFile(file)
    except OSError as exc:
        raise DataError(f"{path} cannot be read: {exc.strerror}") from exc
    except expat.ExpatError as exc:
        reason = expat.ErrorString(exc.code)
        raise DataError(f"{path}, line {exc.lineno} is damaged: {reason}") from exc
    except (ValueError, LookupError) as exc:  # an encoding that Python does not know
        if isinstance(exc, DataError):
            raise
        raise DataError(f"{path} cannot be read: {exc}") from exc
    return builder.top.children[0]


class _Builder:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.top = XmlElement("", 0)
        self._open = [self.top]
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._add_text

    def _refuse(self, *_: object) -> NoReturn:
        raise DataError(
            f"{self._path}, line {self.parser.CurrentLineNumber}: a document type definition is "
            "not accepted in annotation files; remove it"
        )

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        element = XmlElement(tag, self.parser.CurrentLineNumber, attributes)
        self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, _: str) -> None:
        self._open.pop()

    def _add_text(self, text: str) -> None:
        self._open[-1].text += text


def write_xml(path: Path, root: ET.Element) -> None:
    """Write an XML file, indented, in UTF-8.

    Raises
    ------
    DataError
        If a text holds a character that XML does not have.
    """
    ET.indent(root)
    content = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    try:
        expat.ParserCreate().Parse(content, True)
    except expat.ExpatError as exc:
        raise DataError(
            f"{path.name} cannot be written: a name or value in it is not text"
        ) from exc
    path.write_bytes(content + b"\n")

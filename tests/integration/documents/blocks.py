"""The commands and programs that the documents show, as a person would type them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["DOCUMENTS", "ROOT", "Command", "commands_of", "mentioned_commands", "programs_of"]

ROOT: Final = Path(__file__).resolve().parents[3]
#: every document that a user reads
DOCUMENTS: Final = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
)
_FENCE: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MENTION: Final = re.compile(r"`(workbench [^`]+)`")
#: what a line of commands begins with; other lines in plain blocks are layouts and formulas
_PROGRAMS: Final = ("workbench", ".venv/bin/workbench", "python", "make", "export")


@dataclass(frozen=True, slots=True)
class Command:
    """One line that a document tells the reader to type."""

    document: str
    text: str

    @property
    def words(self) -> list[str]:
        """The words, comments left out and redirections kept as ``>`` and a name."""
        return shlex.split(self.text, comments=True)


def commands_of(document: Path) -> list[Command]:
    """Return the commands of a document's plain blocks, in order."""
    return [
        Command(document.name, line)
        for language, content in _blocks(document)
        if language in ("", "sh")
        for line in content.replace("\\\n", " ").splitlines()
        if line.split() and line.split()[0] in _PROGRAMS
    ]


def programs_of(document: Path) -> list[str]:
    """Return the Python programs of a document, in order."""
    return [content for language, content in _blocks(document) if language == "python"]


def mentioned_commands(document: Path) -> list[Command]:
    """Return the commands that stand inside sentences."""
    text = _FENCE.sub("", document.read_text(encoding="utf-8"))
    return [Command(document.name, " ".join(found.split())) for found in _MENTION.findall(text)]


def _blocks(document: Path) -> Iterator[tuple[str, str]]:
    for found in _FENCE.finditer(document.read_text(encoding="utf-8")):
        yield found[1], found[2]

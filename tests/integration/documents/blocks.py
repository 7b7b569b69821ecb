"""The commands and programs that the documents show, as a person would type them."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = [
    "DOCUMENTS",
    "ROOT",
    "SHOWN_LANGUAGES",
    "Block",
    "Command",
    "blocks_of",
    "commands_of",
    "is_command",
    "lines_of",
    "mentioned_commands",
    "name_of",
    "programs_of",
]

ROOT: Final = Path(__file__).resolve().parents[3]
#: every document that a user reads
DOCUMENTS: Final = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
)
#: languages of blocks that show something and tell nobody to type it
SHOWN_LANGUAGES: Final = ("text",)
_FENCE: Final = re.compile(
    r"^(?:<!-- not run: (?P<reason>[^>]+) -->\n)?```(?P<language>[^\n]*)\n(?P<content>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_MENTION: Final = re.compile(r"`(workbench [^`]+)`")
#: what a command begins with
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


@dataclass(frozen=True, slots=True)
class Block:
    """What stands between two fences."""

    document: str
    language: str
    content: str
    #: why the tests do not run it; "" if they do
    reason: str


def commands_of(document: Path) -> list[Command]:
    """Return the commands of a document's plain blocks, in order."""
    return [
        Command(name_of(document), line)
        for block in blocks_of(document)
        if not block.language and not block.reason
        for line in lines_of(block)
    ]


def programs_of(document: Path) -> list[str]:
    """Return the Python programs of a document, in order."""
    blocks = blocks_of(document)
    return [block.content for block in blocks if block.language == "python" and not block.reason]


def lines_of(block: Block) -> list[str]:
    """Return the commands of a block, those over several lines on one."""
    joined = block.content.replace("\\\n", " ").splitlines()
    return [line for line in joined if line.split()]


def is_command(line: str) -> bool:
    """Return whether a line of a block is a command that the tests can type."""
    return line.split(maxsplit=1)[0] in _PROGRAMS


def mentioned_commands(document: Path) -> list[Command]:
    """Return the commands that stand inside sentences."""
    text = _FENCE.sub("", document.read_text(encoding="utf-8"))
    return [Command(name_of(document), " ".join(found.split())) for found in _MENTION.findall(text)]


def name_of(document: Path) -> str:
    """Return the name of a document: its path below ``docs``, or its file name."""
    folder = ROOT / "docs"
    return document.relative_to(folder if document.is_relative_to(folder) else ROOT).as_posix()


def blocks_of(document: Path) -> list[Block]:
    """Return every block of a document, in order."""
    text = document.read_text(encoding="utf-8")
    return [
        Block(name_of(document), found["language"], found["content"], found["reason"] or "")
        for found in _FENCE.finditer(text)
    ]

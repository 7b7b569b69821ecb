"""Show new recovery words once: as text, as a QR code on the terminal, as a file to print."""

from __future__ import annotations

import os
import sys
import textwrap
from pathlib import Path

from recorder_core.errors import SettingsError
from recorder_core.jobs.archive.words import RECOVERY_NOTICE, recovery_qr_modules, recovery_qr_svg
from workbench.cli.terminal.console import print_surely, raw_stream

__all__ = ["refuse_existing_svg", "show_words"]


def refuse_existing_svg(svg: Path | None) -> None:
    """Raise SettingsError if the file for the QR code already exists."""
    if svg is not None and svg.exists():
        raise SettingsError(f"{svg.name} already exists; give another name")


def show_words(words: str, svg: Path | None) -> None:
    """Show new recovery words; an error if nobody can have seen them."""
    parts = words.split()
    lines = ["The recovery key, shown this once:", "", f"   {' '.join(parts[:6])}"]
    lines += [f"   {' '.join(parts[6:])}", "", *([] if svg else _qr_lines(words))]
    print_surely("\n".join(lines) + "\n", "the recovery words")
    if svg is not None:
        _write_private(svg, recovery_qr_svg(words))
        print(f"QR code: {svg.name}\n")
    print(textwrap.fill(RECOVERY_NOTICE, 88))


def _qr_lines(words: str) -> list[str]:
    """Draw the code black on white, whatever the terminal's colours are."""
    stream = raw_stream(sys.stdout)
    is_terminal = stream is not None and stream.isatty()
    on, off = ("\x1b[97;40m", "\x1b[0m") if is_terminal else ("", "")
    rows = _half_blocks(recovery_qr_modules(words))
    try:
        "".join(rows).encode((stream and stream.encoding) or "utf-8")
    except UnicodeEncodeError:
        rows = [
            "".join("  " if dark else "##" for dark in row) for row in recovery_qr_modules(words)
        ]
    return [*(f"   {on}{row}{off}" for row in rows), ""]


def _half_blocks(modules: list[list[bool]]) -> list[str]:
    """Draw two rows of modules with one row of half blocks, dark on light."""
    modules = [*modules, *[[False] * len(modules[0])] * (len(modules) % 2)]
    blocks = {(False, False): "█", (True, False): "▄", (False, True): "▀", (True, True): " "}
    return [
        "".join(blocks[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(modules[::2], modules[1::2], strict=True)
    ]


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)

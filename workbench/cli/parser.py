"""The parser of every command: wrong words get one sentence, and what loads much is put off."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from workbench.cli.terminal.console import complain

__all__ = ["Parser"]

#: of a command whose words are wrong
_EXIT_USAGE = 2


class Parser(argparse.ArgumentParser):
    """Says in one sentence what is wrong with the words after ``workbench``."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._later: list[Callable[[Parser], None]] = []

    def add_later(self, add: Callable[[Parser], None]) -> None:
        """Defer adding arguments until they are needed: other commands do not load what they do.

        Parameters
        ----------
        add : callable
            Adds them to the parser that it is called with.
        """
        self._later.append(add)

    def complete(self) -> None:
        """Add what was put off, to this parser and to those of its commands."""
        while self._later:
            self._later.pop(0)(self)
        for action in self._actions:
            choices = action.choices if isinstance(action.choices, dict) else {}
            for parser in choices.values():
                if isinstance(parser, Parser):
                    parser.complete()

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Add what was put off, and parse."""
        while self._later:
            self._later.pop(0)(self)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and where help is, and end with status 2."""
        for action in self._actions:
            if message.endswith(f"required: {action.metavar}") and isinstance(action.choices, dict):
                what = str(action.metavar).lower()
                message = f"name one {what} of these: {', '.join(action.choices)}"
        complain(f"{message}; see '{self.prog} --help'")
        raise SystemExit(_EXIT_USAGE)

"""Pages of the documentation site that are made from the code.

Each command of ``workbench`` gets a page made from its argument parser, each public package
one made from its docstrings.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from typing import Final

import recorder_core
from workbench.cli.main import build_parser

__all__ = ["command_page", "command_parsers", "made_pages", "package_page", "public_packages"]

COMMANDS: Final = "reference/commands"
PACKAGES: Final = "reference/python"


@cache
def made_pages() -> dict[str, str]:
    """Return the Markdown of every page that is made from the code, by its place in the site."""
    commands, described = command_parsers(), set[str]()
    pages = {f"{COMMANDS}/{name}.md": command_page(name, p) for name, p in commands.items()}
    for package in public_packages():
        pages[f"{PACKAGES}/{package}.md"] = package_page(package, described)
    return pages


def command_parsers() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each command, in the order of ``workbench --help``."""
    return _actions(build_parser())


def public_packages() -> list[str]:
    """Return the packages of the core, and the modules directly in it, that export something."""
    walked = pkgutil.walk_packages(recorder_core.__path__, f"{recorder_core.__name__}.")
    found = [info.name for info in walked if info.ispkg or info.name.count(".") == 1]
    named = [name for name in (recorder_core.__name__, *found) if "._" not in name]
    return [name for name in named if _exports(name)]


def _exports(package: str) -> list[str]:
    names = getattr(importlib.import_module(package), "__all__", [])
    return [name for name in names if not name.startswith("__")]


def command_page(name: str, parser: argparse.ArgumentParser) -> str:
    """Return the page of one command: what it does, its usage, its arguments, its actions."""
    parts = [f"# workbench {name}", *_describe(parser)]
    for action, own in _actions(parser).items():
        parts += [f"## {name} {action}", *_describe(own)]
    return "\n\n".join(parts) + "\n"


def package_page(package: str, described: set[str]) -> str:
    """Return the page of one package: the directives that read its docstrings.

    Parameters
    ----------
    package : str
        Its name.
    described : set of str
        What an earlier page describes, which this one links to; this page's are added.
    """
    summary = inspect.getdoc(importlib.import_module(package)) or ""
    directives = [_directive(package, name, described) for name in _exports(package)]
    content = "\n\n".join([f".. py:currentmodule:: {package}", summary, *directives])
    return f"# {package}\n\n```{{eval-rst}}\n{content}\n```\n"


def _directive(package: str, name: str, described: set[str]) -> str:
    value = getattr(importlib.import_module(package), name)
    home = getattr(value, "__module__", "") if callable(value) else _home(package, name)
    if f"{home}.{name}" in described:
        return f"`{name}`: see :py:obj:`{home}.{name}`."
    described.add(f"{home}.{name}")
    if not callable(value):
        return f".. autodata:: {home}.{name}\n   :no-value:"
    if not inspect.isclass(value):
        return f".. autofunction:: {package}.{name}"
    kind = "autoexception" if issubclass(value, BaseException) else "autoclass"
    return f".. {kind}:: {package}.{name}\n   :members:"


def _home(package: str, name: str) -> str:
    """Return the module from which a package imports a name, where its comment stands."""
    module = importlib.import_module(package)
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.ImportFrom) and name in (alias.name for alias in node.names):
            return _home(str(node.module), name)
    return package


def _actions(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def _describe(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield _plain(parser.description or "")
    usage = " ".join(parser.format_usage().removeprefix("usage:").split())
    yield f"```text\n{usage}\n```"
    for group in parser._action_groups:
        items = [item for action in group._group_actions if (item := _item(parser, action))]
        if items:
            yield f"**{(group.title or '').capitalize()}**"
            yield "\n\n".join(items)


def _item(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    """Return one argument as an item of a definition list; the help option is left out."""
    if isinstance(action, argparse._HelpAction | argparse._SubParsersAction):
        return ""
    formatter = parser._get_formatter()
    shown = formatter._format_action_invocation(action)
    meaning = formatter._expand_help(action) if action.help else f"default: {action.default}"
    return f"`{shown}`\n: {_plain(meaning)}"


def _plain(text: str) -> str:
    """Return text on one line as Markdown that marks nothing."""
    return re.sub(r"([\\*_<>|\[\]`$])", r"\\\1", " ".join(text.split()))

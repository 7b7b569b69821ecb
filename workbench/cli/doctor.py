"""``workbench doctor``: what is here, what will be used, and why."""

from __future__ import annotations

import argparse
import json
from typing import Any

from recorder_core.jobs import machine_facts
from workbench.cli.summaries import SUMMARIES

__all__ = ["add_parser", "run"]


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "doctor",
        help=SUMMARIES["doctor"],
        description="Show what this machine has, which engine and encoder will be used, and why.",
    )
    parser.add_argument("--json", action="store_true", help="print JSON for a program to read")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the facts; 0 when de-identification can run here."""
    facts = machine_facts()
    if options.json:
        print(json.dumps(facts.to_dict(), indent=2))
    else:
        print(facts.format())
    return 0 if facts.ready else 1

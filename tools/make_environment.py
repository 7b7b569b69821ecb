"""Write environment.yml from pyproject.toml; a test checks that they agree."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def environment_text() -> str:
    """Return the text that environment.yml must have."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements = project["dependencies"] + project["optional-dependencies"]["dev"]
    lines = [
        "# Made from pyproject.toml by tools/make_environment.py; do not edit by hand.",
        f"name: {project['name']}",
        "channels: [conda-forge]",
        "dependencies:",
        f"  - python{project['requires-python']}",
        "  - c-compiler",
        "  - pip",
        "  - pip:",
        *[f"      - {requirement}" for requirement in requirements],
        "      - --no-build-isolation --editable .",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (ROOT / "environment.yml").write_text(environment_text(), encoding="utf-8")

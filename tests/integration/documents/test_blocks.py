"""No block of a document is left out by the tests that type commands and run programs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.integration.documents.blocks import (
    DOCUMENTS,
    ROOT,
    SHOWN_LANGUAGES,
    Block,
    blocks_of,
    commands_of,
    is_command,
    lines_of,
    name_of,
    programs_of,
)

#: blocks that no test can run, and why: counted, so that none is added unseen
NOT_RUN = [("install.md", "Windows only"), ("install.md", "needs an NVIDIA GPU")]
#: the test that runs the Python programs of each document
RUN_BY = {
    "README.md": "tests/integration/documents/test_commands.py",
    "first-hour/researcher.md": "tests/integration/documents/test_guides.py",
    "evaluation.md": "tests/integration/documents/test_commands.py",
    "bis.md": "tests/recorder_core/capture/bis/test_source.py",
    "foot-switch.md": "tests/recorder_core/capture/switch/test_source.py",
    "archive.md": "tests/recorder_core/jobs/archive/recording/test_recording.py",
    "http-interface.md": "tests/workbench/server/api/test_client.py",
}
#: the test that types the commands of a document and knows more of them
TYPED_BY = {"corrections.md": "tests/workbench/cli/deidentify/test_corrections.py"}
BLOCKS = [block for document in DOCUMENTS for block in blocks_of(document)]
TYPED = re.compile(r'type_all\(\s*"([^"]+)"')


def test_every_fence_is_read() -> None:
    fences = sum(len(re.findall(r"^```", path.read_text(), re.MULTILINE)) for path in DOCUMENTS)
    assert fences == 2 * len(BLOCKS) > 90


def test_blocks_are_commands_programs_or_something_to_look_at() -> None:
    languages = {block.language for block in BLOCKS}
    assert languages <= {"", "python", *SHOWN_LANGUAGES}


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.document)
def test_lines_of_plain_blocks_are_commands_and_of_others_none(block: Block) -> None:
    if not block.language and not block.reason:
        assert [line for line in lines_of(block) if not is_command(line)] == []
    elif block.language in SHOWN_LANGUAGES:
        assert [line for line in lines_of(block) if is_command(line)] == []


def test_blocks_that_are_not_run_are_these() -> None:
    marked = [(block.document, block.reason) for block in BLOCKS if block.reason]
    assert marked == NOT_RUN
    texts = [path.read_text(encoding="utf-8") for path in DOCUMENTS]
    assert sum(text.count("\n<!-- not run") for text in texts) == len(NOT_RUN)


def test_the_commands_of_every_document_are_typed() -> None:
    tests = Path(__file__).parent.glob("test_*.py")
    typed = {name for path in tests for name in TYPED.findall(path.read_text(encoding="utf-8"))}
    shown = {name_of(document) for document in DOCUMENTS if commands_of(document)}
    assert typed | set(TYPED_BY) == shown
    assert not typed & set(TYPED_BY)
    _check_tests(TYPED_BY)


def test_the_programs_of_every_document_are_run() -> None:
    documents = {name_of(document) for document in DOCUMENTS if programs_of(document)}
    assert documents == set(RUN_BY)
    _check_tests(RUN_BY)


def _check_tests(tests: dict[str, str]) -> None:
    for document, test in tests.items():
        assert Path(document).name in (ROOT / test).read_text(encoding="utf-8")

"""What goes wrong between two processes; what goes right is tested with jobs."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from recorder_core.archive import PrivateKey
from recorder_core.errors import ArchiveError
from recorder_core.jobs.archive.access.identity import Handed
from recorder_core.jobs.archive.process.handover import Handover, read_handover, start_process


def test_a_process_that_does_not_say_it_is_ready_is_given_nothing() -> None:
    handed = Handed("olga", PrivateKey.generate(), "0" * 64, "local")
    # it prints the name of the system, and asks for nothing
    with pytest.raises(ArchiveError, match="process of the recording ended at once"):
        start_process("platform", Handover(Path("/archive"), handed, {}), name="recording")


def test_what_a_process_is_told_is_not_shown() -> None:
    handed = Handed("olga", PrivateKey.generate(), "0" * 64, "local")
    assert "Quellmarker" not in repr(Handover(Path("/archive"), handed, {"by": "Dr Quellmarker"}))


@pytest.mark.parametrize("content", [b"", b"{}\n", b"{}\n" + bytes(31)])
def test_what_is_cut_off_is_no_handover(content: bytes) -> None:
    with pytest.raises(ArchiveError, match="ended before it had said"):
        read_handover(io.BytesIO(content))

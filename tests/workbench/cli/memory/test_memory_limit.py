from __future__ import annotations

import resource
from pathlib import Path

import pytest

from recorder_core.errors import DecodeError
from workbench.cli import doctor, main
from workbench.cli.arguments.inputs import FilePair
from workbench.cli.deidentify import deidentify
from workbench.cli.deidentify.deidentify import each_input
from workbench.cli.memory import memory_limit
from workbench.cli.memory.memory_limit import memory_sentence


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("Exception from src/plugin.cpp:54:\ncan't alloc"),
        RuntimeError("can't start new thread"),
        ImportError("libtorch.so: failed to map segment from shared object"),
        DecodeError("a.mp4 cannot be read: Cannot allocate memory"),
    ],
)
def test_libraries_say_in_their_words_that_memory_is_short(error: Exception) -> None:
    assert memory_sentence(error).startswith("there was not enough memory")


@pytest.mark.parametrize(("peak_kib", "is_memory"), [(79_000, False), (81_000, True)])
def test_any_error_near_the_limit_is_taken_for_one_of_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, peak_kib: int, is_memory: bool
) -> None:
    status = tmp_path / "status"
    status.write_text(f"Name:\tworkbench\nVmPeak:\t  {peak_kib} kB\nVmSize:\t 1 kB\n")
    monkeypatch.setattr(memory_limit, "_STATUS", status)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (100_000 * 1024, 100_000 * 1024))
    sentence = memory_sentence(DecodeError("a.mp4 is damaged at picture 3"))
    assert ("this process may use 98 MiB" in sentence) == is_memory
    monkeypatch.setattr(resource, "getrlimit", lambda _: (-1, -1))
    assert memory_sentence(DecodeError("a.mp4 is damaged at picture 3")) == ""


def test_a_command_says_so_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise RuntimeError("Exception from src/plugin.cpp:54:\ncan't alloc")

    monkeypatch.setattr(doctor, "machine_facts", fail)
    assert main(["doctor"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("workbench: there was not enough memory")
    assert said.endswith("; allow more (ulimit -v) or close other programs\n")


def test_batches_are_named_where_the_command_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(deidentify, "pair_with_outputs", fail)
    assert main(["deidentify", str(tmp_path / "a.mp4"), "-o", str(tmp_path / "b.mp4")]) == 1
    assert capsys.readouterr().err.endswith(", or take a smaller --batch-size\n")


def test_so_does_each_of_several_inputs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(_: FilePair) -> None:
        raise DecodeError("a.mp4 cannot be read: Cannot allocate memory")

    jobs = [FilePair(tmp_path / name, tmp_path / name) for name in "ab"]
    assert each_input(jobs, fail) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(";")[0] for line in lines] == [
        "workbench: there was not enough memory",
        "workbench: there was not enough memory",
        "workbench: 2 of 2 inputs failed",
    ]

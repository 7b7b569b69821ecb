"""Mutated real files: a verified copy, or one sentence; never anything else.

The runs happen in a process of their own, so that a crash or a hang of a codec is
seen as such. Seeds and mutations are fixed; how many of them are tried is bounded by
time, so that a slow machine tries fewer of the same.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from recorder_core.media import file_sha256

#: all mutations together may take this long, one alone this long
SECONDS, SECONDS_FOR_ONE = 30.0, 40.0
MAX_RUNS = 300

#: takes a line "source output salvage" and answers with a line of JSON, until the end
WORKER = """
import json, os, sys
from pathlib import Path
from recorder_core.detect import DetectorSettings
from recorder_core.errors import RecorderError
from recorder_core.jobs import DeidentifyOptions, DeidentifyRequest, deidentify_video
from recorder_core.jobs.inputs.stride import DetectionStride
from recorder_core.media import EncoderSettings, index_frames, probe

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
for line in sys.stdin:
    source, output, salvage = json.loads(line)
    options = DeidentifyOptions(
        detector=DetectorSettings(long_side_px=384),
        stride=DetectionStride(8),
        encoder=EncoderSettings(preset="ultrafast"),
        salvage=salvage,
    )
    request = DeidentifyRequest(source=Path(source), output=Path(output), options=options)
    try:
        result = deidentify_video(request)
        answer = ["done", len(index_frames(probe(Path(output)))) - result.frames, ""]
    except RecorderError as error:
        answer = ["refused", 0, str(error)]
    except BaseException as error:
        answer = ["broke", 0, repr(error)]
    answers.write(json.dumps(answer) + "\\n")
    answers.flush()
"""


class Worker:
    """The process that works on mutated files; a new one after each crash."""

    def __init__(self, errors: Path) -> None:
        self._errors = errors
        self._start()

    def _start(self) -> None:
        with self._errors.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-c", WORKER],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
            )  # fmt: skip

    def ask(self, source: Path, output: Path, *, salvage: bool) -> tuple[str, int, str]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([str(source), str(output), salvage]) + "\n")
        self._process.stdin.flush()
        line = _read_line(self._process)
        if line:
            kind, difference, sentence = json.loads(line)
            return kind, difference, sentence
        status = self._process.poll()
        self.stop()
        self._start()
        return "hung" if status is None else "crashed", 0, f"exit status {status}"

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()


def _read_line(process: subprocess.Popen[str]) -> str:
    """Read an answer; nothing when the process ended or took too long."""
    import select

    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], SECONDS_FOR_ONE)
    return process.stdout.readline() if ready else ""


def _flip(data: bytearray, rng: np.random.Generator) -> None:
    for place in rng.integers(0, len(data), int(rng.integers(1, 30))):
        data[place] ^= 1 << int(rng.integers(0, 8))


def _flip_head(data: bytearray, rng: np.random.Generator) -> None:
    for place in rng.integers(0, min(len(data), 2500), int(rng.integers(1, 6))):
        data[place] = int(rng.integers(0, 256))


def _flip_tail(data: bytearray, rng: np.random.Generator) -> None:
    for place in rng.integers(max(0, len(data) - 4000), len(data), int(rng.integers(1, 6))):
        data[place] = int(rng.integers(0, 256))


def _cut(data: bytearray, rng: np.random.Generator) -> None:
    del data[int(rng.integers(1, len(data))) :]


def _cut_head(data: bytearray, rng: np.random.Generator) -> None:
    del data[: int(rng.integers(1, len(data) // 3))]


def _zero(data: bytearray, rng: np.random.Generator) -> None:
    first, stop = _span(data, rng)
    data[first:stop] = bytes(stop - first)


def _duplicate(data: bytearray, rng: np.random.Generator) -> None:
    first, stop = _span(data, rng)
    data[first:first] = data[first:stop]


def _remove(data: bytearray, rng: np.random.Generator) -> None:
    first, stop = _span(data, rng)
    del data[first:stop]


def _span(data: bytearray, rng: np.random.Generator) -> tuple[int, int]:
    first = int(rng.integers(0, len(data) - 1))
    return first, min(len(data), first + int(2 ** rng.uniform(2, 13)))


MUTATIONS = (_flip, _cut, _zero, _duplicate, _flip_head, _remove, _flip_tail, _cut_head)


def _mutated(videos: dict[str, bytes]) -> Iterator[tuple[str, bytes, bool]]:
    """Yield a name, bytes that nearly are a video, and whether to salvage it."""
    names = sorted(videos)
    for seed in range(MAX_RUNS):
        rng = np.random.default_rng(seed)
        name, mutate = names[seed % len(names)], MUTATIONS[seed // len(names) % len(MUTATIONS)]
        data = bytearray(videos[name])
        mutate(data, rng)
        yield f"{seed:03d}{mutate.__name__}{name}", bytes(data), bool(rng.integers(0, 2))


@pytest.fixture
def videos(drawn_source: Path, foreign: dict[str, Path]) -> dict[str, bytes]:
    paths = {"h264 mp4": drawn_source, **foreign}
    return {f".{path.stem}{path.suffix}": path.read_bytes() for path in paths.values()}


def test_mutated_files_give_a_verified_copy_or_a_sentence(
    videos: dict[str, bytes], tmp_path: Path, files_in: Callable[[Path], dict[str, bytes]]
) -> None:
    folder, errors = tmp_path / "work", tmp_path / "errors.txt"
    folder.mkdir()
    worker, deadline = Worker(errors), time.monotonic() + SECONDS
    seen: dict[str, int] = {"done": 0, "refused": 0}
    wrong: list[str] = []
    try:
        for name, content, salvage in _mutated(videos):
            source, output = folder / name, folder / "copy.mp4"
            source.write_bytes(content)
            kind, difference, sentence = worker.ask(source, output, salvage=salvage)
            seen[kind] = seen.get(kind, 0) + 1
            left = set(files_in(folder)) - {name}
            good = {
                "done": difference == 0 and len(left) == 5,
                "refused": sentence and "\n" not in sentence and not left,
            }
            if not good.get(kind) or source.read_bytes() != content:
                wrong.append(f"{name} {kind} {difference} {sorted(left)} {sentence}")
            shutil.rmtree(folder)
            folder.mkdir()
            if time.monotonic() > deadline:
                break
    finally:
        worker.stop()
    print(f"{sum(seen.values())} mutated files: {seen}")
    assert not wrong, "\n".join([*wrong, errors.read_text()[-2000:]])
    assert min(seen.values()) > 0


def test_the_originals_of_the_mutations_work(videos: dict[str, bytes], tmp_path: Path) -> None:
    worker = Worker(tmp_path / "errors.txt")
    try:
        for name, content in videos.items():
            source = tmp_path / f"whole{name}"
            source.write_bytes(content)
            before = file_sha256(source)
            answer = worker.ask(source, tmp_path / f"copy{name}.mp4", salvage=False)
            assert answer == ("done", 0, ""), name
            assert file_sha256(source) == before
    finally:
        worker.stop()

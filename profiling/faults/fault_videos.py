"""De-identify mutated videos: each gives a verified copy, or one sentence; never anything else.

    python profiling/faults/fault_videos.py VIDEO... [--runs 480] [--out FILE.json]

Run after run takes the next video, and mutates it in the next way: bits, bytes of its head or its
tail, a cut, a run of bytes zeroed, doubled or removed. A process of its own de-identifies it, so
that a crash or a hang of a codec is seen as such. The same run mutates the same bytes each time.

Exit status 1 if a run ended in another way, left a file, or changed its source.
"""

from __future__ import annotations

import argparse
import json
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from killing import finish

__all__ = ["MUTATIONS", "Counts", "VideoWorker", "deidentify_mutated"]

#: a run that takes longer hangs
MAX_RUN_SECONDS: Final = 120.0
#: a video, two tables, a report and a picture
FILES_OF_A_COPY: Final = 5
#: takes a line "source output salvage" and answers with a line of JSON, until the end
_WORKER: Final = """
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


@dataclass
class Counts:
    """What became of all runs, by `done`, `refused`, `broke`, `crashed` or `hung`."""

    seen: dict[str, int] = field(default_factory=dict)
    #: a line for each run that ended as none may
    wrong: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether every run ended as it may."""
        return not self.wrong


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one run."""

    kind: str
    #: frames that the copy has, more than the job said
    difference: int
    sentence: str


class VideoWorker:
    """The process that works on mutated files; a new one after each crash.

    Parameters
    ----------
    errors : Path
        File to which what it writes on standard error is added.
    """

    def __init__(self, errors: Path) -> None:
        self._errors = errors
        self._start()

    def __enter__(self) -> VideoWorker:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def ask(self, source: Path, output: Path, *, salvage: bool) -> Answer:
        """De-identify a file, and return what became of it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([str(source), str(output), salvage]) + "\n")
        self._process.stdin.flush()
        is_ready, _, _ = select.select([self._process.stdout], [], [], MAX_RUN_SECONDS)
        if line := self._process.stdout.readline() if is_ready else "":
            return Answer(*json.loads(line))
        status = self._process.poll()
        self._stop()
        self._start()
        return Answer("hung" if status is None else "crashed", 0, f"exit status {status}")

    def _start(self) -> None:
        with self._errors.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _WORKER],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
            )  # fmt: skip

    def _stop(self) -> None:
        self._process.kill()
        self._process.communicate()


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


MUTATIONS: Final[tuple[Callable[[bytearray, np.random.Generator], None], ...]] = (
    *(_flip, _cut, _zero, _duplicate, _flip_head, _remove, _flip_tail, _cut_head),
)


def _mutated(videos: Mapping[str, bytes], runs: int) -> Iterator[tuple[str, bytes, bool]]:
    """Yield a name, bytes that nearly are a video, and whether to salvage it."""
    names = sorted(videos)
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        name, mutate = names[seed % len(names)], MUTATIONS[seed // len(names) % len(MUTATIONS)]
        data = bytearray(videos[name])
        mutate(data, rng)
        yield f"{seed:03d}{mutate.__name__}{name}", bytes(data), bool(rng.integers(0, 2))


def deidentify_mutated(videos: Mapping[str, bytes], runs: int, place: Path) -> Counts:
    """De-identify mutated videos, and count what became of them.

    Parameters
    ----------
    videos : mapping of str to bytes
        The end of a name, with its suffix -> what the file holds.
    runs : int
        As many as names times `MUTATIONS` mutate each video once in each way.
    place : Path
        An empty folder.
    """
    counts, folder, errors = Counts(), place / "work", place / "errors.txt"
    with VideoWorker(errors) as worker:
        for name, content, salvage in _mutated(videos, runs):
            folder.mkdir()
            source = folder / name
            source.write_bytes(content)
            answer = worker.ask(source, folder / "copy.mp4", salvage=salvage)
            counts.seen[answer.kind] = counts.seen.get(answer.kind, 0) + 1
            left = sorted(path.name for path in folder.rglob("*") if path != source)
            if not _is_good(answer, left) or source.read_bytes() != content:
                counts.wrong.append(f"{name} {answer} {left}")
            shutil.rmtree(folder)
    if counts.wrong:
        counts.wrong.append(errors.read_text(encoding="utf-8", errors="replace")[-2000:])
    return counts


def _is_good(answer: Answer, left: list[str]) -> bool:
    if answer.kind == "done":
        return answer.difference == 0 and len(left) == FILES_OF_A_COPY
    return answer.kind == "refused" and len(answer.sentence.splitlines()) == 1 and not left


def main() -> int:
    """De-identify mutations of the videos that are named, and print the counts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("videos", nargs="+", type=Path, metavar="VIDEO")
    parser.add_argument("--runs", type=int, default=480, help="default: 480")
    parser.add_argument("--out", type=Path, metavar="FILE.json", help="write the counts there too")
    options = parser.parse_args()
    videos = {f".{path.name}": path.read_bytes() for path in options.videos}
    with tempfile.TemporaryDirectory() as place:
        counts = deidentify_mutated(videos, options.runs, Path(place))
    return finish(counts, asdict(counts), options.out)


if __name__ == "__main__":
    sys.exit(main())

"""Find faces in picture files, in as many threads as the processor has cores.

Each thread has a network of its own and pictures of few sizes: an engine generates code when it
meets a size of input for the first time, which takes as long as some inferences.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Final, TypeAlias

from recorder_core.datasets.pictures import read_size_px
from recorder_core.detect.detector import Detector, load_detector
from recorder_core.detect.engines import choose_engine
from recorder_core.detect.engines.haar import HAAR
from recorder_core.detect.networks import family_named
from recorder_core.detect.view_input import InputGeometry
from recorder_core.errors import RecorderError, SettingsError
from recorder_core.jobs.detection.detect import useful_weights
from recorder_core.jobs.inputs.options import DetectOptions
from recorder_core.jobs.progress import Progress, no_progress
from recorder_core.media import read_picture
from recorder_core.model import FrameDetections, parse_view
from recorder_core.tables import PictureTable

__all__ = ["detect_in_pictures", "share_out"]

#: fewer are not worth loading a network for
_PICTURES_PER_NETWORK: Final = 16
#: what generating the code for a size takes, in inferences of that size; measured
_FIRST_INFERENCES: Final = 4.0
#: of one pixel of a file against one of the network's input: decoding it, and its inference
_DECODING: Final = 0.25
#: of a picture, by its place; or what went wrong
_Outcome: TypeAlias = FrameDetections | BaseException


def detect_in_pictures(
    named: Sequence[tuple[str, Path]],
    options: DetectOptions,
    progress: Progress = no_progress,
) -> PictureTable:
    """Find the faces in picture files.

    Parameters
    ----------
    named : sequence of (str, Path)
        Name in the table, and file, of each picture.
    options : DetectOptions
        Where and how faces are found; the span of time must be left out.
    progress : callable
        Called with the number of finished pictures and of all.

    Raises
    ------
    SettingsError
        If the options name a span of time.
    DecodeError
        If a file is not a picture.
    """
    if options.start_seconds is not None or options.stop_seconds is not None:
        raise SettingsError("pictures have no time; leave out --start and --stop")
    paths = [path for _, path in named]
    found: dict[int, FrameDetections] = {}
    with _searching(_Search(paths, options)) as outcomes:
        for each in outcomes:
            found[each.frame_index] = each
            progress(len(found), len(named))
    names = [name for name, _ in named]
    return PictureTable.from_pictures([(name, found[at]) for at, name in enumerate(names)])


@contextmanager
def _searching(search: _Search) -> Iterator[Iterator[FrameDetections]]:
    """Yield what the threads find, as they find it; they end with the block."""
    shares = search.shares()
    threads = ThreadPoolExecutor(max(len(shares), 1))
    try:
        for number, share in enumerate(shares):
            threads.submit(search.run, share, self_test=number == 0)
        yield (search.take() for _ in search.paths)
    finally:
        search.stopped.set()
        threads.shutdown()


class _Search:
    """What the threads of a search share.

    Parameters
    ----------
    paths : sequence of Path
        Of the pictures.
    options : DetectOptions
        Where and how faces are found.
    """

    def __init__(self, paths: Sequence[Path], options: DetectOptions) -> None:
        self.paths: Final = paths
        self.stopped: Final = threading.Event()
        self._options: Final = options
        self._weights: Final = useful_weights(options.detector)
        self._outcomes: Final = SimpleQueue[_Outcome]()

    def shares(self) -> list[list[int]]:
        """Return the places of the pictures that each thread searches."""
        most = min(_networks(self._options), 1 + len(self.paths) // _PICTURES_PER_NETWORK)
        if most == 1:
            return [list(range(len(self.paths)))] if self.paths else []
        sizes = [self._sizes_px(path) for path in self.paths]
        return share_out([picture for picture, _ in sizes], [size for _, size in sizes], most)

    def take(self) -> FrameDetections:
        """Return what was found in one more picture, or raise what went wrong."""
        outcome = self._outcomes.get()
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def run(self, share: Sequence[int], *, self_test: bool) -> None:
        """Search the pictures at some places; the first thread's network proves itself."""
        detector: Detector | None = None
        try:
            for place in share:
                if self.stopped.is_set():
                    return
                detector, found = self._search(place, detector, self_test=self_test)
                self._outcomes.put(found)
        except BaseException as error:
            self._outcomes.put(error)

    def _search(
        self, place: int, loaded: Detector | None, *, self_test: bool
    ) -> tuple[Detector, FrameDetections]:
        """Return the network, loaded with the first picture, and what it finds in this one."""
        settings = self._options.detector
        planes = read_picture(self.paths[place])
        view = parse_view(self._options.searched_view, planes.width, planes.height)
        if loaded is None:
            loaded = load_detector(
                settings, view, self._weights, self_test=self_test, any_size=True
            )
        detector = loaded.for_geometry(InputGeometry.fit(view, settings.long_side_px))
        boxes = detector.detect(planes)
        return loaded, FrameDetections(place, place, boxes.xyxy_px, boxes.scores)

    def _sizes_px(self, path: Path) -> tuple[int, tuple[int, int]]:
        """Return the pixels of a file, and the size of the network's input for it.

        Zeros for what is no picture: that is said in its turn.
        """
        try:
            width, height = read_size_px(path)
            view = parse_view(self._options.searched_view, width, height)
            geometry = InputGeometry.fit(view, self._options.detector.long_side_px)
        except RecorderError:
            return 0, (0, 0)
        return width * height, (geometry.input_height, geometry.input_width)


def _networks(options: DetectOptions) -> int:
    """Return how many networks work at once: one on a graphics card, else one a core."""
    settings, cores = options.detector, os.cpu_count() or 1
    if settings.name == HAAR:
        return cores
    # also makes OpenVINO's core, of which a process has one, before the threads ask for it
    choice = choose_engine(settings.engine, family_named(settings.name).engines)
    return 1 if choice.name == "pytorch-cuda" else cores


def share_out(
    picture_px: Sequence[int], input_px: Sequence[tuple[int, int]], count: int
) -> list[list[int]]:
    """Share pictures out so that each share takes about as long, and has few sizes of input.

    Parameters
    ----------
    picture_px : sequence of int
        Pixels of each file.
    input_px : sequence of (int, int)
        Height and width of the network's input for each.
    count : int
        At most so many shares.

    Returns
    -------
    list of list of int
        Places of the pictures, sorted by size of input; every place once.
    """
    order = sorted(range(len(input_px)), key=lambda place: (input_px[place], place))
    costs, met = [], set[tuple[int, int]]()
    for place in order:
        height, width = input_px[place]
        inferences = 1.0 if input_px[place] in met else 1.0 + _FIRST_INFERENCES
        met.add(input_px[place])
        costs.append(height * width * inferences + _DECODING * picture_px[place])
    total, passed = max(sum(costs), 1.0), 0.0
    shares: list[list[int]] = [[] for _ in range(count)]
    for place, cost in zip(order, costs, strict=True):
        # by its middle: what begins a share must not fall behind its end
        shares[min(int((passed + cost / 2) / total * count), count - 1)].append(place)
        passed += cost
    return [share for share in shares if share]

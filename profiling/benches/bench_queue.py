"""Measure whether the review queue finds faces that were missed, and what evidence finds which.

    python profiling/benches/bench_queue.py [--seconds 60] [--runs 4] [--plants 200]

Simulated surgeries with known faces, one for each of the seeds 202, 203, ... (`--runs`), 10
frames per second as the detector looks at them. The rules were made with the seeds 200 and 201. In
one copy of a video, detections of one face are removed: for a short or a long span, where it
enters or leaves, or all of that person's. Then the redactions are planned as the job does. What
is exposed afterwards, and was not before, for more than 0.2 s is a planted exposure. Twice as
many copies stay as they are, so that there are some 20 plants in an hour.

The moments of all copies are pooled and shown from the riskiest on. An exposure is shown if a
moment has a frame of it in which the centre of the face lies in the moment's region. Windows of
4 s of the whole view, by the lowest score of what is redacted or in random order, are compared.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
from measuring import LAYOUT, benchmark_parser, write_result
from numpy.typing import NDArray

from recorder_core.deidentify import RedactionSettings, SmoothingSettings, smooth_all
from recorder_core.deidentify.coverage import face_coverage, frame_shapes
from recorder_core.evaluation.video import RECOGNISABLE_SHARE, ExposureSettings, TruthFrame
from recorder_core.jobs import DetectOptions
from recorder_core.jobs.measuring.detected_video import run_detector_on_surgery
from recorder_core.jobs.verification.detectors import own_detector, second_long_side_px
from recorder_core.model import FrameDetections, Redaction, View
from recorder_core.model.faces.overlaps import box_overlaps
from recorder_core.review import (
    CellMeans,
    Evidence,
    Moment,
    RankingSettings,
    Reason,
    SeenBoxes,
    Timeline,
    cell_means,
)
from recorder_core.review.ranking import frame_hints, rank_hints, table_hints
from recorder_core.simulate import SimulationSettings
from recorder_core.tables import RedactionTable

RATE: Final = Fraction(10)
FIRST_SEED: Final = 202
#: every so many frames another inference and the cells of the frame are taken
DETECT_EVERY: Final = 5
#: copies without a plant for each one with it
UNTOUCHED: Final = 2
LIMIT_SECONDS: Final = 0.2
#: a detection with this overlap is of the face
SAME_FACE_IOU: Final = 0.2
KINDS: Final = ("short", "long", "entry", "exit", "person")
#: seconds for which detections are removed
SPANS: Final[Mapping[str, tuple[float, float]]] = {
    "short": (2.2, 4.0),
    "long": (4.0, 15.0),
    "entry": (1.0, 4.0),
    "exit": (1.0, 4.0),
}
PER_HOUR: Final = (10, 20, 50, 100, 150, 200, 300, 600)
WINDOW_SECONDS: Final = 4.0
#: the moments of all copies are pooled before the riskiest are taken
EVERY_MOMENT: Final = RankingSettings(moments_per_hour=np.inf)
MEASURE: Final = ExposureSettings(min_visible=RECOGNISABLE_SHARE)


@dataclass(frozen=True, slots=True)
class Recording:
    """One video: all that the queue could know, and the truth."""

    seed: int
    view: View
    time_base: Fraction
    pts: NDArray[np.int64]
    detections: list[FrameDetections]
    second_look: list[SeenBoxes]
    pictures: list[CellMeans]
    truth: list[TruthFrame]

    @property
    def timeline(self) -> Timeline:
        """When frames are shown."""
        seconds = (self.pts - self.pts[0]) * float(self.time_base)
        return Timeline(seconds, self.view, range(len(self.pts)))


@dataclass(frozen=True, slots=True)
class Exposure:
    """A face that is seen for a while."""

    face_id: int
    frames: tuple[int, ...]
    #: (N, 2), of the face
    centres: NDArray[np.float64]
    seconds: float


@dataclass(frozen=True, slots=True)
class Copy:
    """A video as it was planned after the plant."""

    recording: Recording
    #: "none" where nothing was planted
    kind: str
    evidence: Evidence
    #: longer than 0.2 s
    exposures: list[Exposure]


def record(folder: Path, seconds: float, seed: int) -> Recording:
    """Simulate a surgery and look at it, unless the folder has it already."""
    kept = folder / f"queue_{seconds:g}s_seed{seed}.pickle"
    if kept.exists():
        with kept.open("rb") as file:
            found: Recording = pickle.load(file)  # noqa: S301 - this script wrote it
        return found
    recording = _run_detector(folder, seconds, seed)
    with kept.open("wb") as file:
        pickle.dump(recording, file)
    return recording


def _run_detector(folder: Path, seconds: float, seed: int) -> Recording:
    settings = SimulationSettings(
        duration_seconds=seconds, frame_rate=RATE, seed=seed, faces=2 + seed % 4, audio=False
    )
    detected = run_detector_on_surgery(folder, settings, DetectOptions(view=LAYOUT))
    source = detected.source
    other = replace(
        own_detector(DetectOptions().detector, source.view),
        long_side_px=second_long_side_px(source.view, None),
    )
    detector, second, pictures = source.load_detector(other), [], []
    for index, frame in enumerate(source.frames(source.first, source.stop)):
        if index % DETECT_EVERY == 0:
            boxes = detector.detect(frame.planes)
            second.append(SeenBoxes(index, boxes.xyxy_px.astype(float), boxes.scores.astype(float)))
            pictures.append(cell_means(index, frame.planes, source.view))
    return Recording(
        seed, source.view, source.video.time_base, source.index.pts.copy(),
        detected.detections, second, pictures, detected.truth,
    )  # fmt: skip


def plan(recording: Recording, frames: Sequence[FrameDetections]) -> list[Redaction]:
    """Plan redactions as the job does."""
    planned = smooth_all(frames, SmoothingSettings(), recording.view, recording.time_base)
    return [each for row in planned.values() for each in row]


def exposed(recording: Recording, redactions: Iterable[Redaction], face_id: int) -> list[int]:
    """Return the frames in which a person could be recognised."""
    by_frame: dict[int, list[Redaction]] = {}
    for each in redactions:
        by_frame.setdefault(each.frame_index, []).append(each)
    found = []
    for frame in recording.truth:
        face = next((face for face in frame.faces if face.face_id == face_id), None)
        if face is None or face.visible < MEASURE.min_visible:
            continue
        shapes = frame_shapes(
            by_frame.get(frame.frame_index, []), recording.view, RedactionSettings()
        )
        if face_coverage(face.box_xyxy_px, shapes) < MEASURE.min_coverage:
            found.append(frame.frame_index)
    return found


def exposures(recording: Recording, face_id: int, frames: Sequence[int]) -> list[Exposure]:
    """Return the runs of frames that are longer than the limit."""
    places = np.array(frames, int)
    found = []
    for run in np.split(places, np.flatnonzero(np.diff(places) != 1) + 1):
        seconds = len(run) / float(RATE)
        if seconds > LIMIT_SECONDS + 1e-6:
            boxes = np.array(
                [
                    next(
                        face.box_xyxy_px
                        for face in recording.truth[frame].faces
                        if face.face_id == face_id
                    )
                    for frame in run
                ]
            )
            centres = (boxes[:, :2] + boxes[:, 2:]) / 2
            found.append(Exposure(face_id, tuple(run.tolist()), centres, seconds))
    return found


def without(recording: Recording, face_id: int, span: range) -> list[FrameDetections]:
    """Remove the detections of a person in a span of frames."""
    frames = []
    for frame, truth in zip(recording.detections, recording.truth, strict=True):
        faces = [face.box_xyxy_px for face in truth.faces if face.face_id == face_id]
        if frame.frame_index in span and faces and len(frame):
            overlaps = box_overlaps(frame.boxes_xyxy_px.astype(float), np.array(faces))
            kept = overlaps.max(axis=1) < SAME_FACE_IOU
            boxes, scores = frame.boxes_xyxy_px[kept], frame.scores[kept]
            frames.append(FrameDetections(frame.frame_index, frame.pts, boxes, scores))
        else:
            frames.append(frame)
    return frames


def choose(recording: Recording, kind: str, rng: np.random.Generator) -> tuple[int, range] | None:
    """Choose a person, and when the detector misses them; None where there is no such person."""
    seen: dict[int, list[int]] = {}
    for frame in recording.truth:
        for face in frame.faces:
            if face.visible >= MEASURE.min_visible:
                seen.setdefault(face.face_id, []).append(frame.frame_index)
    if not seen:
        return None
    face_id = int(rng.choice(sorted(seen)))
    frames = np.array(seen[face_id])
    if kind == "person":
        return face_id, range(len(recording.pts))
    count = int(rng.uniform(*SPANS[kind]) * float(RATE))
    stays = np.split(frames, np.flatnonzero(np.diff(frames) > 10) + 1)
    stay = stays[int(rng.integers(len(stays)))]
    if kind == "entry":
        return face_id, range(int(stay[0]), int(stay[0]) + count)
    if kind == "exit":
        return face_id, range(int(stay[-1]) - count, int(stay[-1]) + 1)
    start = int(rng.choice(frames))
    return face_id, range(start, start + count)


def _evidence(
    recording: Recording, frames: Sequence[FrameDetections], redactions: Sequence[Redaction]
) -> Evidence:
    return Evidence(
        recording.timeline,
        RedactionTable.from_redactions(redactions, recording.pts),
        [
            SeenBoxes(each.frame_index, each.boxes_xyxy_px.astype(float), each.scores.astype(float))
            for each in frames
        ],
        recording.second_look,
        recording.pictures,
    )


def untouched(recording: Recording) -> tuple[Copy, dict[int, set[int]]]:
    """Return a video without a plant, and the frames in which each person is exposed."""
    redactions = plan(recording, recording.detections)
    people = {face.face_id for frame in recording.truth for face in frame.faces}
    bare = {person: exposed(recording, redactions, person) for person in sorted(people)}
    own = [run for person, frames in bare.items() for run in exposures(recording, person, frames)]
    copy = Copy(recording, "none", _evidence(recording, recording.detections, redactions), own)
    return copy, {person: set(frames) for person, frames in bare.items()}


def plants(recordings: Sequence[Recording], count: int, seed: int) -> Iterator[Copy]:
    """Yield copies of videos with a planted miss until there are so many exposures."""
    rng = np.random.default_rng(seed)
    bare = [untouched(recording)[1] for recording in recordings]
    done = attempts = 0
    while done < count and attempts < 20 * count:
        number, kind = attempts % len(recordings), KINDS[attempts // len(recordings) % len(KINDS)]
        attempts += 1
        chosen = choose(recordings[number], kind, rng)
        if chosen is None:
            continue
        copy = plant(recordings[number], kind, *chosen, bare[number])
        if copy.exposures:
            done += len(copy.exposures)
            yield copy


def plant(
    recording: Recording, kind: str, face_id: int, span: range, bare: Mapping[int, set[int]]
) -> Copy:
    """Remove detections and plan again; only what was hidden before counts as planted."""
    frames = without(recording, face_id, span)
    redactions = plan(recording, frames)
    now = [
        frame
        for frame in exposed(recording, redactions, face_id)
        if frame not in bare.get(face_id, set())
    ]
    found = exposures(recording, face_id, now)
    return Copy(recording, kind, _evidence(recording, frames, redactions), found)


def is_shown(exposure: Exposure, moment: Moment) -> bool:
    """Return whether a person who watches a moment sees an exposure."""
    frames = np.array(exposure.frames)
    during = (frames >= moment.first_frame) & (frames < moment.stop_frame)
    x0, y0, x1, y1 = moment.region_xyxy_px
    centres = exposure.centres[during]
    inside = (centres >= [x0, y0]) & (centres < [x1, y1])
    return bool(inside.all(axis=1).any())


def by_score(evidence: Evidence) -> list[Moment]:
    """Rank windows by the lowest score of what is redacted in them."""
    table = evidence.redactions
    moments = []
    for window in _windows(evidence.timeline):
        rows = (table.frame_index >= window.first_frame) & (table.frame_index < window.stop_frame)
        scores = table.scores[rows & np.isfinite(table.scores)]
        moments.append(replace(window, risk=1.0 - float(scores.min(initial=1.0))))
    return moments


def by_chance(evidence: Evidence, rng: np.random.Generator) -> list[Moment]:
    """Rank windows in random order."""
    return [replace(each, risk=float(rng.random())) for each in _windows(evidence.timeline)]


def _windows(timeline: Timeline) -> list[Moment]:
    view, moments = timeline.view, []
    whole = (view.x, view.y, view.x + view.width, view.y + view.height)
    for start in np.arange(0.0, timeline.seconds[-1], WINDOW_SECONDS):
        span = timeline.between(start, start + WINDOW_SECONDS)
        reason = (Reason("spot_check", 0.0, WINDOW_SECONDS),)
        region = timeline.clip(whole)
        moments.append(Moment(*span, start, start + WINDOW_SECONDS, region, reason, 0.0))
    return moments


def thinned(looks: Sequence[SeenBoxes]) -> list[SeenBoxes]:
    """Return looks of a network that misses four of five boxes, whichever they are."""
    rng = np.random.default_rng(1)
    kept = [rng.random(len(each.scores)) < 0.2 for each in looks]
    return [
        SeenBoxes(each.frame_index, each.boxes_xyxy_px[rows], each.scores[rows])
        for each, rows in zip(looks, kept, strict=True)
    ]


def queues(evidence: Evidence, rng: np.random.Generator) -> dict[str, list[Moment]]:
    """Return the moments of a video by each way to rank them."""
    nothing = replace(evidence, second_look=(), pictures=())
    tables = list(table_hints(evidence))
    skin = list(frame_hints(replace(nothing, pictures=evidence.pictures)))
    second = list(frame_hints(replace(nothing, second_look=evidence.second_look)))
    few = list(frame_hints(replace(nothing, second_look=thinned(evidence.second_look))))
    ways = {
        "queue": [*tables, *second, *skin],
        "tables and second look": [*tables, *second],
        "the same, 4 of 5 boxes missed": [*tables, *few],
        "tables and skin": [*tables, *skin],
        "tables": tables,
    }
    timeline = evidence.timeline
    found = {name: rank_hints(own, timeline, EVERY_MOMENT) for name, own in ways.items()}
    return found | {"score alone": by_score(evidence), "random": by_chance(evidence, rng)}


def measure(copies: Sequence[Copy], seconds: float) -> dict[str, Any]:
    """Walk through the pooled moments of all copies, way by way."""
    rng = np.random.default_rng(0)
    ranked: dict[str, list[tuple[float, int, Moment]]] = {}
    cached: dict[int, dict[str, list[Moment]]] = {}
    for number, copy in enumerate(copies):
        if copy.kind == "none":
            # the same video gives the same moments
            key = copy.recording.seed
            cached[key] = cached.get(key) or queues(copy.evidence, rng)
            own = cached[key]
        else:
            own = queues(copy.evidence, rng)
        for way, moments in own.items():
            ranked.setdefault(way, []).extend((each.risk, number, each) for each in moments)
    hours = len(copies) * seconds / 3600
    return {way: _walk(copies, rows, hours) for way, rows in ranked.items()}


def _walk(
    copies: Sequence[Copy], rows: list[tuple[float, int, Moment]], hours: float
) -> dict[str, Any]:
    """Return the share of planted exposures that so many moments an hour show."""
    rows.sort(key=lambda row: -row[0])
    place: dict[tuple[int, int], int] = {}
    for position, (_, number, moment) in enumerate(rows):
        for index, exposure in enumerate(copies[number].exposures):
            if (number, index) not in place and is_shown(exposure, moment):
                place[number, index] = position
    planted = [
        (number, index)
        for number, copy in enumerate(copies)
        if copy.kind != "none"
        for index in range(len(copy.exposures))
    ]
    natural = [
        (number, index)
        for number, copy in enumerate(copies)
        if copy.kind == "none"
        for index in range(len(copy.exposures))
    ]
    return {
        "moments_per_hour": round(len(rows) / hours, 1),
        "expected_minutes_per_hour_at_100": round(
            sum(row[2].expected_seconds for row in rows[: round(100 * hours)]) / hours / 60, 2
        ),
        "shown_at": {str(n): _share(planted, place, n * hours) for n in PER_HOUR},
        "shown_at_all": _share(planted, place, len(rows)),
        "shown_at_100_by_kind": {
            kind: _share(
                [key for key in planted if copies[key[0]].kind == kind], place, 100 * hours
            )
            for kind in KINDS
        },
        "unplanted_shown_at_100": _share(natural, place, 100 * hours),
        "reviewer": _review(copies, planted, place, 100 * hours),
    }


def _share(
    keys: Sequence[tuple[int, int]], place: Mapping[tuple[int, int], int], limit: float
) -> float:
    """Return the share of exposures among the first moments; 1 where there is none."""
    shown = sum(place.get(key, np.inf) < limit for key in keys)
    return round(shown / len(keys), 4) if keys else 1.0


def _review(
    copies: Sequence[Copy],
    planted: Sequence[tuple[int, int]],
    place: Mapping[tuple[int, int], int],
    limit: float,
) -> dict[str, float]:
    """Return the exposed face-seconds that a reviewer leaves who corrects all they are shown."""
    seconds = {key: copies[key[0]].exposures[key[1]].seconds for key in planted}
    left = {key: value for key, value in seconds.items() if key not in place}
    early = {key: value for key, value in seconds.items() if place.get(key, np.inf) >= limit}
    return {
        "exposed_face_seconds": round(sum(seconds.values()), 1),
        "left_after_100_per_hour": round(sum(early.values()), 1),
        "left_after_the_whole_queue": round(sum(left.values()), 1),
    }


def run(recordings: Sequence[Recording], count: int, seconds: float, seed: int) -> dict[str, Any]:
    """Plant, rank and measure."""
    planted = list(plants(recordings, count, seed))
    plain = [untouched(recording)[0] for recording in recordings]
    copies = planted + [plain[number % len(plain)] for number in range(UNTOUCHED * len(planted))]
    return {
        "planted_exposures": sum(len(copy.exposures) for copy in planted),
        "planted_copies": len(planted),
        "copies": len(copies),
        "hours": round(len(copies) * seconds / 3600, 2),
        "unplanted_exposures_of_each_video": [len(copy.exposures) for copy in plain],
        "ways": measure(copies, seconds),
    }


def main() -> None:
    """Measure, print and write the result."""
    parser = benchmark_parser(__doc__, seconds=60, runs=2)
    parser.add_argument("--plants", type=int, default=200, help="default: %(default)s")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED, help="default: %(default)s")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    seeds = range(options.first_seed, options.first_seed + options.runs)
    recordings = [record(options.folder, options.seconds, seed) for seed in seeds]
    result = run(recordings, options.plants, options.seconds, options.first_seed)
    for way, row in result["ways"].items():
        print(f"{way:30} {row['shown_at']} of {row['moments_per_hour']} moments an hour")
        print(f"{'':30} {row['shown_at_100_by_kind']} {row['reviewer']}")
    settings = {"seconds": options.seconds, "seeds": list(seeds), "frames_per_second": int(RATE)}
    write_result(
        options.result,
        "planted misses that the review queue shows",
        {"settings": settings} | result,
    )


if __name__ == "__main__":
    main()

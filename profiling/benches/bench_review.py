"""Measure the review page of an hour's event in Chromium, as a reviewer waits for it.

    python profiling/benches/bench_review.py [--seconds 3600] [--runs 5]

The event is a simulated surgery at 640x360 and 30 frames a second, again and again, with its copy
and its tables repeated in the same way, and its moments ranked. The cold opening is the first one
after the server's start, which is not counted, by a person who has just signed in, in a browser
that has kept nothing. At the warm ones a kernel waits that was started ahead; beside them stands
how long they take on a server that starts none. A page is open when its queue is there, and a frame
is shown when the page has painted it. Editing is one step of a box and all that is painted after
it, with 50 people in every frame of the first minute and the event's own after it.
Wall times are of this machine as it was: its load before and after stands beside them, and the
processor time of the kernel.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from time import perf_counter, sleep
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from measuring import MIB, benchmark_parser, loop_video, write_result
from numpy.typing import NDArray
from playwright.sync_api import Page, sync_playwright

from recorder_core.archive import Argon2Settings, Password
from recorder_core.catalog import Profile
from recorder_core.jobs import DeidentifyOptions, DeidentifyRequest, deidentify_video
from recorder_core.jobs.archive import (
    Credentials,
    ImportRequest,
    add_copy,
    add_user,
    create_archive,
    import_video,
    open_archive,
    rank_event,
)
from recorder_core.jobs.deidentify.report.contents import DeidentifyReport
from recorder_core.jobs.deidentify.sidecars import sidecar
from recorder_core.jobs.verification.allowed import Allowed
from recorder_core.media import EncoderSettings, open_video
from recorder_core.media.files.finished import file_sha256
from recorder_core.simulate import SimulationSettings, simulate

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.workbench.server.conftest import PASSWORD, Served, serving

GOALS: Final[dict[str, dict[str, float]]] = {
    "cold_seconds": {"at_most": 5.0},
    "warm_seconds": {"at_most": 1.5},
    "first_frame_seconds": {"at_most": 0.5},
    "seek_seconds": {"at_most": 0.3},
    "edits_per_second": {"at_least": 30},
    "kernel_mib": {"at_most": 150},
}
PATIENCE_MS: Final = 300_000
#: of the simulation that is repeated
SHORT_SECONDS: Final = 20
SEEKS: Final = 20
EDITS: Final = 60
PEOPLE: Final = 50
STEP_SECONDS: Final = 0.1
REVIEW: Final = "document.querySelector('.wb-review').review"
SEEK: Final = """async (frame) => {
  const { player } = document.querySelector(".wb-review").review;
  const begun = performance.now();
  player.show(frame);
  while (player.frame !== frame) await new Promise(requestAnimationFrame);
  return (performance.now() - begun) / 1000;
}"""
EDIT: Final = """async ([people, edits]) => {
  const { review } = document.querySelector(".wb-review");
  const { editor, player, model } = review;
  const minute = 1800;
  const own = player.table.rows.subarray(8 * player.table.firstRow(minute));
  const rows = new Float32Array(8 * minute * people + own.length);
  for (let at = 0; at < minute * people; at++) {
    const [frame, track] = [Math.floor(at / people), at % people];
    rows.set([frame, track, 6 * track, 20, 6 * track + 5, 30, 0.9, 0], 8 * at);
  }
  rows.set(own, 8 * minute * people);
  model.arrays.boxes = rows.buffer;
  model.set("boxes", new DataView(new ArrayBuffer(32)));
  player.show(10);
  while (player.frame !== 10) await new Promise(requestAnimationFrame);
  editor.select(7);
  const begun = performance.now();
  for (let step = 0; step < edits; step++) {
    editor.setBox([step, 40, step + 20, 70]);
    await new Promise(requestAnimationFrame);
  }
  return edits / ((performance.now() - begun) / 1000);
}"""


def make_event(folder: Path, seconds: float) -> tuple[Path, str]:
    """Make an archive with one event, whose copy is ranked."""
    path, times = folder / "archive", round(seconds / SHORT_SECONDS)
    short, copy = make_short(folder)
    video = loop_video(short, times)
    repeat_copy(video, copy, times)
    quick = Argon2Settings(memory_kib=64, iterations=1, lanes=1)
    words = Password(PASSWORD)
    create_archive(
        path, site_code="bench", administrator="adam", password=words, password_cost=quick
    )
    with open_archive(path, Credentials("adam", words)) as archive:
        add_user(archive, "rita", Profile.REVIEWER, words)
    with open_archive(path, Credentials("rita", words)) as archive:
        event = import_video(
            archive, ImportRequest(source=video, procedure_code="bench")
        ).event.event_id
        add_copy(archive, event, copy.with_stem(f"{copy.stem}_x{times}"))
        rank_event(archive, event, look=False)
    return path, event


def make_short(folder: Path) -> tuple[Path, Path]:
    """Return a simulated surgery and its copy."""
    short, copy = folder / "short.mp4", folder / "copy.mp4"
    settings = SimulationSettings(duration_seconds=SHORT_SECONDS, width=640, height=360)
    simulate(short, settings, folder / "short.truth.parquet")
    options = DeidentifyOptions(view="full", encoder=EncoderSettings(preset="ultrafast", qp=28))
    deidentify_video(
        DeidentifyRequest(
            source=short,
            output=copy,
            options=options,
            allowed=Allowed(no_faces=True, seen_faces=True),
        )
    )
    return short, copy


def repeat_copy(video: Path, copy: Path, times: int) -> None:
    """Repeat a copy, its tables and what its report says, as the copy of a repeated video."""
    repeated = loop_video(copy, times)
    with open_video(copy) as short, open_video(repeated) as whole:
        frames, pts = len(short.index.pts), whole.index.pts
    for kind in ("detections", "redactions"):
        table = pq.read_table(sidecar(copy, kind))
        columns = {name: table.column(name).to_numpy() for name in ("frame", "track")}
        tracks = int(columns["track"].max(initial=0)) + 1
        parts = []
        for number in range(times):
            frame = columns["frame"] + number * frames
            track = np.where(columns["track"] < 0, -1, columns["track"] + number * tracks)
            part = _replaced(table, "frame", frame)
            part = _replaced(part, "track", track.astype(np.int32))
            part = _replaced(part, "pts", pts[frame])
            if "seconds" in table.column_names:
                base = Fraction(table.schema.metadata[b"surgery_workbench.time_base"].decode())
                part = _replaced(part, "seconds", pts[frame] * float(base))
            parts.append(part)
        pq.write_table(pa.concat_tables(parts), sidecar(repeated, kind))
    report = DeidentifyReport.from_json(sidecar(copy, "report").read_bytes())
    told = report.to_dict()
    told["source"] |= {"sha256": file_sha256(video), "frames": frames * times}
    told["copy"] |= {"sha256": file_sha256(repeated), "frames": frames * times}
    told["detection_frames"] *= times
    told["settings"]["frame_span"] = [0, frames * times]
    sidecar(repeated, "report").write_text(json.dumps(told))


def _replaced(table: pa.Table, name: str, values: NDArray[Any]) -> pa.Table:
    at = table.schema.get_field_index(name)
    return table.set_column(at, table.schema.field(at), pa.array(values))


@contextmanager
def signed_in(served: Served) -> Iterator[Page]:
    """Yield a page of a reviewer's browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        page = browser.new_page(base_url=served.address, viewport={"width": 1440, "height": 900})
        page.set_default_timeout(PATIENCE_MS)
        page.goto("/login?next=/library")
        page.get_by_label("Login").fill("rita")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/library")
        yield page
        browser.close()


def open_review(page: Page, event: str) -> dict[str, float]:
    """Open the page; return when it is there, and when a frame is painted."""
    begun = perf_counter()
    page.goto(f"/review/{event}", wait_until="commit")
    page.locator(".wb-review").wait_for()
    there = perf_counter() - begun
    page.wait_for_function(f"{REVIEW}.player.frame >= 0")
    shown = perf_counter() - begun
    return {"page_seconds": round(there, 2), "shown_seconds": round(shown, 2)}


def kernels(served: Served) -> list[Path]:
    """Return the processes of the kernels, oldest first."""
    found = [each for each in Path("/proc").glob("[0-9]*") if _is_kernel(each, served)]
    return sorted(found, key=lambda each: int(each.name))


def cpu_seconds(process: Path) -> float:
    """Return the processor time of a process."""
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def kernel_facts(process: Path) -> dict[str, float]:
    """Return memory and processor time of a kernel."""
    pages = int((process / "statm").read_text().split()[1])
    mib = pages * os.sysconf("SC_PAGE_SIZE") / MIB
    return {"kernel_mib": round(mib, 1), "kernel_cpu_seconds": round(cpu_seconds(process), 2)}


def wait_for_ahead(served: Served, known: list[Path]) -> Path:
    """Wait for a kernel that is not known yet, until it has nothing to do; return it."""
    while not (new := [each for each in kernels(served) if each not in known]):
        sleep(STEP_SECONDS)
    before = -1.0
    while (now := cpu_seconds(new[-1])) != before:
        before = now
        sleep(4 * STEP_SECONDS)
    return new[-1]


def _is_kernel(process: Path, served: Served) -> bool:
    try:
        parent = (process / "stat").read_text().rpartition(")")[2].split()[1]
        command = (process / "cmdline").read_bytes()
    except OSError:
        return False
    return int(parent) == served.process.pid and b"kernel_start" in command


def measure(served: Served, event: str, runs: int) -> dict[str, Any]:
    """Return what was measured in one browser, with kernels that are started ahead."""
    load, warm = os.getloadavg()[0], []
    with signed_in(served) as page:
        cold = open_review(page, event)
        known = kernels(served)[:1]
        for _ in range(runs):
            page.goto("/library")
            used = wait_for_ahead(served, known)
            known = kernels(served)
            warm.append(open_review(page, event))
        kernel = kernel_facts(used)
        frames = int(page.evaluate(f"{REVIEW}.player.index.length"))
        numbers = random.Random(1)  # noqa: S311 - the same seeks each time
        seeks = [page.evaluate(SEEK, numbers.randrange(frames)) for _ in range(SEEKS)]
        edits = page.evaluate(EDIT, [PEOPLE, EDITS])
    first = [each["shown_seconds"] - each["page_seconds"] for each in warm]
    return {
        "frames": frames,
        "cold_seconds": cold["shown_seconds"],
        "warm_seconds": statistics.median(each["page_seconds"] for each in warm),
        "warm_shown_seconds": statistics.median(each["shown_seconds"] for each in warm),
        "first_frame_seconds": round(statistics.median(first), 2),
        "seek_seconds": round(statistics.median(seeks), 3),
        "edits_per_second": round(edits, 1),
        **kernel,
        "load": [round(load, 1), round(os.getloadavg()[0], 1)],
        "warm_runs": warm,
    }


def measure_without_ahead(served: Served, event: str, runs: int) -> float:
    """Return how long a page takes where its kernel starts when it is asked for."""
    with signed_in(served) as page:
        open_review(page, event)
        found = [open_review(page, event) for _ in range(runs)]
    return round(statistics.median(each["shown_seconds"] for each in found), 2)


def main() -> None:
    """Measure, print and write the result."""
    options = benchmark_parser(__doc__, seconds=3600, runs=5).parse_args()
    with tempfile.TemporaryDirectory() as name:
        archive, event = make_event(Path(name), options.seconds)
        with serving(archive, kernels=False, ahead=True) as served:
            found = measure(served, event, options.runs)
        with serving(archive, kernels=False) as served:
            alone = measure_without_ahead(served, event, options.runs)
            found["without_ahead_seconds"] = alone
    for what, goal in GOALS.items():
        print(f"{what}: {found[what]} ({' '.join(f'{k} {v}' for k, v in goal.items())})")
    title = "the review page of an hour's event"
    write_result(options.result, title, {"goals": GOALS, "seconds": options.seconds} | found)


if __name__ == "__main__":
    main()

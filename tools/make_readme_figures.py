"""Write the figures of README.md from profiling/results; a test checks that they agree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from recorder_core.detect.view_input import MIN_LONG_SIDE_PX

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "profiling" / "results"
#: scripts whose result has another name than their own
_RESULT_NAMES = {"bench_view_input": "view_input"}
START, END = "<!-- figures -->", "<!-- /figures -->"


def result(name: str) -> dict[str, Any]:
    """Read what a benchmark wrote."""
    content: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return content


def figures_text() -> str:
    """Return the table of figures, and what it was measured on."""
    job = result("bench_job")
    has_bfloat16 = ", bf16," in job["detector"]
    lines = [
        f"On {job['machine']['cores']} cores of {job['machine']['processor']} "
        f"{'with' if has_bfloat16 else 'without'} bfloat16; a",
        "simulated 1080p30 composite of 7 Mbit/s with a 640x360 room view. Ratios are medians of",
        "runs in turn; each script writes its JSON to `profiling/results`.",
        "`bench_corrections.py` and `bench_view_input.py` ran while others used the machine.",
        *_other_processors(job),
        "[Which goals are missed, and why](docs/performance.md).",
        "",
        "| what | measured | script |",
        "|---|---|---|",
    ]
    lines += [f"| {what} | {value} | `{script}.py` |" for what, value, script in _rows(job)]
    return "\n".join(lines)


def _rows(job: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [
        *_job_rows(job),
        *_quality_rows(),
        *_kernel_rows(),
        *_inference_rows(),
        *_scale_rows(),
        *_exposure_rows(),
        *_review_rows(),
    ]


def _other_processors(job: dict[str, Any]) -> list[str]:
    """Return which scripts did not run on the processor of the whole job, a line for each one."""
    scripts: dict[str, list[str]] = {}
    for script in sorted({script for _, _, script in _rows(job)}):
        processor = result(_RESULT_NAMES.get(script, script))["machine"]["processor"]
        scripts.setdefault(processor, []).append(f"`{script}.py`")
    scripts.pop(job["machine"]["processor"])
    return [f"On {processor}: {', '.join(names)}." for processor, names in sorted(scripts.items())]


def _job_rows(job: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return what the whole job costs, a correction of it, and its start."""
    deface, memory = result("bench_deface"), result("bench_memory")
    corrections, startup = result("bench_corrections"), result("bench_startup")
    return [
        (
            "whole job, as a multiple of the video's length (the paper: 1.2 with a GPU)",
            f"{job['to_length']:.2f}",
            "bench_job",
        ),
        (
            "whole job, as a multiple of the time to only decode and encode",
            f"{job['to_bare']['wall']:.2f}",
            "bench_job",
        ),
        (
            "against deface at the same detection size",
            f"{deface['times_faster']['wall']:.1f} times faster",
            "bench_deface",
        ),
        (
            "a correction of 5 s in 10 min, as a share of the full job's time",
            f"{corrections['share_of_full']['wall']:.1%}",
            "bench_corrections",
        ),
        (
            "peak memory, 1 and 10 minutes",
            " and ".join(f"{peak:.0f} MB" for peak in memory["peak_rss_mb"].values()),
            "bench_memory",
        ),
        (
            "start to loaded detector, without PyTorch",
            f"{startup['seconds']:.1f} s",
            "bench_startup",
        ),
    ]


def _quality_rows() -> list[tuple[str, str, str]]:
    """Return how much of the source is left in a copy, outside redactions."""
    quality = result("bench_quality")
    thrifty = quality["hard_sources"]["h264 at crf 28"]
    return [
        (
            "PSNR-Y outside redactions, at "
            f"{quality['copy_to_source_bit_rate']:.2f} of the source's bit rate",
            f"{quality['psnr_y_db']['all']:.1f} dB",
            "bench_quality",
        ),
        (
            "copy of an H.264 source of few bits (CRF 28): its bits, of the source's; worst frame",
            f"{thrifty['copy_to_source']:.2f}; {thrifty['worst_frame_psnr_y_db']:.1f} dB",
            "bench_quality",
        ),
    ]


def _review_rows() -> list[tuple[str, str, str]]:
    """Return how long a reviewer waits."""
    page = result("bench_review")
    return [
        (
            "review of an hour at 30 frames a second: page open, first frame after it, seek",
            f"{page['warm_seconds']:.1f} s, {page['first_frame_seconds']:.1f} s, "
            f"{page['seek_seconds']:.1f} s",
            "bench_review",
        ),
        (
            "boxes edited and painted in a second, with 50 people",
            f"{page['edits_per_second']:.0f}",
            "bench_review",
        ),
    ]


def _kernel_rows() -> list[tuple[str, str, str]]:
    """Return what the compiled kernel gains."""
    case = result(_RESULT_NAMES["bench_view_input"])["cases"][0]
    what = f"{case['case']}, as input of the network, against OpenCV on one core"
    return [(what, f"{case['times_faster_than_opencv']} times faster", "bench_view_input")]


def _inference_rows() -> list[tuple[str, str, str]]:
    """Return what one inference of the default detector costs on the default engine."""
    engines = result("bench_detectors")["milliseconds"]["RetinaFace-MobileNet-0.25"]
    engine = next(name for name in engines if name.startswith("openvino"))
    costs = ", ".join(f"{cost:.1f} ms" for cost in engines[engine].values())
    sizes = ", ".join(engines[engine])
    number_format = {"bf16": "bfloat16", "f32": "float32"}[engine.split()[1]]
    what = f"one inference at {sizes}, one core, {number_format}"
    return [(what, costs, "bench_detectors")]


def _scale_rows() -> list[tuple[str, str, str]]:
    """Return what the detector finds in a small view as it is, and enlarged as by default."""
    rows = {row["scale"]: row["sets"] for row in result("compare_scales")["scales"]}
    shown = {scale: rows[scale] for scale in (640, MIN_LONG_SIDE_PX)}
    sizes = ", ".join(map(str, shown))
    return [
        (
            f"average precision on photos of crowds, in a view of 640 px seen at {sizes} px",
            ", ".join(f"{sets['val, b']['voc']:.3f}" for sets in shown.values()),
            "compare_scales",
        ),
        (
            "recall in synthetic rooms at 0.3 false positives per image, the same",
            ", ".join(
                f"{sets['or_validation, all sets']['recall']:.1%}" for sets in shown.values()
            ),
            "compare_scales",
        ),
    ]


def _exposure_rows() -> list[tuple[str, str, str]]:
    """Return what the simulated surgeries show, with the default distance between looks."""
    exposure = result("bench_exposure")
    rows = {
        row["method"]: row
        for row in exposure["methods"]
        if row["every"] == exposure["default_every"]
    }
    after = rows["after"]
    # each detection alone, every frame being looked at: a look at fewer would hide fewer
    before = next(
        row for row in exposure["methods"] if row["method"] == "before" and row["every"] == 1
    )
    return [
        (
            "visible faces hidden in simulated surgeries: detections of every frame alone; as the "
            "program does it",
            f"{before['hidden_share']:.1%}, {after['hidden_share']:.2%}",
            "bench_exposure",
        ),
        (
            "longest exposure of a face after smoothing",
            f"{after['longest_exposure_frames']} frames",
            "bench_exposure",
        ),
        (
            "area redacted without a face",
            f"{after['false_area_share']:.1%} of the room view",
            "bench_exposure",
        ),
    ]


def readme_text(readme: str) -> str:
    """Return the README with its figures renewed."""
    before, rest = readme.split(START)
    _, after = rest.split(END)
    return f"{before}{START}\n{figures_text()}\n{END}{after}"


if __name__ == "__main__":
    README = ROOT / "README.md"
    README.write_text(readme_text(README.read_text(encoding="utf-8")), encoding="utf-8")

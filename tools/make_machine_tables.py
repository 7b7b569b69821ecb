"""Write the tables of speed in the documents, from profiling/results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from make_goal_table import goal_table
from make_readme_figures import ROOT, result

#: as networks are named in results and in the document
NETWORKS: Final = {
    "RetinaFace-MobileNet-0.25": "RetinaFace-MobileNet-0.25, as it comes with the program",
    "as published, less deep": "the same as published, less deep",
}
NUMBER_FORMATS: Final = {"bf16": "bfloat16", "f32": "float32"}
ENGINES: Final = {"openvino": "OpenVINO", "pytorch": "PyTorch"}
#: where each table stands
DOCUMENTS: Final = {
    "segment-sizes": ROOT / "docs" / "archive-format.md",
    "network-times": ROOT / "docs" / "training.md",
    "goals": ROOT / "docs" / "performance.md",
}


def tables() -> dict[str, str]:
    """Return each table as Markdown, by its name."""
    archive, detectors = result("bench_archive"), result("bench_detectors")
    head = ("what", "goal", "measured", "", "script")
    return {
        "segment-sizes": _segment_sizes(archive["segment_sizes"]),
        "network-times": _network_times(detectors["milliseconds"]),
        "goals": f"{_table(head, goal_table())}\n\n{_number_format_text()}",
    }


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _number_format_text() -> str:
    """Return in which number format the whole job was measured."""
    if ", bf16," not in result("bench_job")["detector"]:
        return "The whole job was measured on a processor without bfloat16."
    return (
        "The whole job was measured on a processor with bfloat16; on one without, the detector\n"
        "computes in float32, and the job takes longer than this."
    )


def _segment_sizes(sizes: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        (
            _bytes_text(row["segment_bytes"]),
            f"{row['seal']['gb_per_cpu_second']:.1f}",
            f"{row['seek_microseconds']:.0f} µs",
            f"{row['seconds_per_segment_at_20_mbit'] * 1000:.0f} ms",
        )
        for row in sizes
    ]
    head = ["segment", "seal, GB per CPU second", "random read of 1 KiB", "at 20 Mbit/s"]
    return _table(head, rows)


def _bytes_text(size_bytes: int) -> str:
    kibibytes = size_bytes >> 10
    return f"{kibibytes >> 10} MiB" if kibibytes >= 1 << 10 else f"{kibibytes} KiB"


def _network_times(networks: Mapping[str, Mapping[str, Any]]) -> str:
    sizes = list(next(iter(next(iter(networks.values())).values())))
    rows = [
        (NETWORKS.get(name, name), _engine(engine), *(f"{times[size]:.1f}" for size in sizes))
        for name, engines in networks.items()
        for engine, times in engines.items()
    ]
    return _table(["", "engine", *sizes], rows)


def _engine(name: str) -> str:
    library, number_format = name.split()
    return f"{ENGINES[library]}, {NUMBER_FORMATS[number_format]}"


def document_text(name: str, document: str) -> str:
    """Return a document with one of the tables renewed."""
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, rest = document.split(start)
    _, after = rest.split(end)
    return f"{before}{start}\n{tables()[name]}\n{end}{after}"


def renew(name: str, path: Path) -> None:
    """Write one of the tables into its document."""
    path.write_text(document_text(name, path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    for each, file in DOCUMENTS.items():
        renew(each, file)

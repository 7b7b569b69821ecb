"""What this machine has, what will be used on it, and why."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from recorder_core.detect import EngineFact, choose_engine, engine_facts, load_weights
from recorder_core.errors import EngineUnavailable
from recorder_core.media import EncoderFact, encoder_facts
from recorder_core.version import __version__

__all__ = [
    "MachineFacts",
    "library_versions",
    "machine_facts",
    "measured_on",
    "processor_name",
]

#: libraries whose version can change a result
_LIBRARIES: Final = ("av", "numpy", "openvino", "torch", "pyarrow", "opencv-python-headless")
_GIB: Final = 2**30


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """What ``workbench doctor`` says."""

    program_version: str
    python_version: str
    system: str
    processor: str
    cores: int
    memory_bytes: int
    temporary_free_bytes: int
    libraries: dict[str, str]
    engines: list[EngineFact]
    encoders: list[EncoderFact]
    #: name of the engine that will be used, "" when none can
    engine: str
    engine_reason: str
    weights_name: str
    weights_sha256: str

    @property
    def ready(self) -> bool:
        """Whether de-identification can run here."""
        return bool(self.engine) and any(fact.available for fact in self.encoders)

    def to_dict(self) -> dict[str, Any]:
        """Return the facts as JSON types."""
        return {**asdict(self), "ready": self.ready}

    def format(self) -> str:
        """Return the facts as lines to read."""
        memory = f"{self.memory_bytes / _GIB:.1f} GiB memory"
        libraries = ", ".join(f"{name} {version}" for name, version in self.libraries.items())
        lines = [
            f"workbench {self.program_version}, Python {self.python_version}, {self.system}",
            f"processor  {self.processor}, {self.cores} cores, {memory}",
            f"disk       {self.temporary_free_bytes / _GIB:.1f} GiB free for temporary files",
            f"libraries  {libraries}",
            f"weights    {self.weights_name}, sha256 {self.weights_sha256[:16]}",
            "engines",
        ]
        lines += [_fact_line(fact.name, fact.available, fact.reason) for fact in self.engines]
        lines.append("encoders")
        lines += [_fact_line(fact.name, fact.available, fact.reason) for fact in self.encoders]
        if self.ready:
            lines.append(f"de-identification will use {self.engine}: {self.engine_reason}")
        else:
            lines.append("de-identification cannot run here; the reasons are above")
        return "\n".join(lines)


def _fact_line(name: str, available: bool, reason: str) -> str:
    return f"  {'yes' if available else 'no ':<4} {name:<14} {reason}"


def machine_facts() -> MachineFacts:
    """Find out what this machine has; loads no network."""
    try:
        choice = choose_engine("auto")
        engine, reason = str(choice.name), choice.reason
    except EngineUnavailable as error:
        engine, reason = "", str(error)
    weights = load_weights(None)
    return MachineFacts(
        program_version=__version__,
        python_version=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        processor=processor_name(),
        cores=len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count() or 1,
        memory_bytes=_memory_bytes(),
        temporary_free_bytes=shutil.disk_usage(tempfile.gettempdir()).free,
        libraries=library_versions(),
        engines=engine_facts(),
        encoders=encoder_facts(),
        engine=engine,
        engine_reason=reason,
        weights_name=weights.path.name,
        weights_sha256=weights.sha256,
    )


def measured_on() -> dict[str, Any]:
    """Return program, machine and libraries, as every result of a measurement names them."""
    return {
        "program": f"surgery-workbench {__version__}",
        "machine": {
            "processor": processor_name(),
            "cores": os.cpu_count(),
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
        },
        "libraries": library_versions(),
    }


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that can change a result."""
    versions = {}
    for name in _LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def processor_name() -> str:
    """Return the processor's own name."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        return platform.processor() or platform.machine()
    return platform.processor() or platform.machine()


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

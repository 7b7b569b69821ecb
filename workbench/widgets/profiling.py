"""Where the time of de-identifying went: runs beside each other and beside the paper's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import traitlets

from recorder_core.jobs.pipeline.stage_shares import StageShare, ThreadTime
from workbench.widgets.bundle import ToldWidget

__all__ = ["ProfiledRun", "ProfilingBoard"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfiledRun:
    """One run that made a copy."""

    #: of the copy's event; empty: the benchmark
    event_id: str
    procedure: str
    #: date
    started: str
    #: of the copy, at least 1
    frames: int
    wall_seconds: float
    #: network, engine and processor
    detector: str
    #: name and version of the program
    program: str
    #: name of an option -> its value
    settings: Mapping[str, str] = field(repr=False)
    stages: Sequence[StageShare] = field(repr=False)
    threads: Sequence[ThreadTime] = field(repr=False)


class ProfilingBoard(ToldWidget):
    """The page of profiling.

    Parameters
    ----------
    runs : sequence of ProfiledRun
        The newest first.
    chosen : sequence of str
        Ids of events to show first.
    without_times : int
        How many copies have a report that says no times.
    benchmark : dict
        Of the whole job against a bare transcode: to_bare, at_most, machine; empty: not measured.
    source : str
        Where the paper's figures are from.
    """

    runs: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    chosen: traitlets.List[str] = traitlets.List().tag(sync=True)
    without_times = traitlets.Int(0).tag(sync=True)
    benchmark: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    source = traitlets.Unicode().tag(sync=True)

    _script = "profiling.js"

    def __init__(self, runs: Sequence[ProfiledRun], **traits: Any) -> None:
        super().__init__(runs=[asdict(each) for each in runs], **traits)

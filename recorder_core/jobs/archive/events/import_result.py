"""What became of a video that was imported, and what of it a person should know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from recorder_core.archive import CopyFault
from recorder_core.jobs.archive.event.event import ArchivedEvent
from recorder_core.jobs.archive.events.starting import Start
from recorder_core.model.values.phrase import said

__all__ = ["ImportResult"]


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of a video."""

    event: ArchivedEvent
    frame_count: int
    started: Start
    #: False: kept byte for byte
    is_remuxed: bool
    #: streams that were left out, in words
    left_out: tuple[str, ...]
    #: copies on a root that stopped
    faults: tuple[CopyFault, ...]
    #: ids of other events that seem to hold the same video
    same_video: tuple[str, ...] = ()
    #: frames that the file holds damaged; only with salvage
    damaged_frames: int = 0
    #: the file ends before its container says so; only with salvage
    is_cut_off: bool = False

    def findings(self) -> dict[str, Any]:
        """Return what a person should know of it beside the event, as JSON, without a name."""
        return {
            "frames": self.frame_count,
            "started_source": self.started.source,
            "remuxed": self.is_remuxed,
            "not_carried_over": list(self.left_out),
            "faults": [str(fault) for fault in self.faults],
            "said": {
                "not_carried_over": [said(each) for each in self.left_out],
                "faults": [said(fault.sentence) for fault in self.faults],
            },
            "same_video": list(self.same_video),
            "damaged_frames": self.damaged_frames,
            "cut_off": self.is_cut_off,
        }

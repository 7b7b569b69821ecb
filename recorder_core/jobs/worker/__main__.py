"""The process of one job, as ``recorder_core.jobs.archive.queue.handover`` starts it."""

from __future__ import annotations

import sys

from recorder_core.jobs.archive.process.child import say_ready

__all__ = ["main"]


def main() -> int:
    """Close this process's memory to others, say so, and run the job that is handed over."""
    say_ready()
    # whoever started this waits no longer: the rest takes a second to load
    from recorder_core.jobs.worker.main import run

    return run()


if __name__ == "__main__":
    sys.exit(main())

"""The process of one job, as ``recorder_core.jobs.archive.queue.handing`` starts it."""

from __future__ import annotations

import sys

from recorder_core.jobs.archive.worker.main import main

__all__: list[str] = []

if __name__ == "__main__":
    sys.exit(main())

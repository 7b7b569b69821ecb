"""Timing from outside: rows of stages, a clock that fills them, and the table for reading.

What the rows are is said by each job: recording has other rows than de-identifying.
"""

from recorder_core.timing.stage_clock import StageClock, StageTime
from recorder_core.timing.stage_report import format_stage_table
from recorder_core.timing.stage_rows import Row, StageRows

__all__ = ["Row", "StageClock", "StageRows", "StageTime", "format_stage_table"]

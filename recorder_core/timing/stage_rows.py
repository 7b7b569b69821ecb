"""The rows of a stage table: which stages a job has, and which thread does each."""

from __future__ import annotations

from dataclasses import dataclass

from recorder_core.errors import SettingsError

__all__ = ["Row", "StageRows"]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the stage table."""

    #: key in the JSON of a run's times
    key: str
    title: str
    #: number of the stage; None for what runs beside the numbered ones
    number: int | None
    #: thread that does it
    thread: str
    #: done before the threads exist or after them, so that it explains the time of each
    is_around: bool = False


@dataclass(frozen=True, slots=True)
class StageRows:
    """All rows of one job, in the order of its table."""

    #: the threads that work side by side, in the order of the work
    threads: tuple[str, ...]
    rows: tuple[Row, ...]

    def __post_init__(self) -> None:
        keys = [row.key for row in self.rows]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise SettingsError(f"the stage {twice[0]!r} has two rows; give each its own key")
        for row in self.rows:
            if row.thread not in self.threads:
                raise SettingsError(
                    f"the stage {row.key!r} belongs to thread {row.thread!r}, which is not one of "
                    f"{', '.join(self.threads)}"
                )

    @property
    def numbered(self) -> tuple[Row, ...]:
        """The rows that have a number, in their order."""
        return tuple(row for row in self.rows if row.number is not None)

"""Render again only the closed GOPs in which redactions changed; copy all others bit for bit."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import numpy as np

from recorder_core.errors import EncodeError
from recorder_core.jobs.deidentify.rendering.copy_task import CopyTask
from recorder_core.jobs.deidentify.rendering.faithful import redacted_again, render_faithfully
from recorder_core.jobs.deidentify.rendering.segments import RenderedSegment
from recorder_core.jobs.progress import Progress, no_progress
from recorder_core.media import Gop, Part, list_gops
from recorder_core.tables import RedactionTable, join_tables, select_rows

__all__ = ["GopRenderer", "Purpose", "RenderedAgain", "clear_folders_beside", "folder_beside"]

#: why frames of a copy are rendered again
Purpose: TypeAlias = Literal["hiding", "corrections"]


@dataclass(frozen=True, slots=True)
class RenderedAgain:
    """What a copy is made of after some of its frames were rendered again."""

    #: of the earlier copy and of what was rendered, in order
    parts: list[Part]
    #: of the whole copy
    redactions: RedactionTable
    #: what was rendered
    rendered: list[RenderedSegment]

    @property
    def spans(self) -> list[range]:
        """Frame indices of what was rendered."""
        return [range(each.segment.first_index, each.segment.stop_index) for each in self.rendered]


@dataclass(frozen=True, slots=True)
class _Run:
    """Consecutive GOPs, and whether a change touches them; frames of the copy."""

    first: int
    stop: int
    touched: bool


@dataclass(frozen=True, slots=True)
class GopRenderer:
    """Renders GOPs of copies that one job made."""

    #: from :func:`~recorder_core.jobs.deidentify.rendering.faithful.with_quantizer`
    task: CopyTask
    #: where what is rendered is written
    folder: Path
    #: called with the number of finished frames and of all frames to render
    progress: Progress = no_progress

    def render(self, copy: Path, changed: set[int], table: RedactionTable) -> RenderedAgain:
        """Render the GOPs that hold changed frames.

        Parameters
        ----------
        copy : Path
            The parts that are returned lie in it.
        changed : set of int
            Frame indices of the source.
        table : RedactionTable
            What is planned for the whole copy; the job's corrections are applied over it.

        Raises
        ------
        RedactionIncomplete, EncodeError, DecodeError
            As :func:`~recorder_core.jobs.deidentify.rendering.faithful.render_faithfully` does.
        """
        runs = _runs(list_gops(copy), {frame - self.task.source.first for frame in changed})
        rendered = list(self._render_runs([run for run in runs if run.touched], table))
        return RenderedAgain(_parts(runs, rendered, copy), _new_plan(table, rendered), rendered)

    def _render_runs(
        self, runs: Sequence[_Run], table: RedactionTable
    ) -> Iterator[RenderedSegment]:
        source = self.task.source
        done, total = 0, sum(run.stop - run.first for run in runs)
        for number, run in enumerate(runs):
            frames = range(run.first + source.first, run.stop + source.first)
            with redacted_again(source, frames, table, self.task.renderer) as redacted:
                path = self.folder / f"run_{number:06d}.mp4"
                rendered = render_faithfully(self.task, path, redacted, frames)
            yield rendered
            done += len(frames)
            self.progress(done, total)


@contextmanager
def folder_beside(output: Path, purpose: Purpose) -> Iterator[Path]:
    """Yield a hidden folder beside an output that is removed in the end, whatever happens.

    What a killed process leaves in it shows faces: its name is known, and the next run for
    the same output clears it.

    Parameters
    ----------
    output : Path
        Locked for this process.
    purpose : str
        What is rendered in it.

    Raises
    ------
    EncodeError
        If it cannot be made.
    """
    folder = _folder(output, purpose)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(mode=0o700)
    except OSError as exc:
        raise EncodeError(
            f"the folder of the output cannot be written ({exc.strerror}); choose another"
        ) from exc
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def clear_folders_beside(output: Path) -> None:
    """Remove what a killed process left in the folders of an output that is locked."""
    for purpose in get_args(Purpose):
        shutil.rmtree(_folder(output, purpose), ignore_errors=True)


def _folder(output: Path, purpose: Purpose) -> Path:
    return output.with_name(f".{output.name}.{purpose}")


def _runs(gops: Sequence[Gop], changed: set[int]) -> list[_Run]:
    """Join neighbouring GOPs that are touched, or untouched, alike."""
    runs: list[_Run] = []
    for gop in gops:
        touched = any(frame in changed for frame in range(gop.first_index, gop.stop_index))
        if runs and runs[-1].touched == touched:
            runs[-1] = replace(runs[-1], stop=gop.stop_index)
        else:
            runs.append(_Run(gop.first_index, gop.stop_index, touched))
    return runs


def _parts(runs: Sequence[_Run], rendered: Sequence[RenderedSegment], output: Path) -> list[Part]:
    fresh = iter(rendered)
    return [
        Part(next(fresh).segment.path)
        if run.touched
        else Part(output, run.first, run.stop, is_copy=True)
        for run in runs
    ]


def _new_plan(table: RedactionTable, rendered: Sequence[RenderedSegment]) -> RedactionTable:
    """Return the rows of untouched frames as they were, and the new rows of the others."""
    kept = np.ones(len(table), bool)
    for each in rendered:
        segment = each.segment
        kept &= (table.frame_index < segment.first_index) | (
            table.frame_index >= segment.stop_index
        )
    pieces = [select_rows(table, kept), *(each.redactions for each in rendered)]
    return join_tables(pieces, in_order=False)

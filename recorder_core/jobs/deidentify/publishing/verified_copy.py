"""Join the pieces of a copy, verify it, search it again, and hide what is still seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from recorder_core.jobs.deidentify.correcting.earlier_look import carry_on
from recorder_core.jobs.deidentify.correcting.lifted_tracks import check_tracks, track_lives
from recorder_core.jobs.deidentify.rendering.copy_task import CopyTask, Rendering
from recorder_core.jobs.deidentify.rendering.gops import GopRenderer, folder_beside
from recorder_core.jobs.verification.follow_faces import follow_faces
from recorder_core.jobs.verification.second_look import ATTEMPTS, FaceJudge, search_copy
from recorder_core.jobs.verification.seen_faces import SecondLook
from recorder_core.jobs.verification.way_up import check_way_up
from recorder_core.media import assemble, hash_beside, verify_output
from recorder_core.tables import join_tables

__all__ = ["VerifiedCopy", "write_verified"]


@dataclass(frozen=True, slots=True)
class VerifiedCopy:
    """A copy that was verified and searched again."""

    #: with what was hidden after the second look
    rendering: Rendering
    look: SecondLook
    copy_sha256: str


def write_verified(copy: Path, output: Path, task: CopyTask, rendering: Rendering) -> VerifiedCopy:
    """Write a copy; hide in it what a second look still sees, and look again.

    Where the job itself hid nothing, the second look has nothing to add to: it refuses.

    Parameters
    ----------
    copy : Path
        Is written.
    output : Path
        The name that it will have; pieces lie in a folder beside it meanwhile.
    task : CopyTask
    rendering : Rendering
        The pieces of the copy.

    Raises
    ------
    RecorderError
        As :func:`~recorder_core.jobs.deidentify.publishing.finishing.publish`.
    """
    earlier, whole = rendering.earlier_look, [range(task.source.first, task.source.stop)]
    finished = _assemble(copy, task, rendering, whole if earlier is None else rendering.encoded)
    if earlier is None and not task.allowed.seen_faces:
        check_way_up(finished.look, rendering.redactions)
    with folder_beside(output, "hiding") as folder:
        for attempt in range(ATTEMPTS):
            if not (finished.look.exposed and len(rendering.redactions)):
                break
            place = folder / str(attempt)
            finished = _hide_seen(copy, task, finished, place)
    table = finished.rendering.redactions
    if earlier is not None:
        judge = FaceJudge(task.source.view, task.options.redaction, table)
        finished = replace(finished, look=carry_on(earlier, finished.look, judge))
    check_tracks(task.corrections, track_lives(table))
    task.allowed.check(finished.look, table, task.source)
    task.source.media.check_unchanged()
    return finished


def _assemble(
    copy: Path, task: CopyTask, rendering: Rendering, looked_at: Sequence[range]
) -> VerifiedCopy:
    """Write a copy from its pieces, verify it, and search some of its frames again."""
    clock, source, audio = task.renderer.clock, task.source, task.options.audio
    with clock.time("assembly"):
        assemble(rendering.parts, source.info, source.copy_index, copy, audio)
    with hash_beside(copy) as copy_sha256, clock.time("verification"):
        verify_output(copy, source.info, source.copy_index, audio, task.options.encoder.codec)
        look = search_copy(
            copy,
            source,
            task.options,
            rendering.redactions,
            looked_at,
            searched=rendering.detections.frame_index,
        )
        return VerifiedCopy(rendering, look, copy_sha256())


def _hide_seen(copy: Path, task: CopyTask, finished: VerifiedCopy, folder: Path) -> VerifiedCopy:
    """Hide what the second look saw, in the frames around as well, and look there again."""
    folder.mkdir()
    earlier = finished.rendering
    with task.renderer.clock.time("verification"):
        seen = follow_faces(
            finished.look.exposed,
            task.source,
            task.options,
            earlier.redactions,
            earlier.detections.frame_index,
        )
    looked_at = copy.replace(folder / copy.name)
    planned = join_tables([earlier.redactions, seen], in_order=False)
    again = GopRenderer(task, folder).render(looked_at, set(seen.frame_index.tolist()), planned)
    rendering = replace(
        earlier,
        parts=again.parts,
        redactions=again.redactions,
        rendered=[*earlier.rendered, *again.rendered],
    )
    hidden = _assemble(copy, task, rendering, again.spans)
    return replace(hidden, look=finished.look.then(hidden.look))

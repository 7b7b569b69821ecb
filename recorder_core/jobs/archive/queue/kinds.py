"""What can be asked of the queue, who may ask for it, and how each kind of job is treated.

Queue, worker and watcher read the policy of a kind here, and know no kind by its name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from recorder_core.catalog import NEW_COPY_STATES, OPEN_COPY_STATES, Action, EventState, SameKind
from recorder_core.errors import SettingsError, WrongState

__all__ = ["JOB_KINDS", "JobKind", "Lane", "find_kind", "lane_of"]

#: jobs wait for those of their own lane alone; recordings for nobody
Lane = Literal["work", "recording"]

#: people at the server go first
_WORK_NICENESS: Final = 5
_ALLOWED: Final = ("allow_no_faces", "allow_seen_faces")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKind:
    """One kind of job.

    Attributes
    ----------
    name : str
        In the catalog, in commands and in addresses.
    summary : str
        What it does, for people.
    action : Action
        What the profile is asked for, when the job is asked for and when it runs.
    states : tuple of EventState, or None
        In which an event may be; None: it is about the whole archive.
    settings : tuple of str
        Boolean options that it accepts; the catalog holds them in clear.
    private_settings : tuple of str
        What it is told besides, such as a patient's name or the address of a source: its process
        gets that by the pipe with the key, and the catalog never does.
    lane : {"work", "recording"}
        Jobs wait for those of their own lane alone, and all recordings run at once.
    niceness : int
        By how much its process makes way for others, from 0.
    stop : {"cancel", "finish"}
        What it does when it is asked to stop: it ends at its next step and leaves nothing, or it
        finishes what it has begun and is done.
    ends_with_person : bool
        Whether it ends when the person who started it is disabled, or may do less.
    begins_event : bool
        Whether it begins an event, which its row names from then on.
    commands : mapping of Action
        What any process of the archive may send to it while it runs, such as a marker, and what
        the profile of who does is asked.
    resumes : bool
        Whether a second start goes on after what the first had finished.
    beside : {"none", "running", "all"}
        Which of the same kind and event another one may wait beside: running, where it does what
        was entered meanwhile.
    makes_copy : bool
        Whether it makes a copy, in place of an earlier one if there is one.
    """

    name: str
    summary: str
    action: Action
    states: tuple[EventState, ...] | None = None
    settings: tuple[str, ...] = ()
    private_settings: tuple[str, ...] = ()
    lane: Lane = "work"
    niceness: int = _WORK_NICENESS
    stop: Literal["cancel", "finish"] = "cancel"
    ends_with_person: bool = True
    begins_event: bool = False
    commands: Mapping[str, Action] = field(default_factory=dict)
    resumes: bool = False
    beside: SameKind = "none"
    makes_copy: bool = False

    @property
    def can_start_again(self) -> bool:
        """Whether the catalog knows all that a second start needs."""
        return not self.private_settings

    def check_state(self, event_id: str, state: EventState) -> None:
        """Raise WrongState if an event is not in a state in which this can be done."""
        states = self.states or ()
        if state not in states:
            raise WrongState(
                f"event {event_id} is {state}; {self.name} needs one that is {', '.join(states)}"
            )

    def split_settings(self, given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return settings as the catalog stores them, and those that it must not have.

        Raises
        ------
        SettingsError
            If one is unknown, or JSON cannot hold it.
        """
        unknown = sorted(given.keys() - {*self.settings, *self.private_settings})
        if unknown:
            known = ", ".join((*self.settings, *self.private_settings)) or "none"
            raise SettingsError(f"{self.name} has no setting {', '.join(unknown)}; it has {known}")
        private = {name: given[name] for name in self.private_settings if name in given}
        try:
            json.dumps(private)
        except (TypeError, ValueError):  # not chained: it may hold a name
            raise SettingsError(
                f"{self.name} needs settings of text, numbers, lists and mappings"
            ) from None
        stored = {name: bool(given[name]) for name in sorted(self.settings) if name in given}
        return json.dumps(stored), private


#: name -> the kind of job; in the order in which people read them
JOB_KINDS: Final[Mapping[str, JobKind]] = {
    each.name: each
    for each in (
        JobKind(
            name="deidentify",
            summary="make a de-identified copy of the original",
            action=Action.DEIDENTIFY,
            states=NEW_COPY_STATES,
            settings=_ALLOWED,
            resumes=True,
            makes_copy=True,
        ),
        JobKind(
            name="rerender",
            summary="render the copy again where corrections touch it",
            action=Action.DEIDENTIFY,
            states=OPEN_COPY_STATES,
            settings=_ALLOWED,
            beside="running",
            makes_copy=True,
        ),
        JobKind(
            name="rank",
            summary="rank the suspicious moments of the copy, for a review",
            action=Action.REVIEW,
            states=OPEN_COPY_STATES,
        ),
        JobKind(
            name="report",
            summary="make the report with names and keep it",
            action=Action.REPORT_FULL,
            states=tuple(
                each
                for each in EventState
                if each not in (EventState.RECORDING, EventState.DELETED)
            ),
        ),
        JobKind(
            name="verify",
            summary="read every copy of every file and compare it with the catalog",
            action=Action.REPAIR_MIRROR,
        ),
        JobKind(
            name="repair",
            summary="read every copy of every file, and repair what is damaged from the good one",
            action=Action.REPAIR_MIRROR,
        ),
    )
}


def find_kind(name: str) -> JobKind:
    """Return a kind of job by its name; SettingsError if there is none."""
    try:
        return JOB_KINDS[name]
    except KeyError:
        raise SettingsError(
            f"there is no kind of job {name!r}; there are {', '.join(JOB_KINDS)}"
        ) from None


def lane_of(kind: str) -> Lane:
    """Return the lane of a kind of job; one of a newer program is work."""
    known = JOB_KINDS.get(kind)
    return "work" if known is None else known.lane

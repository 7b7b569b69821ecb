"""What can be asked of the queue, and who may ask for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from recorder_core.catalog import NEW_COPY_STATES, OPEN_COPY_STATES, Action, EventState
from recorder_core.errors import SettingsError, WrongState

__all__ = ["JOB_KINDS", "JobKind", "find_kind"]

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
        Boolean options that it accepts.
    resumes : bool
        Whether a second start goes on after what the first had finished.
    beside_running : bool
        Whether one may wait while the same runs: it does what was entered meanwhile.
    makes_copy : bool
        Whether it makes a copy, in place of an earlier one if there is one.
    """

    name: str
    summary: str
    action: Action
    states: tuple[EventState, ...] | None = None
    settings: tuple[str, ...] = ()
    resumes: bool = False
    beside_running: bool = False
    makes_copy: bool = False

    def check_state(self, event_id: str, state: EventState) -> None:
        """Raise WrongState if an event is not in a state in which this can be done."""
        states = self.states or ()
        if state not in states:
            raise WrongState(
                f"event {event_id} is {state}; {self.name} needs one that is {', '.join(states)}"
            )

    def settings_text(self, given: Mapping[str, bool]) -> str:
        """Return settings as the catalog stores them; SettingsError if one is unknown."""
        unknown = sorted(given.keys() - set(self.settings))
        if unknown:
            known = ", ".join(self.settings) or "none"
            raise SettingsError(f"{self.name} has no setting {', '.join(unknown)}; it has {known}")
        return json.dumps({name: bool(given[name]) for name in sorted(given)})


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
            beside_running=True,
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

"""What a kind of job is: its settings, its commands and its policy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from recorder_core.catalog import Action, EventState, SameKind
from recorder_core.errors import SettingsError, WrongState
from recorder_core.model.values.phrase import phrase
from recorder_core.model.values.schema import Schema, check_value

__all__ = ["CommandKind", "JobKind", "JobSetting", "Lane"]

#: jobs wait for those of their own lane alone; recordings for nobody
Lane = Literal["work", "import", "recording"]

#: people at the server go first
_WORK_NICENESS: Final = 5
#: each that waits is a process, too
_MOST_OPEN: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSetting:
    """One setting of a kind of job.

    Attributes
    ----------
    name : str
        In the body of a request and, with hyphens, on the command line; one name has one schema
        whatever the kind.
    schema : mapping
        JSON Schema of its value; what `description` says is shown to people.
    is_private : bool
        Whether the job's process alone is told, by the pipe with its key, and the catalog never,
        as of a patient's name or the address of a source.
    is_local : bool
        Whether it names files, devices or addresses of this machine: no request from elsewhere may
        bring it, and the kind is started over HTTP by what fills it in alone.
    is_required : bool
        Whether a job cannot do without it.
    """

    name: str
    schema: Schema
    is_private: bool = False
    is_local: bool = False
    is_required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandKind:
    """One command that a kind of job takes while it runs, such as a marker.

    Attributes
    ----------
    action : Action
        What the profile is asked for of who gives it.
    arguments : mapping
        JSON Schema of an object; unless given, one without fields.
    is_immediate : bool
        Whether it is carried out first and logged afterwards, beside a command that takes long: it
        shows less of people, so no disk must delay it.
    """

    action: Action
    arguments: Schema = field(default_factory=lambda: {"type": "object", "properties": {}})
    is_immediate: bool = False

    def check(self, name: str, arguments: Mapping[str, Any]) -> None:
        """Raise SettingsError unless the arguments of the command are as its schema says."""
        check_value(name, dict(arguments), self.arguments)


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
    settings : tuple of JobSetting
        What it may be told, when it is asked for.
    lane : {"work", "import", "recording"}
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
    commands : mapping of CommandKind
        What any process of the archive may send to it while it runs, by name.
    state : mapping or None
        JSON Schema of the state that it shows while it runs, beside previews; None: it cannot be
        watched.
    resumes : bool
        Whether a second start goes on after what the first had finished.
    may_queue_beside : {"none", "running", "all"}
        Which of the same kind and event another one may wait beside: running, where it does what
        was entered meanwhile.
    one_per : str
        Name of a setting that is no secret: one job at a time waits or runs with a value of it.
    most_open : int
        How many of an archive may wait and run; another one is refused.
    makes_copy : bool
        Whether it makes a copy, in place of an earlier one if there is one.
    failures : mapping of str
        Class of an error -> what happened and what to do, for people, where that is of this kind
        alone. ``{again}`` stands for how the same is started once more.
    left : str
        Says in a sentence what one leaves that did not get to its end; ``{event}``: its event.
    """

    name: str
    summary: str
    action: Action
    states: tuple[EventState, ...] | None = None
    settings: tuple[JobSetting, ...] = ()
    lane: Lane = "work"
    niceness: int = _WORK_NICENESS
    stop: Literal["cancel", "finish"] = "cancel"
    ends_with_person: bool = True
    begins_event: bool = False
    commands: Mapping[str, CommandKind] = field(default_factory=dict)
    state: Schema | None = None
    resumes: bool = False
    may_queue_beside: SameKind = "none"
    one_per: str = ""
    most_open: int = _MOST_OPEN
    makes_copy: bool = False
    failures: Mapping[str, str] = field(default_factory=dict)
    left: str = ""

    @property
    def can_start_again(self) -> bool:
        """Whether the catalog knows all that a second start needs."""
        return not any(each.is_private for each in self.settings)

    @property
    def hears_stop(self) -> bool:
        """Whether it is told to stop where it takes commands, so that no disk delays its end."""
        return self.stop == "finish" and bool(self.commands)

    @property
    def tells_file(self) -> bool:
        """Whether its row says which file of this machine it is about."""
        return any(each.is_local and not each.is_private for each in self.settings)

    def check_state(self, event_id: str, state: EventState) -> None:
        """Raise WrongState if an event is not in a state in which this can be done."""
        states = self.states or ()
        if state not in states:
            raise WrongState(
                phrase(
                    "event_for_job",
                    "event {event} is {state}; {kind} needs one that is {wanted}",
                    event=event_id,
                    state=state,
                    kind=self.name,
                    wanted=", ".join(states),
                )
            )

    def split_settings(self, given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return settings as the catalog stores them, and those that it must not have.

        Raises
        ------
        SettingsError
            If one is unknown, missing, or not as its schema says.
        """
        known = {each.name: each for each in self.settings}
        if unknown := sorted(given.keys() - known.keys()):
            names = ", ".join(known) or "none"
            raise SettingsError(f"{self.name} has no setting {', '.join(unknown)}; it has {names}")
        needed = [each.name for each in self.settings if each.is_required]
        if missing := [name for name in needed if name not in given]:
            raise SettingsError(f"{self.name} needs the setting {', '.join(missing)}: give it")
        for name, value in given.items():
            check_value(name, value, known[name].schema)
        private = {name: value for name, value in given.items() if known[name].is_private}
        stored = {name: given[name] for name in sorted(given.keys() - private.keys())}
        return json.dumps(stored), private

"""How long a site keeps its events. Nothing is deleted here: what is due is listed.

Brazil asks for 20 years (Lei 13.787/2018, art. 6), other sites for 30 days; so it is a
rule per site, and the default keeps everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from recorder_core.catalog.database.connection import Database
from recorder_core.catalog.database.rows import fetch, insert
from recorder_core.catalog.events.events import Events
from recorder_core.catalog.model.codes import DEFAULT_SITE, Clock
from recorder_core.catalog.model.life import OVERRIDING_REASONS, DeletionReason, EventState
from recorder_core.catalog.model.records import Event, RetentionRule
from recorder_core.errors import WrongState
from recorder_core.model.values.phrase import phrase

__all__ = ["Retention", "RetentionNotice"]


@dataclass(frozen=True, slots=True)
class RetentionNotice:
    """An event that is older than its site warns about."""

    event_id: str
    age_days: int
    rule: RetentionRule

    @property
    def sentence(self) -> str:
        """What to tell the administrator."""
        values = {
            "event": self.event_id,
            "days": self.age_days,
            "site": self.rule.site_code,
            "limit": self.rule.warn_after_days,
        }
        if self.rule.deletes_itself:
            return phrase(
                "due_deleted",
                "event {event} is {days} days old, the limit of site {site} is {limit}; it will "
                "be deleted by the next 'workbench retention apply'",
                **values,
            )
        return phrase(
            "due",
            "event {event} is {days} days old, the limit of site {site} is {limit}; it is kept "
            "until someone deletes it",
            **values,
        )


class Retention:
    """Rules per site.

    Parameters
    ----------
    database : Database
        Migrated.
    events : Events
        Whose ages are compared.
    clock : callable
        Gives the wall time.
    """

    def __init__(self, database: Database, events: Events, clock: Clock) -> None:
        self._database = database
        self._events = events
        self._clock = clock

    def set_rule(self, rule: RetentionRule) -> None:
        """Store the rule of a site, in place of an earlier one."""
        with self._database.write() as connection:
            insert(connection, "retention_rules", rule, replace=True)

    def rules(self) -> list[RetentionRule]:
        """Return the rules that were set, by site."""
        rows = self._database.read("SELECT * FROM retention_rules ORDER BY site_code")
        return fetch(RetentionRule, rows)

    def rule_for(self, site_code: str) -> RetentionRule:
        """Return the rule of a site; else the default one; else: keep everything."""
        rules = {rule.site_code: rule for rule in self.rules()}
        return rules.get(site_code) or rules.get(DEFAULT_SITE) or RetentionRule()

    def sites_without_rule(self) -> list[str]:
        """Return the sites of events for which no rule, not even a default one, was set."""
        named = {rule.site_code for rule in self.rules()}
        if DEFAULT_SITE in named:
            return []
        rows = self._database.read(
            "SELECT DISTINCT site_code FROM events WHERE state != ? ORDER BY site_code",
            EventState.DELETED.value,
        )
        return [row["site_code"] for row in rows if row["site_code"] not in named]

    def due(self) -> list[RetentionNotice]:
        """Return the events past their site's limit, oldest first; deletes nothing."""
        notices = []
        for event in reversed(self._events.find()):
            rule = self.rule_for(event.site_code)
            age = self._age_days(event)
            if event.state in (EventState.DELETED, EventState.RECORDING):
                continue
            if rule.warn_after_days is not None and age >= rule.warn_after_days:
                notices.append(RetentionNotice(event.event_id, age, rule))
        return notices

    def check_deletion(self, event: Event, reason: DeletionReason) -> None:
        """Raise unless an event is old enough to be deleted for this reason.

        Raises
        ------
        WrongState
            If the site keeps it longer and the reason does not override the rule.
        """
        rule = self.rule_for(event.site_code)
        age = self._age_days(event)
        if age < rule.minimum_days and reason not in OVERRIDING_REASONS:
            raise WrongState(
                phrase(
                    "kept_longer",
                    "event {event} is {days} days old and site {site} keeps events for {limit}; "
                    "delete it later or for one of these reasons: {reasons}",
                    event=event.event_id,
                    days=age,
                    site=rule.site_code,
                    limit=rule.minimum_days,
                    reasons=", ".join(sorted(OVERRIDING_REASONS)),
                )
            )

    def _age_days(self, event: Event) -> int:
        return (self._clock() - event.started_utc) // timedelta(days=1)

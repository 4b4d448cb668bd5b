"""What the year of a demonstration is made of: the city with its habits and its people, and the life of one item.

Holds and looks up; decides nothing. An item's life is drawn in `arrivals.py`, lived in `lives.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random

from msgspec import Struct

from feedback.city.versions import Ruling
from feedback.deadlines import clock as statutory
from feedback.items.submit import Prepared
from feedback.ledger.notes import Actor
from portal.demonstrating.course import Course
from portal.demonstrating.habits import Habits, ServiceHabits
from portal.demonstrating.office import Office
from portal.demonstrating.people import Citizen, Staff
from portal.demonstrating.texts import Draw
from portal.secret import Secret

USUAL_PROMISE_DAYS = 3
"""For what the city makes no promise of: an item about something that it does not offer."""


class World(Struct, frozen=True):
    """Everything that a life needs from outside."""

    ruling: Ruling
    own_language: str
    """In which the city's people write to one another."""
    habits: Habits
    draw: Draw
    chance: Random
    office: Office
    staff: Staff
    secret: Secret
    end: datetime
    """The first instant that is not lived through any more."""

    def habits_of(self, service: str) -> ServiceHabits:
        return self.habits.services[service]

    def promise_minutes(self, service: str) -> int:
        """Working minutes that the city promises for a service."""
        promised = self.ruling.city.services[service].promise_days or USUAL_PROMISE_DAYS
        return promised * self.office.day_minutes

    def law_due_on(self, nature: str, started_on: date) -> date | None:
        """The last day that the law leaves, where it sets one."""
        rule = statutory.find_rule(self.ruling.city, nature, started_on)
        return None if rule is None else statutory.due_on(rule, started_on, self.office.days)

    def somebody(self, life: Life) -> Actor:
        """Who works on the item, or one of those who may."""
        person = life.responder
        return Actor("staff", self.draw_responder(life) if person is None else person)

    def draw_responder(self, life: Life) -> int:
        """One of those who may work on the item."""
        return self.chance.choice(self.staff.of(life.place[0], barred=life.barred))


@dataclass(slots=True, kw_only=True)
class Life:
    """One item: who sent it and what it is about, and how far it has come."""

    prepared: Prepared
    by: Actor
    citizen: Citizen
    kind: str
    language: str
    service: str
    """What it is truly about; the form may say something else, or nothing."""
    street: str
    nature: str
    right: tuple[str | None, str | None]
    """The department and service where it belongs."""
    started_at: datetime
    """When the current cycle began."""
    void_reason: str = ""
    is_spam: bool = False
    stays: str = ""
    """How a late item is kept for the inbox of the first minute: "triage" or "question"."""

    item_id: int = 0
    version: int = 0
    """One for each deed; counted along, so that a deed that left no note would be refused as a conflict."""
    state: str = "received"
    place: tuple[str | None, str | None] = (None, None)
    """The department and service where it stands."""
    cycle: int = 1
    step: int = 0
    """What was planned under an earlier step does not happen any more."""
    target: datetime | None = None
    """When the answer is to come; None: never."""
    course: Course | None = None
    responder: int | None = None
    barred: set[int] = field(default_factory=set)
    """Whose answers led to a second look."""
    is_second_look: bool = False
    topic: str = ""
    """What was asked."""
    asked_at: datetime | None = None
    left: int = 0
    """Working minutes to the answer while the citizen is waited for."""
    waited: int = 0
    """Working minutes waited."""
    outcome: str = ""
    is_late: bool = False
    answered_by: int | None = None
    answered_on: date | None = None

    @property
    def is_running(self) -> bool:
        return self.state in ("received", "open", "waiting")

    def done(self, state: str = "") -> None:
        """A deed was done on the item: one note, one version."""
        self.version += 1
        self.state = state or self.state

"""What a person sees of items: Structs that `find.py` fills. Rules only, no reading."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from msgspec import Struct

Queue = Literal["open", "mine", "triage", "held", "restricted", "waiting", "answered", "closed", "void"]
QUEUES: tuple[Queue, ...] = (
    "open",
    "mine",
    "triage",
    "held",
    "restricted",
    "waiting",
    "answered",
    "closed",
    "void",
)


class PauseView(Struct, frozen=True):
    since: datetime
    until: datetime | None
    reason: str


class ClockView(Struct, frozen=True):
    """A deadline as it stands; `due_on` is None while it is paused or when it was stopped by a rule."""

    which: Literal["law", "promise"]
    rule_key: str
    rule_version: int
    started_at: datetime
    due_on: date | None
    due_at: datetime | None
    stopped_at: datetime | None
    stopped_by: str
    pauses: tuple[PauseView, ...]
    longer: int = 0
    """By how many of its row's unit the law's time was made longer."""

    @property
    def is_paused(self) -> bool:
        return self.stopped_at is None and any(pause.until is None for pause in self.pauses)


class CycleView(Struct, frozen=True):
    id: int
    city_version_id: int
    number: int
    origin: str
    started_at: datetime
    started_on: date
    department: str | None
    service: str | None
    nature: str
    route: str
    restricted: str | None
    urgent: str | None
    responder_id: int | None
    barred_id: int | None
    answered_at: datetime | None
    answered_on: date | None
    outcome: str | None
    second_look_until: date | None
    clocks: tuple[ClockView, ...]

    def clock(self, which: str) -> ClockView | None:
        """The clock of this kind, unless a rule took it away."""
        return next((c for c in self.clocks if c.which == which and c.stopped_by != "rule"), None)


class AnswerView(Struct, frozen=True):
    id: int
    outcome: str
    text: str
    planned_on: date | None
    forwarded_to: str


class EntryView(Struct, frozen=True):
    """One line of the timeline."""

    id: int
    cycle_id: int
    act: str
    side: str
    at: datetime
    account_id: int | None
    account_name: str
    department: str | None
    text: str
    answer: AnswerView | None
    days: int = 0
    """By how many of its row's unit the line extended the law's time."""


class AttachmentView(Struct, frozen=True):
    """A photo or a document that came with the first words (`entry_id` None) or with an entry."""

    entry_id: int | None
    kind: Literal["photo", "document"]
    number: int
    media_type: str
    size: int
    width: int
    height: int
    name: str


class ContactView(Struct, frozen=True):
    id: int
    name: str
    email: str
    phone: str
    language: str
    confirmed_at: datetime | None


class GrantView(Struct, frozen=True):
    """Somebody who is named for a restricted item: an account, or the heads of a department."""

    id: int
    account_id: int | None
    account_name: str
    department: str | None
    given_at: datetime
    given_by_name: str
    """Empty where a rule of the profile named them."""


class ReadingView(Struct, frozen=True):
    """Who has read a restricted item, and when."""

    account_name: str
    at: datetime


class ItemView(Struct, frozen=True):
    """An item with its whole history. For a citizen `entries` holds no internal line and `contact` is theirs."""

    id: int
    reference: str
    version: int
    city_version_id: int
    kind: str
    text: str
    place: str
    lat: float | None
    lon: float | None
    language: str
    channel: str
    is_anonymous: bool
    held: str | None
    """Why a clerk looks at it before its department does (`held.py`); a citizen is not shown it."""
    state: str
    received_at: datetime
    received_on: date
    cycles: tuple[CycleView, ...]
    entries: tuple[EntryView, ...]
    contact: ContactView | None
    grants: tuple[GrantView, ...] = ()
    """Who is named, the first first; empty where it is not restricted."""
    attachments: tuple[AttachmentView, ...] = ()

    @property
    def restricted(self) -> str | None:
        """Why only those named may see it; None: it is not restricted."""
        return self.cycle.restricted

    @property
    def keepers(self) -> tuple[str, ...]:
        """The departments whose heads are named for it."""
        return tuple(grant.department for grant in self.grants if grant.department is not None)

    @property
    def cycle(self) -> CycleView:
        """The current cycle."""
        return self.cycles[-1]


class QueueRow(Struct, frozen=True, kw_only=True):
    """A row of the inbox."""

    reference: str
    kind: str
    opening: str
    """The first 160 characters of the text."""
    place: str
    language: str
    state: str
    is_held: bool
    cycle_id: int
    number: int
    department: str | None
    service: str | None
    is_restricted: bool
    urgent: str | None
    """Why it comes before others; None: it takes its turn."""
    responder_id: int | None
    responder_name: str
    clocks: tuple[ClockView, ...]


class QueuePage(Struct, frozen=True):
    """A page of the inbox; `after` is the cursor of the next page, empty on the last."""

    rows: tuple[QueueRow, ...]
    after: str

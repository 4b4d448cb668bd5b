"""An item and what hangs on it: contact, cycles, answers, drafts, entries of its timeline; clocks: `time_tables`."""

from datetime import UTC, date, datetime

import sqlalchemy as sa
from sqlmodel import Field

from feedback.columns import BigKey, Row, instant, key, link, words

NOTHING_DUE = datetime(9999, 1, 1, tzinfo=UTC)
"""Sorts behind every real date on both databases."""


class Counter(Row, table=True):
    """The last number given in a year: references have no gaps, so that nothing can vanish unseen."""

    __tablename__ = "counter"
    LOOSE = ("year", "last")

    year: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    last: int = 0


class Submission(Row, table=True):
    """A form's key that was used: pressing twice finds the first item. Purged after seven days."""

    __tablename__ = "submission"
    LOOSE = ("key_hash", "body_digest", "item_id", "at")

    key_hash: str = Field(primary_key=True, max_length=64)
    body_digest: str = Field(max_length=64)
    item_id: int | None = Field(default=None, sa_type=BigKey, nullable=True)
    at: datetime = instant(index=True)


class Item(Row, table=True):
    """What a citizen sent. Its state is moved by `lifecycle` only; its cycles hold who answers and by when."""

    __tablename__ = "item"
    __table_args__ = (
        sa.Index("ix_item_state", "state", "cycle_id"),
        sa.Index(
            "ix_item_held",
            "cycle_id",
            sqlite_where=sa.text("held IS NOT NULL"),
            postgresql_where=sa.text("held IS NOT NULL"),
        ),
    )
    FACTS = (
        "reference",
        "city_version_id",
        "kind",
        "language",
        "channel",
        "counted",
        "is_anonymous",
        "held",
        "state",
        "cycle_id",
        "received_at",
        "received_on",
    )
    WORDS = ("text", "place", "lat", "lon")
    LOOSE = ("id", "code_hash", "secret_id", "version", "notes", "head")

    id: int | None = key()
    reference: str = Field(max_length=16, unique=True)
    city_version_id: int = link("city_version.id")
    kind: str = Field(max_length=12)
    text: str = words()
    place: str = words()
    lat: float | None = None
    lon: float | None = None
    language: str = Field(max_length=8)
    """The language of the text as detected; mails and pages to the citizen use `Contact.language`."""
    channel: str = Field(max_length=10)
    counted: bool = True
    """False for history imported without --counted: kept out of every figure."""
    is_anonymous: bool = False
    held: str | None = Field(default=None, max_length=12, nullable=True)
    """Why a clerk looks at it before anybody else does (`held.py`); None: nobody has to. On `received` only."""
    state: str = Field(max_length=12)
    cycle_id: int | None = Field(default=None, sa_type=BigKey, nullable=True)
    code_hash: str | None = Field(default=None, max_length=64, unique=True, nullable=True)
    secret_id: str = Field(default="", max_length=32)
    received_at: datetime = instant()
    received_on: date = Field(index=True)
    version: int = 0
    notes: int = 0
    head: str = Field(default="", max_length=64)


class Contact(Row, table=True):
    """How to reach the citizen: personal data apart from the item, erasable without touching it."""

    __tablename__ = "contact"
    FACTS = ("item_id", "language", "confirmed_at")
    WORDS = ("name", "email", "phone")
    LOOSE = ("id",)

    id: int | None = key()
    item_id: int = link("item.id", unique=True)
    name: str = Field(default="", max_length=120)
    email: str = Field(default="", max_length=254)
    phone: str = Field(default="", max_length=40)
    language: str = Field(max_length=8)
    confirmed_at: datetime | None = instant(nullable=True)


_OPEN = sa.text("ended_at IS NULL")
_RESTRICTED = sa.text("ended_at IS NULL AND restricted IS NOT NULL")
_URGENT = sa.text("ended_at IS NULL AND urgent IS NOT NULL")


def _of_open(name: str, *columns: str, where: sa.TextClause = _OPEN) -> sa.Index:
    """An index of the rounds that something is still asked of: few of many, and all that a queue reads."""
    return sa.Index(name, *columns, sqlite_where=where, postgresql_where=where)


class Cycle(Row, table=True):
    """One run from receipt to answer. A second look or a reopening starts the next on the same item."""

    __tablename__ = "cycle"
    __table_args__ = (
        sa.UniqueConstraint("item_id", "number"),
        _of_open("ix_cycle_due", "next_due_at", "id", "department", "service", "restricted", "item_id"),
        _of_open("ix_cycle_queue", "department", "next_due_at", "id", "restricted", "item_id"),
        _of_open("ix_cycle_mine", "responder_id", "next_due_at", "id", "restricted", "item_id", "department"),
        _of_open("ix_cycle_restricted", "next_due_at", "id", where=_RESTRICTED),
        _of_open("ix_cycle_urgent", "next_due_at", "id", where=_URGENT),
        sa.Index("ix_cycle_answered", "answered_on"),
    )
    FACTS = (
        "item_id",
        "city_version_id",
        "number",
        "origin",
        "started_at",
        "started_on",
        "department",
        "service",
        "nature",
        "route",
        "restricted",
        "urgent",
        "responder_id",
        "barred_id",
        "answered_at",
        "answered_on",
        "answered_by",
        "outcome",
        "minutes",
        "second_look_until",
        "ended_at",
    )
    LOOSE = ("id", "next_due_at")

    id: int | None = key()
    item_id: int = link("item.id")
    city_version_id: int = link("city_version.id")
    """The version of the profile that rules its clocks."""
    number: int
    origin: str = Field(max_length=12)
    """first, second_look or reopened"""
    started_at: datetime = instant()
    started_on: date
    department: str | None = Field(default=None, max_length=40)
    service: str | None = Field(default=None, max_length=40)
    nature: str = Field(max_length=24)
    route: str = Field(max_length=60)
    """How it came to its department: `rule:<key>`, service, keywords, triage, hand_over, import …"""
    restricted: str | None = Field(default=None, max_length=16)
    """Why only those named (`Grant`) may see the item; None: it is not restricted. The same in all its cycles."""
    urgent: str | None = Field(default=None, max_length=12, nullable=True)
    """Why it comes before others (`urgent.py`): what its words speak of, or "staff"; None: it takes its turn."""
    responder_id: int | None = link("account.id", nullable=True)
    barred_id: int | None = link("account.id", nullable=True)
    """Who answered the cycle before and therefore may not take this one."""
    answered_at: datetime | None = instant(nullable=True)
    answered_on: date | None = None
    answered_by: int | None = link("account.id", nullable=True)
    outcome: str | None = Field(default=None, max_length=12)
    minutes: int | None = None
    """Working minutes from start to first answer, less the promise's pauses."""
    second_look_until: date | None = None
    ended_at: datetime | None = instant(nullable=True)
    """Set when nothing is asked of the city any more: answered, withdrawn, merged or void."""
    next_due_at: datetime = instant()
    """The nearest running due instant, for the order of the queue; derived from the clocks (NOTHING_DUE: none)."""


class Answer(Row, table=True):
    """What the city answers: its outcome and the reason for it."""

    __tablename__ = "answer"
    FACTS = ("item_id", "cycle_id", "author_id", "state", "outcome", "planned_on", "made_at", "published_at")
    WORDS = ("text", "forwarded_to")
    LOOSE = ("id",)

    id: int | None = key()
    item_id: int = link("item.id", index=True)
    cycle_id: int = link("cycle.id")
    author_id: int | None = link("account.id", nullable=True)
    state: str = Field(max_length=12)
    """draft, submitted or published"""
    outcome: str = Field(max_length=12)
    text: str = words()
    forwarded_to: str = words()
    planned_on: date | None = None
    made_at: datetime = instant()
    published_at: datetime | None = instant(nullable=True)


class Draft(Row, table=True):
    """What a member of staff wrote for an item and could not send. Nobody else sees it; it leaves no note."""

    __tablename__ = "draft"
    __table_args__ = (sa.UniqueConstraint("account_id", "item_id", "deed"),)
    LOOSE = ("id", "account_id", "item_id", "deed", "text", "choices", "at")

    id: int | None = key()
    account_id: int = link("account.id")
    item_id: int = link("item.id", index=True)
    deed: str = Field(max_length=12)
    """answer, question, or the path of a sheet of the desk: hand-over, void, reopen, deadline …"""
    text: str = words()
    choices: str = words()
    """What was chosen beside the text, field → value, as JSON."""
    at: datetime = instant(index=True)


class Entry(Row, table=True):
    """One line of an item's timeline after its receipt: what a person may read of what happened."""

    __tablename__ = "entry"
    FACTS = ("item_id", "cycle_id", "act", "side", "at", "account_id", "department", "answer_id")
    WORDS = ("text",)
    LOOSE = ("id",)

    id: int | None = key()
    item_id: int = link("item.id", index=True)
    cycle_id: int = link("cycle.id")
    act: str = Field(max_length=20)
    side: str = Field(max_length=10)
    """citizen, city, event (all public) or internal (staff only)"""
    at: datetime = instant()
    account_id: int | None = link("account.id", nullable=True)
    department: str | None = Field(default=None, max_length=40)
    answer_id: int | None = link("answer.id", nullable=True)
    text: str = words()


class Attachment(Row, table=True):
    """A photo or a document of the citizen, made inert; the file itself lies in the folder of files.

    `name` is random: the name that the sender's device gave it is never kept.
    """

    __tablename__ = "attachment"
    __table_args__ = (sa.UniqueConstraint("item_id", "kind", "number"),)
    FACTS = ("item_id", "entry_id", "kind", "number", "media_type", "size", "width", "height", "made_at")
    WORDS = ("sha256", "small_sha256")
    LOOSE = ("id", "name")

    id: int | None = key()
    item_id: int = link("item.id")
    entry_id: int | None = link("entry.id", nullable=True)
    """The words that it came with; None: the item's first ones."""
    kind: str = Field(max_length=10)
    """photo or document"""
    number: int
    """Of its kind within the item, from 1: "photo 1"."""
    media_type: str = Field(max_length=20)
    size: int
    """Bytes."""
    width: int = 0
    height: int = 0
    made_at: datetime = instant()
    name: str = Field(max_length=32, unique=True)
    sha256: str = Field(max_length=64)
    small_sha256: str = Field(default="", max_length=64)
    """Of a photo's small form, which lies beside it."""


class Link(Row, table=True):
    """A token that was mailed, stored hashed: confirms an address, opens an item, or opens a survey."""

    __tablename__ = "link"
    LOOSE = ("token_hash", "purpose", "item_id", "target_id", "made_at", "ends_at")

    token_hash: str = Field(primary_key=True, max_length=64)
    purpose: str = Field(max_length=8)
    """confirm, open or survey"""
    item_id: int = Field(sa_type=BigKey, foreign_key="item.id", index=True)
    target_id: int = Field(sa_type=BigKey)
    """The contact (confirm, open) or the invitation (survey)."""
    made_at: datetime = instant()
    ends_at: datetime = instant()


class ExternalRef(Row, table=True):
    """The number of an item in another system: its registry number, or where it was imported from."""

    __tablename__ = "external_ref"
    __table_args__ = (sa.UniqueConstraint("system", "number"),)
    FACTS = ("item_id", "system", "number", "at")
    LOOSE = ("id",)

    id: int | None = key()
    item_id: int = link("item.id", index=True)
    system: str = Field(max_length=60)
    number: str = Field(max_length=80)
    at: datetime = instant()


class Grant(Row, table=True):
    """Somebody is named for a restricted item: one account, or whoever heads a department."""

    __tablename__ = "item_grant"
    FACTS = ("item_id", "account_id", "department", "given_by", "given_at", "ended_by", "ended_at")
    LOOSE = ("id",)

    id: int | None = key()
    item_id: int = link("item.id", index=True)
    account_id: int | None = link("account.id", nullable=True)
    department: str | None = Field(default=None, max_length=40)
    """Either this or the account: the heads of this department, whoever they are at the time."""
    given_by: int | None = link("account.id", nullable=True)
    """None: by a rule of the city's profile, when the item came in."""
    given_at: datetime = instant()
    ended_by: int | None = link("account.id", nullable=True)
    ended_at: datetime | None = instant(nullable=True)


class Reading(Row, table=True):
    """Somebody has read a restricted item: written before the page is shown, once an hour for each reader."""

    __tablename__ = "reading"
    __table_args__ = (sa.Index("ix_reading_item", "item_id", "account_id", "at"),)
    FACTS = ("item_id", "account_id", "at")
    LOOSE = ("id",)

    id: int | None = key()
    item_id: int = link("item.id")
    account_id: int = link("account.id")
    at: datetime = instant()

"""The shape of a city's profile: what a municipality decides, as frozen Structs.

One Struct for each file of the city's folder, and `City` that joins them. A Struct says what a file may hold;
whether the parts fit each other is the business of `check.py`. Nothing here knows a particular city.
"""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

Words = dict[str, str]
"""Language code → text. Complete when it holds every language of the city (`check.py` says so)."""

Key = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
CityCode = Annotated[str, Meta(pattern=r"^[A-Z]{2,4}$")]
Colour = Annotated[str, Meta(pattern=r"^#[0-9a-f]{6}$")]
TimeOfDay = Annotated[str, Meta(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
Mark = Annotated[str, Meta(max_length=20_000)]

Kind = Literal["request", "complaint", "idea", "criticism", "praise", "question"]
KINDS: tuple[Kind, ...] = ("request", "complaint", "idea", "criticism", "praise", "question")

Nature = Literal[
    "service_request",
    "statutory_request",
    "document_request",
    "complaint_service",
    "complaint_act",
    "idea",
    "opinion",
    "praise",
    "question",
    "integrity_report",
    "accessibility_request",
    "data_subject_request",
    "open_data_request",
]
NATURES: tuple[Nature, ...] = (
    "service_request",
    "statutory_request",
    "document_request",
    "complaint_service",
    "complaint_act",
    "idea",
    "opinion",
    "praise",
    "question",
    "integrity_report",
    "accessibility_request",
    "data_subject_request",
    "open_data_request",
)

Restricted = Literal["named_official", "health", "minors", "integrity"]
RESTRICTED: tuple[Restricted, ...] = ("named_official", "health", "minors", "integrity")
"""Why an item may be shown to those named for it only."""

Channel = Literal["web", "mail", "phone", "counter", "open311", "api", "import"]

Measure = Literal[
    "received",
    "answered",
    "second_looks",
    "in_time_law",
    "in_time_promise",
    "time_to_answer",
    "satisfied_outcome",
    "satisfied_handling",
]
MEASURES: tuple[Measure, ...] = (
    "received",
    "answered",
    "second_looks",
    "in_time_law",
    "in_time_promise",
    "time_to_answer",
    "satisfied_outcome",
    "satisfied_handling",
)


class _Part(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What all parts share: frozen, and an unknown key is refused."""


# ── city.toml ────────────────────────────────────────────────────────────────────────────────────────────────


class Colours(_Part, frozen=True, kw_only=True):
    """The four colours that a city sets; the limits of contrast are checked by `check.py`."""

    brand: Colour
    brand_deep: Colour
    mist: Colour
    mist_2: Colour


class ContactPoint(_Part, frozen=True, kw_only=True):
    """Where people call, write and come."""

    address: Words
    phone: str
    email: str
    hours: Words
    emergency: str = "112"


class Oversight(_Part, frozen=True, kw_only=True):
    """Whom to turn to when one disagrees with the city (ombudsman, commission, mediator)."""

    name: Words
    how: Words
    url: str = ""


class Identity(_Part, frozen=True, kw_only=True):
    """`city.toml`: who the city is."""

    key: Key
    code: CityCode
    jurisdiction: Literal["GR", "LT", "EU"]
    zone: str
    languages: Annotated[tuple[str, ...], Meta(min_length=1)]
    """In the order of the language switch; the first is the default."""
    name: Words
    short_name: Words
    channel: Words
    """What the city calls this channel, e.g. "Feedback channel"."""
    colours: Colours
    contact: ContactPoint
    oversight: tuple[Oversight, ...]
    sample: Words = {}
    """Shown to administrators where the profile is a sample that the city must confirm; empty when confirmed."""
    second_look_days: Annotated[int, Meta(ge=1, le=365)] = 30
    """Calendar days after an answer in which the citizen may ask for a second look."""


# ── departments.toml, services.toml, routing.toml ────────────────────────────────────────────────────────────


class Department(_Part, frozen=True, kw_only=True):
    """A unit that answers. The order in the file is the order of the municipality's chart."""

    key: Key
    name: Words
    phone: str
    email: str


class Service(_Part, frozen=True, kw_only=True):
    """One thing that the municipality does for people, or says plainly that it does not."""

    key: Key
    name: Words
    about: Words
    """What belongs here, in one line."""
    keywords: dict[str, tuple[str, ...]]
    """Language → words and stems by which people name it; matched after folding and stemming."""
    department: Key | None = None
    promise_days: Annotated[int, Meta(ge=1, le=250)] | None = None
    """The city's own target for the answer, in working days."""
    not_offered: Words = {}
    """Filled instead of department and promise where the city does not offer it: where to turn instead."""

    @property
    def is_offered(self) -> bool:
        return not self.not_offered


class When(_Part, frozen=True, kw_only=True):
    """What a routing rule looks at: equality and one-of only; an empty list means "any"."""

    service: tuple[Key, ...] = ()
    kind: tuple[Kind, ...] = ()
    nature: tuple[Nature, ...] = ()
    channel: tuple[Channel, ...] = ()
    language: tuple[str, ...] = ()


class RoutingRule(_Part, frozen=True, kw_only=True):
    """An ordered rule of the city: the first that matches decides."""

    key: Key
    when: When
    department: Key
    reason: Words


class Restriction(_Part, frozen=True, kw_only=True):
    """Which items are restricted as they come in, why, and whose heads are named for them; the first that matches."""

    key: Key
    when: When
    reason: Restricted
    department: Key


class Routing(_Part, frozen=True, kw_only=True):
    """`routing.toml`. Without a matching rule an item goes to the department of its service."""

    rule: tuple[RoutingRule, ...] = ()
    restriction: tuple[Restriction, ...] = ()
    keyword_least: Annotated[int, Meta(ge=1)] = 1
    """How many different keywords of the winning service a text without a chosen service must hold."""
    keyword_lead: Annotated[int, Meta(ge=1)] = 1
    """By how many keywords it must lead the next service."""


# ── deadlines.toml, calendar.toml ────────────────────────────────────────────────────────────────────────────


class NatureDefault(_Part, frozen=True, kw_only=True):
    """Which legal nature an item has at first: the first row that fits its kind and service."""

    kind: Kind
    nature: Nature
    service: tuple[Key, ...] = ()


class LawRule(_Part, frozen=True, kw_only=True):
    """One dated row of law: how long an answer may take for some natures."""

    key: Key
    version: Annotated[int, Meta(ge=1)]
    nature: Annotated[tuple[Nature, ...], Meta(min_length=1)]
    jurisdiction: Literal["GR", "LT", "EU"] | None = None
    """Whose law it is; none: the city's own."""
    start: Literal["received", "complete"] = "received"
    """What the time is counted from: the receipt, or the day on which the complete file was with whom it is for."""
    days: Annotated[int, Meta(ge=1, le=366)]
    """How many of `unit`; day 0 is not counted."""
    unit: Literal["calendar", "working", "months"]
    roll: bool
    """A due day on which the city is closed moves to its next working day."""
    pauses: bool
    """Whether the clock stands while the city waits for the citizen."""
    forward_days: Annotated[int, Meta(ge=1)] | None = None
    """By when a case of another authority is passed on, from the receipt."""
    forward_unit: Literal["calendar", "working"] = "calendar"
    tell_days: Annotated[int, Meta(ge=1)] | None = None
    """By when the person is told of it, from the passing on."""
    tell_unit: Literal["calendar", "working"] = "calendar"
    several_days: Annotated[int, Meta(ge=0, le=366)] = 0
    """So many more where several departments or authorities decide together."""
    extend_days: Annotated[int, Meta(ge=1, le=366)] | None = None
    """By how many the time may be extended at most, in all; none: it may not."""
    extend_notice_days: Annotated[int, Meta(ge=1)] | None = None
    """Working days after the decision to extend within which the person is told of it."""
    delay_notice_days: Annotated[int, Meta(ge=1)] | None = None
    """How many calendar days before the end a delay is announced at the latest."""
    valid_from: date
    valid_to: date | None = None
    """The last day on which an item can be received under this row; none while in force."""
    name: Words
    citation: Words
    remedy: Words = {}
    """What the law lets a person do when the day has passed (Greek receipts must say it)."""
    verify: bool = False
    """Marked where the row still wants a lawyer's eye; staff see the mark."""


class Deadlines(_Part, frozen=True, kw_only=True):
    """`deadlines.toml`."""

    default_nature: Annotated[tuple[NatureDefault, ...], Meta(min_length=1)]
    law: tuple[LawRule, ...] = ()


class ClosedDay(_Part, frozen=True, kw_only=True):
    """A day on which the municipality is closed beyond the public holidays: one date, or the same day each year."""

    name: Words
    on: date | None = None
    every: Annotated[str, Meta(pattern=r"^([01][0-9]-[0-3][0-9])?$")] = ""
    """Month and day, `11-11`; empty for a single date."""


class MovedDay(_Part, frozen=True, kw_only=True):
    """A working day that was moved by decree: closed on the one, worked on the other with the hours of the first."""

    name: Words
    closed: date
    worked: date


class Hours(_Part, frozen=True, kw_only=True):
    """From and to, local time of the city."""

    start: TimeOfDay
    end: TimeOfDay


class OfficeHours(_Part, frozen=True, kw_only=True):
    """Office hours by weekday; a day without hours is not a working day."""

    monday: tuple[Hours, ...] = ()
    tuesday: tuple[Hours, ...] = ()
    wednesday: tuple[Hours, ...] = ()
    thursday: tuple[Hours, ...] = ()
    friday: tuple[Hours, ...] = ()
    saturday: tuple[Hours, ...] = ()
    sunday: tuple[Hours, ...] = ()

    @property
    def by_weekday(self) -> tuple[tuple[Hours, ...], ...]:
        """Seven entries, Monday first, as `date.weekday()` counts."""
        return (
            self.monday,
            self.tuesday,
            self.wednesday,
            self.thursday,
            self.friday,
            self.saturday,
            self.sunday,
        )


class Calendar(_Part, frozen=True, kw_only=True):
    """`calendar.toml`: which days and hours count."""

    holidays: Literal["GR", "LT"] | None = None
    """Public holidays of the country, from the `holidays` package; without it only `closed` counts."""
    working: tuple[date, ...] = ()
    """Single public holidays on which this city works all the same."""
    half_days: Literal["worked", "closed"] = "worked"
    """What the half holidays of the country are (Greece: 24 and 31 December)."""
    half_day_end: TimeOfDay = "24:00"
    """When the offices close on a half holiday that is worked, for the promise; the law counts whole days."""
    closed: tuple[ClosedDay, ...] = ()
    moved: tuple[MovedDay, ...] = ()
    office_hours: OfficeHours


# ── survey.toml, quality.toml, publication.toml, policy/<lang>.md ────────────────────────────────────────────


class Survey(_Part, frozen=True, kw_only=True):
    """`survey.toml`: the questions about one item."""

    delay_working_days: Annotated[int, Meta(ge=0, le=60)]
    outcome: Words
    outcome_hint: Words
    handling: Words
    handling_hint: Words


class Target(_Part, frozen=True, kw_only=True):
    """What the city wants to reach for a measure: at least so many per thousand, or at most so many minutes."""

    measure: Measure
    permille: Annotated[int, Meta(ge=0, le=1000)] | None = None
    minutes: Annotated[int, Meta(ge=0)] | None = None


class Commitment(_Part, frozen=True, kw_only=True):
    """One numbered commitment of the quality policy; its text stands in `policy/<lang>.md` under `## <id>`."""

    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9.]{1,8}$")]
    printed: str
    """The number as printed in the original, or ours where the original has none."""
    measures: tuple[Measure, ...] = ()
    """The figures that show something of it; none is said on the page."""
    note: Words = {}
    """What a reader must know of the original (a number used twice, a slip of the pen)."""
    gave_purpose: bool = False
    """The commitment that gave this channel its purpose: quoted on the home page."""


class Quality(_Part, frozen=True, kw_only=True):
    """`quality.toml`."""

    policy_title: Words
    policy_source: Words
    """Where the policy comes from: who signed it, which text is authentic, that the others are translations."""
    commitment: Annotated[tuple[Commitment, ...], Meta(min_length=1)]
    target: tuple[Target, ...] = ()


class Publication(_Part, frozen=True, kw_only=True):
    """`publication.toml`: what the public page hides (see `quality/disclose.py`)."""

    hidden_below: Annotated[int, Meta(ge=5)] = 5
    count_only_below: Annotated[int, Meta(ge=5)] = 10
    few_below: Annotated[int, Meta(ge=10)] = 30
    close_on_day: Annotated[int, Meta(ge=2, le=28)] = 10
    """Day of the next month on which a job closes the record if nobody did."""


class PolicyText(_Part, frozen=True, kw_only=True):
    """The policy in one language: an opening and the text of each commitment by its id."""

    opening: str
    texts: dict[str, str]


# ── the whole ────────────────────────────────────────────────────────────────────────────────────────────────


class City(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, dict=True):
    """A whole profile. Immutable: a change is a new version (`versions.py`), and items keep theirs."""

    identity: Identity
    department: tuple[Department, ...]
    service: tuple[Service, ...]
    routing: Routing
    deadlines: Deadlines
    calendar: Calendar
    survey: Survey
    quality: Quality
    publication: Publication
    policy: dict[str, PolicyText]
    mark: Mark = ""
    """`mark.svg`: a square SVG drawn in currentColor; empty: the first letter of the name on brand."""

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.identity.zone)

    @cached_property
    def departments(self) -> dict[str, Department]:
        return {department.key: department for department in self.department}

    @cached_property
    def services(self) -> dict[str, Service]:
        return {service.key: service for service in self.service}

    @property
    def default_language(self) -> str:
        return self.identity.languages[0]

    def find_law(self, key: str, version: int) -> LawRule | None:
        """The row of law that an item's clock names, or None where the profile no longer has it."""
        return next((row for row in self.deadlines.law if (row.key, row.version) == (key, version)), None)

    def find_target(self, measure: Measure) -> Target | None:
        return next((target for target in self.quality.target if target.measure == measure), None)


def encode(city: City) -> bytes:
    """The profile as canonical JSON: the same profile gives the same bytes."""
    return msgspec.json.encode(city, order="deterministic")


def decode(document: bytes) -> City:
    """The profile from its stored JSON; raises `msgspec.ValidationError` where it does not fit."""
    return msgspec.json.decode(document, type=City)

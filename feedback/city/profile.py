"""The shape of a city's profile: what a municipality decides, as frozen Structs.

One Struct for each file of the city's folder, and `City` that joins them; those that rule its clocks stand in
`time_rules.py`. A Struct says what a file may hold; whether the parts fit each other is the business of `check.py`.
Nothing here knows a particular city.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from feedback.city.part import (
    Channel,
    CityCode,
    Colour,
    Key,
    Kind,
    Mark,
    Measure,
    Nature,
    Part,
    Restricted,
    Words,
)
from feedback.city.time_rules import Calendar, Deadlines, LawRule

# ── city.toml ────────────────────────────────────────────────────────────────────────────────────────────────


class Colours(Part, frozen=True, kw_only=True):
    """The four colours that a city sets; the limits of contrast are checked by `check.py`."""

    brand: Colour
    brand_deep: Colour
    mist: Colour
    mist_2: Colour


class ContactPoint(Part, frozen=True, kw_only=True):
    """Where people call, write and come."""

    address: Words
    phone: str
    email: str
    hours: Words
    emergency: str = "112"


class Oversight(Part, frozen=True, kw_only=True):
    """Whom to turn to when one disagrees with the city (ombudsman, commission, mediator)."""

    name: Words
    how: Words
    url: str = ""


class Identity(Part, frozen=True, kw_only=True):
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


class Department(Part, frozen=True, kw_only=True):
    """A unit that answers. The order in the file is the order of the municipality's chart."""

    key: Key
    name: Words
    phone: str
    email: str


class Service(Part, frozen=True, kw_only=True):
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


class When(Part, frozen=True, kw_only=True):
    """What a routing rule looks at: equality and one-of only; an empty list means "any"."""

    service: tuple[Key, ...] = ()
    kind: tuple[Kind, ...] = ()
    nature: tuple[Nature, ...] = ()
    channel: tuple[Channel, ...] = ()
    language: tuple[str, ...] = ()


class RoutingRule(Part, frozen=True, kw_only=True):
    """An ordered rule of the city: the first that matches decides."""

    key: Key
    when: When
    department: Key
    reason: Words


class Restriction(Part, frozen=True, kw_only=True):
    """Which items are restricted as they come in, why, and whose heads are named for them; the first that matches."""

    key: Key
    when: When
    reason: Restricted
    department: Key


class Routing(Part, frozen=True, kw_only=True):
    """`routing.toml`. Without a matching rule an item goes to the department of its service."""

    rule: tuple[RoutingRule, ...] = ()
    restriction: tuple[Restriction, ...] = ()
    keyword_least: Annotated[int, Meta(ge=1)] = 1
    """How many different keywords of the winning service a text without a chosen service must hold."""
    keyword_lead: Annotated[int, Meta(ge=1)] = 1
    """By how many keywords it must lead the next service."""


# ── survey.toml, quality.toml, publication.toml, policy/<lang>.md ────────────────────────────────────────────


class Survey(Part, frozen=True, kw_only=True):
    """`survey.toml`: the questions about one item."""

    delay_working_days: Annotated[int, Meta(ge=0, le=60)]
    outcome: Words
    outcome_hint: Words
    handling: Words
    handling_hint: Words


class Target(Part, frozen=True, kw_only=True):
    """What the city wants to reach for a measure: at least so many per thousand, or at most so many minutes."""

    measure: Measure
    permille: Annotated[int, Meta(ge=0, le=1000)] | None = None
    minutes: Annotated[int, Meta(ge=0)] | None = None


class Commitment(Part, frozen=True, kw_only=True):
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


class Quality(Part, frozen=True, kw_only=True):
    """`quality.toml`."""

    policy_title: Words
    policy_source: Words
    """Where the policy comes from: who signed it, which text is authentic, that the others are translations."""
    commitment: Annotated[tuple[Commitment, ...], Meta(min_length=1)]
    target: tuple[Target, ...] = ()


class Publication(Part, frozen=True, kw_only=True):
    """`publication.toml`: what the public page hides (see `quality/disclose.py`)."""

    hidden_below: Annotated[int, Meta(ge=5)] = 5
    count_only_below: Annotated[int, Meta(ge=5)] = 10
    few_below: Annotated[int, Meta(ge=10)] = 30
    close_on_day: Annotated[int, Meta(ge=2, le=28)] = 10
    """Day of the next month on which a job closes the record if nobody did."""


class PolicyText(Part, frozen=True, kw_only=True):
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

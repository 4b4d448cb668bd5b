"""What a fault of a city's profile is, the parts that are judged, and the two checks that all files share.

`check.py` holds what is checked; this module only the words it is said in: a file, a place, a code, facts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TypeVar

import msgspec
from msgspec import Struct

from feedback.city.part import Words
from feedback.city.profile import (
    City,
    Colours,
    Commitment,
    Department,
    Identity,
    PolicyText,
    Publication,
    Quality,
    Restriction,
    RoutingRule,
    Service,
    Survey,
    Target,
)
from feedback.city.time_rules import Calendar, ClosedDay, LawRule, NatureDefault


class CityFault(Struct, frozen=True):
    """One fault: the file, the place in it, a stable code, and what the sentence needs.

    Places count from 1, as people do: `service[12] noise → department`.
    """

    file: str
    place: str
    code: str
    facts: dict[str, object] = {}


class Parts(Struct, kw_only=True):
    """As much of a profile as could be read. None: it could not, so whatever depends on it is not judged."""

    identity: Identity | None = None
    languages: tuple[str, ...] | None = None
    zone: str | None = None
    colours: Colours | None = None
    departments: Sequence[Department | None] | None = None
    department_keys: Sequence[str] | None = None
    """As written, those of departments with other faults included."""
    services: Sequence[Service | None] | None = None
    service_keys: Sequence[str] | None = None
    rules: Sequence[RoutingRule | None] | None = None
    restrictions: Sequence[Restriction | None] | None = None
    default_natures: Sequence[NatureDefault | None] | None = None
    laws: Sequence[LawRule | None] | None = None
    calendar: Calendar | None = None
    closed: Sequence[ClosedDay | None] | None = None
    survey: Survey | None = None
    quality: Quality | None = None
    commitments: Sequence[Commitment | None] | None = None
    commitment_ids: Sequence[str] | None = None
    targets: Sequence[Target | None] | None = None
    publication: Publication | None = None
    policy: dict[str, PolicyText | None] = {}
    mark: str | None = None


def parts_of(city: City) -> Parts:
    """A whole profile as parts: nothing is missing."""
    return Parts(
        identity=city.identity,
        languages=city.identity.languages,
        zone=city.identity.zone,
        colours=city.identity.colours,
        departments=city.department,
        department_keys=[department.key for department in city.department],
        services=city.service,
        service_keys=[service.key for service in city.service],
        rules=city.routing.rule,
        restrictions=city.routing.restriction,
        default_natures=city.deadlines.default_nature,
        laws=city.deadlines.law,
        calendar=city.calendar,
        closed=city.calendar.closed,
        survey=city.survey,
        quality=city.quality,
        commitments=city.quality.commitment,
        commitment_ids=[commitment.id for commitment in city.quality.commitment],
        targets=city.quality.target,
        publication=city.publication,
        policy=dict(city.policy),
        mark=city.mark,
    )


def spot(table: str, position: int, name: str = "") -> str:
    """The place of one entry of a list: `service[12] noise`; `position` counts from 0, the place from 1."""
    return f"{table}[{position + 1}]" + (f" {name}" if name else "")


Entry = TypeVar("Entry")


def entries_of(entries: Sequence[Entry | None] | None) -> Iterator[tuple[int, Entry]]:
    """Position and entry of those that could be read."""
    return ((position, entry) for position, entry in enumerate(entries or ()) if entry is not None)


def check_keys(
    file: str, table: str, keys: Sequence[str] | None, *, empty_is_fault: bool = True
) -> Iterator[CityFault]:
    if keys is None:
        return
    if not keys and empty_is_fault:
        yield CityFault(file, table, "no_entries")
    for key in repeated(keys):
        yield CityFault(file, table, "duplicate", {"key": key})


def repeated(keys: Sequence[str]) -> list[str]:
    return [key for key, count in Counter(keys).items() if count > 1]


def check_words(
    file: str, place: str, part: Struct, languages: tuple[str, ...] | None
) -> Iterator[CityFault]:
    """Every wording of a part, however deep: complete in all languages, or left out where it may be."""
    for field in msgspec.structs.fields(part):
        value = getattr(part, field.encode_name)
        inside = f"{place} → {field.name}" if place else field.name
        if field.type == Words:
            if value or field.required:
                yield from check_complete(file, inside, value, languages)
        elif isinstance(value, Struct):
            yield from check_words(file, inside, value, languages)
        elif isinstance(value, tuple):
            for position, entry in enumerate(value):
                if isinstance(entry, Struct):
                    yield from check_words(file, spot(inside, position), entry, languages)


def check_complete(
    file: str, place: str, words: Words, languages: tuple[str, ...] | None
) -> Iterator[CityFault]:
    for language in languages or ():
        if language not in words:
            yield CityFault(file, place, "missing_wording", {"language": language})
    for language, text in words.items():
        if not text.strip():
            yield CityFault(file, f"{place} → {language}", "empty")


def check_department(file: str, place: str, key: str, parts: Parts) -> Iterator[CityFault]:
    if parts.department_keys is not None and key not in parts.department_keys:
        yield CityFault(
            file,
            f"{place} → department",
            "unknown_department",
            {"key": key, "known": tuple(parts.department_keys)},
        )


def check_services(file: str, place: str, keys: Sequence[str], parts: Parts) -> Iterator[CityFault]:
    for key in keys:
        if parts.service_keys is not None and key not in parts.service_keys:
            facts: dict[str, object] = {"key": key, "known": tuple(parts.service_keys)}
            yield CityFault(file, f"{place} → service", "unknown_service", facts)

"""Whether the rules of a city fit its profile: `routing.toml`, `deadlines.toml` and `calendar.toml`.

Pure, and called by `check.py` like its own checks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import combinations

from feedback.city.faults import (
    CityFault,
    Parts,
    check_department,
    check_keys,
    check_services,
    check_words,
    entries_of,
    repeated,
    spot,
)
from feedback.city.part import KINDS, NATURES
from feedback.city.profile import Restriction, RoutingRule, When
from feedback.city.reach import find_unreachable

CHANNELS = ("web", "mail", "phone", "counter", "open311", "api", "import")
DETECTED_LANGUAGES = ("el", "lt", "en", "other")
"""What routing calls the language of a text: one of these, any further one being "other"; a rule may name them and
the city's own."""


def check_routing(parts: Parts) -> Iterator[CityFault]:
    file = "routing.toml"
    rules = list(entries_of(parts.rules))
    languages = tuple(dict.fromkeys((*(parts.languages or ()), *DETECTED_LANGUAGES)))
    yield from check_keys(file, "rule", [rule.key for _, rule in rules], empty_is_fault=False)
    for position, rule in rules:
        place = spot("rule", position, rule.key)
        yield from check_words(file, place, rule, parts.languages)
        yield from check_department(file, place, rule.department, parts)
        yield from _when(file, place, rule.when, parts, languages)
    yield from _unreached(file, "rule", rules, parts, languages)


def check_restrictions(parts: Parts) -> Iterator[CityFault]:
    """Restrictions are rules like those of routing; where a case can be a report of misconduct, one must take it."""
    file = "routing.toml"
    rules = list(entries_of(parts.restrictions))
    languages = tuple(dict.fromkeys((*(parts.languages or ()), *DETECTED_LANGUAGES)))
    yield from check_keys(file, "restriction", [rule.key for _, rule in rules], empty_is_fault=False)
    for position, rule in rules:
        place = spot("restriction", position, rule.key)
        yield from check_department(file, place, rule.department, parts)
        yield from _when(file, place, rule.when, parts, languages)
    yield from _unreached(file, "restriction", rules, parts, languages)
    is_whole = parts.restrictions is not None and None not in parts.restrictions
    has_reports = any(row.nature == "integrity_report" for _, row in entries_of(parts.default_natures))
    if has_reports and is_whole and not any(_takes_every_report(rule.when) for _, rule in rules):
        yield CityFault(file, "restriction", "reports_unrestricted")


def _takes_every_report(when: When) -> bool:
    """Whether each report of misconduct meets this rule, whatever else it is."""
    narrowed = when.service or when.kind or when.channel or when.language
    return not narrowed and (not when.nature or "integrity_report" in when.nature)


def _when(file: str, place: str, when: When, parts: Parts, languages: Sequence[str]) -> Iterator[CityFault]:
    yield from check_services(file, f"{place} → when", when.service, parts)
    for language in when.language:
        if language not in languages:
            facts: dict[str, object] = {"key": language, "known": languages}
            yield CityFault(file, f"{place} → when → language", "unknown_language", facts)


def _unreached(
    file: str,
    name: str,
    rules: Sequence[tuple[int, RoutingRule]] | Sequence[tuple[int, Restriction]],
    parts: Parts,
    languages: Sequence[str],
) -> Iterator[CityFault]:
    services = ("", *(parts.service_keys or ()), *(key for _, rule in rules for key in rule.when.service))
    boxes = [
        (
            frozenset(rule.when.service or services),
            frozenset(rule.when.kind or KINDS),
            frozenset(rule.when.nature or NATURES),
            frozenset(rule.when.channel or CHANNELS),
            frozenset(rule.when.language or languages),
        )
        for _, rule in rules
    ]
    for place_in_rules, earlier in find_unreachable(boxes).items():
        position, rule = rules[place_in_rules]
        facts: dict[str, object] = {"by": tuple(rules[other][1].key for other in earlier)}
        yield CityFault(file, spot(name, position, rule.key), "unreachable", facts)


def check_natures(parts: Parts) -> Iterator[CityFault]:
    file = "deadlines.toml"
    rows = list(entries_of(parts.default_natures))
    for position, row in rows:
        yield from check_services(file, spot("default_nature", position, row.kind), row.service, parts)
    is_whole = parts.default_natures is not None and len(rows) == len(parts.default_natures)
    if is_whole:
        for kind in KINDS:
            if not any(row.kind == kind and not row.service for _, row in rows):
                yield CityFault(file, "default_nature", "kind_without_nature", {"kind": kind})
    services = ("", *(parts.service_keys or ()), *(key for _, row in rows for key in row.service))
    boxes = [(frozenset((row.kind,)), frozenset(row.service or services)) for _, row in rows]
    for place_in_rows, earlier in find_unreachable(boxes).items():
        position, row = rows[place_in_rows]
        by = tuple(spot("default_nature", rows[other][0]) for other in earlier)
        yield CityFault(file, spot("default_nature", position, row.kind), "unreachable", {"by": by})


def check_laws(parts: Parts) -> Iterator[CityFault]:
    file = "deadlines.toml"
    rows = list(entries_of(parts.laws))
    for key in repeated([f"{row.key} version {row.version}" for _, row in rows]):
        yield CityFault(file, "law", "duplicate", {"key": key})
    for position, row in rows:
        place = spot("law", position, row.key)
        yield from check_words(file, place, row, parts.languages)
        if row.valid_to is not None and row.valid_to < row.valid_from:
            facts: dict[str, object] = {"start": row.valid_from.isoformat(), "end": row.valid_to.isoformat()}
            yield CityFault(file, f"{place} → valid_to", "inverted", facts)
        if row.unit == "months" and row.pauses:
            yield CityFault(file, f"{place} → pauses", "months_pause")
        for field, other in (("tell_days", "forward_days"), ("extend_notice_days", "extend_days")):
            if getattr(row, field) is not None and getattr(row, other) is None:
                yield CityFault(file, f"{place} → {field}", "needs_other", {"other": other})
    for (_, earlier), (position, row) in combinations(rows, 2):
        first_day = max(earlier.valid_from, row.valid_from)
        last_day = min(earlier.valid_to or date.max, row.valid_to or date.max)
        if first_day > last_day:
            continue
        for nature in sorted(set(earlier.nature) & set(row.nature)):
            other = f"{earlier.key} version {earlier.version}"
            facts = {"nature": nature, "other": other, "day": first_day.isoformat()}
            yield CityFault(file, spot("law", position, row.key), "law_overlap", facts)


def check_calendar(parts: Parts) -> Iterator[CityFault]:
    file = "calendar.toml"
    for position, closed in entries_of(parts.closed):
        place = spot("closed", position)
        yield from check_words(file, place, closed, parts.languages)
        if (closed.on is None) == (not closed.every):
            yield CityFault(file, place, "on_or_every")
        if closed.every and not _is_day_of_year(closed.every):
            yield CityFault(file, f"{place} → every", "not_a_day", {"value": closed.every})
    if parts.calendar is None:
        return
    for position, moved in enumerate(parts.calendar.moved):
        place = spot("moved", position)
        yield from check_words(file, place, moved, parts.languages)
        hours = parts.calendar.office_hours.by_weekday
        if not hours[moved.closed.weekday()] or hours[moved.worked.weekday()]:
            yield CityFault(file, place, "not_moved")
    week = parts.calendar.office_hours
    if not any(week.by_weekday):
        yield CityFault(file, "office_hours", "no_office_hours")
    for weekday, spans in zip(week.__struct_fields__, week.by_weekday, strict=True):
        place = f"office_hours → {weekday}"
        for span in spans:
            if span.end > "24:00" or span.start >= span.end:
                yield CityFault(file, place, "inverted", {"start": span.start, "end": span.end})
        for one, other in combinations(sorted(spans, key=lambda span: span.start), 2):
            if other.start < one.end:
                both = (f"{one.start}–{one.end}", f"{other.start}–{other.end}")
                yield CityFault(file, place, "hours_overlap", {"hours": both})
        if list(spans) != sorted(spans, key=lambda span: span.start):
            yield CityFault(file, place, "hours_unsorted")


def _is_day_of_year(every: str) -> bool:
    month, day = every.split("-")
    try:
        date(2024, int(month), int(day))
    except ValueError:
        return False
    return True

"""Whether the parts of a city's profile fit each other: every fault at once, as codes with facts.

Pure: `check` reads a `City` and nothing else. A single part that does not even have its shape (unknown key, wrong
type) is found by `load.py`, which then asks `check_parts` about all that could be read, so that one run shows
everything. The sentences are made in `portal/commands/city_faults.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import combinations
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from feedback.city.appearance import check_colours, check_mark
from feedback.city.faults import (
    CityFault,
    Parts,
    check_complete,
    check_keys,
    check_words,
    entries_of,
    parts_of,
    repeated,
    spot,
)
from feedback.city.profile import (
    KINDS,
    NATURES,
    City,
    Restriction,
    RoutingRule,
    When,
)
from feedback.city.reach import find_unreachable

LEAST_KEYWORDS = 3
"""Fewer words a language and service find nothing."""

SHARES = frozenset({"in_time_law", "in_time_promise", "satisfied_outcome", "satisfied_handling"})
DURATIONS = frozenset({"time_to_answer"})
CHANNELS = ("web", "mail", "phone", "counter", "open311", "api", "import")
DETECTED_LANGUAGES = ("el", "lt", "en", "other")
"""What routing calls the language of a text: one of these, any further one being "other"; a rule may name them and
the city's own."""


def check(city: City) -> list[CityFault]:
    """Every fault of a whole profile, in the order of its files; empty where there is none."""
    return check_parts(parts_of(city))


def check_parts(parts: Parts) -> list[CityFault]:
    """The same for a profile of which only parts could be read."""
    return [
        *_check_identity(parts),
        *_check_departments(parts),
        *_check_services(parts),
        *_check_routing(parts),
        *_check_restrictions(parts),
        *_check_natures(parts),
        *_check_laws(parts),
        *_check_calendar(parts),
        *_check_survey(parts),
        *_check_quality(parts),
        *_check_publication(parts),
        *_check_policy(parts),
        *_check_mark(parts),
    ]


# ── city.toml ────────────────────────────────────────────────────────────────────────────────────────────────


def _check_identity(parts: Parts) -> Iterator[CityFault]:
    file = "city.toml"
    for language in repeated(parts.languages or ()):
        yield CityFault(file, "languages", "duplicate", {"key": language})
    if parts.zone is not None and not _is_zone(parts.zone):
        yield CityFault(file, "zone", "unknown_zone", {"zone": parts.zone})
    if parts.colours is not None:
        for place, code, facts in check_colours(parts.colours):
            yield CityFault(file, f"colours → {place}", code, facts)
    if parts.identity is None:
        return
    yield from check_words(file, "", parts.identity, parts.languages)
    yield from _mail(file, "contact → email", parts.identity.contact.email)
    if not parts.identity.contact.phone.strip():
        yield CityFault(file, "contact → phone", "empty")
    for position, body in enumerate(parts.identity.oversight, 1):
        # It becomes a link: nothing but an address of the web may stand there.
        if body.url and not re.fullmatch(r"https?://[^\s<>\"']+", body.url):
            yield CityFault(file, f"oversight[{position}] → url", "not_a_web_address", {"value": body.url})


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _mail(file: str, place: str, address: str) -> Iterator[CityFault]:
    if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+", address):
        yield CityFault(file, place, "not_a_mail_address", {"value": address})


# ── departments.toml, services.toml ──────────────────────────────────────────────────────────────────────────


def _check_departments(parts: Parts) -> Iterator[CityFault]:
    file = "departments.toml"
    yield from check_keys(file, "department", parts.department_keys)
    for position, department in entries_of(parts.departments):
        place = spot("department", position, department.key)
        yield from check_words(file, place, department, parts.languages)
        yield from _mail(file, f"{place} → email", department.email)
        if not department.phone.strip():
            yield CityFault(file, f"{place} → phone", "empty")


def _check_services(parts: Parts) -> Iterator[CityFault]:
    file = "services.toml"
    yield from check_keys(file, "service", parts.service_keys)
    for position, service in entries_of(parts.services):
        place = spot("service", position, service.key)
        yield from check_words(file, place, service, parts.languages)
        if service.is_offered:
            if service.department is None:
                yield CityFault(file, place, "service_without_department")
            if service.promise_days is None:
                yield CityFault(file, place, "service_without_promise")
        elif service.department is not None or service.promise_days is not None:
            yield CityFault(file, place, "offered_and_not_offered")
        if service.department is not None:
            yield from _department(file, place, service.department, parts)
        for language in parts.languages or ():
            words = {word.strip().lower() for word in service.keywords.get(language, ()) if word.strip()}
            if len(words) < LEAST_KEYWORDS:
                facts: dict[str, object] = {
                    "language": language,
                    "found": len(words),
                    "least": LEAST_KEYWORDS,
                }
                yield CityFault(file, f"{place} → keywords → {language}", "few_keywords", facts)


def _department(file: str, place: str, key: str, parts: Parts) -> Iterator[CityFault]:
    if parts.department_keys is not None and key not in parts.department_keys:
        yield CityFault(
            file,
            f"{place} → department",
            "unknown_department",
            {"key": key, "known": tuple(parts.department_keys)},
        )


def _services(file: str, place: str, keys: Sequence[str], parts: Parts) -> Iterator[CityFault]:
    for key in keys:
        if parts.service_keys is not None and key not in parts.service_keys:
            facts: dict[str, object] = {"key": key, "known": tuple(parts.service_keys)}
            yield CityFault(file, f"{place} → service", "unknown_service", facts)


# ── routing.toml, deadlines.toml ─────────────────────────────────────────────────────────────────────────────


def _check_routing(parts: Parts) -> Iterator[CityFault]:
    file = "routing.toml"
    rules = list(entries_of(parts.rules))
    languages = tuple(dict.fromkeys((*(parts.languages or ()), *DETECTED_LANGUAGES)))
    yield from check_keys(file, "rule", [rule.key for _, rule in rules], empty_is_fault=False)
    for position, rule in rules:
        place = spot("rule", position, rule.key)
        yield from check_words(file, place, rule, parts.languages)
        yield from _department(file, place, rule.department, parts)
        yield from _when(file, place, rule.when, parts, languages)
    yield from _unreached(file, "rule", rules, parts, languages)


def _check_restrictions(parts: Parts) -> Iterator[CityFault]:
    """Restrictions are rules like those of routing; where a case can be a report of misconduct, one must take it."""
    file = "routing.toml"
    rules = list(entries_of(parts.restrictions))
    languages = tuple(dict.fromkeys((*(parts.languages or ()), *DETECTED_LANGUAGES)))
    yield from check_keys(file, "restriction", [rule.key for _, rule in rules], empty_is_fault=False)
    for position, rule in rules:
        place = spot("restriction", position, rule.key)
        yield from _department(file, place, rule.department, parts)
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
    yield from _services(file, f"{place} → when", when.service, parts)
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


def _check_natures(parts: Parts) -> Iterator[CityFault]:
    file = "deadlines.toml"
    rows = list(entries_of(parts.default_natures))
    for position, row in rows:
        yield from _services(file, spot("default_nature", position, row.kind), row.service, parts)
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


def _check_laws(parts: Parts) -> Iterator[CityFault]:
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


# ── calendar.toml, survey.toml, quality.toml, publication.toml ───────────────────────────────────────────────


def _check_calendar(parts: Parts) -> Iterator[CityFault]:
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


def _check_survey(parts: Parts) -> Iterator[CityFault]:
    if parts.survey is not None:
        yield from check_words("survey.toml", "", parts.survey, parts.languages)


def _check_quality(parts: Parts) -> Iterator[CityFault]:
    file = "quality.toml"
    if parts.quality is not None:
        for name in ("policy_title", "policy_source"):
            yield from check_complete(file, name, getattr(parts.quality, name), parts.languages)
    yield from check_keys(file, "commitment", parts.commitment_ids)
    for position, commitment in entries_of(parts.commitments):
        place = spot("commitment", position, commitment.id)
        yield from check_words(file, place, commitment, parts.languages)
        for measure in repeated(commitment.measures):
            yield CityFault(file, f"{place} → measures", "duplicate", {"key": measure})
    if parts.commitments is not None and None not in parts.commitments:
        purposes = [
            commitment.id for _, commitment in entries_of(parts.commitments) if commitment.gave_purpose
        ]
        if len(purposes) != 1:
            yield CityFault(file, "commitment → gave_purpose", "one_purpose", {"found": tuple(purposes)})
    targets = list(entries_of(parts.targets))
    yield from check_keys(file, "target", [target.measure for _, target in targets], empty_is_fault=False)
    for position, target in targets:
        wanted = "permille" if target.measure in SHARES else "minutes" if target.measure in DURATIONS else ""
        given = [name for name in ("permille", "minutes") if getattr(target, name) is not None]
        if given != [wanted]:
            facts: dict[str, object] = {"measure": target.measure, "wanted": wanted, "found": tuple(given)}
            yield CityFault(file, spot("target", position, target.measure), "target_unit", facts)


def _check_publication(parts: Parts) -> Iterator[CityFault]:
    rules = parts.publication
    if rules is not None and not rules.hidden_below <= rules.count_only_below <= rules.few_below:
        facts: dict[str, object] = {"found": (rules.hidden_below, rules.count_only_below, rules.few_below)}
        yield CityFault("publication.toml", "hidden_below", "limits_not_rising", facts)


# ── policy/<lang>.md, mark.svg ───────────────────────────────────────────────────────────────────────────────


def _check_policy(parts: Parts) -> Iterator[CityFault]:
    # A policy may begin with its first commitment; but then it does so in every language.
    has_opening = any(policy is not None and policy.opening.strip() for policy in parts.policy.values())
    for language, policy in parts.policy.items():
        file = f"policy/{language}.md"
        if parts.languages is not None and language not in parts.languages:
            yield CityFault(file, "", "unknown_language", {"key": language, "known": parts.languages})
        if policy is None:
            continue
        if has_opening and not policy.opening.strip():
            yield CityFault(file, "opening", "empty")
        for commitment, text in policy.texts.items():
            if not text.strip():
                yield CityFault(file, f"## {commitment}", "empty")
            if parts.commitment_ids is not None and commitment not in parts.commitment_ids:
                facts: dict[str, object] = {"id": commitment, "known": tuple(parts.commitment_ids)}
                yield CityFault(file, f"## {commitment}", "text_without_commitment", facts)
        for commitment in dict.fromkeys(parts.commitment_ids or ()):
            if commitment not in policy.texts:
                yield CityFault(file, "", "commitment_without_text", {"id": commitment})
        for place, text in (
            ("opening", policy.opening),
            *((f"## {key}", text) for key, text in policy.texts.items()),
        ):
            if any(line.startswith("#") for line in text.split("\n")):
                yield CityFault(file, place, "policy_markup")
    for language in parts.languages or ():
        if language not in parts.policy:
            yield CityFault(f"policy/{language}.md", "", "missing_file")


def _check_mark(parts: Parts) -> Iterator[CityFault]:
    for place, code, facts in check_mark(parts.mark or ""):
        yield CityFault("mark.svg", place, code, facts)

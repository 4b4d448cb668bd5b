"""Whether the parts of a city's profile fit each other: every fault at once, as codes with facts.

Pure: `check` reads a `City` and nothing else. A single part that does not even have its shape (unknown key, wrong
type) is found by `load.py`, which then asks `check_parts` about all that could be read, so that one run shows
everything. The sentences are made in `portal/commands/city_faults.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from feedback.city.appearance import check_colours, check_mark
from feedback.city.check_rules import (
    check_calendar,
    check_laws,
    check_natures,
    check_restrictions,
    check_routing,
)
from feedback.city.faults import (
    CityFault,
    Parts,
    check_complete,
    check_department,
    check_keys,
    check_words,
    entries_of,
    parts_of,
    repeated,
    spot,
)
from feedback.city.profile import City

LEAST_KEYWORDS = 3
"""Fewer words a language and service find nothing."""

SHARES = frozenset({"in_time_law", "in_time_promise", "satisfied_outcome", "satisfied_handling"})
DURATIONS = frozenset({"time_to_answer"})


def check(city: City) -> list[CityFault]:
    """Every fault of a whole profile, in the order of its files; empty where there is none."""
    return check_parts(parts_of(city))


def check_parts(parts: Parts) -> list[CityFault]:
    """The same for a profile of which only parts could be read."""
    return [
        *_check_identity(parts),
        *_check_departments(parts),
        *_check_services(parts),
        *check_routing(parts),
        *check_restrictions(parts),
        *check_natures(parts),
        *check_laws(parts),
        *check_calendar(parts),
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
            yield from check_department(file, place, service.department, parts)
        for language in parts.languages or ():
            words = {word.strip().lower() for word in service.keywords.get(language, ()) if word.strip()}
            if len(words) < LEAST_KEYWORDS:
                facts: dict[str, object] = {
                    "language": language,
                    "found": len(words),
                    "least": LEAST_KEYWORDS,
                }
                yield CityFault(file, f"{place} → keywords → {language}", "few_keywords", facts)


# ── survey.toml, quality.toml, publication.toml ───────────────────────────────────────────────────────────────


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

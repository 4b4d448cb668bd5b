"""To which department an item goes: the city's ordered rules, the chosen service, the keywords of services.

Rules only, and the reason with every answer. A prediction (`predict.py`) is asked by the deed where this
leaves an item to triage. Whether a rule can ever be reached is `city/check.py`'s affair.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import product
from typing import NamedTuple

from msgspec import Struct

from feedback.city.part import Nature
from feedback.city.profile import City, Restriction, RoutingRule, Service, When
from feedback.text.language import as_ours
from feedback.text.stems import word_keys

NEAR_WORDS = 3
"""The words of a keyword of several words stand at most so many words from its first one."""


class Routed(Struct, frozen=True):
    """Where an item goes, and why."""

    department: str | None
    """None is triage."""
    service: str | None
    """The chosen service, or the one that the keywords found."""
    rule: str
    """What decided: "rule:<key>", "service", "keywords", "not_offered" or "triage"."""
    words: tuple[str, ...] = ()
    """The keywords that found the service, as the profile writes them."""


def route(
    city: City,
    *,
    kind: str,
    nature: str,
    service: str | None,
    channel: str,
    language: str,
    text: str,
) -> Routed:
    """The department for an item, by the first of these that has an answer.

    1. The city's rules in their order.
    2. The chosen service: its department; triage where the city does not offer it ("not_offered").
    3. Without a chosen service: the one whose keywords clearly win in the text's language
       (`Routing.keyword_least` and `keyword_lead`), then the rules once more with that service, then its
       department. Keywords of all languages count where the text's is none that they are in.
    4. Triage.

    `service` is a key of the city's, or None; another raises KeyError.
    """
    chosen = city.services[service] if service is not None else None
    item = _Item(kind, nature, channel, language)
    if rule := _find_rule(city, item, service):
        return Routed(rule.department, service, f"rule:{rule.key}")
    if chosen:
        return _by_service(chosen, "service", ())
    winner, words = _find_winner(city, language, text)
    if winner is None:
        return Routed(None, None, "triage")
    if rule := _find_rule(city, item, winner.key):
        return Routed(rule.department, winner.key, f"rule:{rule.key}", words)
    return _by_service(winner, "keywords", words)


def default_nature(city: City, kind: str, service: str | None) -> Nature:
    """Which law an item falls under at first: the first row of the profile that fits its kind and service.

    Raises LookupError where no row does, which `check.py` reports as a fault of the profile.
    """
    for row in city.deadlines.default_nature:
        if row.kind == kind and (not row.service or service in row.service):
            return row.nature
    raise LookupError(f"no default nature for {kind}")


def restriction(
    city: City, *, kind: str, nature: str, service: str | None, channel: str, language: str
) -> Restriction | None:
    """The first rule of the profile by which such an item is restricted as it comes in; None: it is not."""
    item = _Item(kind, nature, channel, language)
    return next((rule for rule in city.routing.restriction if _fits(rule.when, item, service)), None)


def keeper_of(city: City, reason: str) -> str:
    """The department whose heads the profile names for items restricted for this reason; empty where none is."""
    rules = city.routing.restriction
    return next((rule.department for rule in rules if rule.reason == reason), "")


def keepers_of(city: City) -> list[str]:
    """The departments that the profile names for restricted items, in the order of its rules."""
    return list(dict.fromkeys(rule.department for rule in city.routing.restriction))


class _Item(NamedTuple):
    kind: str
    nature: str
    channel: str
    language: str


def _find_rule(city: City, item: _Item, service: str | None) -> RoutingRule | None:
    return next((rule for rule in city.routing.rule if _fits(rule.when, item, service)), None)


def _fits(when: When, item: _Item, service: str | None) -> bool:
    """Whether each list is empty or holds the item's value."""
    return (
        (not when.service or service in when.service)
        and (not when.kind or item.kind in when.kind)
        and (not when.nature or item.nature in when.nature)
        and (not when.channel or item.channel in when.channel)
        and (not when.language or item.language in when.language or as_ours(item.language) in when.language)
    )


def _by_service(service: Service, rule: str, words: tuple[str, ...]) -> Routed:
    if not service.is_offered:
        return Routed(None, service.key, "not_offered", words)
    if service.department is None:
        return Routed(None, service.key, "triage", words)
    return Routed(service.department, service.key, rule, words)


# ── keywords ────────────────────────────────────────────────────────────────────────────────────────────────


class _Keyword(NamedTuple):
    """One keyword of one service as the profile writes it; `rest`: the keys of its words after the first."""

    service: str
    written: str
    rest: tuple[tuple[str, ...], ...]


_Index = dict[str, dict[str, list[_Keyword]]]
"""Language → key of a keyword's first word → the keywords that begin with it."""


def _find_winner(city: City, language: str, text: str) -> tuple[Service | None, tuple[str, ...]]:
    """The service that holds enough different keywords and leads clearly, with those keywords."""
    index = _index_of(city)
    # A word that two languages share must not count twice: each service has its best language's keywords.
    found: dict[str, tuple[str, ...]] = {}
    for spoken in (language,) if language in index else index:
        for service, words in _find_keywords(index[spoken], word_keys(text, spoken)).items():
            found[service] = max(found.get(service, ()), words, key=len)
    ranked = sorted(found, key=lambda service: len(found[service]), reverse=True)
    if not ranked:
        return None, ()
    winner = found[ranked[0]]
    next_best = len(found[ranked[1]]) if len(ranked) > 1 else 0
    if len(winner) < city.routing.keyword_least or len(winner) - next_best < city.routing.keyword_lead:
        return None, ()
    return city.services[ranked[0]], winner


def _find_keywords(
    keywords: dict[str, list[_Keyword]], text: list[tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Service → its different keywords in the text, in their order there.

    A word that is part of a found keyword of several words ("traffic light") counts for that one only, not
    for keywords of that word alone ("light").
    """
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, keys in enumerate(text):
        for key in keys:
            places[key].append(place)
    single: list[tuple[int, _Keyword]] = []
    several: list[tuple[int, _Keyword]] = []
    taken: set[int] = set()
    for key in places:
        for keyword in keywords.get(key, ()):
            if not keyword.rest:
                single.extend((place, keyword) for place in places[key])
                continue
            for first in places[key]:
                if phrase := _find_phrase(first, keyword.rest, text):
                    taken |= phrase
                    several.append((first, keyword))
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for _, keyword in sorted(several + [hit for hit in single if hit[0] not in taken]):
        found[keyword.service][keyword.written] = None
    return {service: tuple(words) for service, words in found.items()}


def _find_phrase(first: int, rest: Iterable[tuple[str, ...]], text: list[tuple[str, ...]]) -> frozenset[int]:
    """The places of a keyword of several words whose first stands at `first`; empty where one is missing."""
    near = range(max(first - NEAR_WORDS, 0), min(first + NEAR_WORDS + 1, len(text)))
    nearest = sorted(near, key=lambda place: abs(place - first))
    phrase = {first}
    for keys in rest:
        meeting = (p for p in nearest if p not in phrase and not set(keys).isdisjoint(text[p]))
        if (place := next(meeting, None)) is None:
            return frozenset()
        phrase.add(place)
    return frozenset(phrase)


def _index_of(city: City) -> _Index:
    """The city's keywords by their keys: built once, and kept with the profile, which never changes."""
    kept: _Index | None = vars(city).get("_keyword_index")
    if kept is None:
        kept = vars(city)["_keyword_index"] = _build_index(city)
    return kept


def _build_index(city: City) -> _Index:
    index: _Index = {}
    for service in city.service:
        for language, keywords in service.keywords.items():
            by_key = index.setdefault(language, {})
            # Forms of one word ("lamp", "lamps") are one keyword: they count once, as the first of them.
            names: dict[tuple[str, ...], str] = {}
            for written in keywords:
                words = word_keys(written, language)
                if not words:
                    continue
                forms = list(product(*words))
                name = next((names[form] for form in forms if form in names), written)
                names.update((form, name) for form in forms if form not in names)
                for key in words[0]:
                    by_key.setdefault(key, []).append(_Keyword(service.key, name, tuple(words[1:])))
    return index

"""What citizens and departments write in the year of a demonstration: reading the texts, choosing and filling them.

The texts are in `demonstration/items_*.toml` and `answers_*.toml`, whose heads say what each key means. A text is
not taken again before half of its fellows have had their turn, so that the inbox does not repeat itself.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from random import Random
from typing import TypeVar

from msgspec import Struct

from portal.demonstrating.habits import Group, LanguageWords, Weights, read_toml

ASKING = ("request", "complaint", "question")
"""Kinds that may end with a plea; and those that an answer without `kinds` is for, save the question."""
_USUAL = ("request", "complaint", "criticism")

_PLACE = re.compile(r"\{([a-z]+)\}(\.?)")


class _Part(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What all parts share: frozen, and an unknown key is refused."""


class ItemText(_Part, frozen=True, kw_only=True):
    """What a citizen sends."""

    kind: str
    text: str
    at: str = ""
    months: tuple[int, ...] = ()
    whole: bool = False
    script: str = ""
    gender: str = ""

    @property
    def is_latin(self) -> bool:
        return self.script == "latin"


class FittingText(_Part, frozen=True, kw_only=True):
    """Words of a department that fit some services, groups or kinds only: an answer, or why it hands over."""

    text: str
    services: tuple[str, ...] = ()
    group: str = ""
    kinds: tuple[str, ...] = ()
    forwarded_to: str = ""
    late: bool = False
    why: str = ""


class Question(_Part, frozen=True, kw_only=True):
    """What a department asks, and by `topic` which replies belong to it."""

    topic: str
    text: str
    group: str = ""
    needs_street: bool = False


class Reply(_Part, frozen=True, kw_only=True):
    topic: str
    text: str


class VoidReason(_Part, frozen=True, kw_only=True):
    """Why an item is void, and what was sent then (empty: anything)."""

    text: str
    sent: str = ""


class Words(_Part, frozen=True, kw_only=True):
    text: str


class Verdict(_Part, frozen=True, kw_only=True):
    """What a citizen or a colleague says of an answer.

    `late`: true where it fits only one that came late, false where only one in time.
    """

    text: str
    mood: str = ""
    outcomes: tuple[str, ...] = ()
    group: str = ""
    late: bool | None = None


class _ItemsFile(_Part, frozen=True, kw_only=True):
    items: dict[str, tuple[ItemText, ...]]


class Answers(_Part, frozen=True, kw_only=True):
    """`answers_<language>.toml`: everything but what citizens send at first."""

    answers: dict[str, tuple[FittingText, ...]]
    questions: tuple[Question, ...]
    replies: tuple[Reply, ...]
    second_looks: tuple[Verdict, ...]
    handovers: tuple[FittingText, ...]
    void_reasons: tuple[VoidReason, ...]
    reopen_reasons: tuple[Verdict, ...]
    words_added: tuple[Words, ...]
    survey_words: tuple[Verdict, ...]


class Texts(Struct, frozen=True):
    """All texts, by language."""

    items: dict[str, dict[str, tuple[ItemText, ...]]]
    answers: dict[str, Answers]


def read_texts(folder: Path, languages: Sequence[str]) -> Texts:
    """The texts of these languages. Refuses (`OperatorError`) a file that is missing or does not fit."""
    return Texts(
        {language: read_toml(folder / f"items_{language}.toml", _ItemsFile).items for language in languages},
        {language: read_toml(folder / f"answers_{language}.toml", Answers) for language in languages},
    )


Drawn = TypeVar("Drawn", bound=Struct)


class Draw:
    """Draws texts by chance, and remembers which had their turn."""

    def __init__(self, texts: Texts, chance: Random) -> None:
        self._texts = texts
        self._chance = chance
        self._recent: dict[tuple[str, ...], deque[Struct]] = {}

    def item(self, language: str, service: str, month: int, kinds: Weights) -> ItemText:
        """What a citizen writes about a service in that month; `kinds` are factors on the chance of each kind."""
        known = self._texts.items[language][service]
        fitting = [text for text in known if not text.months or month in text.months]
        return self._next(("item", language, service), fitting, [kinds[text.kind] for text in fitting])

    def answer(
        self,
        language: str,
        outcome: str,
        *,
        kind: str,
        service: str,
        group: Group,
        has_street: bool,
        is_late: bool,
        own_share: float,
    ) -> FittingText:
        """What a department answers; with the chance `own_share` one written for this service, where there is one."""
        fitting = [
            text
            for text in self._texts.answers[language].answers[outcome]
            if kind in (text.kinds or _USUAL)
            and _fits(text, service, group)
            and (has_street or "{street}" not in text.text)
            and (is_late or not text.late)
        ]
        own = [text for text in fitting if text.services]
        others = [text for text in fitting if not text.services]
        chosen = own if own and (not others or self._chance.random() < own_share) else others
        return self._next(("answer", language, outcome, chosen[0].text), chosen)

    def question(self, language: str, group: Group, topics: Sequence[str], *, has_street: bool) -> Question:
        fitting = [
            question
            for question in self._texts.answers[language].questions
            if question.topic in topics
            and question.group in ("", group)
            and (has_street or not question.needs_street)
        ]
        return self._next(("question", language, group), fitting)

    def reply(self, language: str, topic: str) -> str:
        known = [reply for reply in self._texts.answers[language].replies if reply.topic == topic]
        return self._next(("reply", language, topic), known).text

    def handover(self, language: str, *, why: str, service: str, group: Group) -> str:
        """Why an item goes on; `why`: "triage", "chosen", "" (found by its words), "same" (department)."""
        known = self._texts.answers[language].handovers
        fitting = [text for text in known if _fits(text, service, group) and text.why in ("", why)]
        own = [text for text in fitting if text.why] or fitting
        return self._next(("handover", language, why, group), own).text

    def void_reason(self, language: str, *, is_spam: bool) -> tuple[str, str]:
        """Why an item is void, and what was sent (empty where it may be anything)."""
        known = self._texts.answers[language].void_reasons
        reason = self._next(
            ("void", language, str(is_spam)), [reason for reason in known if bool(reason.sent) == is_spam]
        )
        return reason.text, reason.sent

    def second_look(self, language: str, outcome: str) -> str:
        known = self._texts.answers[language].second_looks
        fitting = [words for words in known if outcome in (words.outcomes or (outcome,))]
        return self._next(("second_look", language), fitting).text

    def reopen_reason(self, language: str, outcome: str) -> str:
        known = self._texts.answers[language].reopen_reasons
        fitting = [words for words in known if outcome in (words.outcomes or (outcome,))]
        return self._next(("reopen", language), fitting).text

    def words_added(self, language: str) -> str:
        return self._next(("added", language), self._texts.answers[language].words_added).text

    def survey_words(
        self, language: str, *, is_happy: bool, outcome: str, group: Group, is_late: bool
    ) -> str:
        fitting = [
            words
            for words in self._texts.answers[language].survey_words
            if words.mood == ("happy" if is_happy else "unhappy")
            and outcome in (words.outcomes or (outcome,))
            and words.group in ("", group)
            and words.late in (None, is_late)
        ]
        return self._next(("survey", language, str(is_happy)), fitting).text

    def _next(self, turn: tuple[str, ...], known: Sequence[Drawn], weights: Sequence[float] = ()) -> Drawn:
        recent = self._recent.setdefault(turn, deque())
        while len(recent) > len(known) // 2:
            recent.popleft()
        free = [place for place, text in enumerate(known) if text not in recent]
        place = self._chance.choices(free, [weights[place] for place in free] if weights else None)[0]
        recent.append(known[place])
        return known[place]


def fill(text: str, **fills: str) -> str:
    """The text with its places filled. A full stop that a fill brings along is not doubled."""

    def put(place: re.Match[str]) -> str:
        found = fills[place[1]]
        return found if found.endswith(".") else found + place[2]

    return _PLACE.sub(put, text)


def with_frame(text: str, greeting: str, closing: str) -> str:
    """A letter: greeting and closing on lines of their own, where there are any."""
    return "\n".join(filter(None, (greeting, text, closing)))


def write_date(day: date, words: LanguageWords) -> str:
    """A day as a department writes it."""
    return words.date.format(
        weekday=words.weekdays[day.weekday()], day=day.day, month=words.months[day.month - 1]
    )


def pick(chance: Random, weights: Mapping[str, float]) -> str:
    """One of the keys, by weight."""
    return chance.choices(list(weights), list(weights.values()))[0]


def _fits(text: FittingText, service: str, group: Group) -> bool:
    if text.services:
        return service in text.services
    return text.group in ("", group)

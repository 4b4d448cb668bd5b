"""How well a model routes: measured on texts that it has not learned from, a language at a time."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from feedback.routing.learn import Example
from feedback.routing.predict import Guess, Model


class Quality(Struct, frozen=True):
    """The figures of one language; all but `texts` are shares from 0 to 1."""

    language: str
    texts: int
    top_1: float
    """The first guess was right."""
    top_3: float
    """The right service was among the three that a clerk is offered."""
    macro_f1: float
    """The mean over services of how well each is found, however few its texts are."""
    coverage: float
    """How many would have gone without a person."""
    right_above: float | None
    """How many of those were right; None where there were none."""


def measure(model: Model, examples: Sequence[Example]) -> Quality:
    """The figures of a model on these texts. Refuses (ValueError) an empty list."""
    if not examples:
        raise ValueError("nothing to measure on")
    guessed = [model.guess(example.text) for example in examples]
    wanted = [example.service for example in examples]
    first = [found[0].service for found in guessed]
    sure = [found[0].service == want for found, want in _pairs(guessed, wanted) if model.is_sure(found[0])]
    return Quality(
        language=model.about.language,
        texts=len(examples),
        top_1=_share([one == want for one, want in zip(first, wanted, strict=True)]),
        top_3=_share([want in [guess.service for guess in found] for found, want in _pairs(guessed, wanted)]),
        macro_f1=_macro_f1(first, wanted),
        coverage=len(sure) / len(examples),
        right_above=_share(sure) if sure else None,
    )


def _pairs(guessed: list[list[Guess]], wanted: list[str]) -> list[tuple[list[Guess], str]]:
    return list(zip(guessed, wanted, strict=True))


def _share(found: Sequence[bool]) -> float:
    return sum(found) / len(found)


def _macro_f1(first: Sequence[str], wanted: Sequence[str]) -> float:
    found = []
    for service in set(wanted):
        both = sum(one == want == service for one, want in zip(first, wanted, strict=True))
        found.append(2 * both / (first.count(service) + wanted.count(service)))
    return sum(found) / len(found)

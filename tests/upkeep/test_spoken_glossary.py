"""Each word of the glossary stands in the catalogues: what no page says is in-house, and listed as such."""

from __future__ import annotations

import re

import pytest

from feedback.text.fold import fold
from tests.upkeep.messages import forms
from tests.upkeep.test_glossary import catalogue, rows

IN_HOUSE = frozenset(
    {"`Counted`, `Rated`", "`Leaf`, `TreeHead`", "`Note`", "`Ruling`", "`Entry`", "bundle", "kind"}
)
"""What is spoken of in the house only: no page names it."""


@pytest.mark.parametrize("language", ["el", "lt"])
def test_every_word_of_the_glossary_is_said_somewhere(language: str) -> None:
    said = " ".join(text for message in catalogue(language) if message.id for text in forms(message.string))
    words = set(re.findall(r"\w+", fold(said)))
    named = [row for row in rows() if row["code"] not in IN_HOUSE]
    assert len(named) > 50
    assert [f"{row['code']}: {row[language]}" for row in named if not _is_said(row[language], words)] == []


def _is_said(cell: str, words: set[str]) -> bool:
    """Whether each word of a cell stands there in one of its forms; what is in brackets is a remark."""
    alternatives = re.split(r"[;,]", re.sub(r"\(.*?\)", "", cell))
    stems = [
        word[: max(4, len(word) - 3)]
        for alternative in alternatives
        for word in re.findall(r"[^\W\d]{3,}", fold(alternative))
    ]
    return all(any(word.startswith(stem) for word in words) for stem in stems)

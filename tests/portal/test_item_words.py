"""What items are called, and titles made from people's words."""

from __future__ import annotations

import pytest

from feedback.city.part import KINDS
from feedback.items.lifecycle import OUTCOMES, STATES
from portal import item_words
from portal.item_words import TITLE_MOST, title_of


def test_every_kind_state_and_outcome_has_a_word() -> None:
    for words in (
        [item_words.kind_word(kind) for kind in KINDS],
        [item_words.kind_about(kind) for kind in KINDS],
        [item_words.state_word(state) for state in STATES],
        [item_words.outcome_word(outcome) for outcome in OUTCOMES],
    ):
        assert len(set(words)) == len(words)
        assert all(words)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("The lamp is dark. It has been so for days.", "The lamp is dark"),
        ("Is the pool open? I could not find out.", "Is the pool open?"),
        ("  Two\n\nlines \t here  ", "Two lines here"),
        ("Savanorių pr. 187 nedega šviestuvai. Jau savaitė.", "Savanorių pr. 187 nedega šviestuvai"),
        ("Laisvės al. 5 duobė", "Laisvės al. 5 duobė"),
        ("Σβηστά φώτα στην οδό Μίνωος; Δέκα μέρες τώρα.", "Σβηστά φώτα στην οδό Μίνωος"),
        ("", "Street lighting"),
        (" \n ", "Street lighting"),
        ("x", "x"),
    ],
)
def test_a_title_is_the_first_sentence(text: str, title: str) -> None:
    assert title_of(text, otherwise="Street lighting") == title


def test_a_long_title_ends_after_a_whole_word() -> None:
    title = title_of("word " * 60, otherwise="")
    assert title.endswith("word …")
    assert len(title) <= TITLE_MOST + 2


def test_one_endless_word_is_cut() -> None:
    assert len(title_of("a" * 4000, otherwise="")) <= TITLE_MOST + 2

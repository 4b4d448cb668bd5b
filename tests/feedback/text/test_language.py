"""Language: short messages as people write them, in `tests/data/languages.tsv`."""

from __future__ import annotations

import re
import timeit
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.text.language import detect

SENTENCES = Path(__file__).parents[2] / "data" / "languages.tsv"


def sentences() -> list[tuple[str, str, str]]:
    """Expected language, language of the page, text."""
    lines = SENTENCES.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [(expected, prior, text) for expected, prior, text in rows]


@pytest.mark.parametrize(("expected", "prior", "text"), sentences())
def test_the_language_of_a_short_message_is_found(expected: str, prior: str, text: str) -> None:
    assert detect(text, prior) == expected


@pytest.mark.parametrize("prior", ["el", "lt", "en"])
@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("lt", "Nuotėkis rūsyje"),
        ("other", "Sperrmüll"),  # It may be German or Turkish, by its letter.
        ("en", "Flickering fluorescent lighting"),
        ("lt", "perpildytas griovys uzlietas"),
    ],
)
def test_letters_and_shapes_tell_where_no_common_word_does(expected: str, text: str, prior: str) -> None:
    assert detect(text, prior) == expected


@pytest.mark.parametrize("prior", ["el", "lt", "en"])
@pytest.mark.parametrize("text", ["", " ", "12:30", "…", "OK", "Volvo", "\x00\x07"])
def test_the_language_of_the_page_decides_where_nothing_tells(text: str, prior: str) -> None:
    assert detect(text, prior) == prior


def test_greek_without_its_script_is_greek_on_every_page() -> None:
    text = "kalimera, oi kadoi stin odo mas einai gemati edo kai meres"
    assert {detect(text, prior) for prior in ("el", "lt", "en")} == {"el"}


def test_decomposed_accents_tell_as_composed_ones_do() -> None:
    assert detect("S\u030ciuks\u030cle\u0307s, gatve\u0307", "en") == "lt"


def test_names_of_another_language_do_not_decide() -> None:
    assert detect("The crossing at Savanorių and Žemaičių needs a traffic light", "el") == "en"
    assert detect("Το κατάστημα Zara Home στην 25ης Αυγούστου κλείνει το πεζοδρόμιο", "en") == "el"


@settings(deadline=None)
@given(st.text(), st.sampled_from(["el", "lt", "en"]))
def test_any_text_has_an_answer(text: str, prior: str) -> None:
    assert re.fullmatch("[a-z]{2}|other", detect(text, prior))


def test_sixty_words_take_a_fraction_of_a_millisecond() -> None:
    """0.2 ms at rest; five times that here, since the machine may be busy."""
    text = " ".join(text for _, _, text in sentences())
    best = min(timeit.repeat(lambda: detect(text, "en"), number=20, repeat=10)) / 20
    assert best < 0.001

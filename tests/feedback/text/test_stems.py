"""Stems: the forms and spellings of a word meet."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.text.stems import keys, stems, word_keys


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("el", "Οι κάδοι, τον κάδο", ["οι", "καδ", "τον", "καδ"]),
        ("lt", "Duobė gatvėje", ["duob", "gatv"]),
        ("lt", "Šiukšlės", ["siuksl"]),
        ("en", "Broken LAMPS", ["broken", "lamp"]),
        ("other", "Kaputte Lämpchen", ["kaputte", "lampchen"]),
        ("el", "", []),
    ],
)
def test_each_word_gives_its_folded_stem_in_order(language: str, text: str, expected: list[str]) -> None:
    assert stems(text, language) == expected


@pytest.mark.parametrize(
    ("language", "word", "other"),
    [
        ("el", "σκουπίδια", "σκουπιδια"),
        ("el", "σκουπίδια", "ΣΚΟΥΠΙΔΙΑ"),
        ("el", "σκουπίδια", "σκουπιδιών"),
        ("el", "σκουπίδι", "σκουπίδια"),  # The stemmer cuts the plural of a neuter shorter.
        ("el", "σκουπιδι", "ΣΚΟΥΠΙΔΙΩΝ"),
        ("el", "παιδιού", "παιδιά"),
        ("el", "φρεάτιο", "φρεάτια"),
        ("el", "κάδος", "καδους"),
        ("el", "θόρυβος", "θορύβου"),
        ("el", "λακκούβα", "λακκούβες"),
        ("el", "ύδρευση", "υδρευσης"),
        ("lt", "šiukšlės", "siuksles"),
        ("lt", "šiukšlės", "šiukšlių"),
        ("lt", "šiukšlės", "ŠIUKŠLĖMIS"),
        ("lt", "gatvė", "gatveje"),
        ("lt", "gatvė", "gatvėje"),
        ("lt", "duobė", "duobes"),
        ("lt", "triukšmas", "triuksmo"),
        ("lt", "medis", "medziai"),  # d turns into dž.
        ("lt", "mokestis", "mokescio"),  # t turns into č.
        ("lt", "šaligatvis", "saligatvyje"),
        ("lt", "leidėja", "leideja"),  # Another stem without the diacritic: the folded word's stem meets.
        ("lt", "valdžią", "valdzia"),
        ("en", "lamp", "Lamps"),
        ("en", "parking", "parked"),
    ],
)
def test_forms_and_bare_spellings_of_a_word_meet(language: str, word: str, other: str) -> None:
    assert keys(word, language) & keys(other, language)


@pytest.mark.parametrize(
    ("language", "word", "other"),
    [
        ("el", "κάδος", "σκύλος"),
        ("el", "νερό", "δέντρο"),
        ("lt", "duobė", "gatvė"),
        ("lt", "medis", "kelias"),
        ("en", "lamp", "lamb"),
    ],
)
def test_different_words_do_not_meet(language: str, word: str, other: str) -> None:
    assert not keys(word, language) & keys(other, language)


def test_keys_of_words_keep_their_places() -> None:
    places = word_keys("Prie mūsų gatvės", "lt")
    assert len(places) == 3
    assert "gatv" in places[2]


@settings(deadline=None)
@given(st.text(), st.sampled_from(["el", "lt", "en", "other"]))
def test_the_stem_of_a_word_is_among_its_keys(text: str, language: str) -> None:
    assert [
        stem in found for stem, found in zip(stems(text, language), word_keys(text, language), strict=True)
    ] == [True] * len(stems(text, language))


def test_threads_do_not_disturb_one_another() -> None:
    words = ["gatvėje", "šiukšlėmis", "konteineriai", "apšvietimas"] * 500
    expected = stems(" ".join(words), "lt")
    with ThreadPoolExecutor(max_workers=8) as pool:
        results = list(pool.map(lambda _: stems(" ".join(words), "lt"), range(16)))
    assert all(result == expected for result in results)

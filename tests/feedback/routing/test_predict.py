"""Guessing a service from a text: what it is known by, how it is learned, how sure it is, and how it is kept."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
import tomllib
import unicodedata
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from feedback.routing import start
from feedback.routing.evaluate import measure
from feedback.routing.features import features, sound
from feedback.routing.learn import Example, learn, set_threshold
from feedback.routing.predict import NEVER, SHOWN, Model
from feedback.text import personal_data
from tests.running import ROOT

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
HIDDEN = ROOT / "tests" / "data" / "routing"


@cache
def first_model(language: str) -> Model:
    return start.first_model(language, made_at=AT)


def hidden(language: str) -> list[Example]:
    with (HIDDEN / f"hidden-{language}.csv").open(encoding="utf-8", newline="") as file:
        return [Example(row["text"], row["label"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("σκουπιδια", "skoupidia", "el"),
        ("λαμπα", "lampa", "el"),
        ("θαλασσα", "8alassa", "el"),
        ("παιδικη", "pediki", "el"),
        ("χαλασμενο", "xalasmeno", "el"),
        ("ημερα", "hmera", "el"),
        ("siuksles", "siuksles", "lt"),
    ],
)
def test_two_spellings_of_a_word_sound_alike(one: str, other: str, language: str) -> None:
    assert sound(one, language) == sound(other, language)


def test_a_text_without_words_is_known_by_nothing() -> None:
    for text in ("", "   ", "!!! …", "\x00"):
        places, blocks, counts = features(text, "el")
        assert len(places) == len(blocks) == len(counts) == 0


def test_what_is_learned_is_the_same_each_time_and_is_kept_whole() -> None:
    examples = [Example("the lamp is dark", "lighting"), Example("a hole in the road", "roads")] * 3
    one, other = (learn(examples, language="en", made_at=AT) for _ in range(2))
    assert one.encode() == other.encode()
    kept = Model.decode(one.encode())
    assert kept.about == one.about
    assert [guess.service for guess in kept.guess("The lamps are so dark!")] == ["lighting", "roads"]
    assert kept.guess("The lamps are so dark!")[0].words[0] in ("lamps", "dark")


def test_what_is_no_model_of_ours_is_refused() -> None:
    with pytest.raises(ValueError, match="pickled"):
        Model.decode(b"anything")


def test_one_service_alone_is_nothing_to_learn() -> None:
    with pytest.raises(ValueError, match="nothing to tell apart"):
        learn([Example("a lamp", "lighting")], language="en", made_at=AT)


def test_nothing_goes_without_a_person_before_confidence_was_measured() -> None:
    model = learn(start.examples("en", ("roads", "noise")), language="en", made_at=AT)
    assert model.about.threshold == NEVER
    assert not model.is_sure(model.guess("There is a pothole")[0])
    few = [Example("a pothole", "roads"), Example("loud music", "noise")]
    assert set_threshold(model, few).about.threshold == NEVER, "a short run of luck is none"
    wrong = [
        Example(example.text, "noise" if example.service == "roads" else "roads") for example in few * 40
    ]
    assert set_threshold(model, wrong).about.threshold == NEVER


@pytest.mark.parametrize("language", ["el", "lt"])
def test_the_beginning_routes_what_others_wrote(language: str) -> None:
    """On messages by another hand, half of which name no service: the least that is asked of the first year."""
    found = measure(first_model(language), hidden(language))
    assert found.texts == 300
    assert found.top_1 >= 0.72
    assert found.top_3 >= 0.90
    assert found.macro_f1 >= 0.70
    assert found.coverage >= 0.30
    assert found.right_above is not None
    assert found.right_above >= 0.95


def test_a_clerk_is_offered_three_and_the_words_that_spoke_for_the_first() -> None:
    guesses = first_model("lt").guess("Laiptinėje tamsu, o gatvėje nedega nė viena lempa")
    assert len(guesses) == SHOWN
    assert guesses[0].service == "street-lighting"
    assert {"lempa", "nedega"} & set(guesses[0].words)
    assert 0 < guesses[0].confidence < 1


def test_no_heavy_library_comes_along() -> None:
    asked = "import sys, portal.app, feedback.routing.predict; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert {"numpy", "portal.app"} <= set(loaded.stdout.split())
    assert not {"sklearn", "scipy", "nltk", "textblob"} & set(loaded.stdout.split())


@pytest.mark.parametrize("language", start.LANGUAGES)
def test_the_beginning_is_whole_and_names_nobody(language: str) -> None:
    files = sorted((start.FOLDER / language).glob("*.toml"))
    assert len(files) == 30
    for file in files:
        told = tomllib.loads(file.read_text(encoding="utf-8"))
        assert len(told["words"]) >= 220, file
        assert len(told["messages"]) >= 40, file
        for text in (*told["words"], *told["messages"]):
            assert [found.kind for found in personal_data.find(text)] == [], text
            for word in re.findall(r"\w+", text):
                assert len(scripts_of(word)) <= 1, (file, word)


def scripts_of(word: str) -> set[str]:
    return {unicodedata.name(letter, "?").split()[0] for letter in word if letter.isalpha()} & {
        "GREEK",
        "LATIN",
        "CYRILLIC",
    }


def test_no_text_of_the_beginning_is_among_those_it_is_judged_by() -> None:
    for language in start.LANGUAGES:
        learned = {example.text for example in start.examples(language)}
        judged = {example.text for example in start.for_judging(language)}
        kept_apart = {example.text for example in hidden(language)}
        assert not learned & judged
        assert not (learned | judged) & kept_apart


def test_the_folder_of_the_beginning_holds_nothing_else() -> None:
    assert {path.suffix for path in Path(start.FOLDER).rglob("*") if path.is_file()} == {".toml"}

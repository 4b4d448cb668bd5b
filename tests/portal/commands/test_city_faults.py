"""Every fault has a sentence of one line with file, place, what is wrong and the cure."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from feedback.city.faults import CityFault
from portal.commands.city_faults import _SENTENCES, sentence

ROOT = Path(__file__).parents[3]


def _codes_in_the_domain() -> set[str]:
    """Codes that `feedback/city` can say: the third argument of each fault, and what `appearance.py` finds."""
    codes: set[str] = set()
    for path in (ROOT / "feedback" / "city").glob("*.py"):
        source = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "CityFault":
                code = node.args[2]
                if isinstance(code, ast.Constant):
                    codes.add(str(code.value))
        if path.name == "appearance.py":
            codes |= set(re.findall(r'"(mark_[a-z0-9_]+|contrast|hue_near_error)"', source))
    return codes


def test_sentences_and_codes_are_the_same_set() -> None:
    assert _codes_in_the_domain() == set(_SENTENCES)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (
            CityFault(
                "services.toml",
                "service[12] noise → department",
                "unknown_department",
                {"key": "polise", "known": ("police", "works")},
            ),
            (
                'services.toml: service[12] noise → department: no department "polise" (did you mean "police"?); '
                "name one of departments.toml."
            ),
        ),
        (
            CityFault("city.toml", "", "unknown_key", {"key": "zzz", "nearest": "", "known": ("zone",)}),
            'city.toml: unknown key "zzz"; correct or remove it.',
        ),
        (
            CityFault("routing.toml", "rule[2] two", "unreachable", {"by": ("one", "three")}),
            (
                "routing.toml: rule[2] two: never reached, since one, three before it already catches everything; "
                "move it up or remove it."
            ),
        ),
        (
            CityFault(
                "survey.toml", "delay_working_days", "out_of_range", {"value": 99, "least": 0, "most": 60}
            ),
            "survey.toml: delay_working_days: 99 is outside the range from 0 up to 60; choose a number within.",
        ),
        (
            CityFault(
                "quality.toml",
                "target[1] received",
                "target_unit",
                {"measure": "received", "wanted": "", "found": ("permille",)},
            ),
            (
                "quality.toml: target[1] received: a target for received needs no target at all (it is a count), "
                "here permille; correct it."
            ),
        ),
        (
            CityFault("city.toml", "code", "wrong_form", {"value": "her", "form": "^[A-Z]{2,4}$"}),
            'city.toml: code: "her" does not have the form of 2 to 4 capital letters; write it so.',
        ),
        (
            CityFault("", "", "misfit", {"reason": "Expected {braces}"}),
            "the profile does not have its shape (Expected {braces}); correct it there.",
        ),
    ],
)
def test_a_sentence_is_one_line_with_place_and_cure(fault: CityFault, said: str) -> None:
    assert sentence(fault) == said

"""Folding: two spellings of one word become one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.text.fold import fold


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Σκουπίδια ΣΤΗΝ οδό", "σκουπιδια στην οδο"),
        ("κάδος ΚΑΔΟΣ κάδοσ", "καδοσ καδοσ καδοσ"),  # Final, capital and plain sigma are one letter.
        ("προϊόν, ταΐζω, ΰ", "προιον ταιζω υ"),
        ("Šiukšlės gatvėje", "siuksles gatveje"),
        ("ĄČĘĖĮŠŲŪŽ", "aceeisuuz"),
        ("S\u030ciuks\u030cle\u0307s", "siuksles"),  # Accents as marks of their own.
        ("don't  stop--now_1", "don t stop now 1"),
        ("\tone\u00a0two\r\nthree ", "one two three"),
        ("ﬁre ２４ ½", "fire 24 1 2"),
        ("Straße Żółć", "straße zołc"),
        ("", ""),
        ("€ … !", ""),
        ("한국", "한국"),  # Taken apart and put together again.
        ("Й हिन्दी", "и हिन्दी"),  # Signs that are part of a letter in other scripts stay.
    ],
)
def test_accents_case_and_signs_do_not_matter(text: str, folded: str) -> None:
    assert fold(text) == folded


@settings(deadline=None)
@given(st.text())
def test_folding_again_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@settings(deadline=None)
@given(st.text())
def test_folded_text_has_no_spaces_to_spare(text: str) -> None:
    assert fold(text) == " ".join(fold(text).split())

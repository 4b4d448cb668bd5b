"""While the window grows: no row is renewed that would show too little, nor one that gives a held one away."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from feedback.city.profile import Publication
from feedback.quality import renewal
from portal.database import Database
from portal.settings import Settings
from tests.feedback.quality import made
from tests.town import Town

RULES = Publication()


@pytest.fixture
def town(database: Database, settings: Settings) -> Town:
    return Town(database, settings)


def row(measure: str, key: str, n: int, numerator: int | None = None) -> dict[str, Any]:
    return {
        "measure": measure,
        "span": "year",
        "scope": "department",
        "scope_key": key,
        "n": n,
        "numerator": numerator,
    }


def renewed(
    town: Town, before: dict[str, made.Numbers], now: list[dict[str, Any]], rules: Publication = RULES
) -> set[str]:
    """The keys of the departments that a closing of October renews after one of September."""
    made.close(town, "2026-09", departments=before)
    with town.read() as session:
        found = renewal.renewed(session, now, window_from="2026-09", period="2026-10", rules=rules)
    return {str(figure["scope_key"]) for figure in found}


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        ({"a": (10, 5), "b": (40, 20), "c": (30, 9)}, {"a", "b", "c"}),
        ({"a": (0, 0), "b": (40, 20), "c": (30, 9)}, {"b", "c"}),
        # One alone would be what is missing from the city: the next smallest stays as well.
        ({"a": (9, 5), "b": (40, 20), "c": (30, 9)}, {"b"}),
        ({"a": (9, 5), "b": (9, 2), "c": (30, 9)}, {"c"}),
        ({"a": (4, 2), "b": (5, 2), "c": (30, 9)}, set()),
    ],
)
def test_a_row_is_renewed_where_what_was_added_could_stand_alone(
    town: Town, added: dict[str, tuple[int, int]], expected: set[str]
) -> None:
    before: dict[str, made.Numbers] = {key: {"in_time_promise": (50, 40)} for key in added}
    now = [row("in_time_promise", key, 50 + n, 40 + part) for key, (n, part) in added.items()]
    assert renewed(town, before, now) == expected


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        ({"a": (12, 12), "b": (15, 8), "c": (30, 9)}, {"c"}),
        ({"a": (12, 0), "b": (15, 8), "c": (30, 9)}, {"c"}),
        ({"a": (12, 11), "b": (15, 8), "c": (30, 9)}, {"a", "b", "c"}),
        ({"a": (20, 20), "b": (15, 8), "c": (30, 9)}, {"a", "b", "c"}),
    ],
)
def test_few_ratings_that_are_all_alike_renew_nothing(
    town: Town, added: dict[str, tuple[int, int]], expected: set[str]
) -> None:
    before: dict[str, made.Numbers] = {key: {"satisfied_outcome": (50, 40)} for key in added}
    now = [row("satisfied_outcome", key, 50 + n, 40 + part) for key, (n, part) in added.items()]
    assert renewed(town, before, now) == expected


def test_a_city_that_wants_more_cases_for_a_share_wants_them_here_too(town: Town) -> None:
    before: dict[str, made.Numbers] = {key: {"in_time_promise": (50, 40)} for key in "abc"}
    now = [row("in_time_promise", key, 50 + n, 45) for key, n in {"a": 12, "b": 14, "c": 30}.items()]
    assert renewed(town, before, now, structs.replace(RULES, count_only_below=15)) == {"c"}


def test_the_city_and_what_is_new_are_always_there(town: Town) -> None:
    before: dict[str, made.Numbers] = {key: {"received": (50,)} for key in "ab"}
    now = [
        row("received", "new", 3),
        row("received", "a", 51),
        row("received", "b", 52),
        {**row("received", "", 120), "scope": "city"},
        {**row("received", "", 20), "scope": "city", "span": "month"},
    ]
    assert renewed(town, before, now) == {"new", ""}

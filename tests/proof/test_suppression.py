"""An attacker who adds up: no number that was hidden for its size can be worked out from what is shown.

For small tables every way is tried to fill what is hidden: numbers of at least one, of which at least one is small
enough to be hidden, and which together make what is missing from the total. Where all ways agree on a hidden number,
it was given away. Then an attacker who knows the rule as well: of all tables of up to five rows he keeps those that
would be published exactly like this one, with the same total.

What is not guarded, and how much that is:
- One case in each of five rows: everything is hidden, but the total of five says it. It is the only such table.
- A group of ten to nineteen ratings of which only the number is shown tells him who knows the rule that its ratings
  were probably all alike; a smaller group beside it may follow from the total then. Of all tables of three rows with
  3 to 11 ratings a hidden share follows in 3 of 100 (deadlines: in none).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.city.part import Measure
from feedback.city.profile import Publication
from feedback.quality.suppression import Cell, protect
from tests.conftest import fewer

RULES = Publication()
MEASURES = st.sampled_from(["received", "in_time_promise", "satisfied_outcome"])
TABLES = st.lists(
    st.one_of(st.integers(0, 6), st.integers(5, 14), st.integers(20, 60)), min_size=2, max_size=4
)


def cell(measure: Measure, n: int, good: int | None) -> Cell:
    return Cell(
        measure=measure, level="shown", window_from="2026-10", window_to="2026-10", n=n, numerator=good
    )


def published(measure: Measure, counts: Sequence[int], goods: Sequence[int] | None = None) -> list[Cell]:
    given_goods = goods or [n // 2 for n in counts]
    return protect(
        [
            cell(measure, n, None if measure == "received" else good)
            for n, good in zip(counts, given_goods, strict=True)
        ],
        RULES,
    )


def parts(total: int, number: int) -> Iterator[tuple[int, ...]]:
    """All ways to share a total among so many, each at least one."""
    if number == 0:
        if total == 0:
            yield ()
        return
    for first in range(1, total - number + 2):
        for rest in parts(total - first, number - 1):
            yield (first, *rest)


@fewer(20)
@given(MEASURES, TABLES)
def test_no_hidden_count_follows_from_the_total(measure: Measure, counts: list[int]) -> None:
    shown = published(measure, counts)
    hidden = [place for place, found in enumerate(shown) if found.level == "hidden"]
    if not hidden or len(hidden) == sum(n > 0 for n in counts):
        return  # Nothing is hidden, or the total itself is no more than a sum of what is.
    missing = sum(counts[place] for place in hidden)
    if missing > 30:
        return  # So many possibilities that a count by hand takes too long.
    possible: dict[int, set[int]] = {place: set() for place in hidden}
    for values in parts(missing, len(hidden)):
        if min(values) < RULES.hidden_below:
            for place, value in zip(hidden, values, strict=True):
                possible[place].add(value)
    for place in hidden:
        if counts[place] < RULES.hidden_below:
            assert len(possible[place]) > 1, f"{counts}: {counts[place]} was given away"


@fewer(20)
@given(
    st.lists(st.integers(5, 9), min_size=1, max_size=3), st.integers(10, 12), st.integers(30, 60), st.data()
)
def test_no_withheld_share_follows_from_the_total(
    few: list[int], more: int, many: int, data: st.DataObject
) -> None:
    """Of groups whose number is shown and whose share is not, the sum of the good ones is known from the total."""
    counts = [*few, more, many]
    goods = [data.draw(st.integers(0, n)) for n in counts]
    measure: Measure = "in_time_promise"
    shown = published(measure, counts, goods)
    silent = [place for place, found in enumerate(shown) if found.numerator is None]
    if len(silent) == len(counts):
        return
    missing = sum(goods[place] for place in silent)
    ways = [
        values
        for values in product(*(range(counts[place] + 1) for place in silent))
        if sum(values) == missing
    ]
    assert len(silent) > 1
    for number, place in enumerate(silent):
        alone = {values[number] for values in ways}
        all_alike = missing in (0, sum(counts[place] for place in silent))
        assert len(alone) > 1 or all_alike, (
            f"{counts} {goods}: {goods[place]} of {counts[place]} was given away"
        )


@pytest.mark.parametrize("n", range(1, 5))
def test_a_lone_small_department_hides_another(n: int) -> None:
    assert [found.level for found in published("received", [n, 40, 50])] == ["hidden", "hidden", "shown"]


@pytest.mark.parametrize(("rows", "most"), [(2, 30), (3, 14), (4, 8), (5, 6)])
def test_no_hidden_count_follows_for_him_who_knows_the_rule(rows: int, most: int) -> None:
    alike: dict[object, list[tuple[int, ...]]] = defaultdict(list)
    for counts in product(range(most + 1), repeat=rows):
        if sum(counts) >= RULES.hidden_below:
            shown = tuple((found.level, found.n) for found in published("received", counts))
            alike[sum(counts), shown].append(counts)
    given_away = set()
    for (_, shown), tables in alike.items():  # type: ignore[misc]  # the keys are made above
        for place, (level, _n) in enumerate(shown):
            small = {counts[place] for counts in tables}
            if level == "hidden" and len(small) == 1 and small.pop() < RULES.hidden_below:
                given_away.add(tables[0])
    assert given_away <= {(1, 1, 1, 1, 1)}


@pytest.mark.parametrize("n", range(1, 5))
def test_equal_rows_are_hidden_together(n: int) -> None:
    """Were only the first of two equals hidden, its place would tell that the small row is the last."""
    assert [found.level for found in published("received", [7, 7, n, 40])] == [
        "hidden",
        "hidden",
        "hidden",
        "shown",
    ]


def test_a_withheld_share_of_a_deadline_does_not_follow_for_him_who_knows_the_rule() -> None:
    assert _followed("in_time_promise") == 0


def test_how_often_a_withheld_rating_follows_for_him_who_knows_the_rule() -> None:
    """The measure of what is not guarded: it may become less, never more."""
    assert _followed("satisfied_outcome") <= 0.06


def _followed(measure: Measure) -> float:
    """In how many of all tables of three small rows some withheld share is the same in all tables that look alike."""
    alike: dict[object, list[tuple[tuple[int, int], ...]]] = defaultdict(list)
    whole = [(n, good) for n in (0, 5, 6, 9, 10, 11) for good in range(n + 1)]
    for table in product(whole, repeat=3):
        counts, goods = zip(*table, strict=True)
        if sum(counts) < RULES.count_only_below:
            continue
        shown = tuple((f.level, f.n, f.numerator) for f in published(measure, counts, goods))
        if any(level == "count_only" for level, _, _ in shown):
            alike[sum(goods), shown].append(table)
    tables = followed = 0
    for (_, shown), same in alike.items():  # type: ignore[misc]  # the keys are made above
        silent = [place for place, (level, _, _) in enumerate(shown) if level == "count_only"]
        found = {place: {table[place][1] for table in same} for place in silent}
        known = [place for place in silent if len(found[place]) == 1]
        tables += len(same)
        for table in same:
            followed += any(0 < table[place][1] < table[place][0] for place in known)
    return followed / tables

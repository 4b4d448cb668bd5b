"""Small numbers: each level by its size, and nothing suppressed that the visible totals give away."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from feedback.city.part import Measure
from feedback.city.profile import Publication
from feedback.quality import measures
from feedback.quality.suppression import Cell, nest, newest_whole, protect, shelter, suppress
from tests.conftest import fewer

RULES = Publication()
COUNTS = st.one_of(st.integers(0, 12), st.integers(0, 80))
SHARE = st.integers(0, 100)


def cell(
    n: int,
    numerator: int | None = None,
    measure: Measure = "in_time_promise",
    window: tuple[str, str] = ("", ""),
) -> Cell:
    return Cell(
        measure=measure,
        level="shown",
        window_from=window[0] or "2026-10",
        window_to=window[1] or "2026-10",
        n=n,
        numerator=None if measure == "received" else numerator,
    )


def cells(counts: Sequence[int], shares: Sequence[int], measure: Measure) -> list[Cell]:
    return [cell(n, n * share // 100, measure) for n, share in zip(counts, shares, strict=False)]


tables = st.lists(st.tuples(COUNTS, SHARE), min_size=1, max_size=9).map(
    lambda rows: cells([n for n, _ in rows], [share for _, share in rows], "satisfied_outcome")
)


@pytest.mark.parametrize(
    ("n", "level", "shows"),
    [
        (0, "empty", (0, None)),
        (1, "hidden", (None, None)),
        (4, "hidden", (None, None)),
        (5, "count_only", (5, None)),
        (9, "count_only", (9, None)),
        (10, "few", (10, 3)),
        (29, "few", (29, 3)),
        (30, "shown", (30, 3)),
    ],
)
def test_the_size_decides_what_is_shown(n: int, level: str, shows: tuple[int | None, int | None]) -> None:
    found = suppress(cell(n, min(3, n)), RULES)
    assert (found.level, (found.n, found.numerator)) == (level, shows)


@pytest.mark.parametrize(
    ("n", "numerator", "level"),
    [(19, 19, "count_only"), (19, 0, "count_only"), (20, 20, "few"), (19, 18, "few")],
)
def test_of_few_ratings_it_is_not_said_that_all_were_alike(n: int, numerator: int, level: str) -> None:
    assert suppress(cell(n, numerator, "satisfied_outcome"), RULES).level == level
    assert suppress(cell(n, numerator, "in_time_law"), RULES).level == "few"


def test_what_is_hidden_keeps_no_number_at_all() -> None:
    full = Cell(
        measure="satisfied_outcome", level="shown", window_from="2026-10", window_to="2026-10", n=3, numerator=1,
        median=5, p90=9, aside=1, invited=8, responded=4,
    )  # fmt: skip
    hidden = suppress(full, RULES)
    assert {
        getattr(hidden, name) for name in ("n", "numerator", "median", "p90", "aside", "invited", "responded")
    } == {None}


def test_a_city_may_hide_more() -> None:
    strict = Publication(hidden_below=10, count_only_below=20, few_below=50)
    assert [suppress(cell(n, 1), strict).level for n in (9, 19, 49, 50)] == [
        "hidden",
        "count_only",
        "few",
        "shown",
    ]


@fewer(20)
@given(tables)
def test_no_hidden_number_follows_from_the_total(table: list[Cell]) -> None:
    found = protect(table, RULES)
    counts = [full.n or 0 for full, shown in zip(table, found, strict=True) if shown.level == "hidden"]
    if not counts or all(shown.level in ("hidden", "empty") for shown in found):
        return  # Nothing is hidden, or everything: then the total's own cell is as small, or a sum of all.
    assert len(counts) > 1
    assert sum(counts) > len(counts), "all have one case"
    assert set(counts) != {RULES.hidden_below - 1}, "all have the most that a hidden one can have"


@fewer(20)
@given(tables)
def test_no_suppressed_share_follows_from_the_total(table: list[Cell]) -> None:
    found = protect(table, RULES)
    silent = [
        full
        for full, shown in zip(table, found, strict=True)
        if shown.level in ("hidden", "count_only") and full.n
    ]
    if not silent or not any(shown.level in ("few", "shown") for shown in found):
        return
    assert len(silent) > 1
    n, satisfied = sum(full.n or 0 for full in silent), sum(full.numerator or 0 for full in silent)
    assert n >= 20 or satisfied not in (0, n), "all of few were alike"


@fewer(20)
@given(tables)
def test_protecting_never_shows_more_than_the_size_allows(table: list[Cell]) -> None:
    order = {"empty": 0, "hidden": 0, "count_only": 1, "few": 2, "shown": 2}
    for full, shown in zip(table, protect(table, RULES), strict=True):
        assert order[shown.level] <= order[suppress(full, RULES).level]
        assert (shown.level == "empty") == (full.n == 0)


def test_the_smallest_others_are_hidden_with_a_lone_one() -> None:
    found = protect(cells([50, 3, 12, 40], [50, 50, 50, 50], "in_time_promise"), RULES)
    assert [shown.level for shown in found] == ["shown", "hidden", "hidden", "shown"]


@pytest.mark.parametrize("counts", [[1, 1, 50, 60], [4, 4, 50, 60]])
def test_hidden_ones_that_can_only_be_alike_hide_a_further_one(counts: list[int]) -> None:
    found = protect(cells(counts, [50] * 4, "in_time_promise"), RULES)
    assert [shown.level for shown in found] == ["hidden", "hidden", "hidden", "shown"]


# ── months and windows ──────────────────────────────────────────────────────────────────────────────────────


def solvable(unknown: set[int], equations: list[set[int]]) -> set[int]:
    """Which unknowns a set of sums determines: by elimination over the rationals."""
    order = sorted(unknown)
    rows = [[Fraction(int(place in sums)) for place in order] for sums in equations]
    pivot = 0
    for column in range(len(order)):
        lead = next((k for k in range(pivot, len(rows)) if rows[k][column]), None)
        if lead is None:
            continue
        rows[pivot], rows[lead] = rows[lead], rows[pivot]
        rows[pivot] = [value / rows[pivot][column] for value in rows[pivot]]
        for k, row in enumerate(rows):
            if k != pivot and row[column]:
                rows[k] = [a - row[column] * b for a, b in zip(row, rows[pivot], strict=True)]
        pivot += 1
    lone = [[place for place, value in zip(order, row, strict=True) if value] for row in rows]
    return {places[0] for places in lone if len(places) == 1}


def months(numbers: Sequence[tuple[int, int]], measure: Measure) -> list[Cell]:
    found = []
    for place, (n, share) in enumerate(numbers):
        period, _ = measures.months_later("2025-01", place)
        found.append(cell(n, n * share // 100, measure, (period, period)))
    return found


def window(series: Sequence[Cell], last: int) -> Cell:
    """The frozen window of up to twelve months that ends with this one."""
    part = series[max(0, last - 11) : last + 1]
    return cell(
        sum(month.n or 0 for month in part),
        sum(month.numerator or 0 for month in part),
        part[0].measure,
        (part[0].window_from, part[-1].window_to),
    )


@fewer(20)
@given(
    st.lists(st.tuples(st.one_of(st.integers(0, 9), COUNTS), SHARE), min_size=1, max_size=22),
    st.sampled_from(["in_time_promise", "satisfied_outcome", "received"]),
)
def test_no_suppressed_month_follows_from_any_sheet(numbers: list[tuple[int, int]], measure: Measure) -> None:
    series = months(numbers, measure)
    names = [month.window_to for month in series]
    whole = [window(series, last) for last in range(len(series))]
    published: list[Cell] = []
    for last in range(len(series)):
        shown, blocks = shelter(series[: last + 1], RULES)
        if shown != shelter(series, RULES)[0][: last + 1]:
            raise AssertionError("a later sheet decides otherwise about an earlier month")
        found = newest_whole(whole[: last + 1], names[: last + 1], blocks)
        if found is not None:
            published.append(found)
    shown, _ = shelter(series, RULES)
    hidden = {place for place, month in enumerate(shown) if month.level == "hidden"}
    silent = hidden | {place for place, month in enumerate(shown) if month.level == "count_only"}
    counted = [row for row in published if suppress(row, RULES).n is not None]
    shared = [row for row in published if suppress(row, RULES).numerator is not None]
    for unknown, told in ((hidden, counted), (silent, shared)):
        sums = [
            {place for place in unknown if row.window_from <= names[place] <= row.window_to} for row in told
        ]
        assert not solvable(unknown, sums)


def test_a_small_month_makes_a_block_with_the_next_and_the_window_waits_for_it() -> None:
    series = months([(40, 80), (3, 80), (50, 80), (60, 80)], "in_time_promise")
    names = [month.window_to for month in series]
    whole = [window(series, last) for last in range(4)]
    expected = [
        (["shown"], "2025-01"),
        (["shown", "hidden"], "2025-01"),
        (["shown", "hidden", "hidden"], "2025-03"),
        (["shown", "hidden", "hidden", "shown"], "2025-04"),
    ]
    for last, (levels, newest) in enumerate(expected):
        shown, blocks = shelter(series[: last + 1], RULES)
        assert [month.level for month in shown] == levels
        found = newest_whole(whole[: last + 1], names[: last + 1], blocks)
        assert found is not None
        assert found.window_to == newest


def test_a_full_window_that_would_cut_a_block_waits_for_the_next() -> None:
    series = months([(3, 80), (50, 80), *[(60, 80)] * 12], "in_time_promise")
    names = [month.window_to for month in series]
    whole = [window(series, last) for last in range(14)]
    newest = []
    for last in (11, 12, 13):
        _, blocks = shelter(series[: last + 1], RULES)
        found = newest_whole(whole[: last + 1], names[: last + 1], blocks)
        assert found is not None
        newest.append(found.window_to)
    assert newest == ["2025-12", "2025-12", "2026-02"]


def test_a_city_with_enough_cases_loses_nothing() -> None:
    series = months([(200 + place, 80) for place in range(20)], "in_time_promise")
    shown, blocks = shelter(series, RULES)
    assert {month.level for month in shown} == {"shown"}
    found = newest_whole([window(series, 19)], [month.window_to for month in series], blocks)
    assert found == window(series, 19)


def test_a_missing_month_ends_a_block_for_good() -> None:
    series = months([(3, 80), (50, 80), (50, 80)], "in_time_promise")
    shown, blocks = shelter([series[0], series[2]], RULES)
    assert ([month.level for month in shown], blocks[0]) == (["hidden", "shown"], -1)


# ── services inside departments ─────────────────────────────────────────────────────────────────────────────


@fewer(20)
@given(st.lists(st.lists(st.tuples(COUNTS, SHARE), min_size=1, max_size=4), min_size=2, max_size=5))
def test_services_say_no_more_than_their_department(rows: list[list[tuple[int, int]]]) -> None:
    flat = [(home, n, share) for home, group in enumerate(rows) for n, share in group]
    services = [cell(n, n * share // 100) for _, n, share in flat]
    homes = [f"dept-{home}" for home, _, _ in flat]
    full = [
        cell(
            sum(row.n or 0 for row, name in zip(services, homes, strict=True) if name == f"dept-{home}"),
            sum(
                row.numerator or 0
                for row, name in zip(services, homes, strict=True)
                if name == f"dept-{home}"
            ),
        )
        for home in range(len(rows))
    ]
    assume(any(row.n for row in full))
    parents = {f"dept-{home}": shown for home, shown in enumerate(protect(full, RULES))}
    found = nest(services, homes, parents, RULES)
    order = {"empty": 0, "hidden": 1, "count_only": 2, "few": 3, "shown": 3}
    for shown, home in zip(found, homes, strict=True):
        if shown.level != "empty" and parents[home].level in ("hidden", "count_only"):
            assert order[shown.level] <= order[parents[home].level]
    for home, parent in parents.items():
        inside = [k for k, name in enumerate(homes) if name == home and services[k].n]
        hidden = [k for k in inside if found[k].level == "hidden"]
        if parent.level in ("few", "shown") and len(inside) > 1:
            assert len(hidden) != 1


def test_what_completes_a_total_is_taken_from_a_department_that_does_not_give_it_away() -> None:
    services = cells([9, 12, 40, 50], [70, 70, 70, 70], "in_time_promise")
    homes = ["small", "lone", "large", "large"]
    parents = {
        "small": suppress(services[0], RULES),
        "lone": suppress(services[1], RULES),
        "large": suppress(cell(90, 63), RULES),
    }
    levels = [shown.level for shown in nest(services, homes, parents, RULES)]
    assert levels == ["count_only", "few", "count_only", "count_only"]

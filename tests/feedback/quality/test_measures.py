"""What each figure counts, as tables; percentiles, intervals and months by their properties."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.quality import measures
from feedback.quality.measures import CountedRow, RatedRow, Value
from tests.conftest import fewer

DUE = date(2026, 11, 20)


def cycle(**fields: Any) -> CountedRow:
    empty = {
        "cycle_id": 1,
        "department": "dept-a",
        "service": "roads",
        "nature": "service_request",
        "received_on": None,
        "law_due_on": None,
        "promise_due_on": None,
        "answered_on": None,
        "minutes": None,
        "second_look_on": None,
    }
    return CountedRow(**{**empty, **fields})


def rating(outcome: int | None, handling: int | None) -> RatedRow:
    return RatedRow(1, "dept-a", "roads", "service_request", DUE, outcome, handling)


def handled(*rows: CountedRow) -> dict[str, Value]:
    return {value.measure: value for value in measures.handling(rows)}


def rated(*rows: RatedRow) -> dict[str, Value]:
    return {value.measure: value for value in measures.satisfaction(rows)}


@pytest.mark.parametrize(
    ("days", "numerator"),
    [(-3, 1), (0, 1), (1, 0), (None, 0)],
    ids=["before the due day", "on the due day", "a day later", "not answered"],
)
@pytest.mark.parametrize("clock", ["law", "promise"])
def test_in_time_is_answered_on_or_before_the_due_day(clock: str, days: int | None, numerator: int) -> None:
    answered_on = None if days is None else DUE + timedelta(days=days)
    found = handled(cycle(**{f"{clock}_due_on": DUE, "answered_on": answered_on}))
    assert (found[f"in_time_{clock}"].n, found[f"in_time_{clock}"].numerator) == (1, numerator)
    other = "promise" if clock == "law" else "law"
    assert found[f"in_time_{other}"].n == 0


def test_each_count_looks_at_its_own_day() -> None:
    found = handled(
        cycle(received_on=DUE),
        cycle(received_on=DUE, answered_on=DUE, minutes=90),
        cycle(second_look_on=DUE),
        cycle(law_due_on=DUE, answered_on=DUE),
    )
    assert {key: found[key].n for key in ("received", "answered", "second_looks")} == {
        "received": 2,
        "answered": 1,
        "second_looks": 1,
    }


def test_the_time_to_an_answer_is_median_and_ninth_of_ten_by_nearest_rank() -> None:
    found = handled(*(cycle(minutes=minutes) for minutes in (50, 10, 40, 20, 30, 60, 70, 80, 90, 1000)))
    value = found["time_to_answer"]
    assert (value.n, value.median, value.p90) == (10, 50, 90)


def test_without_answers_there_is_no_time() -> None:
    value = handled(cycle(received_on=DUE))["time_to_answer"]
    assert (value.n, value.median, value.p90) == (0, None, None)


def test_satisfaction_counts_fours_and_fives_and_sets_cant_say_apart() -> None:
    found = rated(rating(5, 1), rating(4, 0), rating(3, 0), rating(0, None), rating(None, None))
    outcome, handling = found["satisfied_outcome"], found["satisfied_handling"]
    assert (outcome.n, outcome.numerator, outcome.aside) == (3, 2, 1)
    assert (handling.n, handling.numerator, handling.aside) == (1, 0, 2)
    assert {(value.invited, value.responded) for value in (outcome, handling)} == {(5, 4)}


@fewer(10)
@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=60).map(sorted), st.integers(1, 100))
def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed(values: list[int], share: int) -> None:
    found = measures.nearest_rank(values, share)
    assert found in values
    assert found is not None
    assert sum(value <= found for value in values) * 100 >= share * len(values)
    assert sum(value < found for value in values) * 100 < share * len(values)


@pytest.mark.parametrize(
    ("numerator", "n", "low", "high"),
    [
        (0, 5, 0.0000, 0.4345),
        (5, 5, 0.5655, 1.0000),
        (8, 10, 0.4902, 0.9433),
        (10, 10, 0.7225, 1.0000),
        (16, 20, 0.5840, 0.9193),
        (24, 30, 0.6269, 0.9049),
        (40, 50, 0.6696, 0.8876),
        (80, 100, 0.7112, 0.8666),
        (300, 385, 0.7351, 0.8178),
        (800, 1000, 0.7741, 0.8236),
    ],
)
def test_the_interval_is_wilsons(numerator: int, n: int, low: float, high: float) -> None:
    assert measures.wilson(numerator, n) == pytest.approx((low, high), abs=0.00006)


@fewer(10)
@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_its_share_and_mirrors(pair: tuple[int, int]) -> None:
    numerator, n = pair
    low, high = measures.wilson(numerator, n)
    assert 0 <= low <= numerator / n + 1e-12
    assert numerator / n - 1e-12 <= high <= 1
    assert measures.wilson(n - numerator, n) == pytest.approx((1 - high, 1 - low))


def test_the_interval_of_nothing_is_everything() -> None:
    assert measures.wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("period", "by", "expected"),
    [
        ("2026-01", -1, "2025-12"),
        ("2026-12", 1, "2027-01"),
        ("2026-03", -14, "2025-01"),
        ("2026-05", 0, "2026-05"),
    ],
)
def test_months_are_counted_over_the_turn_of_a_year(period: str, by: int, expected: str) -> None:
    assert measures.months_later(period, by)[0] == expected


def test_a_month_has_its_days() -> None:
    assert measures.days_of_month("2028-02") == (date(2028, 2, 1), date(2028, 2, 29))

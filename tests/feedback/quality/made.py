"""Closed months with given figures, for tests of what is shown of them: rows as `record.py` would freeze them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from feedback.city import versions
from feedback.city.part import MEASURES
from feedback.quality import measures
from feedback.quality.tables import Figure, Record
from tests.town import Town

Numbers = Mapping[str, tuple[int, ...]]
"""Measure → n and numerator; for time_to_answer n, median, p90; for satisfaction also aside, invited, responded."""

NOTHING: Numbers = MappingProxyType({})


def close(
    town: Town,
    period: str,
    *,
    month: Numbers = NOTHING,
    year: Numbers | None = None,
    departments: Mapping[str, Numbers] = MappingProxyType({}),
    services: Mapping[str, Numbers] = MappingProxyType({}),
    window_from: str = "",
    state: str = "closed",
    satisfaction: str = "frozen",
) -> None:
    """A closed month. The city has a row for each figure, as in life; departments and services where named."""
    last = measures.days_of_month(period)[1]
    first = window_from or period
    with town.database.write() as session:
        record = Record(
            period=period,
            state=state,
            window_from=first,
            closed_at=datetime(last.year, last.month, last.day, 12, tzinfo=UTC) + timedelta(days=10),
            definitions=measures.DEFINITIONS,
            city_version_id=versions.current(session).version_id,
            counted_digest="",
            figures_digest="",
            satisfaction=satisfaction,
            satisfaction_from=date(last.year, last.month, last.day) + timedelta(days=15),
            head="0123456789abcdef" * 4,
        )
        session.add(record)
        session.flush()
        assert record.id is not None
        rows: list[tuple[str, str, str, Numbers]] = [
            ("month", "city", "", {measure: month.get(measure, (0,)) for measure in MEASURES}),
            ("year", "city", "", {m: (month if year is None else year).get(m, (0,)) for m in MEASURES}),
            *(("year", "department", key, numbers) for key, numbers in departments.items()),
            *(("year", "service", key, numbers) for key, numbers in services.items()),
        ]
        for span, scope, key, numbers in rows:
            for measure, values in numbers.items():
                session.add(
                    Figure(
                        record_id=record.id,
                        measure=measure,
                        span=span,
                        scope=scope,
                        scope_key=key,
                        window_from=period if span == "month" else first,
                        window_to=period,
                        **_columns(measure, values),
                    )
                )


def _columns(measure: str, values: tuple[int, ...]) -> dict[str, Any]:
    if measure == "time_to_answer":
        names = ("n", "median", "p90")
    elif measure in measures.SATISFACTION:
        names = ("n", "numerator", "aside", "invited", "responded")
    else:
        names = ("n", "numerator")
    found: dict[str, Any] = dict(zip(names, values, strict=False))
    if measure.startswith("in_time") or measure in measures.SATISFACTION:
        found.setdefault("numerator", 0)
    return found

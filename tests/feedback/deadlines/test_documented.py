"""The surprising cases of docs/deadlines.md are as they are told there, weekday and all."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from feedback.city.load import read_folder
from feedback.city.profile import City
from feedback.deadlines.events import Event
from feedback.deadlines.reckoning import reckon
from portal.settings import CITIES

PAGE = Path(__file__).parents[3] / "docs" / "deadlines.md"
PROFILES = {folder.title(): read_folder(CITIES / folder) for folder in ("heraklion", "kaunas")}
ROWS = [
    [cell.strip() for cell in line.split("|")[1:-1]]
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith(tuple(f"| {name} |" for name in PROFILES))
]


def day_of(text: str) -> date:
    """`Thu 2026-02-19`: the weekday must be that of the date."""
    weekday, iso = text.split()
    day = date.fromisoformat(iso)
    assert f"{day:%a}" == weekday, text
    return day


def at(city: City, text: str) -> datetime:
    return datetime.combine(day_of(text), time(12), city.zone).astimezone(UTC)


@pytest.mark.parametrize("row", ROWS, ids=[f"{row[0]}-{row[2]}-{row[3]}" for row in ROWS])
def test_a_documented_case_is_due_on_its_day(row: list[str]) -> None:
    name, nature, received, then, due, _why = row
    city = PROFILES[name]
    events = [Event("received", at(city, received), nature=nature.strip("`"))]
    for kind, when, days in re.findall(r"(\w+) (\w{3} [\d-]+)(?: (\d+))?", then):
        events.append(Event(kind, at(city, when), days=int(days or 0)))
    assert len(events) == 1 + (len(then.split(",")) if then else 0)
    found = reckon(city, events, events[-1].at)
    assert found.due_on == day_of(due)


def test_the_page_tells_of_cases() -> None:
    assert len(ROWS) > 12
